"""Metrics by hand, with their signs and factors."""

import numpy as np
import pytest

from forecasting.metrics import bias, coverage, pinball, poisson_deviance, randomised_pit, rmspe, rmsse, wape


def test_wape_and_bias_by_hand():
    # errors +1, -2 on demand 2 + 6: wape 3 / 8, bias -1 / 8 (under-forecast is negative)
    assert wape([3, 4], [2, 6]) == pytest.approx(3 / 8)
    assert bias([3, 4], [2, 6]) == pytest.approx(-1 / 8)


def test_unobserved_days_do_not_count():
    assert wape([3, 100], [2, np.nan]) == pytest.approx(0.5)


def test_wape_without_demand_is_not_a_number():
    assert np.isnan(wape([1, 1], [0, 0])) and np.isnan(bias([], []))


def test_rmsse_scales_by_changes_after_the_first_sale():
    # history 0 0 1 3: changes after the first sale 2, scale 4; errors 1, 1: rmsse sqrt(1 / 4)
    assert rmsse([[2, 2]], [[1, 3]], [[0, 0, 1, 3]]) == pytest.approx([0.5])
    assert np.isnan(rmsse([[1]], [[1]], [[0, 0, 0]]))[0]


def test_rmspe_leaves_zero_days_out():
    assert rmspe([9, 5], [10, 0]) == pytest.approx(0.1)


def test_pinball_has_no_factor_two():
    # demand 2 above the 0.9 quantile costs 0.9 * 2; 2 below it 0.1 * 2
    assert pinball([8], [10], 0.9) == pytest.approx(1.8)
    assert pinball([12], [10], 0.9) == pytest.approx(0.2)


def test_coverage_counts_actuals_at_or_below():
    assert coverage([1, 2, 3], [1, 3, 2]) == pytest.approx(2 / 3)


def test_the_transform_lies_within_its_jump():
    pit = randomised_pit([0.6, 1.0], [0.2, 0.9], random=np.random.default_rng(0))
    assert 0.2 <= pit[0] <= 0.6 and 0.9 <= pit[1] <= 1.0


def test_poisson_deviance_is_least_at_the_mean():
    random = np.random.default_rng(0)
    demand = random.poisson(3.0, 5000)
    at = {mean: poisson_deviance(np.full(5000, mean), demand) for mean in (2.5, float(demand.mean()), 3.5)}
    assert min(at, key=lambda mean: at[mean]) == demand.mean()
