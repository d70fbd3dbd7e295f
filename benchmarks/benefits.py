"""What tierflow is worth against the rule of experience on a simulated chain: money a year, cash once, carbon, payback.

The chain of the headline study, its stock pooled under both; some weeks of warm-up do not count. The cost of the
roll-out and the discount rate are arguments, for nothing measures them. The table goes to stderr, one JSON line to
stdout.

    python benchmarks/benefits.py [--weeks 12 --warm-up 4] [--skus 12 --stores 4] [--seed 1] [--smoke]
        [--one-off-cost 5000 --running-cost 2000 --discount-rate 0.08 --years 3]
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_world import START, Study, experience_rule, study_of

from cockpit.documents import records
from engine import EngineConfig
from experiments.benefits import RollOut, benefits
from experiments.nightly import NightlyPlanner
from experiments.twin import replay
from experiments.twin_arrays import replay_arrays


def replays(study: Study, n_days: int, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Days under the rule of experience and under our planner."""
    habit = experience_rule(study.chain, seed)
    rule, _ = replay_arrays(study.chain, study.serving, lambda day: study.ahead[day], policy=habit, n_days=n_days)
    planner = NightlyPlanner(study.tables, study.settings, START, EngineConfig(), refit_days=56)
    plan = replay(study.snapshot, study.network, demand=study.demand, policy=planner, n_days=n_days)
    return rule, plan.days


def main() -> None:
    """Replay both and print what the difference is worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--warm-up", type=int, default=4)
    parser.add_argument("--skus", type=int, default=12)
    parser.add_argument("--stores", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one-off-cost", type=float, default=5000.0)
    parser.add_argument("--running-cost", type=float, default=2000.0)
    parser.add_argument("--discount-rate", type=float, default=0.08)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="two days")
    a = parser.parse_args()
    n_days, n_skipped = (2, 0) if a.smoke else (7 * (a.weeks + a.warm_up), 7 * a.warm_up)
    study = study_of(a.seed, n_skus=a.skus, n_stores=a.stores, n_days=n_days, n_tuning=1)
    rule, plan = (days.iloc[n_skipped:] for days in replays(study, n_days, seed=a.seed))
    terms = RollOut(
        one_off_cost=a.one_off_cost, running_cost=a.running_cost, discount_rate=a.discount_rate, years=a.years
    )
    worth = benefits([rule], [plan], roll_out=terms, names=("the rule of experience", "tierflow"))
    print(worth, file=sys.stderr)
    figures = {str(row["figure"]).replace(" ", "_"): row for row in records(worth.table)}
    print(json.dumps({
        "weeks": a.weeks, "warm_up": a.warm_up, "skus": a.skus, "stores": a.stores, "seed": a.seed,
        **{name: row["amount"] for name, row in figures.items()},
        "intervals": {name: [row["low"], row["high"]] for name, row in figures.items() if row["low"] is not None},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
