"""Joint draws: the calibrated distribution of each stock point, and the right spread of their sums."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.forecast import Forecast

SHOCKS = np.array([[0.03, 0.10, 0.05, 0.3], [0.02, 0.06, 0.02, 0.05]])


def chain_of(rate: float, n_skus: int, n_places: int, shocks: np.ndarray, dispersion: float = 0.4) -> Forecast:
    sku = [f"K{k}" for k in range(n_skus) for _ in range(n_places)]
    place = [f"S{k}" for _ in range(n_skus) for k in range(n_places)]
    mean = np.full((len(sku), 10), rate)
    forecast = Forecast.from_rates(mean, sku, location=place, dispersion=dispersion)
    return forecast.replace(distribution=dataclasses.replace(forecast.distribution, shocks=shocks))


@settings(max_examples=15, deadline=None)
@given(
    rate=st.sampled_from([0.05, 0.8, 6.0]), start=st.integers(0, 3), n_days=st.integers(1, 9), seed=st.integers(0, 9)
)
def test_sums_of_draws_are_the_calibrated_quantiles(rate, start, n_days, seed):
    forecast = chain_of(rate, 2, 2, SHOCKS)
    paths = forecast.draws(40, seed=seed, start=start, stop=start + n_days)
    assert paths.shape == (40, 4, n_days) and paths.min() >= 0
    levels = (np.arange(40) + 0.5) / 40
    wanted = forecast.interval_quantiles(levels, start, start + n_days)
    assert np.allclose(np.sort(paths.sum(axis=2), axis=0).T, wanted)


def test_equal_seeds_give_equal_paths_and_others_do_not():
    forecast = chain_of(2.0, 3, 3, SHOCKS)
    one, two, other = (forecast.draws(20, seed=seed, start=0, stop=5) for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes() != other.tobytes()


def test_sums_over_fewer_days_keep_their_mean_and_spread():
    forecast = chain_of(4.0, 20, 10, SHOCKS, dispersion=0.1)
    paths = forecast.draws(300, seed=0, start=0, stop=7)
    for stop in (2, 5):
        sums = paths[:, :, :stop].sum(axis=2).ravel()
        assert sums.mean() == pytest.approx(4.0 * stop, rel=0.05)
        assert np.quantile(sums, 0.9) == pytest.approx(forecast.interval_quantiles([0.9], 0, stop)[0, 0], rel=0.1)


def test_independent_points_pool_to_the_sum_of_their_variances():
    # 4 Poisson points of mean 8: the sum is Poisson with mean 32
    forecast = chain_of(8.0, 2, 2, np.zeros((2, 4)), dispersion=0.0)
    mean, variance = forecast.pooled_moments([0, 0, 0, 0], 0, 1)
    assert mean == pytest.approx([32.0], rel=0.01) and variance == pytest.approx([32.0], rel=0.03)
    assert forecast.pooled_quantiles([0.5], [0, 0, -1, -1], 0, 1)[0, 0] == pytest.approx(16, abs=1)


def test_pooled_quantiles_agree_with_draws():
    # slow oracle: the 0.9 quantile of summed draws, by SKU and for the chain
    forecast = chain_of(3.0, 8, 12, SHOCKS, dispersion=0.5)
    paths = forecast.draws(1500, seed=3, start=0, stop=5).sum(axis=2)
    sku = forecast.codes_of("sku")
    said = forecast.pooled_quantiles([0.1, 0.9], sku, 0, 5)
    drawn = np.stack([np.quantile(paths[:, sku == k].sum(axis=1), [0.1, 0.9]) for k in range(8)])
    assert said.mean(axis=0) == pytest.approx(drawn.mean(axis=0), rel=0.08)
    alone = chain_of(3.0, 8, 12, np.zeros((2, 4)), dispersion=0.5).pooled_quantiles([0.9], sku, 0, 5)
    assert np.all(said[:, 1] > 1.05 * alone[:, 0])


def test_lead_time_quantiles_agree_with_sampled_lead_times():
    # slow oracle: draw a lead time, then the demand of its interval
    forecast = chain_of(1.5, 1, 1, np.zeros((2, 4)))
    pmf, random = np.array([[0.0, 0.2, 0.5, 0.0, 0.3]]), np.random.default_rng(0)
    paths = forecast.draws(20_000, seed=5, start=0, stop=6)[:, 0].cumsum(axis=1)
    lead = random.choice(5, paths.shape[0], p=pmf[0])
    sampled = paths[np.arange(lead.size), 3 + lead - 2]
    said = forecast.lead_time_quantiles([0.5, 0.8, 0.9, 0.95], pmf, [3])[0]
    assert said == pytest.approx(np.quantile(sampled, [0.5, 0.8, 0.9, 0.95]), abs=1.0)
