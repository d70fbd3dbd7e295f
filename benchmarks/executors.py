"""One night's targets, flows and trucks by local processes and by Dask: the same bits, how long, and what is sent.

Keys: by executor and number of workers the seconds, the processor seconds of all processes, and whether targets, moves,
loads, objective and bound are those of one process to the bit; bytes of a part's input and result by stock point, and
of what all parts share.

    ./run bench executors --stock-points N [--workers 1 2] [--part-points P] [--seed S]
    ./run bench executors --smoke
"""

import argparse
import json
import os
import pickle
import sys
import time

import pandas as pd
from _scale_chain import ScaleChain, scale_chain

from network.graph import SupplyNetwork, build_network
from optimization.config import PlanConfig
from optimization.decisions import Decisions
from optimization.partition.cut import PART_POINTS, cut_chain
from optimization.partition.dask_run import DaskWorkers
from optimization.partition.plan import plan_in_parts
from optimization.partition.run import Workers
from optimization.partition.solve import targets_of_part
from optimization.position import inventory_positions

COMPARED = ("moves", "dropped", "loads", "planned")


class Night:
    """A generated chain, ready to be planned."""

    def __init__(self, chain: ScaleChain, part_points: int) -> None:
        self.chain, self.part_points, self.config = chain, part_points, PlanConfig()
        self.network: SupplyNetwork = build_network(chain.snapshot)
        self.positions = inventory_positions(chain.snapshot, self.network, series=chain.forecast.series)

    def planned(self, workers: Workers) -> tuple[pd.DataFrame, Decisions]:
        """Targets and decisions."""
        return plan_in_parts(
            self.chain.snapshot, self.network, self.chain.forecast, positions=self.positions, released=None,
            config=self.config, workers=workers, part_points=self.part_points,
        )  # fmt: skip

    def sent(self) -> dict[str, float]:
        """Bytes that cross between processes."""
        cut = cut_chain(
            self.chain.snapshot, self.network, self.chain.forecast, positions=self.positions, config=self.config
        )
        parts = [cut.take(skus) for skus in cut.parts(self.part_points)]
        results = [targets_of_part(part, cut.shared) for part in parts]
        n = len(self.positions)
        return {
            "parts": len(parts),
            "shared_bytes": len(pickle.dumps(cut.shared)),
            "part_bytes_by_point": round(sum(len(pickle.dumps(part)) for part in parts) / n, 1),
            "targets_bytes_by_point": round(sum(len(pickle.dumps(result)) for result in results) / n, 1),
        }


def is_same(one: tuple[pd.DataFrame, Decisions], other: tuple[pd.DataFrame, Decisions]) -> bool:
    """Whether two plans agree to the bit."""
    tables = [(one[0], other[0]), *((getattr(one[1], name), getattr(other[1], name)) for name in COMPARED)]
    numbers = [(plan.objective, plan.bound, plan.gap) for _, plan in (one, other)]
    return numbers[0] == numbers[1] and all(left.equals(right) for left, right in tables)


def cpu_seconds() -> float:
    """Processor time of this process and of those that have ended below it."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock-points", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--part-points", type=int, default=PART_POINTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few hundred stock points, Dask with one worker")
    a = parser.parse_args()
    if a.smoke:
        a.stock_points, a.workers, a.part_points = 300, [1], 200
    night = Night(scale_chain(a.stock_points, a.seed), a.part_points)
    asked: dict[str, Workers] = {f"local {count}": count for count in sorted({1, *a.workers})}
    asked |= {f"dask {count}": DaskWorkers(count) for count in a.workers}
    first, rows = None, {}
    for name, workers in asked.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        began, spent = time.perf_counter(), cpu_seconds()
        plan = night.planned(workers)
        rows[name] = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(cpu_seconds() - spent, 2),
            "is_same": is_same(first or plan, plan),
        }
        first = first or plan
    told = {"benchmark": "executors", "stock_points": len(night.positions), **night.sent(), "executors": rows}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
