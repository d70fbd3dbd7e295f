"""What stock points share: variances by hand, and found again in simulated errors."""

import numpy as np
import pytest

from forecasting.dependence import CHAIN, INDEPENDENT, LOCATION, SKU, measured_shocks, pooled_variance, shared_variance


def test_independent_variances_add():
    variance = pooled_variance(
        INDEPENDENT,
        np.array([2.0, 3.0, 9.0]),
        np.array([4.0, 5.0, 7.0]),
        groups=np.array([0, 0, -1]),
        sku=np.array([0, 1, 2]),
        location=np.array([0, 1, 2]),
        n_days=1,
    )
    assert variance.tolist() == [9.0]


def test_a_shared_factor_adds_its_variance_times_both_means():
    # same SKU, other location: 4 + 5 + 2 * (chain 0.01 + SKU 0.04) * 2 * 3 = 9.6
    shocks = np.array([[0.01, 0.04, 0.5, 0.0], [0.01, 0.04, 0.5, 0.0]])
    variance = pooled_variance(
        shocks,
        np.array([2.0, 3.0]),
        np.array([4.0, 5.0]),
        groups=np.zeros(2, dtype=np.int64),
        sku=np.zeros(2, dtype=np.int64),
        location=np.arange(2),
        n_days=7,
    )
    assert variance == pytest.approx([9.6])


def test_what_does_not_last_averages_out_over_the_days():
    # lasting 0.02, the other 0.07 of a day's 0.09 shrinks to 0.01 over seven days
    shocks = np.array([[0.09, 0, 0, 0], [0.02, 0, 0, 0]])
    assert shared_variance(shocks, 7)[CHAIN] == pytest.approx(0.03)


def test_shared_factors_are_found_again():
    random = np.random.default_rng(0)
    n_origins, n_skus, n_places, n_days = 40, 25, 12, 14
    sku = np.repeat(np.arange(n_skus), n_places)
    place = np.tile(np.arange(n_places), n_skus)

    def factor(n: int, daily: float, lasting: float) -> np.ndarray:
        lasts = np.sqrt(lasting) * random.standard_normal((n_origins, n, 1))
        return 1.0 + lasts + np.sqrt(daily - lasting) * random.standard_normal((n_origins, n, n_days))

    mean = np.full((n_origins, sku.size, n_days), 20.0)
    rate = mean * factor(1, 0.01, 0.005) * factor(n_skus, 0.04, 0.02)[:, sku] * factor(n_places, 0.02, 0.0)[:, place]
    demand = random.poisson(np.maximum(rate, 0.0)).astype(float)
    found = measured_shocks(mean, demand, sku=sku, location=place)
    assert found[:, CHAIN] == pytest.approx([0.01, 0.005], abs=0.004)
    assert found[:, SKU] == pytest.approx([0.04, 0.02], abs=0.004)
    assert found[:, LOCATION] == pytest.approx([0.02, 0.0], abs=0.003)
    assert np.all(found[1] <= found[0])
