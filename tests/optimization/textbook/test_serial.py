"""Serial chains: the published example, and a chain of one stage, which is a newsvendor."""

import pytest

from optimization.textbook.newsvendor import newsvendor_normal
from optimization.textbook.serial import serial_echelon_levels


def test_three_stages_of_snyder_and_shen():
    chain = serial_echelon_levels([3, 2, 2], [1, 1, 2], backorder_cost=37.12, mean=5, sd=1)
    assert chain.cost == pytest.approx(47.65, abs=0.02)
    assert chain.cost == pytest.approx(47.7747, rel=0.02)
    assert chain.levels == pytest.approx([6.49, 12.02, 22.71], abs=0.03)


def test_one_stage_is_a_newsvendor():
    chain = serial_echelon_levels([2.0], [4.0], backorder_cost=6.0, mean=5, sd=3)
    level, cost = newsvendor_normal(20, 6, holding_cost=2, shortage_cost=6)
    assert chain.levels[0] == pytest.approx(float(level), abs=0.05)
    assert chain.cost == pytest.approx(float(cost), rel=1e-3)


def test_a_stage_without_lead_time_holds_nothing():
    # what stands at stage 2 is at stage 1 at once; a unit waiting there saves stage 1's holding cost
    two = serial_echelon_levels([1.0, 2.0], [0.0, 4.0], backorder_cost=6.0, mean=5, sd=3)
    one = serial_echelon_levels([2.0], [4.0], backorder_cost=6.0, mean=5, sd=3)
    assert two.levels[0] == pytest.approx(0.0, abs=0.05)
    assert two.cost == pytest.approx(one.cost, rel=1e-3)
