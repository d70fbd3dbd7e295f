"""Reconciliation: by hand, as properties, and against a dense bounded least-squares oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from forecasting.reconcile import reconcile, summing_matrix


def test_two_equal_series_share_the_gap_to_their_sum():
    # b0 = (1, 3), u = 6; v = (1, 1), w = 0 (nearly): the gap of 2 is split in halves
    moved = reconcile(
        np.array([[1.0], [3.0]]),
        np.array([[6.0]]),
        summing=summing_matrix(["all", "all"]),
        bottom_variance=np.ones(2),
        upper_variance=np.zeros(1),
    )
    assert moved[:, 0] == pytest.approx([2.0, 4.0], abs=1e-6)


def test_an_upper_forecast_as_unsure_as_the_sum_moves_it_half_way():
    # A V A' = 3 + 1 = 4 = w, so half of the gap of 4 is closed, three quarters of it by the series of variance 3
    moved = reconcile(
        np.array([[2.0], [2.0]]),
        np.array([[8.0]]),
        summing=summing_matrix(["all", "all"]),
        bottom_variance=np.array([3.0, 1.0]),
        upper_variance=np.array([4.0]),
    )
    assert moved[:, 0] == pytest.approx([3.5, 2.5])


def test_a_series_pulled_below_zero_stays_there_and_the_other_takes_the_rest():
    # unbounded: (0.5, 5.5) - 2 each for u = 2; bounded: the first is 0 and the second 2
    moved = reconcile(
        np.array([[0.5], [5.5]]),
        np.array([[2.0]]),
        summing=summing_matrix(["all", "all"]),
        bottom_variance=np.ones(2),
        upper_variance=np.zeros(1),
    )
    assert moved[:, 0] == pytest.approx([0.0, 2.0], abs=1e-6)


def test_groupings_become_blocks_of_rows():
    matrix = summing_matrix(["x", "x", "x"], ["b", "a", "b"])
    assert matrix.toarray().tolist() == [[1, 1, 1], [0, 1, 0], [1, 0, 1]]


def drawn(seed: int, size: int):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 3, size)
    summing = summing_matrix(np.zeros(size), groups, (np.arange(size) % 2) + 10 * (groups // 2))
    bottom = random.gamma(1.0, 2.0, (size, 2))
    upper = np.maximum(summing @ bottom * random.lognormal(0, 0.8, (summing.shape[0], 2)) - 2.0, 0.0)
    return summing, bottom, upper, random.gamma(1.0, 1.0, size) + 0.05, random.gamma(1.0, 1.0, summing.shape[0]) + 0.05


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12))
def test_it_equals_bounded_least_squares_of_a_dense_solver(seed, size):
    summing, bottom, upper, spread, noise = drawn(seed, size)
    moved = reconcile(bottom, upper, summing=summing, bottom_variance=spread, upper_variance=noise)
    assert (moved >= 0).all()
    for day in range(bottom.shape[1]):
        rows = np.vstack([np.diag(spread**-0.5), summing.toarray() * noise[:, None] ** -0.5])
        right = np.concatenate([bottom[:, day] * spread**-0.5, upper[:, day] * noise**-0.5])
        oracle = lsq_linear(rows, right, bounds=(0, np.inf), method="bvls")
        assert moved[:, day] == pytest.approx(oracle.x, abs=1e-5)


def test_coherent_forecasts_stay_as_they_are():
    summing, bottom, _, spread, noise = drawn(3, 9)
    moved = reconcile(bottom, summing @ bottom, summing=summing, bottom_variance=spread, upper_variance=noise)
    assert moved == pytest.approx(bottom)
