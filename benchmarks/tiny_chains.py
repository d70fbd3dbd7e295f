"""The truck program on tiny chains beside trying everything: trucks, lots and docks in whole numbers.

Each chain has two lanes that share a dock of one truck a day, two SKUs a lane, three days, and three lots a SKU, with
falling gains, sizes by volume and weight, and lots that the origin may not have. Keys: chains, those where bound <=
optimum <= objective (to 1e-6), those where the objective is the optimum, and mean and largest distance of objective
and of bound from the optimum (as shares of it).

    python benchmarks/tiny_chains.py [--chains 200]
    python benchmarks/tiny_chains.py --smoke
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from optimization.trucks.problem import LaneCosts, LaneTrucks
from optimization.trucks.program import plan_trucks

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.oracles.truck_enumeration import best_plan

CLOSE = 1e-6
DAYS, LOTS, LANES = 3, 3, 2


def drawn(seed: int) -> tuple[list[LaneCosts], LaneTrucks]:
    """A tiny chain."""
    rng = np.random.default_rng(seed)
    lanes = []
    for _ in range(LANES):
        falling = np.sort(rng.uniform(-1, 20, (2, DAYS, LOTS)), axis=2)[:, :, ::-1]
        saved = np.concatenate([np.zeros((2, DAYS, 1)), np.cumsum(falling, axis=2)], axis=2)
        limit = rng.integers(1, LOTS + 1, (2, 1)).repeat(DAYS, axis=1)
        lanes.append(
            LaneCosts(
                cost=rng.uniform(20, 60, (2, DAYS, 1)) - saved,
                end_cost=30.0 - 0.4 * saved,
                size=np.stack([rng.uniform(0.2, 0.7, 2), rng.uniform(0.0, 0.7, 2)], axis=1),
                price=np.tile(rng.uniform(0, 2, (2, 1)), DAYS),
                limit=limit,
                most=limit,
            )
        )
    trucks = LaneTrucks(
        is_open=np.ones((LANES, DAYS), dtype=bool),
        capacity=np.ones((LANES, 1), dtype=np.int64),
        cost=np.full((LANES, 1), float(rng.uniform(5, 40))),
        dock=np.tile(np.arange(DAYS), (LANES, 1))[:, :, None],
        dock_use=np.ones((LANES, 1, 1)),
        dock_limit=np.ones(DAYS),
        overtime=np.full(DAYS, np.inf),
    )
    return lanes, trucks


def measured(seeds: Sequence[int]) -> dict[str, object]:
    """Figures over some seeds."""
    rows = []
    for seed in seeds:
        lanes, trucks = drawn(seed)
        plan = plan_trucks(lanes, trucks)
        rows.append((plan.bound, best_plan(lanes, trucks), plan.objective))
    bound, best, objective = np.array(rows).T
    over, under = (objective - best) / best, (best - bound) / best
    return {
        "chains": len(rows),
        "in_order": int(((bound <= best + CLOSE) & (best <= objective + CLOSE)).sum()),
        "objective_is_optimum": int((over <= CLOSE).sum()),
        "mean_over": round(float(over.mean()), 5),
        "largest_over": round(float(over.max()), 5),
        "mean_under": round(float(under.mean()), 5),
        "largest_under": round(float(under.max()), 5),
    }


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--smoke", action="store_true", help="three chains")
    a = parser.parse_args()
    print(json.dumps(measured(range(3 if a.smoke else a.chains))))


if __name__ == "__main__":
    main()
