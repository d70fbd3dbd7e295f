"""Simulates pilots with a known effect: do the intervals hold it, and does the planned length find it? One JSON line.

Each pilot draws a chain of locations with their own size, season and growth, weekly noise that lasts (AR(1)), and
shocks of the whole chain; pairs and the planned length come from the history alone; the effect multiplies the pilots'
outcome.

    python benchmarks/pilots.py [--pilots 2000] [--locations 60] [--pairs 14] [--effect 0.05] [--smoke]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.append(str(Path(__file__).resolve().parents[1]))

from experiments.pilot import choose_pairs, effect_of, weeks_needed

Floats = npt.NDArray[np.float64]
HISTORY_WEEKS, WEEKS_BEFORE, LONGEST_WEEKS = 104, 13, 26
NOISE, LASTING, SHOCK = 0.06, 0.5, 0.04


def outcomes(n_locations: int, n_weeks: int, random: np.random.Generator) -> Floats:
    """Weekly outcome of locations on which nothing is done, (n_locations, n_weeks)."""
    weeks = np.arange(n_weeks)
    phase = random.choice([0.0, 0.5], n_locations)[:, None]
    season = 0.2 * np.sin(2 * np.pi * (weeks / 52 + phase))
    growth = random.normal(0.0, 0.0005, (n_locations, 1)) * weeks
    fresh = random.normal(0.0, NOISE, (n_locations, n_weeks)) * np.sqrt(1 - LASTING**2)
    noise = np.zeros((n_locations, n_weeks))
    for week in range(n_weeks):
        noise[:, week] = fresh[:, week] + (LASTING * noise[:, week - 1] if week else 0.0)
    size = random.normal(6.0, 0.7, (n_locations, 1))
    result: Floats = np.exp(size + season + growth + noise + random.normal(0.0, SHOCK, n_weeks))
    return result


def simulated(seed: int, *, n_locations: int, n_pairs: int, effect: float) -> dict[str, float]:
    """Plan, run and judge one pilot."""
    random = np.random.default_rng([seed, 0])
    world = outcomes(n_locations, HISTORY_WEEKS + LONGEST_WEEKS, random)
    history = world[:, :HISTORY_WEEKS]
    pairs = choose_pairs(history, n_pairs=n_pairs, seed=seed)
    weeks = weeks_needed(history, n_pairs=n_pairs, effect=effect, weeks_before=WEEKS_BEFORE)
    length = min(weeks or LONGEST_WEEKS, LONGEST_WEEKS)
    during = world[:, HISTORY_WEEKS : HISTORY_WEEKS + length].copy()
    during[pairs.pilot] *= 1.0 + effect
    found = effect_of(history[:, -WEEKS_BEFORE:], during, pairs=pairs)
    nothing = effect_of(history[:, -WEEKS_BEFORE:], world[:, HISTORY_WEEKS : HISTORY_WEEKS + length], pairs=pairs)
    return {
        "covered": float(found.low <= effect <= found.high),
        "error": found.estimate - effect,
        "width": found.high - found.low,
        "is_found": float(found.low > 0.0 or found.high < 0.0),
        "is_false_alarm": float(nothing.low > 0.0 or nothing.high < 0.0),
        "weeks": float(length),
        "is_planned": float(weeks is not None and weeks <= LONGEST_WEEKS),
    }


def main() -> None:
    """Simulate and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pilots", type=int, default=2000)
    parser.add_argument("--locations", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=14)
    parser.add_argument("--effect", type=float, default=0.05)
    parser.add_argument("--smoke", action="store_true", help="forty pilots")
    args = parser.parse_args()
    n = 40 if args.smoke else args.pilots
    runs = [simulated(seed, n_locations=args.locations, n_pairs=args.pairs, effect=args.effect) for seed in range(n)]
    mean = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    planned = [run["is_found"] for run in runs if run["is_planned"]]
    print(json.dumps({
        "pilots": n, "effect": args.effect, "pairs": args.pairs,
        "coverage_95": round(mean["covered"], 4), "bias": round(mean["error"], 5),
        "mean_width": round(mean["width"], 4), "false_alarms": round(mean["is_false_alarm"], 4),
        "power_at_planned_weeks": round(float(np.mean(planned)), 4) if planned else None,
        "share_planned": round(mean["is_planned"], 4), "mean_weeks": round(mean["weeks"], 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
