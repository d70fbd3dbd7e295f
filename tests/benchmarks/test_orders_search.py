"""A small run of the benchmark of the order list answers every question."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from orders_search import measured


def test_every_question_is_timed_on_a_small_table() -> None:
    found = measured(200)
    assert found["n_lines"] == 200
    times = found["milliseconds"]
    assert isinstance(times, dict)
    assert {"all_by_priority", "search", "filter", "sum_by_lane", "refresh"} <= set(times)
