"""How well the days that are not like others are forecast: launches, promotions, the weeks after a spike, Double 11.

Draws simulated chains, forecasts 28 days from rolling cutoffs with a forecaster fitted before the first of them (and,
for Double 11, at the last day), and scores the means against latent demand booked to the location that serves it first.
Prints WAPE and bias by slice as one JSON line, tables on stderr.

    python benchmarks/special_days.py --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.world import LAST_DAY, World, WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import build_network
from network.ingest import load_chain
from network.settings import ChainSettings
from network.snapshot import snapshot_at

HORIZON = 28
GAP_DAYS = 14
N_CUTOFFS = 10
WEEKS_AFTER_SPIKE = 28
NEW_DAYS = 28


def actual_demand(world: World) -> pd.DataFrame:
    """Latent demand by date, sku and the location that serves its zone and channel first."""
    serving = world.tables["serving"].sort_values("priority").drop_duplicates(["zone", "channel"])
    latent = world.truth["latent_demand"].merge(serving[["zone", "channel", "location"]], on=["zone", "channel"])
    return latent.groupby(["date", "sku", "location"], as_index=False, observed=True)["units"].sum()


def forecasts(world: World, settings: ChainSettings, tables: dict[str, pd.DataFrame], *, seed: int) -> pd.DataFrame:
    """Means of every cutoff in long form: cutoff, date, sku, location, model, mean."""
    config = ForecastConfig(horizon_days=HORIZON, threads=1, seed=seed, n_origins=4)
    cutoffs = [LAST_DAY - pd.Timedelta(days=GAP_DAYS * back) for back in range(N_CUTOFFS, 0, -1)]
    # what was announced after the last published day is not needed: every snapshot is cut at its own cutoff
    parts, forecaster = [], None
    for cutoff in [*cutoffs, LAST_DAY]:
        snapshot = snapshot_at(tables, settings, cutoff)
        network = build_network(snapshot)
        if forecaster is None or cutoff == LAST_DAY:
            forecaster = fit_forecaster(snapshot, network, config)
        forecast = forecast_demand(snapshot, network, forecaster, HORIZON)
        days = pd.date_range(cutoff + pd.Timedelta(days=1), periods=HORIZON)
        wide = pd.DataFrame(forecast.mean, columns=days).assign(
            sku=forecast.series["sku"], location=forecast.series["location"], model=forecast.series["model"]
        )
        long = wide.melt(id_vars=["sku", "location", "model"], var_name="date", value_name="mean")
        parts.append(long.assign(cutoff=cutoff, date=pd.to_datetime(long["date"])))
    return pd.concat(parts, ignore_index=True)


def slices(rows: pd.DataFrame, world: World) -> dict[str, np.ndarray]:
    """Masks of the rows of each slice."""
    skus = world.tables["skus"].set_index("sku")
    launch = rows["sku"].map(skus["launch_date"])
    end = rows["sku"].map(skus["end_date"])
    age, age_known = (rows["date"] - launch).dt.days, (rows["cutoff"] - launch).dt.days
    new = age.between(0, NEW_DAYS - 1)
    region = rows["location"].map(world.tables["locations"].set_index("location")["region"])
    category = rows["sku"].map(skus["category"])
    promoted, live, halo, presale, after = (np.zeros(len(rows), dtype=bool) for _ in range(5))
    plans = pd.concat([world.tables["promotions"], world.truth["future_promotions"]], ignore_index=True)
    plans = plans.rename(columns={"from": "start"})
    for plan in plans.itertuples(index=False):
        known = (plan.known_at <= rows["cutoff"]).to_numpy()
        on = rows["date"].between(plan.start, plan.to).to_numpy() & known
        place = (region == plan.region).to_numpy() | (plan.region == "" or pd.isna(plan.region))
        own = ((rows["sku"] == plan.sku) | (category == plan.category)).to_numpy()
        of_category = (category == skus["category"].get(plan.sku, "-")).to_numpy()
        promoted |= on & place & own
        halo |= on & place & of_category & ~own
        live |= on & own & (plan.mechanism == "live")
        presale |= on & own & (plan.mechanism == "presale")
        if plan.one_off:
            gone = (rows["cutoff"] - plan.to).dt.days
            after |= own & gone.between(0, WEEKS_AFTER_SPIKE - 1).to_numpy()
    return {
        "all": np.ones(len(rows), dtype=bool),
        "ordinary": ~promoted & ~new.to_numpy() & ~after & ~halo,
        "launch_unseen": (new & (age_known < 0)).to_numpy(),
        "launch_seen": (new & (age_known >= 0)).to_numpy(),
        "launch_second_month": (age.between(28, 55) & (age_known >= 0)).to_numpy(),
        "ending": (end - rows["date"]).dt.days.between(0, 27).to_numpy(),
        "ended": (rows["date"] > end).to_numpy(),
        "promoted": promoted & ~live & ~presale,
        "live": live,
        "presale": presale,
        "after_one_off": after & ~promoted,
        "halo": halo & ~promoted,
    }


def one_world(seed: int, n_skus: int, n_stores: int, *, n_days: int) -> pd.DataFrame:
    """Forecasts of one chain with demand and slice flags."""
    world = build_world(WorldConfig(n_skus=n_skus, n_stores=n_stores, n_days=n_days, seed=seed, future_days=28))
    with tempfile.TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        chain = load_chain(Path(folder))
    rows = forecasts(world, chain.settings, dict(chain.tables), seed=seed)
    for name in ("sku", "location"):
        rows[name] = rows[name].astype("str")
    rows = rows.merge(actual_demand(world), on=["date", "sku", "location"], how="left").fillna({"units": 0.0})
    flags = {f"is_{name}": mask for name, mask in slices(rows, world).items()}
    return rows.assign(seed=seed, **flags)


def scores(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """WAPE and bias of every slice, pooled over chains and cutoffs."""
    result = {}
    for name in [column for column in rows.columns if column.startswith("is_")]:
        part = rows[rows[name]]
        total = float(part["units"].sum())
        error = part["mean"] - part["units"]
        scale = total if total > 0 else float("nan")
        result[name[3:]] = {
            "wape": round(float(error.abs().sum()) / scale, 4),
            "bias": round(float(error.sum()) / scale, 4),
            "units": total,
            "mean": round(float(part["mean"].sum()), 1),
        }
    return result


def main() -> None:
    """Draw, forecast, score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--skus", type=int, default=90)
    parser.add_argument("--stores", type=int, default=6)
    parser.add_argument("--days", type=int, default=540)
    parser.add_argument("--smoke", action="store_true", help="a small chain, one seed")
    parser.add_argument("--save", type=Path, help="Parquet file for the scored rows")
    arguments = parser.parse_args()
    seeds, size = arguments.seeds, (arguments.skus, arguments.stores, arguments.days)
    if arguments.smoke:
        seeds, size = [1], (18, 4, 200)
    began = time.perf_counter()
    rows = pd.concat([one_world(seed, size[0], size[1], n_days=size[2]) for seed in seeds], ignore_index=True)
    if arguments.save:
        rows.to_parquet(arguments.save)
    result = scores(rows)
    print(pd.DataFrame(result).T.to_string(), file=sys.stderr)
    print(json.dumps({"seeds": seeds, "seconds": round(time.perf_counter() - began, 1), "slices": result}))


if __name__ == "__main__":
    main()
