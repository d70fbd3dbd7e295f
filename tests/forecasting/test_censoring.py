"""Lifting of censored sales: by hand, causal, and right on average."""

import numpy as np
import pytest

from forecasting.censoring import DAY_DISPERSION, lifted_demand


def lift(sales, available, group=None):
    sales, available = np.array(sales, dtype=np.float32), np.array(available, dtype=np.float32)
    group = np.arange(len(sales)) if group is None else np.array(group)
    return lifted_demand(sales, available, group=group)


def test_full_days_keep_their_sales_and_empty_days_are_unknown():
    result = lift([[3, 0, 2]], [[1, 0, 1]])
    assert result[0, [0, 2]].tolist() == [3, 2]
    assert np.isnan(result[0, 1])


def test_half_a_day_is_lifted_by_the_posterior_rate():
    # four full days of 2: expected 2, no other series, day factor (0 + 5) / (0 + 5) = 1
    # r = 1 / DAY_DISPERSION; E = 1 + 0.5 (r + 1) / (r / 2 + 0.5)
    r = 1 / DAY_DISPERSION
    result = lift([[2, 2, 2, 2, 1]], [[1, 1, 1, 1, 0.5]])
    assert result[0, 4] == pytest.approx(1 + 0.5 * (r + 1) / (r / 2 + 0.5), rel=1e-5)


def test_other_locations_with_stock_inform_the_day():
    # the second series sells five times its rate on the last day; that lifts the first, half-empty one more
    quiet = lift([[2] * 9 + [1], [2] * 10], [[1] * 9 + [0.5], [1] * 10], group=[0, 0])
    busy = lift([[2] * 9 + [1], [2] * 9 + [10]], [[1] * 9 + [0.5], [1] * 10], group=[0, 0])
    assert busy[0, 9] > quiet[0, 9]


def test_later_days_never_change_earlier_ones():
    random = np.random.default_rng(0)
    sales, shelf = random.poisson(3, (5, 60)), random.choice([0.0, 0.4, 1.0], (5, 60), p=[0.1, 0.2, 0.7])
    whole, part = lift(sales, shelf, [0, 0, 1, 1, 1]), lift(sales[:, :40], shelf[:, :40], [0, 0, 1, 1, 1])
    assert np.array_equal(whole[:, :40], part, equal_nan=True)


def test_lifted_demand_is_unbiased_where_stock_runs_out():
    # Poisson demand of 4 a day at even times, 4 units on the shelf: sales are biased, lifted demand is within 3%
    random = np.random.default_rng(1)
    demand = random.poisson(4.0, (400, 120))
    stock = np.where(random.random(demand.shape) < 0.5, 4, 100)
    runs_out = demand >= stock
    # the fourth of d uniform request times is beta(4, d - 3)
    fourth = random.beta(4, np.maximum(demand - 3, 1))
    shelf = np.where(runs_out, fourth, 1.0)
    sales = np.minimum(demand, stock)
    lifted = lift(sales, shelf, np.zeros(400, dtype=np.int64))
    seen = ~np.isnan(lifted)
    bias_of_sales = sales[seen].sum() / demand[seen].sum() - 1
    bias_of_lifted = lifted[seen].sum() / demand[seen].sum() - 1
    assert bias_of_sales < -0.05
    assert abs(bias_of_lifted) < 0.03
