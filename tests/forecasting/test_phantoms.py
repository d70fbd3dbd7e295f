"""Phantom zeros: by hand, only where chance is ruled out, and never looking ahead."""

import numpy as np

from forecasting.censoring import Expectation, expected_demand
from forecasting.phantoms import LONGEST_RUN_DAYS, phantom_zeros


def found(sales, available=None, mean=None, dispersion=1.0):
    sales = np.array(sales, dtype=np.float32)
    available = np.ones(sales.shape) if available is None else np.array(available)
    mean = np.full(sales.shape, 3.0) if mean is None else np.array(mean, dtype=float)
    expected = Expectation(mean, np.full((6, sales.shape[1]), dispersion))
    return phantom_zeros(sales, available.astype(np.float32), expected)


def test_a_run_counts_from_the_day_on_which_chance_is_ruled_out():
    # shape 1, mean 3: each zero has probability 1 / (1 + 3); (1/4) ** 9 = 3.8e-6, (1/4) ** 10 = 9.5e-7 < 1e-6
    result = found([[3] * 14 + [0] * 12])[0]
    assert result.tolist() == [False] * 23 + [True] * 3


def test_a_slow_or_unsteady_series_keeps_its_zeros():
    assert not found([[3] * 14 + [0] * 12], mean=[[0.2] * 26]).any()
    assert not found([[3, 0, 0] * 5 + [3] + [0] * 12]).any()


def test_days_without_stock_are_no_zeros_and_do_not_end_the_run():
    shelf = [[1] * 19 + [0] * 3 + [1] * 7]
    result = found([[3] * 14 + [0] * 15], shelf)[0]
    assert result.tolist() == [False] * 26 + [True] * 3


def test_a_series_that_stays_away_is_believed():
    result = found([[3] * 14 + [0] * 60])[0]
    assert result.sum() == LONGEST_RUN_DAYS - 9
    assert not result[14 + LONGEST_RUN_DAYS :].any()


def test_a_sku_that_rests_everywhere_has_no_phantoms():
    sales = np.array([[4] * 40 + [0] * 10] * 6, dtype=np.float32)
    shelf, codes = np.ones_like(sales), np.zeros(6, dtype=np.int64)
    assert not phantom_zeros(sales, shelf, expected_demand(sales, shelf, group=codes)).any()
    sales[1:, 40:] = 4
    alone = phantom_zeros(sales, shelf, expected_demand(sales, shelf, group=codes))
    assert alone[0].any()
    assert not alone[1:].any()


def test_later_days_never_change_earlier_ones():
    random = np.random.default_rng(0)
    sales = random.poisson(3, (20, 90)).astype(np.float32)
    sales[::2, 50:70] = 0
    shelf, codes = np.ones_like(sales), np.arange(20) // 4
    whole = phantom_zeros(sales, shelf, expected_demand(sales, shelf, group=codes))
    part = phantom_zeros(sales[:, :62], shelf[:, :62], expected_demand(sales[:, :62], shelf[:, :62], group=codes))
    assert whole.any()
    assert np.array_equal(whole[:, :62], part)
