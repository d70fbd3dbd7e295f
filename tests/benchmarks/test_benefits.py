"""The smoke of the benefits benchmark: both sides of two days, and the keys of its line."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYS = {"margin", "carrying", "logistics", "waste", "profit", "cash_release", "carbon", "payback", "present_value"}


def test_the_smoke_prints_what_two_days_are_worth() -> None:
    command = [sys.executable, "benchmarks/benefits.py", "--smoke"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=600)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line.keys() >= KEYS
    assert line["intervals"] == {}
    assert "What tierflow is worth against the rule of experience" in done.stderr
