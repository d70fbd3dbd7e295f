"""Lifting of censored sales: by hand, causal, and right on average."""

import numpy as np
import pytest

from forecasting.censoring import DAY_DISPERSION, Expectation, expected_demand, lifted_demand


def lift(sales, available, group=None):
    sales, available = np.array(sales, dtype=np.float32), np.array(available, dtype=np.float32)
    group = np.arange(len(sales)) if group is None else np.array(group)
    return lifted_demand(sales, available, group=group)


def test_full_days_keep_their_sales_and_empty_days_are_unknown():
    result = lift([[3, 0, 2]], [[1, 0, 1]])
    assert result[0, [0, 2]].tolist() == [3, 2]
    assert np.isnan(result[0, 1])


def test_half_a_day_is_lifted_by_the_posterior_rate():
    # expected 2, gamma shape r = 1 / DAY_DISPERSION: E = 1 + 0.5 (r + 1) / (r / 2 + 0.5)
    r = 1 / DAY_DISPERSION
    expected = Expectation(np.full((1, 1), 2.0), np.full((6, 1), DAY_DISPERSION))
    result = lifted_demand(
        np.array([[1]], np.float32), np.array([[0.5]], np.float32), group=np.array([0]), expected=expected
    )
    assert result[0, 0] == pytest.approx(1 + 0.5 * (r + 1) / (r / 2 + 0.5), rel=1e-5)


def test_the_rate_counts_part_days_by_their_exposure():
    # 2 + 1 units in 1.5 days on the shelf: 2 a full day; alone on its shelf, the day's factor is everybody's, 5 / 5
    # or (sold + 5) / (due + 5) of itself: on the last day nothing was sold in no exposure, so 1
    expected = expected_demand(
        np.array([[2, 1, 0]], np.float32), np.array([[1, 0.5, 0]], np.float32), group=np.array([0])
    )
    assert expected.mean[0, 2] == pytest.approx(2.0)


def test_a_day_factor_leaves_the_series_itself_out():
    # both sell 4 a day for ten days; on the last day the other one sells 12 against 4 due, this one nothing:
    # everybody (12 + 5) / (8 + 5) = 17 / 13; of the other (12 + 5 * 17 / 13) / (4 + 5)
    sales = np.array([[4] * 10 + [0], [4] * 10 + [12]], np.float32)
    expected = expected_demand(sales, np.ones_like(sales), group=np.array([0, 0]))
    assert expected.mean[0, 10] == pytest.approx(4 * (12 + 5 * 17 / 13) / 9)


def test_dispersion_is_learnt_from_the_days_before():
    # Poisson demand teaches a small dispersion, gamma-Poisson with shape 1 a large one
    random = np.random.default_rng(2)
    steady = random.poisson(8.0, (50, 100)).astype(np.float32)
    wild = random.poisson(8.0 * random.gamma(1.0, 1.0, (50, 100))).astype(np.float32)
    shelf, group = np.ones_like(steady), np.arange(50)
    bin_of_eight = 4
    assert expected_demand(steady, shelf, group=group).dispersion[bin_of_eight, -1] < 0.1
    assert expected_demand(wild, shelf, group=group).dispersion[bin_of_eight, -1] == pytest.approx(1.0, abs=0.3)


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


def test_expectation_is_unbiased_on_days_without_any_stock():
    # a common factor moves all series of a day; the half that has stock says what the other half would have sold
    random = np.random.default_rng(3)
    factor = random.gamma(4.0, 0.25, 150)
    demand = random.poisson(3.0 * factor, (200, 150)).astype(np.float32)
    shelf = (random.random(demand.shape) < 0.5).astype(np.float32)
    expected = expected_demand(demand * shelf, shelf, group=np.zeros(200, dtype=np.int64))
    hidden = (shelf == 0) & ~np.isnan(expected.mean)
    assert abs(expected.mean[hidden].sum() / demand[hidden].sum() - 1) < 0.02
