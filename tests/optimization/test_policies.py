"""Policies: each rule by hand, what they share, and rounding to cases and minimum orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.lots import whole_lots
from optimization.policies import InLots, MinMax, OrderUpTo, Policy, QuantileNewsvendor, ReorderUpTo
from optimization.textbook.newsvendor import newsvendor_discrete

POSITIONS = np.array([-3.0, 4.0, 5.0, 10.0, 12.0])


def test_order_up_to_orders_what_is_missing_and_never_less_than_nothing():
    assert OrderUpTo(10).quantities(POSITIONS).tolist() == [13, 6, 5, 0, 0]


def test_s_S_orders_at_s_and_not_above():
    assert ReorderUpTo(4, 10).quantities(POSITIONS).tolist() == [13, 6, 0, 0, 0]


def test_min_max_orders_below_the_minimum_and_not_at_it():
    # 2 a day, 7 to 14 days: below 14 up to 28
    rule = MinMax(daily_rate=2.0, min_days=7, max_days=14)
    assert rule.quantities([13, 14]).tolist() == [15, 0]


def test_the_newsvendor_orders_up_to_the_quantile_at_the_critical_ratio():
    # ratio 2 / 3 is two thirds of the way from 0.5 to 0.75: 6 + 4 x 2 / 3
    quantiles = np.array([[2.0, 6.0, 10.0], [0.0, 0.0, 1.0]])
    rule = QuantileNewsvendor(np.array([0.25, 0.5, 0.75]), quantiles, shortage_cost=2.0, holding_cost=1.0)
    assert rule.quantities([3.0, 0.0]) == pytest.approx([26 / 3 - 3, 2 / 3])


def test_a_ratio_beyond_the_grid_takes_its_end():
    rule = QuantileNewsvendor(np.array([0.25, 0.75]), np.array([[2.0, 10.0]]), shortage_cost=99.0, holding_cost=1.0)
    assert rule.order_up_to_level.tolist() == [10]


def test_each_stock_point_has_its_own_levels():
    rule = ReorderUpTo(np.array([1.0, 5.0]), np.array([8.0, 9.0]))
    assert rule.quantities([2.0, 2.0]).tolist() == [0, 7]


def test_lots_round_up_to_cases_and_to_the_minimum_order():
    # up to 10 in cases of 4, at least 6: 3 wanted are 2 cases, 7 wanted are 2 cases, nothing stays nothing
    rule = InLots(OrderUpTo(10), case_pack=4, min_order_quantity=6)
    assert rule.quantities([7, 3, 10]).tolist() == [8, 8, 0]


def test_whole_lots_of_the_docstring_and_rounding_noise():
    assert whole_lots([0, 3, 10], lot=4, minimum=6).tolist() == [0, 8, 12]
    assert whole_lots(12 + 1e-12, lot=6) == 12


@given(
    level=st.integers(0, 50),
    gap=st.integers(0, 30),
    positions=st.lists(st.integers(-20, 80), min_size=1, max_size=8),
    case=st.integers(1, 12),
    minimum=st.integers(0, 30),
)
def test_orders_are_whole_cases_of_at_least_the_minimum_and_reach_the_level(level, gap, positions, case, minimum):
    plain: Policy = ReorderUpTo(level, level + gap)
    wanted = plain.quantities(positions)
    ordered = InLots(plain, case, minimum).quantities(positions)
    assert (wanted >= 0).all()
    assert (ordered % case == 0).all()
    assert ((ordered == 0) == (wanted == 0)).all()
    assert (ordered >= wanted).all()
    assert (ordered[ordered > 0] >= minimum).all()
    assert (ordered < np.maximum(wanted, minimum) + case).all()


@given(
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=8), shortage=st.integers(1, 20), holding=st.integers(1, 20)
)
def test_the_newsvendor_agrees_with_the_textbook_within_a_unit(weights, shortage, holding):
    chance = np.array(weights) / sum(weights)
    cumulative = np.cumsum(chance)[:-1]
    quantiles = np.arange(cumulative.size, dtype=float)[None, :]
    grid, values = np.append(cumulative, 0.999999), np.append(quantiles, [[float(cumulative.size)]], axis=1)
    exact, _ = newsvendor_discrete(chance, holding_cost=holding, shortage_cost=shortage)
    rule = QuantileNewsvendor(grid, values, shortage, holding)
    assert abs(rule.order_up_to_level[0] - exact) <= 1
