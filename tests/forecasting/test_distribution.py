"""Cumulative demand distributions: hand-worked values, monotonicity, and agreement of quantiles and cdf."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from forecasting.counts import negative_binomial_cdf, negative_binomial_quantile
from forecasting.distribution import LEVELS, CumulativeDistribution


def level_set(ratios: np.ndarray, recalibrated: np.ndarray | None = None) -> CumulativeDistribution:
    """One class, one length, one mean bin: demand / mean has the given quantiles at LEVELS."""
    base = CumulativeDistribution.negative_binomial(0.5)
    levels = LEVELS if recalibrated is None else recalibrated
    return dataclasses.replace(
        base,
        ratios=ratios.reshape(1, 1, 1, 1, -1),
        recalibrated=levels.reshape(1, 1, 1, -1),
        count_means=(2.0, 4.0),
    )


CODE = np.zeros(1, dtype=np.int64)


def test_poisson_probabilities_are_the_textbook_ones():
    # P(D <= 1) for mean 2: e^-2 (1 + 2) = 0.406006
    value = negative_binomial_cdf(np.array([1.0]), np.array([2.0]), np.array([0.0]))
    assert value[0] == pytest.approx(3 * math.exp(-2))


def test_negative_binomial_with_shape_one_is_geometric():
    # mean 1, dispersion 1: P(D <= k) = 1 - 0.5 ** (k + 1), so 0.9 is first reached at k = 3 (0.9375)
    cdf = negative_binomial_cdf(np.array([0.0, 1.0, 3.0]), np.array(1.0), np.array(1.0))
    assert cdf == pytest.approx([0.5, 0.75, 0.9375])
    assert negative_binomial_quantile(np.array([0.9]), np.array(1.0), np.array(1.0))[0] == 3


@settings(max_examples=200, deadline=None)
@given(
    level=st.floats(0.001, 0.999),
    mean=st.floats(0.001, 300),
    dispersion=st.one_of(st.just(0.0), st.floats(0.001, 5)),
)
def test_count_quantiles_agree_with_scipy(level, mean, dispersion):
    ours = negative_binomial_quantile(np.array([level]), np.array(mean), np.array(dispersion))[0]
    expected = stats.poisson(mean) if dispersion == 0 else stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    # equal up to rounding of probabilities that hit the level
    assert expected.cdf(ours) >= level - 1e-9
    assert expected.cdf(ours - 1) < level + 1e-9


def test_large_means_read_the_ratio_table_and_small_ones_the_counts():
    ratios = np.linspace(0.5, 1.5, LEVELS.size)
    dist = level_set(ratios)
    # mean 100: the median ratio is 1 (the grid is symmetric up to its outer levels)
    at_half = ratios[np.flatnonzero(LEVELS == 0.5)[0]]
    large = dist.quantiles([0.5], np.array([100.0]), codes=CODE, start=0, length=1)
    assert large[0, 0] == pytest.approx(100 * at_half)
    small = dist.quantiles([0.5, 0.9], np.array([0.5]), codes=CODE, start=0, length=1)
    assert np.all(small == np.floor(small))


def test_a_recalibrated_level_replaces_the_nominal_one():
    ratios = np.linspace(0.5, 1.5, LEVELS.size)
    shifted = np.clip(LEVELS + 0.05, 0.0, 0.9995)
    plain, moved = level_set(ratios), level_set(ratios, np.maximum.accumulate(shifted))
    mean = np.array([50.0])
    expected = plain.quantiles([0.95], mean, codes=CODE, start=0, length=1)
    assert moved.quantiles([0.9], mean, codes=CODE, start=0, length=1) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(mean=st.floats(0.0, 500.0), values=st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_quantiles_rise_with_the_level_and_the_cdf_inverts_them(mean, values):
    dist = level_set(np.geomspace(0.2, 3.0, LEVELS.size))
    row = np.array([mean])
    quantiles = dist.quantiles(LEVELS, row, codes=CODE, start=0, length=3)[0]
    assert np.all(np.diff(quantiles) >= 0) and np.all(np.isfinite(quantiles))
    cdf = dist.cdf(np.array([sorted(values)], dtype=float), row, codes=CODE, start=0, length=3)[0]
    assert np.all(np.diff(cdf) >= 0) and np.all((cdf >= 0) & (cdf <= 1))
    reached = dist.cdf(quantiles[None, :], row, codes=CODE, start=0, length=3)[0]
    assert np.all(reached >= LEVELS - 1e-9)


def test_unknown_classes_read_the_pooled_table():
    dist = CumulativeDistribution.negative_binomial(0.0)
    assert dist.codes(["lumpy", "all"]).tolist() == [0, 0]


def test_tables_are_interpolated_along_lengths():
    base = CumulativeDistribution.negative_binomial(0.0)
    dist = dataclasses.replace(
        base,
        lengths=np.array([1.0, 3.0]),
        dispersion=np.array([0.0, 2.0]).reshape(1, 1, 2, 1),
        ratios=np.ones((1, 1, 2, 1, LEVELS.size)),
        recalibrated=np.broadcast_to(LEVELS, (1, 1, 2, LEVELS.size)),
    )
    # length 2 lies half-way: dispersion 1, mean 1 is geometric, P(D <= 0) = 0.5
    at_zero = dist.cdf(np.zeros((1, 1)), np.ones(1), codes=CODE, start=0, length=2)
    assert at_zero[0, 0] == pytest.approx(0.5)


def test_certain_demand_is_its_mean_at_every_level():
    certain = CumulativeDistribution.certain()
    mean = np.array([0.0, 0.4, 7.5])
    codes = certain.codes(["all", "smooth", "lumpy"])
    quantiles = certain.quantiles([0.1, 0.5, 0.99], mean, codes=codes, start=0, length=7)
    np.testing.assert_allclose(quantiles, np.repeat(mean[:, None], 3, axis=1))
    below = certain.cdf(np.array([[0.0, 1.0], [0.0, 1.0], [7.0, 8.0]]), mean, codes=codes, start=0, length=7)
    # The grid begins at level 0.005, which is all that is left below the mean.
    np.testing.assert_allclose(below, [[1, 1], [0, 1], [0.005 * 7 / 7.5, 1]], atol=1e-12)
