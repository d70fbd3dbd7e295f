"""Storms as issued: what forward warehouses serve through them, with weather forecasts and without; one JSON line.

On the chain of the headline study, rain above 40 mm raises instant demand by up to 42% on its day. Forecasts are issued
one to seven days before, with errors that grow with the lead, and some miss the storm. Each storm of the days replayed
counts on its day and the next, at the forward warehouses of its region: units that they served as first choice / units
asked of them. `calm` is the same on all other days that count. The default seeds are three whose first storm comes in
the third or fourth week.

    python benchmarks/storm.py [--seeds 5 6 8] [--days 28] [--skus 24] [--stores 8]
    python benchmarks/storm.py --smoke
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_views import OurRun, fitted, replay_ours
from _headline_world import START, Study, study_of
from headline import GRIDS, REFIT_DAYS

from experiments.kpis import PlaceService
from experiments.twin_arrays import replay_arrays
from experiments.world_drivers import STORM_EFFECT, STORM_MM
from network.contracts import Tier

INSTANT = 2
# The first days are still those of the opening stock.
WARM_UP_DAYS = 14
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Storm:
    """One storm: day of the replay, counted from 0, region, rain [mm], change of instant demand on that day."""

    day: int
    region: str
    rain_mm: float
    surge: float


def storms_of(study: Study, warm_up: int, n_days: int) -> list[Storm]:
    """Storms that really came, by the rain measured."""
    signals = study.tables["signals"]
    rain = signals[(signals["signal"] == "rain_mm") & (signals["known_at"] > signals["date"])]
    day = (rain["date"] - START).dt.days - 1
    wet = rain[(rain["value"] > STORM_MM) & (day >= warm_up) & (day < n_days)]
    share = np.clip((wet["value"] - STORM_MM) / STORM_MM + 0.5, 0, 1)
    return [
        Storm(int((date - START).days) - 1, str(region), float(value), float(part * STORM_EFFECT[INSTANT]))
        for date, region, value, part in zip(wet["date"], wet["key"], wet["value"], share, strict=True)
    ]


def through(study: Study, storms: list[Storm], n_days: int) -> tuple[Flags, Flags]:
    """Days and forward warehouses in a storm, and the calm ones that count, (n_days, L) each."""
    places = study.network.locations.set_index("location").loc[study.index.locations]
    is_forward = (places["tier"] == Tier.FORWARD).to_numpy()
    stormy = np.zeros((n_days, len(places)), dtype=bool)
    for storm in storms:
        stormy[storm.day : storm.day + 2] |= is_forward & (places["region"] == storm.region).to_numpy()
    calm = np.broadcast_to(is_forward, stormy.shape) & ~stormy
    calm[:WARM_UP_DAYS] = False
    return stormy, calm


def units_of(service: PlaceService, where: Flags) -> npt.NDArray[np.int64]:
    """Units served as first choice, and asked for."""
    return np.array([service.first[where].sum(), service.latent[where].sum()])


def one_seed(seed: int, a: argparse.Namespace) -> tuple[list[Storm], dict[str, npt.NDArray[np.int64]]]:
    """Replay ours with and without weather, and a rule that knows sales only; units by name."""
    study = study_of(seed, n_skus=a.skus, n_stores=a.stores, n_days=a.days, n_tuning=1)
    warm_up = 0 if a.smoke else WARM_UP_DAYS
    storms = storms_of(study, warm_up, a.days)
    stormy, calm = through(study, storms, a.days)
    signals = study.tables["signals"]
    dry = {**study.tables, "signals": signals[signals["family"] != "weather"].reset_index(drop=True)}
    counted = {}
    for name, tables in (("with_weather", study.tables), ("without_weather", dry)):
        began = time.perf_counter()
        known = study.snapshot if tables is study.tables else study.snapshot.replace(signals=dry["signals"])
        run = OurRun(tables=tables)
        champion = fitted(known, study.network)
        replay = replay_ours(study, run, champion=champion, n_days=a.days, refit_days=REFIT_DAYS)
        counted[name] = units_of(replay.trace.service, stormy)
        counted[f"{name}_calm"] = units_of(replay.trace.service, calm)
        told = {key: f"{served}/{asked}" for key, (served, asked) in counted.items()}
        print(f"seed {seed} {name}: {time.perf_counter() - began:.0f} s {told}", file=sys.stderr, flush=True)
    rule = GRIDS["base_stock"][0](study.chain)(2.5, 4.0)
    trace = replay_arrays(study.chain, study.serving, lambda day: study.ahead[day], policy=rule, n_days=a.days)[1]
    counted["base_stock"], counted["base_stock_calm"] = (units_of(trace.service, where) for where in (stormy, calm))
    return storms, counted


def main() -> None:
    """Run the seeds and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[5, 6, 8])
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--skus", type=int, default=24)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    if a.smoke:
        a.seeds, a.days, a.skus, a.stores = [1], 2, 12, 4
    storms: list[dict[str, object]] = []
    total: dict[str, npt.NDArray[np.int64]] = {}
    for seed in a.seeds:
        found, counted = one_seed(seed, a)
        storms += [{"seed": seed, **vars(storm)} for storm in found]
        total = {name: total.get(name, 0) + units for name, units in counted.items()}
    fill = {name: round(float(served / asked), 4) if asked else None for name, (served, asked) in total.items()}
    surges = [float(str(storm["surge"])) for storm in storms]
    print(pd.DataFrame(storms).to_string(), file=sys.stderr)
    print(json.dumps({
        "seeds": a.seeds, "days": a.days, "storms": len(storms), "units": int(total["with_weather"][1]),
        "mean_surge": round(float(np.mean(surges)), 4) if surges else None,
        "storm_fill": fill["with_weather"], "storm_fill_without_weather": fill["without_weather"],
        "storm_fill_base_stock": fill["base_stock"], "calm_fill": fill["with_weather_calm"],
        "calm_fill_without_weather": fill["without_weather_calm"], "calm_fill_base_stock": fill["base_stock_calm"],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
