"""A daily job killed once its models are fitted, and taken up again with `--resume`.

Keys: n_stock_points; fitted_s until it was killed; resumed_s until the plan was published, resumed_cpu_s its processor
time; is_same whether a job that nobody killed gives the same run (left out with --quick).

    python benchmarks/resume_plan.py [--skus 100] [--stores 95] [--days 120] [--quick]
    python benchmarks/resume_plan.py --smoke
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._crash_run import begun, command, in_child

LIMIT_SECONDS = 300.0
"""A plan of 10,000 stock points has to be resumed within [s of processor time]."""


def killed_when_fitted(words: Sequence[str], runs: Path) -> float:
    """Begin a job and kill it as soon as its record says that the models are fitted; returns how long it had [s].

    Raises
    ------
    RuntimeError
        If it ended before.
    """
    start, child = time.monotonic(), begun(lambda: command(words))
    while _stage(runs) != "fitted":
        if os.waitpid(child, os.WNOHANG)[0]:
            raise RuntimeError("the job ended before it could be killed")
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return time.monotonic() - start


def _stage(runs: Path) -> str:
    try:
        return str(json.loads((runs / "job.json").read_text("utf-8"))["stage"])
    except FileNotFoundError:
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line; exit 1 if it took too long or the result differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--skus", 100), ("--stores", 95), ("--days", 120)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--quick", action="store_true", help="leave out the job that nobody kills")
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args(arguments)
    skus, stores, days = (9, 4, 120) if asked.smoke else (asked.skus, asked.stores, asked.days)
    with tempfile.TemporaryDirectory() as name:
        chain = Path(name) / "chain"
        demo = ["demo", str(chain), "--skus", str(skus), "--stores", str(stores), "--days", str(days)]
        if in_child(lambda: command(demo)) != 0:
            raise RuntimeError("the demo chain was not written")
        fitted = killed_when_fitted(["replenish", str(chain)], chain / "runs")
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        code = in_child(lambda: command(["replenish", str(chain), "--resume"]))
        resumed, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        (run,) = _manifests(chain / "runs")
        found = {
            "benchmark": "resume_plan",
            "n_stock_points": sum(1 for _ in (chain / "runs" / run / "targets.csv").open()) - 1,
            "exit_code": code,
            "fitted_s": round(fitted, 1),
            "resumed_s": round(resumed, 1),
            "resumed_cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        }
        if not asked.quick:
            in_child(lambda: command(["replenish", str(chain), "--runs", str(Path(name) / "whole")]))
            found["is_same"] = _manifests(Path(name) / "whole") == [run]
    print(json.dumps(found))
    is_late = float(str(found["resumed_cpu_s"])) > LIMIT_SECONDS
    return int(code not in (0, 4) or is_late or found.get("is_same") is False)


def _manifests(runs: Path) -> list[str]:
    return sorted(path.parent.name for path in runs.glob("*/manifest.json"))


if __name__ == "__main__":
    raise SystemExit(main())
