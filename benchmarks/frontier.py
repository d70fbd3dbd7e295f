"""Service against stock and cost, ours and the tuned rivals, on the chain of the headline study; one JSON line.

Ours is replayed at five settings: what it believes a lost unit to cost (times 0.25 to 4) and the fill rates asked for;
the replay itself counts the same money for everybody. Every rival is replayed at all 25 pairs of factors of its grid:
its frontier is read in hindsight, the best it could have been tuned to. What ours saves is read off by interpolation at
equal fill rate and at equal stock, and never beyond what a rival was tried with: then it says "outside the range".

    python benchmarks/frontier.py [--weeks 3] [--warm-up 2] [--seed 1] [--skus 24] [--stores 8]
    python benchmarks/frontier.py --smoke
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_views import OurRun, fitted, grid_of, replay_ours
from _headline_world import Study, study_of
from headline import GRIDS, REFIT_DAYS

from experiments.frontier import Frontier, frontier, saving
from experiments.kpis import summary
from experiments.twin_arrays import replay_arrays
from network.economics import sku_economics

# What a lost unit is believed to cost, times its margin, and the fill rate asked for; None = as the chain says.
SETTINGS: dict[str, tuple[float, float | None]] = {
    "x0.25": (0.25, 0.5),
    "x0.5": (0.5, 0.5),
    "as declared": (1.0, None),
    "x2, 98%": (2.0, 0.98),
    "x4, 99%": (4.0, 0.99),
}
OUTSIDE = "outside the range"


def our_run(study: Study, factor: float, goal: float | None) -> OurRun:
    """Let our planner believe in another cost of lost units, and aim at another fill rate."""
    money = sku_economics(study.snapshot).set_index("sku")["shortage_cost"]
    skus = study.tables["skus"]
    tables = {"skus": skus.assign(shortage_cost=factor * skus["sku"].map(money).to_numpy(float))}
    if goal is not None:
        tables["assortment"] = study.tables["assortment"].assign(fill_rate=goal)
    return OurRun(tables=tables)


def point_of(days: pd.DataFrame, warm_up: int) -> dict[str, float]:
    """Fill rate, mean stock at cost and total cost of the days that count."""
    kept = days.iloc[warm_up:]
    total = summary(kept)
    return {
        "fill_rate": total["fill_rate"], "stockout_rate": total["stockout_rate"],
        "mean_stock_value": float(kept["stock_value"].mean()), "total_cost": total["total_cost"],
    }  # fmt: skip


def rival_points(study: Study, name: str, n_days: int, warm_up: int) -> pd.DataFrame:
    """Replay a rival at all pairs of its grid."""
    family = GRIDS[name][0](study.chain)
    rows = []
    for pair in grid_of(name):
        days = replay_arrays(
            study.chain, study.serving, lambda day: study.ahead[day], policy=family(*pair), n_days=n_days
        )[0]
        rows.append({"family": name, "pair": pair, **point_of(days, warm_up)})
    return pd.DataFrame(rows)


def savings(ours: pd.DataFrame, rivals: pd.DataFrame) -> list[dict[str, object]]:
    """Compare each of our settings with the frontier of each family and of all rivals together."""
    frontiers: dict[tuple[str, str], Frontier] = {}
    for family, points in [*rivals.groupby("family"), ("any rival", rivals)]:
        for price in ("mean_stock_value", "total_cost"):
            frontiers[str(family), price] = frontier(points["fill_rate"].to_numpy(), points[price].to_numpy())
    found: list[dict[str, object]] = []
    for _, mine in ours.iterrows():
        for (family, price), front in frontiers.items():
            one = saving(front, service=float(mine["fill_rate"]), price=float(mine[price]))
            found.append({
                "setting": mine["setting"], "rival": family, "price": price,
                "saved_at_equal_fill": _told(one.at_equal_service),
                "fill_gained_at_equal_price": _told(one.at_equal_price),
            })  # fmt: skip
    return found


def _told(value: float | None) -> float | str:
    """A number, or that there is none."""
    return OUTSIDE if value is None else round(value, 4)


def main() -> None:
    """Replay everybody and print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=24)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--weeks", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    n_days, warm_up, settings = 7 * (a.weeks + a.warm_up), 7 * a.warm_up, SETTINGS
    if a.smoke:
        a.skus, a.stores, n_days, warm_up = 12, 4, 2, 0
        settings = {name: SETTINGS[name] for name in ("x0.25", "x4, 99%")}
    study = study_of(a.seed, n_skus=a.skus, n_stores=a.stores, n_days=n_days, n_tuning=1)
    rivals = pd.concat([rival_points(study, name, n_days, warm_up) for name in GRIDS], ignore_index=True)
    champion, rows = fitted(study.snapshot, study.network), []
    for name, (factor, goal) in settings.items():
        began = time.perf_counter()
        run = our_run(study, factor, goal)
        days = replay_ours(study, run, champion=champion, n_days=n_days, refit_days=REFIT_DAYS).days
        rows.append({"setting": name, **point_of(days, warm_up)})
        print(f"{name}: {time.perf_counter() - began:.0f} s {rows[-1]}", file=sys.stderr, flush=True)
    ours = pd.DataFrame(rows)
    compared = savings(ours, rivals)
    print(ours.round(4).to_string(), file=sys.stderr)
    print(rivals.round(4).sort_values(["family", "fill_rate"]).to_string(), file=sys.stderr)
    print(pd.DataFrame(compared).query("rival == 'any rival'").to_string(), file=sys.stderr)
    numbers = [name for name in ours if name != "setting"]
    print(json.dumps({
        "seed": a.seed, "skus": a.skus, "stores": a.stores, "days": n_days, "warm_up": warm_up,
        "ours": ours.assign(**{name: np.round(ours[name], 4) for name in numbers}).to_dict("records"),
        "savings": compared,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
