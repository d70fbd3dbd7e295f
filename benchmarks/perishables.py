"""Fresh goods on the chain of the headline study: what expires of what was bought; prints one JSON line.

The rule of experience orders days of cover by hand; its cover is lengthened or shortened, the same everywhere, until it
wastes about a quarter of the fresh goods received (`experience_waste` says what it is). Ours and a base-stock rule meet
the same demand from the same opening stock. `fill` is units sold / units wanted of the same goods, so that nobody
wastes little by selling little.

    python benchmarks/perishables.py [--weeks 4] [--warm-up 4] [--seed 1] [--skus 24] [--stores 8]
    python benchmarks/perishables.py --smoke
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_views import OurRun, fitted, number, replay_ours
from _headline_world import Study, apart, experience_rule, study_of
from headline import GRIDS, REFIT_DAYS

from experiments.array_chain import ArrayChain, Serving
from experiments.kpis import Trace, waste_rate
from experiments.twin_arrays import ArrayPolicy, replay_arrays

BASELINE = 0.25
# Days of cover added to the habit of every planner, tried one after the other.
EXTRA_COVER_DAYS = (-7.0, -5.0, -3.0, -1.0, 0.0, 2.0, 4.0, 7.0, 10.0, 14.0, 21.0)


def fresh(study: Study, days: pd.DataFrame, trace: Trace, warm_up: int) -> dict[str, float]:
    """Waste and fill of the goods that expire."""
    cost = np.zeros(study.chain.cost.size)
    cost[study.chain.perishable] = study.chain.cost[study.chain.perishable]
    sold = trace.sold[warm_up:].sum(axis=(0, 1))[study.chain.perishable].sum()
    wanted = study.ahead[warm_up : len(days)].sum(axis=(0, 1))[study.chain.perishable].sum()
    return {"waste": waste_rate(days, trace, cost=cost, first_day=warm_up), "fill": float(sold / wanted)}


def by_rule(
    study: Study, chain: ArrayChain, serving: Serving, policy: ArrayPolicy, n_days: int, warm_up: int
) -> dict[str, float]:
    """Replay a rule."""
    days, trace = replay_arrays(chain, serving, lambda day: study.ahead[day], policy=policy, n_days=n_days)
    return fresh(study, days, trace, warm_up)


def experience(study: Study, seed: int, n_days: int, warm_up: int) -> dict[str, float]:
    """Replay the siloed rule with the cover whose waste is nearest to the baseline."""
    chain, serving = apart(study)
    tried = []
    for extra in EXTRA_COVER_DAYS:
        rule = experience_rule(chain, seed)
        policy = replace(rule, cover_days=rule.cover_days + extra)
        tried.append({"extra_cover_days": extra, **by_rule(study, chain, serving, policy, n_days, warm_up)})
    print(pd.DataFrame(tried).round(4).to_string(), file=sys.stderr, flush=True)
    return min(tried, key=lambda row: abs(row["waste"] - BASELINE))


def main() -> None:
    """Replay all three and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=24)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--warm-up", type=int, default=4)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    n_days, warm_up = 7 * (a.weeks + a.warm_up), 7 * a.warm_up
    if a.smoke:
        a.skus, a.stores, n_days, warm_up = 12, 4, 2, 1
    study = study_of(a.seed, n_skus=a.skus, n_stores=a.stores, n_days=n_days, n_tuning=1)
    habit = experience(study, a.seed, n_days, warm_up)
    rule = GRIDS["base_stock"][0](study.chain)(2.5, 4.0)
    stocked = by_rule(study, study.chain, study.serving, rule, n_days, warm_up)
    began = time.perf_counter()
    champion = fitted(study.snapshot, study.network)
    result = replay_ours(study, OurRun(), champion=champion, n_days=n_days, refit_days=REFIT_DAYS)
    mine = fresh(study, result.days, result.trace, warm_up)
    print(f"ours: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    lives = study.tables["skus"]["shelf_life_days"].dropna().astype(int)
    print(json.dumps({
        "seed": a.seed, "days": n_days, "warm_up": warm_up, "fresh_skus": int(study.chain.perishable.size),
        "shelf_life_days": [int(lives.min()), int(lives.max())],
        "experience_waste": number(habit["waste"]), "experience_fill": number(habit["fill"]),
        "extra_cover_days": habit["extra_cover_days"], "waste": number(mine["waste"]), "fill": number(mine["fill"]),
        "base_stock_waste": number(stocked["waste"]), "base_stock_fill": number(stocked["fill"]),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
