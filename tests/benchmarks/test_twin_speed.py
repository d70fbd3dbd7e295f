"""The smoke of the twin's speed: a few days, and the keys of its line."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_smoke_prints_stock_point_days_a_second() -> None:
    command = [sys.executable, "benchmarks/twin_speed.py", "--smoke"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line.keys() >= {"stock_points", "days", "point_days_per_second", "point_days_per_cpu_second"}
    assert (line["stock_points"], line["days"]) == (11 * 20, 3)
    assert 0 < line["fill_rate"] <= 1
