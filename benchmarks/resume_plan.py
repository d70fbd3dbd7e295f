"""A daily job killed once its models are fitted, taken up with `--resume`, killed in the middle of its parts, and taken
up again.

Keys: n_stock_points; fitted_s until it was killed the first time; killed_in_parts_s until the second, once a part's
flows were kept; n_parts_kept then, kept_mb their size; taken_over as the last job says it; resumed_s until it had
published the plan, resumed_cpu_s its processor time. Left out with --quick: by_stage_s and by_stage_cpu_s of the same
job resumed from its fitted models alone; is_same whether that one and a job that nobody killed give the same tables.

    python benchmarks/resume_plan.py [--skus 100] [--stores 95] [--days 120] [--quick]
    python benchmarks/resume_plan.py --smoke
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._crash_run import begun, command, in_child
from optimization.partition.cut import PART_POINTS

LIMIT_SECONDS = 300.0
"""A plan of 10,000 stock points has to be resumed within [s of processor time]."""
SMOKE_PART_POINTS = 12


def killed_when(words: Sequence[str], *, is_time: Callable[[], bool], part_points: int) -> float:
    """Begin a job and kill it as soon as it is time; returns how long it had [s].

    Raises
    ------
    RuntimeError
        If it ended before.
    """
    start, child = time.monotonic(), begun(lambda: in_parts(words, part_points))
    while not is_time():
        if os.waitpid(child, os.WNOHANG)[0]:
            raise RuntimeError("the job ended before it could be killed")
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return time.monotonic() - start


def in_parts(words: Sequence[str], part_points: int) -> int:
    """Run a command whose plans are cut into parts of a size, in a process of its own."""
    from optimization.partition.plan import plan_in_parts

    settings = plan_in_parts.__kwdefaults__
    assert settings is not None and "part_points" in settings
    settings["part_points"] = part_points
    return command(words)


def resumed(words: Sequence[str], part_points: int, said: Path) -> tuple[int, float, float]:
    """Carry out a job; returns its exit code, seconds and processor seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = in_child(lambda: in_parts(words, part_points), said=said)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, round(time.monotonic() - start, 1), round(spent, 1)


def _stage(runs: Path) -> str:
    try:
        return str(json.loads((runs / "job.json").read_text("utf-8"))["stage"])
    except FileNotFoundError:
        return ""


def _kept(runs: Path, stage: str = "") -> list[Path]:
    return list((runs / "parts").glob(f"*/{stage}*.part"))


def _tables(runs: Path) -> dict[str, bytes]:
    """The tables of the runs, by path."""
    return {path.relative_to(runs).as_posix(): path.read_bytes() for path in sorted(runs.glob("*/*.csv"))}


def measured(folder: Path, size: tuple[int, int, int], *, part_points: int, is_quick: bool) -> dict[str, object]:
    """Kill, resume, and gather the figures.

    Parameters
    ----------
    folder
        An empty one.
    size
        SKUs, stores and days.
    part_points
        Stock points of a part.
    is_quick
        Whether to leave out the jobs that are compared with.
    """
    chain, said = folder / "chain", folder / "said.txt"
    runs, by_stage, whole = chain / "runs", folder / "by_stage", folder / "whole"
    words = [f"--{name}={value}" for name, value in zip(("skus", "stores", "days"), size, strict=True)]
    if in_child(lambda: command(["demo", str(chain), *words])) != 0:
        raise RuntimeError("the demo chain was not written")
    job = ["replenish", str(chain)]
    found: dict[str, object] = {"benchmark": "resume_plan"}
    fitted = killed_when(job, is_time=lambda: _stage(runs) == "fitted", part_points=part_points)
    if not is_quick:
        shutil.copytree(runs, by_stage)
    in_mid = killed_when([*job, "--resume"], is_time=lambda: bool(_kept(runs, "flows")), part_points=part_points)
    kept = _kept(runs)
    found |= {"fitted_s": round(fitted, 1), "killed_in_parts_s": round(in_mid, 1), "n_parts_kept": len(kept)}
    found["kept_mb"] = round(sum(path.stat().st_size for path in kept) / 1e6, 2)
    found["exit_code"], found["resumed_s"], found["resumed_cpu_s"] = resumed([*job, "--resume"], part_points, said)
    heard = [line.strip() for line in said.read_text("utf-8").splitlines() if line.startswith("Taken over")]
    found["taken_over"] = heard[0] if heard else ""
    found["n_parts_left"] = len(_kept(runs))
    tables = _tables(runs)
    (targets,) = (table for name, table in tables.items() if name.endswith("/targets.csv"))
    found["n_stock_points"] = targets.count(b"\n") - 1
    if not is_quick:
        _, found["by_stage_s"], found["by_stage_cpu_s"] = resumed(
            [*job, "--resume", "--runs", str(by_stage)], part_points, said
        )
        resumed([*job, "--runs", str(whole)], part_points, said)
        found["is_same"] = tables == _tables(by_stage) == _tables(whole)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line; exit 1 if it took too long, nothing was taken over, parts are left or the result differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--skus", 100), ("--stores", 95), ("--days", 120)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--quick", action="store_true", help="leave out the jobs that are compared with")
    parser.add_argument("--smoke", action="store_true", help="9 SKUs, in parts of 12 stock points")
    asked = parser.parse_args(arguments)
    size = (9, 4, 120) if asked.smoke else (asked.skus, asked.stores, asked.days)
    part_points = SMOKE_PART_POINTS if asked.smoke else PART_POINTS
    with tempfile.TemporaryDirectory() as name:
        found = measured(Path(name), size, part_points=part_points, is_quick=asked.quick)
    print(json.dumps(found))
    is_late = float(str(found["resumed_cpu_s"])) > LIMIT_SECONDS
    is_wrong = not found["taken_over"] or found["n_parts_left"] != 0 or found.get("is_same") is False
    return int(found["exit_code"] not in (0, 4) or is_late or is_wrong)


if __name__ == "__main__":
    raise SystemExit(main())
