"""Calibration: tables measured on held-out errors cover what they say."""

import dataclasses

import numpy as np
import pytest

from forecasting.calibration import HeldOutErrors, calibrated_distribution
from forecasting.metrics import coverage, randomised_pit

CLASSES = ("smooth", "lumpy")


def errors_of(mean: np.ndarray, dispersion: float, seed: int) -> HeldOutErrors:
    """Negative-binomial days around given daily means, (n_origins, n_series, horizon)."""
    random = np.random.default_rng(seed)
    rate = random.gamma(1 / dispersion, dispersion * mean)
    codes = np.ones(mean.shape[:2], dtype=np.int64)
    return HeldOutErrors(mean, random.poisson(rate).astype(float), is_active=np.ones(mean.shape, bool), codes=codes)


@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("length", [1, 7])
def test_coverage_of_new_draws_is_what_the_level_says(scale, length):
    random = np.random.default_rng(7)
    mean = np.repeat(random.gamma(4.0, scale / 4.0, (4, 1500, 1)), 14, axis=2)
    dist = calibrated_distribution(errors_of(mean, 0.6, 1), CLASSES, seed=0)
    fresh = errors_of(mean, 0.6, 2)
    total = fresh.demand[:, :, :length].sum(axis=2).ravel()
    at = mean[:, :, :length].sum(axis=2).ravel()
    codes = np.ones(at.size, dtype=np.int64)
    values = np.column_stack([total, total - 1])
    cdf = dist.cdf(values, at, codes=codes, start=0, length=length)
    pit = randomised_pit(cdf[:, 0], cdf[:, 1], random=random)
    for level in (0.5, 0.8, 0.9, 0.95):
        assert coverage(np.full(pit.size, level), pit) == pytest.approx(level, abs=0.03)


def test_a_week_is_less_spread_than_seven_days_of_quantiles():
    mean = np.full((3, 800, 14), 10.0)
    dist = calibrated_distribution(errors_of(mean, 0.5, 3), CLASSES, seed=0)
    code = np.ones(1, dtype=np.int64)
    week = dist.quantiles([0.9], np.array([70.0]), codes=code, start=0, length=7)[0, 0]
    days = 7 * dist.quantiles([0.9], np.array([10.0]), codes=code, start=0, length=1)[0, 0]
    # independent days: a week's relative spread is 1 / sqrt(7) of a day's
    assert 70 < week < 0.75 * days


def test_without_any_origin_the_prior_still_answers():
    empty = np.zeros((0, 0, 0))
    errors = HeldOutErrors(empty, empty, is_active=empty.astype(bool), codes=np.zeros((0, 0), dtype=np.int64))
    dist = calibrated_distribution(errors, CLASSES, seed=0)
    quantiles = dist.quantiles(
        [0.5, 0.9], np.array([0.0, 0.3, 30.0]), codes=np.zeros(3, dtype=np.int64), start=0, length=5
    )
    assert np.isfinite(quantiles).all() and (np.diff(quantiles, axis=1) >= 0).all() and quantiles[0].max() == 0
    # negative binomial with dispersion 0.5: mean 30, standard deviation sqrt(30 + 0.5 * 900) = 22
    assert 45 < quantiles[2, 1] < 75


def test_a_biased_mean_is_corrected_by_its_levels():
    # demand is 1.5 times the predicted mean: the median must move up
    mean = np.full((4, 1000, 7), 20.0)
    biased = errors_of(1.5 * mean, 0.1, 4)
    dist = calibrated_distribution(
        HeldOutErrors(mean, biased.demand, is_active=biased.is_active, codes=biased.codes), CLASSES, seed=0
    )
    median = dist.quantiles([0.5], np.array([140.0]), codes=np.ones(1, dtype=np.int64), start=0, length=7)[0, 0]
    assert median == pytest.approx(210, rel=0.05)


def test_launches_widen_their_own_class_only():
    mean = np.full((3, 150, 4), 10.0)
    known = errors_of(mean, 0.1, 5)
    fresh = errors_of(mean[:, :60], 3.0, 6)
    as_none = np.full(fresh.codes.shape, 2, dtype=np.int64)
    launches = HeldOutErrors(fresh.mean, fresh.demand, is_active=fresh.is_active, codes=as_none)
    alone = calibrated_distribution(known, CLASSES, seed=0)
    both = calibrated_distribution(known, CLASSES, seed=0, launches=launches)

    def upper(dist, code):
        return dist.quantiles([0.9], np.array([40.0]), codes=np.array([code]), start=0, length=4)[0, 0]

    # up to the randomised transform
    assert upper(both, 1) == pytest.approx(upper(alone, 1), rel=0.03)
    assert upper(both, 2) > 1.2 * upper(alone, 2)


def test_few_intervals_read_the_tables_of_the_fallback():
    mean = np.full((3, 400, 7), 10.0)
    wide = calibrated_distribution(errors_of(mean, 2.0, 8), CLASSES, seed=0)
    narrow = errors_of(mean, 0.05, 9)
    demand = narrow.demand.copy()
    # one unseen day in the second half of every horizon: no week is seen whole, three days are
    demand[:, :, 5] = np.nan
    seen = dataclasses.replace(narrow, demand=demand, least_observed=1.0)
    dist = calibrated_distribution(seen, CLASSES, seed=0, fallback=wide)

    def upper(tables, length):
        ask = {"codes": np.ones(1, dtype=np.int64), "start": 0, "length": length}
        return tables.quantiles([0.9], np.array([10.0 * length]), **ask)[0, 0]

    assert upper(dist, 7) == upper(wide, 7)
    assert upper(dist, 3) < 0.8 * upper(wide, 3)
