"""The benchmark of malformed input runs, and finds nothing in its first mutations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_benchmark_tells_what_came_of_listed_files_mutations_and_plans() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "malformed_input.py"), "--smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["listed_refused"] == told["listed"]
    assert told["faults"] == 0
    assert told["refused"] + told["accepted"] == told["mutations"] == 100
    assert told["plans"] == {"planned": 1}
