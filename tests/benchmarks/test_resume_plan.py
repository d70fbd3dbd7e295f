"""A small job killed once its models are fitted and again in the middle of its parts, and taken up each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_killed_job_is_taken_up_again() -> None:
    # In a process of its own: it forks, which a process with threads must not.
    words = [sys.executable, str(ROOT / "benchmarks" / "resume_plan.py"), "--smoke", "--quick"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["n_stock_points"] > 0
    assert found["exit_code"] in (0, 4)
    assert found["n_parts_kept"] > 1
    assert "targets" in found["taken_over"] and "flows" in found["taken_over"]
    assert found["n_parts_left"] == 0
