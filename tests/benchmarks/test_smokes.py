"""Every benchmark at its smallest ends well, and its last line is JSON: `./run smoke` runs these, `./run test` not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Their smokes belong to the tests that `./run test` runs.
TESTED = {"crash_points", "executors", "malformed_input", "serve_load", "unattended_nights"}
NAMES = [path.stem for path in sorted(ROOT.glob("benchmarks/[a-z]*.py")) if path.stem not in TESTED]

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("name", NAMES)
def test_a_smoke_prints_one_line(name: str) -> None:
    if name == "first_paint" and not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no Chromium here (apt-get install chromium)")
    command = [sys.executable, f"benchmarks/{name}.py", "--smoke"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    assert line
    CHECKS.get(name, lambda _: None)(line)


def headline(line: dict[str, Any]) -> None:
    keys = {"stockout_rate", "turnover_days", "slow_mover_days", "transport_vs_experience", "truck_fill",
            "cost_vs_best_rival", "gap_to_clairvoyant", "worst_tenth_stockout_rate",
            "experience_worst_tenth_stockout_rate"}  # fmt: skip
    assert line.keys() >= keys
    assert 0 <= line["stockout_rate"] <= 1
    assert line["experience_stockout_rate"] >= 0
    assert line["total_cost"] > 0


def stress(line: dict[str, Any]) -> None:
    assert line["stress"].keys() == {"none", "all"}
    assert line["stress"]["none"]["vs_unstressed"] == 1.0
    assert line["stress"]["all"]["vs_best_rival"] > 0


def frontier(line: dict[str, Any]) -> None:
    rivals = {row["rival"] for row in line["savings"]}
    assert rivals == {"min_max", "reorder_up_to", "base_stock", "echelon_base_stock", "newsvendor", "any rival"}
    assert len(line["savings"]) == len(line["ours"]) * len(rivals) * 2


def storm(line: dict[str, Any]) -> None:
    assert line["seeds"] == [1]
    assert line["storms"] == 0
    assert line["storm_fill"] is None


def perishables(line: dict[str, Any]) -> None:
    assert line["fresh_skus"] >= 1
    assert line.keys() >= {"experience_waste", "waste", "base_stock_waste"}
    assert 0 <= line["fill"] <= 1


def promotion_story(line: dict[str, Any]) -> None:
    assert line["days"] == 1
    assert line["lost_a"] == line["lost_b"] == 0


def panel(line: dict[str, Any]) -> None:
    assert line["series"] >= 25
    assert line["ours"]["total_cost"] > 0
    assert line["ours"]["known_total_cost"] <= line["ours"]["total_cost"]
    assert any(text.startswith("stock: ") for text in line["assumed"])


def benefits(line: dict[str, Any]) -> None:
    keys = {"margin", "carrying", "logistics", "waste", "profit", "cash_release", "carbon", "payback", "present_value"}
    assert line.keys() >= keys
    assert line["intervals"] == {}


def plan_scale(line: dict[str, Any]) -> None:
    keys = {"seconds", "peak_gb", "objective", "bound", "gap", "trucks", "truck_fill", "violations"}
    assert line.keys() >= keys
    assert line["violations"] == 0
    assert line["bound"] <= line["objective"]


def twin_speed(line: dict[str, Any]) -> None:
    assert line.keys() >= {"stock_points", "days", "point_days_per_second", "point_days_per_cpu_second"}
    assert (line["stock_points"], line["days"]) == (11 * 20, 3)
    assert 0 < line["fill_rate"] <= 1


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    check.__name__: check
    for check in (headline, stress, frontier, storm, perishables, promotion_story, panel, benefits, plan_scale,
                  twin_speed)
}  # fmt: skip
