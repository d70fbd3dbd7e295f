"""Smokes of the headline study's further views: each runs on a tiny chain and prints its line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def line_of(name: str) -> dict[str, Any]:
    command = [sys.executable, f"benchmarks/{name}.py", "--smoke"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=600)
    line: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return line


def test_the_smoke_of_stress_compares_with_and_without() -> None:
    stress = line_of("stress")["stress"]
    assert stress.keys() == {"none", "all"}
    assert stress["none"]["vs_unstressed"] == 1.0
    assert stress["all"]["vs_best_rival"] > 0


def test_the_smoke_of_the_frontier_compares_each_setting_with_each_rival() -> None:
    line = line_of("frontier")
    rivals = {row["rival"] for row in line["savings"]}
    assert rivals == {"min_max", "reorder_up_to", "base_stock", "echelon_base_stock", "newsvendor", "any rival"}
    assert len(line["savings"]) == len(line["ours"]) * len(rivals) * 2


def test_the_smoke_of_the_storm_says_that_two_days_had_none() -> None:
    line = line_of("storm")
    assert line["seeds"] == [1]
    assert line["storms"] == 0
    assert line["storm_fill"] is None


def test_the_smoke_of_perishables_tells_waste_and_fill() -> None:
    line = line_of("perishables")
    assert line["fresh_skus"] >= 1
    assert line.keys() >= {"experience_waste", "waste", "base_stock_waste"}
    assert 0 <= line["fill"] <= 1


def test_the_smoke_of_the_promotion_story_loses_nothing_on_the_first_day() -> None:
    line = line_of("promotion_story")
    assert line["days"] == 1
    assert line["lost_a"] == line["lost_b"] == 0


def test_the_smoke_of_the_panel_says_what_is_assumed() -> None:
    line = line_of("panel")
    assert line["series"] >= 25
    assert line["ours"]["total_cost"] > 0
    assert line["ours"]["known_total_cost"] <= line["ours"]["total_cost"]
    assert any(text.startswith("stock: ") for text in line["assumed"])
