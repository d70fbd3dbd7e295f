"""(r, Q): published answers of Snyder and Shen's example 5.1 and those after it."""

import pytest

from optimization.textbook.fixed_quantity import (
    fixed_quantity_cost,
    fixed_quantity_normal,
    fixed_quantity_per_unit_short,
)
from optimization.textbook.lot_sizes import economic_order_quantity

EXAMPLE = {
    "mean": 1300 / 12,
    "sd": 150 / 12**0.5,
    "rate": 1300,
    "fixed_cost": 8,
    "holding_cost": 0.225,
    "shortage_cost": 7.5,
}


def test_a_unit_short_that_costs_once():
    policy = fixed_quantity_per_unit_short(**EXAMPLE)
    assert policy == pytest.approx((213.970, 318.590, 95.4511), abs=5e-4)


def test_a_unit_short_that_costs_by_the_time_it_waits():
    policy = fixed_quantity_normal(**EXAMPLE)
    assert policy == pytest.approx((126.867063, 328.449142, 78.07114627), abs=5e-6)


def test_exact_costs_of_published_policies():
    assert fixed_quantity_cost((213.97044213580244, 318.5901810768729), **EXAMPLE) == pytest.approx(92.28687665608078)
    assert fixed_quantity_cost((128.63781442427097, 308.5737801203754), **EXAMPLE) == pytest.approx(78.20243187688158)
    assert fixed_quantity_cost((190.3369965715624, 304.0467800264368), **EXAMPLE) == pytest.approx(87.04837003438256)


def test_demand_that_hardly_varies_is_ordered_as_with_planned_backorders():
    # certain demand, h = 1, p = 9, K = 5, rate 10: EOQ of 10 x sqrt((h + p) / p), cost 10 x sqrt(p / (h + p))
    quantity, cost = economic_order_quantity(5, 1, rate=10)
    policy = fixed_quantity_normal(20, 1e-3, rate=10, fixed_cost=5, holding_cost=1, shortage_cost=9)
    assert policy.quantity == pytest.approx(float(quantity) * (10 / 9) ** 0.5, rel=1e-4)
    assert policy.cost == pytest.approx(float(cost) * 0.9**0.5, rel=1e-4)


def test_shortages_too_cheap_to_avoid_are_named():
    with pytest.raises(ValueError, match="too little to hold any stock"):
        fixed_quantity_per_unit_short(10, 3, rate=10, fixed_cost=1_000, holding_cost=5, shortage_cost=0.1)
