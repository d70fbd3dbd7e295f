"""Plans one chain folder as the weekly run does, forecast included; prints one JSON line.

Keys: seconds by stage and in all, peak memory, stock points, orders by kind, violations of the independent audit, KPIs.

    python benchmarks/plan_chain.py CHAIN [--cutoff DATE] [--horizon DAYS]
    python benchmarks/plan_chain.py --smoke
"""

import argparse
import dataclasses
import json
import math
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from engine import AuditError, EngineConfig, plan
from experiments.world import WorldConfig, build_world, write_world
from network.ingest import load_snapshot


class Stopwatch:
    """Seconds by stage, told by the engine."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "load", time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = round(now - self._since, 1)
        self._stage, self._since = stage, now
        print(f"{stage} ...", file=sys.stderr, flush=True)


def measured(folder: Path, cutoff: date | None, config: EngineConfig) -> dict[str, object]:
    """Plan the chain and gather the figures."""
    began, watch = time.perf_counter(), Stopwatch()
    snapshot = load_snapshot(folder, cutoff=cutoff)
    try:
        finished = plan(snapshot, config, on_stage=watch)
    except AuditError as error:
        return {
            "chain": folder.name,
            "violations": len(error.violations),
            "first": error.violations["message"].tolist()[:5],
        }
    watch("end")
    by_kind = finished.orders.groupby("kind")["quantity"].agg(["count", "sum"])
    figures = finished.kpis.set_index("kpi")[["today", "planned"]].to_dict("index")
    return {
        "chain": folder.name,
        "cutoff": finished.manifest["cutoff"],
        "stock_points": finished.manifest["n_stock_points"],
        "series": finished.manifest["n_series"],
        "total_seconds": round(time.perf_counter() - began, 1),
        "seconds": watch.seconds,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "violations": 0,
        "orders": {kind: {"lines": int(row["count"]), "units": int(row["sum"])} for kind, row in by_kind.iterrows()},
        **{name: finished.manifest[name] for name in ("status", "objective", "bound", "gap", "models", "fallbacks")},
        "kpis": {
            kpi: {when: round(value, 4) for when, value in pair.items() if not math.isnan(value)}
            for kpi, pair in figures.items()
        },
    }


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chain", type=Path, nargs="?")
    parser.add_argument("--cutoff", type=date.fromisoformat)
    parser.add_argument("--horizon", type=int, help="days planned and forecast ahead")
    parser.add_argument("--smoke", action="store_true", help="a small synthetic chain")
    a = parser.parse_args()
    config = EngineConfig()
    if a.horizon:
        config = config.replace(
            forecast=dataclasses.replace(config.forecast, horizon_days=a.horizon),
            plan=config.plan.replace(horizon_days=a.horizon),
        )
    if a.smoke:
        with tempfile.TemporaryDirectory() as folder:
            write_world(build_world(WorldConfig(n_skus=12, n_stores=4, n_days=120)), Path(folder))
            print(json.dumps(measured(Path(folder), a.cutoff, config)))
        return
    if a.chain is None:
        parser.error("name a chain folder, or --smoke")
    print(json.dumps(measured(a.chain, a.cutoff, config)))


if __name__ == "__main__":
    main()
