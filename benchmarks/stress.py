"""Our planner and the tuned rivals when things go wrong, on the chain of the headline study; prints one JSON line.

Each stress is drawn once from the seed and met by everybody alike:

- records: 8% of the stock records are wrong until the next count, 28 days apart; the planner sees records only;
- late: a third of the suppliers' shipments come four to ten days late, which no receipt had taught;
- feeds: every signal stops a week after the warm-up began to count;
- rejected: 15% of the proposed lines are struck out each night;
- all: the four together.

`vs_unstressed` is our cost against our cost without stress; `vs_best_rival` against the rival that was best on tuning
history, under the same stress; `vs_least_rival` against the rival that happened to cost least under it.

    python benchmarks/stress.py [--stress records late feeds rejected all] [--weeks 4] [--warm-up 2] [--seed 1]
    python benchmarks/stress.py --smoke
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_views import OurRun, Pair, fitted, replay_ours, rounded, tuned_rivals
from _headline_world import START, Study, study_of
from headline import GRIDS, REFIT_DAYS

from experiments.kpis import summary
from experiments.stress import (
    Delays,
    late_lanes,
    record_errors,
    supplier_delays,
    with_array_rejections,
    with_late_suppliers,
    with_rejections,
    with_wrong_records,
    without_feeds,
)
from experiments.twin import Policy
from experiments.twin_arrays import replay_arrays

WRONG_SHARE, LATE_SHARE, REJECTED_SHARE = 0.08, 1 / 3, 0.15
NAMES = ("records", "late", "feeds", "rejected", "all")
TUNING_DAYS = 112


@dataclass(frozen=True)
class Setting:
    """Length and seed of a run; which stresses are on.

    Parameters
    ----------
    n_days, warm_up
        Days replayed, and how many of them do not count.
    seed
        Of the chain and the draws.
    parts
        Names of the stresses.
    """

    n_days: int
    warm_up: int
    seed: int
    parts: tuple[str, ...] = ()


def delays_of(study: Study, setting: Setting) -> Delays:
    """Draw late shipments of all suppliers."""
    places = study.network.locations
    names = sorted(places.loc[places["tier"] == "supplier", "location"])
    return supplier_delays(names, START, setting.n_days, share=LATE_SHARE, seed=setting.seed)


def our_run(study: Study, setting: Setting) -> OurRun:
    """Put our planner under the stresses."""
    wrappers: list[Callable[[Policy], Policy]] = []
    if "rejected" in setting.parts:
        wrappers.append(lambda policy: with_rejections(policy, START, share=REJECTED_SHARE, seed=setting.seed))
    if "late" in setting.parts:
        delays = delays_of(study, setting)
        wrappers.append(lambda policy: with_late_suppliers(policy, delays))
    if "records" in setting.parts:
        errors = record_errors(study.chain, setting.n_days, share=WRONG_SHARE, seed=setting.seed)
        wrappers.append(lambda policy: with_wrong_records(policy, study.index, START, errors=errors))

    def stress(policy: Policy) -> Policy:
        for wrap in wrappers:
            policy = wrap(policy)
        return policy

    last = START + pd.Timedelta(days=setting.warm_up + 7)
    tables = {"signals": without_feeds(study.tables["signals"], last)} if "feeds" in setting.parts else {}
    return OurRun(tables=tables, stress=stress)


def rival_costs(study: Study, factors: dict[str, Pair], setting: Setting) -> dict[str, dict[str, float]]:
    """Replay every tuned rival under the stresses."""
    chain, errors = study.chain, None
    if "late" in setting.parts:
        chain = late_lanes(chain, study.index, study.network, delays_of(study, setting))
    if "records" in setting.parts:
        errors = record_errors(study.chain, setting.n_days, share=WRONG_SHARE, seed=setting.seed)
    results = {}
    for name, pair in factors.items():
        policy = GRIDS[name][0](study.chain)(*pair)
        if "rejected" in setting.parts:
            policy = with_array_rejections(policy, share=REJECTED_SHARE, seed=setting.seed)
        days = replay_arrays(
            chain, study.serving, lambda day: study.ahead[day], policy=policy, n_days=setting.n_days,
            record_errors=errors,
        )[0]  # fmt: skip
        results[name] = summary(days.iloc[setting.warm_up :])
    return results


@dataclass(frozen=True)
class Outcome:
    """Summaries of a stress: ours, and those of the rivals by name."""

    ours: dict[str, float]
    rivals: dict[str, dict[str, float]]


def line_of(under: Outcome, calm: Outcome, best: str) -> dict[str, float]:
    """Compare ours under a stress with ours without and with the rivals under it."""
    ours, rivals = under.ours, under.rivals
    least = min(each["total_cost"] for each in rivals.values())
    return {
        **{name: ours[name] for name in ("total_cost", "stockout_rate", "fill_rate", "turnover_days")},
        "rival_stockout_rate": rivals[best]["stockout_rate"],
        "rival_fill_rate": rivals[best]["fill_rate"],
        "vs_unstressed": ours["total_cost"] / calm.ours["total_cost"],
        "rival_vs_unstressed": rivals[best]["total_cost"] / calm.rivals[best]["total_cost"],
        "vs_best_rival": ours["total_cost"] / rivals[best]["total_cost"],
        "vs_least_rival": ours["total_cost"] / least,
    }


def main() -> None:
    """Run the stresses and print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stress", nargs="*", default=list(NAMES), choices=NAMES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=24)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    n_days, warm_up, n_tuning = 7 * (a.weeks + a.warm_up), 7 * a.warm_up, TUNING_DAYS
    if a.smoke:
        a.skus, a.stores, n_days, warm_up, n_tuning, a.stress = 12, 4, 2, 0, 4, ["all"]
    study = study_of(a.seed, n_skus=a.skus, n_stores=a.stores, n_days=max(n_days, n_tuning), n_tuning=n_tuning)
    factors, best = tuned_rivals(study.chain, study.serving, study.past)
    champion, calm = fitted(study.snapshot, study.network), Setting(n_days, warm_up, a.seed)
    results: dict[str, dict[str, float | None]] = {}
    outcomes: dict[str, Outcome] = {}
    for name in ("none", *a.stress):
        parts = {"none": (), "all": NAMES[:-1]}.get(name, (name,))
        setting, began = replace(calm, parts=parts), time.perf_counter()
        run = our_run(study, setting)
        days = replay_ours(study, run, champion=champion, n_days=n_days, refit_days=REFIT_DAYS).days
        outcomes[name] = Outcome(summary(days.iloc[warm_up:]), rival_costs(study, factors, setting))
        results[name] = rounded(line_of(outcomes[name], outcomes["none"], best))
        print(f"{name}: {time.perf_counter() - began:.0f} s {results[name]}", file=sys.stderr, flush=True)
    print(pd.DataFrame(results).T.to_string(), file=sys.stderr)
    told = {"seed": a.seed, "skus": a.skus, "stores": a.stores, "days": n_days, "warm_up": warm_up, "best_rival": best}
    print(json.dumps({**told, "stress": results}))


if __name__ == "__main__":
    main()
