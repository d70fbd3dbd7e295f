"""Plans a generated chain from a given forecast to audited orders; prints one JSON line.

Keys: seconds in all and by layer, processor seconds, peak memory summed over the processes, objective, bound, gap (a
fraction) of the flow's surrogate, `truck_program` with objective and bound of all trucks together, trucks and their
fill, violations of the independent audit, orders, stock points, workers.

    python benchmarks/plan_scale.py --stock-points N [--workers W] [--seed S] [--unpriced]
    python benchmarks/plan_scale.py --smoke
"""

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from _scale_chain import scale_chain

from engine import AuditError, Basis, EngineConfig, audited_orders, decide_with, plan_version
from network.graph import build_network
from optimization.config import PlanConfig

# Between two looks at the memory of the processes [seconds].
PERIOD = 0.25


class Stopwatch:
    """Seconds by stage, told by the engine."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "network", time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._since, 2)
        self._stage, self._since = stage, now
        print(f"{stage} ...", file=sys.stderr, flush=True)


class PeakMemory(threading.Thread):
    """Watches the proportional set size of this process and its children: pages they share count once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(PERIOD):
            self.peak_bytes = max(self.peak_bytes, sum(_pss(pid) for pid in _family(os.getpid())))

    def stop(self) -> float:
        """Return the peak [GB]."""
        self._done.set()
        self.join()
        return self.peak_bytes / 1e9


def _family(pid: int) -> list[int]:
    """Return the process and all below it."""
    found = [pid]
    for parent in found:
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in path.read_text().split()]
            except OSError:
                continue
    return found


def _pss(pid: int) -> int:
    """Return the proportional set size of a process [bytes]; 0 once it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def measured(n_points: int, workers: int, seed: int, *, priced: bool = True) -> dict[str, object]:
    """Plan the chain and gather the figures; drawing the chain and its forecast does not count."""
    chain = scale_chain(n_points, seed)
    snapshot, config = chain.snapshot, EngineConfig(plan=PlanConfig(shared_prices=priced))
    memory = PeakMemory()
    memory.start()
    watch, began, cpu = Stopwatch(), time.perf_counter(), _cpu_seconds()
    network = build_network(snapshot)
    basis = decide_with(snapshot, network, chain.forecast, config=config, workers=workers, on_stage=watch)
    n_violations, n_orders = 0, 0
    try:
        version = plan_version(snapshot, config)
        orders = audited_orders(snapshot, network, basis, config=config, version=version, on_stage=watch)[1].orders
        n_orders = len(orders)
    except AuditError as error:
        n_violations = len(error.violations)
        print(error, file=sys.stderr)
    watch("end")
    total = time.perf_counter() - began
    return _figures(basis) | {
        "stock_points": len(basis.positions),
        "skus": int(basis.positions["sku"].nunique()),
        "workers": workers,
        "seconds": round(total, 2),
        "cpu_seconds": round(_cpu_seconds() - cpu, 2),
        "seconds_by_layer": watch.seconds,
        "peak_gb": round(memory.stop(), 2),
        "violations": n_violations,
        "orders": n_orders,
    }


def _cpu_seconds() -> float:
    """Return processor time of this process and its finished children: what the plan costs on a busy machine too."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _figures(basis: Basis) -> dict[str, object]:
    """Figures of the plan itself."""
    decisions, loads = basis.decisions, basis.decisions.loads
    trucks = loads[loads["vehicle"] == "truck"]
    used, paid = float((trucks["fill"] * trucks["cost"]).sum()), float(trucks["cost"].sum())
    return {
        "objective": round(decisions.objective, 2),
        "bound": None if decisions.bound is None else round(decisions.bound, 2),
        "gap": None if decisions.gap is None else round(decisions.gap, 5),
        "truck_program": None if decisions.trucks is None else asdict(decisions.trucks),
        "trucks": int(trucks["trucks"].sum()),
        "truck_fill": round(used / paid, 4) if paid else None,
        "parcels": int(loads.loc[loads["vehicle"] == "parcel", "trucks"].sum()),
        "lines": decisions.moves["mode"].value_counts().sort_index().to_dict(),
        "planned_lines": len(decisions.planned),
        "work": dict(decisions.timings),
    }


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock-points", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unpriced", action="store_true", help="what SKUs share tonight has no price")
    parser.add_argument("--smoke", action="store_true", help="a few hundred stock points in this process")
    a = parser.parse_args()
    n_points, workers = (300, 1) if a.smoke else (a.stock_points, a.workers)
    print(json.dumps(measured(n_points, workers, a.seed, priced=not a.unpriced)))


if __name__ == "__main__":
    main()
