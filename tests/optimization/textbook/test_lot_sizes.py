"""Lot sizes: published answers, and what makes a quantity economic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.textbook.lot_sizes import economic_order_quantity, wagner_whitin


def test_the_economic_order_quantity_of_snyder_and_shen():
    quantity, cost = economic_order_quantity(8, 0.225, rate=1300)
    assert quantity == pytest.approx(304.0468, abs=5e-5)
    assert cost == pytest.approx(68.4105, abs=5e-5)


@given(fixed=st.floats(0.1, 100), holding=st.floats(0.01, 10), rate=st.floats(0.1, 1000), other=st.floats(0.1, 10))
def test_no_other_quantity_costs_less(fixed, holding, rate, other):
    quantity, cost = economic_order_quantity(fixed, holding, rate=rate)

    def cost_of(size: float) -> float:
        return fixed * rate / size + holding * size / 2

    assert cost_of(float(quantity)) == pytest.approx(float(cost))
    assert cost_of(float(quantity) * other) >= float(cost) * (1 - 1e-12)


def test_quantities_of_many_stock_points_at_once():
    quantity, cost = economic_order_quantity([8, 2], 1.0, rate=[4, 1])
    assert quantity.tolist() == [8, 2]
    assert cost.tolist() == [8, 2]


def test_wagner_whitin_of_snyder_and_shen():
    plan = wagner_whitin([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
    assert plan.orders.tolist() == [210, 0, 150, 0]
    assert plan.cost == 1380


def test_what_costs_nothing_to_order_is_ordered_when_needed():
    plan = wagner_whitin([3, 0, 5], fixed_cost=0, holding_cost=1)
    assert plan.orders.tolist() == [3, 0, 5]
    assert plan.cost == 0


def test_what_costs_nothing_to_hold_is_ordered_once():
    plan = wagner_whitin([0, 3, 5], fixed_cost=7, holding_cost=0)
    assert plan.orders.sum() == 8
    assert np.count_nonzero(plan.orders) == 1
    assert plan.cost == 7


def test_no_demand_needs_no_order():
    assert wagner_whitin([0, 0], fixed_cost=7, holding_cost=1).cost == 0
    assert wagner_whitin([], fixed_cost=7, holding_cost=1).cost == 0
