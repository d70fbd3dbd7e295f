"""The headline study's smoke: every policy on a tiny chain, and the keys of its line."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYS = {"stockout_rate", "turnover_days", "slow_mover_days", "transport_vs_experience", "truck_fill",
        "cost_vs_best_rival", "gap_to_clairvoyant", "worst_tenth_stockout_rate",
        "experience_worst_tenth_stockout_rate"}  # fmt: skip


def test_the_smoke_prints_the_figures_of_the_study() -> None:
    command = [sys.executable, "benchmarks/headline.py", "--smoke"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=600)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line.keys() >= KEYS
    assert 0 <= line["stockout_rate"] <= 1
    assert line["experience_stockout_rate"] >= 0
    assert line["total_cost"] > 0
