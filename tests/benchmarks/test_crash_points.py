"""kill -9 and failing system calls at points of the daily job, of approval and of export: a part of the benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.crash_points import chosen

ROOT = Path(__file__).resolve().parents[2]


def test_points_are_spread_from_the_first_to_the_last() -> None:
    assert chosen(10, 4) == [1, 4, 7, 10]
    assert chosen(3, 0) == chosen(3, 9) == [1, 2, 3]
    assert chosen(5, 1) == [1]


def test_whatever_is_killed_is_as_if_it_had_not_been_once_it_has_run_again() -> None:
    # In a process of its own: it forks, which a process with threads must not.
    words = [sys.executable, str(ROOT / "benchmarks" / "crash_points.py"), "--smoke"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == 0, (found, done.stderr)  # nothing lost, doubled, changed, half-written or unclear
    assert found["points"]["tries"] >= 20
    assert found["random"]["tries"] == 3
    assert found["faults"]["tries"] == 9  # 2 failing calls and a locked ledger, for each of 3 commands
    assert found["at_once"]["exports"] == 8
