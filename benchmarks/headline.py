"""The headline study: half a year of a simulated chain under the rule of experience, tuned rivals and tierflow.

Every policy starts from the same stock, meets the same latent demand and sees only what an evening knows; eight weeks
of warm-up do not count. Rivals are tuned on the days before the start by grids of 25 pairs each, with the latent demand
of those days, which is more than they would know in life. The last line is JSON; tables go to stderr.

    python benchmarks/headline.py [--seeds 5] [--skus 24 --stores 8] [--waterfall 1] [--without laterals ...]
    python benchmarks/headline.py --smoke
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _headline_world import START, Study, apart, experience_rule, study_of

from engine import EngineConfig
from experiments.array_chain import ArrayChain, Serving
from experiments.baselines import (
    Family,
    base_stock,
    echelon_base_stock,
    min_max,
    newsvendor,
    reorder_up_to,
    tuned,
)
from experiments.clairvoyant import clairvoyant
from experiments.kpis import Trace, slow_mover_days, summary, worst_tenth
from experiments.nightly import NightlyPlanner
from experiments.twin import replay
from experiments.twin_arrays import ArrayPolicy, replay_arrays
from network.contracts import Tier

TUNING_DAYS, TUNING_WARM_UP = 112, 28
# Days between two fits of our models.
REFIT_DAYS = 56
GRIDS: dict[str, tuple[Callable[[ArrayChain], Family], tuple[float, ...], tuple[float, ...]]] = {
    "min_max": (min_max, (1, 2, 4, 7, 14), (1, 3, 7, 14, 21)),
    "reorder_up_to": (reorder_up_to, (0.5, 1, 2, 3, 4), (1, 3, 7, 14, 21)),
    "base_stock": (base_stock, (0.5, 1.5, 2.5, 3.5, 4.5), (0, 2, 4, 6, 8)),
    "echelon_base_stock": (echelon_base_stock, (0.5, 1.5, 2.5, 3.5, 4.5), (0, 2, 4, 6, 8)),
    "newsvendor": (newsvendor, (0.2, 0.5, 1, 3, 10), (0.2, 0.5, 1, 3, 10)),
}
# What each step of the waterfall leaves out of the engine.
OURS = {
    "ours_without_signals": ("signals", "laterals", "emergency"),
    "ours_with_signals": ("laterals", "emergency"),
    "ours": (),
}
PARTS = ("signals", "laterals", "emergency", "trucks", "pooling", "quantiles")
KPIS = ("stockout_rate", "turnover_days", "slow_mover_days", "truck_fill", "transport_per_unit", "fill_rate",
        "total_cost", "holding_cost", "lost_margin", "logistics_cost", "waste_cost", "worst_tenth_stockout_rate",
        "worst_tenth_fill_rate")  # fmt: skip


def kpis(study: Study, days: pd.DataFrame, trace: Trace, chain: ArrayChain, warm_up: int) -> dict[str, float]:
    """KPIs of the days that count."""
    protection = np.full(len(chain.on_hand), 7.0)
    protection[chain.destination] = chain.protection
    first = max(warm_up, 28)
    slow = slow_mover_days(trace, protection=protection, sells=chain.tier != Tier.CENTRAL, first_day=first)
    worst = worst_tenth(trace.service, counted=chain.tier == Tier.STORE, first_day=warm_up)
    return {**summary(days.iloc[warm_up:]), "slow_mover_days": slow, **worst}


def by_rule(
    study: Study, chain: ArrayChain, serving: Serving, policy: ArrayPolicy, n_days: int, warm_up: int
) -> dict[str, float]:
    """Replay a rule."""
    days, trace = replay_arrays(chain, serving, lambda day: study.ahead[day], policy=policy, n_days=n_days)
    return kpis(study, days, trace, chain, warm_up)


def rivals(study: Study, n_days: int, warm_up: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Tune each rival on history and replay it; also what each cost there."""
    chain, results, on_history = study.chain, {}, {}
    past, skipped = study.past, min(TUNING_WARM_UP, len(study.past) - 1)

    def cost(policy: ArrayPolicy) -> float:
        days = replay_arrays(chain, study.serving, lambda day: past[day], policy=policy, n_days=len(past))[0]
        return summary(days.iloc[skipped:])["total_cost"]

    for name, (make, first, second) in GRIDS.items():
        family = make(chain)
        factors = tuned(family, cost, [(float(one), float(two)) for one, two in itertools.product(first, second)])
        on_history[name] = cost(family(*factors))
        results[name] = by_rule(study, chain, study.serving, family(*factors), n_days, warm_up)
        print(f"{name} tuned to {factors} of {len(first) * len(second)} pairs", file=sys.stderr, flush=True)
    return results, on_history


def ours(seed: int, without: tuple[str, ...], a: argparse.Namespace) -> dict[str, float]:
    """Replay our planner with some of its parts left out, on a chain drawn again in this process."""
    n_days, warm_up = _days(a)
    study = study_of(seed, n_skus=a.skus, n_stores=a.stores, n_days=n_days, n_tuning=1)
    plan = EngineConfig().plan
    changes: dict[str, dict[str, Any]] = {
        "laterals": {"laterals": False},
        "emergency": {"emergency": False},
        "trucks": {"joint_trucks": False},
        "pooling": {"echelon_chain": False},
    }
    for part in without:
        plan = replace(plan, **changes.get(part, {}))
    tables = dict(study.tables)
    if "signals" in without:
        tables["signals"] = tables["signals"].iloc[:0]
    planner = NightlyPlanner(
        tables, study.settings, START, EngineConfig().replace(plan=plan), refit_days=REFIT_DAYS,
        on_means="quantiles" in without,
    )  # fmt: skip
    result = replay(study.snapshot, study.network, demand=study.demand, policy=planner, n_days=n_days)
    return kpis(study, result.days, result.trace, study.chain, warm_up)


def _days(a: argparse.Namespace) -> tuple[int, int]:
    """Days replayed, and how many of them do not count."""
    return (2, 0) if a.smoke else (7 * (a.weeks + a.warm_up), 7 * a.warm_up)


def rules(seed: int, a: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The rules and the clairvoyant on one chain."""
    n_days, warm_up = _days(a)
    study = study_of(seed, n_skus=a.skus, n_stores=a.stores, n_days=n_days, n_tuning=min(TUNING_DAYS, n_days))
    stock, serving = apart(study)
    results = {
        "experience_siloed": by_rule(study, stock, serving, experience_rule(stock, seed), n_days, warm_up),
        "experience_pooled": by_rule(
            study, study.chain, study.serving, experience_rule(study.chain, seed), n_days, warm_up
        ),
    }
    tuned_rules, on_history = rivals(study, n_days, warm_up)
    results |= tuned_rules
    results["best_rival"] = results[min(on_history, key=lambda name: on_history[name])]
    least = clairvoyant(study.snapshot, study.network, demand=study.demand, n_days=n_days).total_cost
    results["clairvoyant"] = {"total_cost": least * (n_days - warm_up) / n_days}
    return results


def all_runs(seeds: Sequence[int], a: argparse.Namespace) -> dict[int, dict[str, dict[str, float]]]:
    """Replay every policy on every chain, as many at once as there are workers."""
    began = time.perf_counter()
    first = {} if a.smoke else {name: OURS[name] for name in list(OURS)[:-1]}
    with ProcessPoolExecutor(a.workers) as pool:
        by_rules = {seed: pool.submit(rules, seed, a) for seed in seeds}
        ours_of = {}
        for number, seed in enumerate(seeds):
            steps = {**(first if number < a.waterfall else {}), "ours": OURS["ours"]}
            steps |= {f"ours_without_{part}": (part,) for part in a.without if number < a.waterfall}
            ours_of[seed] = {name: pool.submit(ours, seed, without, a) for name, without in steps.items()}
        results = {}
        for seed in seeds:
            results[seed] = {**by_rules[seed].result(), **{name: run.result() for name, run in ours_of[seed].items()}}
            print(f"seed {seed} done after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return results


def main() -> None:
    """Run the seeds and print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=24)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--warm-up", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--waterfall", type=int, default=99, help="seeds on which the engine is run step by step")
    parser.add_argument("--without", nargs="*", default=[], choices=PARTS, help="ablations beside the waterfall")
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    if a.smoke:
        a.seeds, a.skus, a.stores, a.workers = 1, 12, 4, 1
    seeds = range(a.first_seed, a.first_seed + a.seeds)
    results = all_runs(seeds, a)
    table = pd.concat({seed: pd.DataFrame(each).T for seed, each in results.items()})
    means = table.groupby(level=1, sort=False).mean()
    counted = means[list(KPIS)].round(3).assign(seeds=table.groupby(level=1).size())
    print(counted.to_string(), file=sys.stderr)
    print(json.dumps(_line(table, means, list(seeds))))


def _number(value: float) -> float | None:
    """Four digits; None where there is none."""
    return round(float(value), 4) if np.isfinite(value) else None


def _line(table: pd.DataFrame, means: pd.DataFrame, seeds: list[int]) -> dict[str, object]:
    """The figures of the study."""
    cost, transport = (table[name].reset_index().pivot_table(index="level_0", columns="level_1", values=name)
                       for name in ("total_cost", "transport_per_unit"))  # fmt: skip
    ratio = cost["ours"] / cost["best_rival"]
    left = (cost["ours"] - cost["clairvoyant"]) / (cost["best_rival"] - cost["clairvoyant"])
    own = {name: _number(means.loc["ours", name]) for name in KPIS}
    shown = (*KPIS[:6], *KPIS[-2:])
    habit = {f"experience_{name}": _number(means.loc["experience_siloed", name]) for name in shown}
    return {
        "seeds": seeds,
        **own,
        **habit,
        "transport_vs_experience": round(float((transport["ours"] / transport["experience_siloed"]).mean()), 4),
        "cost_vs_best_rival": round(float(ratio.mean()), 4),
        "cost_vs_best_rival_interval": _interval(ratio),
        "gap_to_clairvoyant": round(float(left.mean()), 4),
        "cost_by_seed": {str(seed): round(float(value), 4) for seed, value in ratio.items()},
    }


def _interval(values: pd.Series) -> list[float] | None:
    """Student's 95% interval of a mean over seeds; None from one seed."""
    if len(values) < 2:
        return None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return [round(float(values.mean()) - half, 4), round(float(values.mean()) + half, 4)]


if __name__ == "__main__":
    main()
