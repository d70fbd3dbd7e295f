"""The forecast value: intervals, mixtures over lead time, subsets."""

import numpy as np
import pytest

from forecasting.forecast import Forecast


def two_series(dispersion: float = 0.0) -> Forecast:
    return Forecast.from_rates(
        [[1.0, 2.0, 3.0], [0.1, 0.1, 0.1]], ["b", "a"], location=["x", "y"], dispersion=dispersion
    )


def test_series_are_sorted_and_means_follow_them():
    forecast = two_series()
    assert forecast.series["sku"].tolist() == ["a", "b"]
    assert forecast.interval_mean(0, 3) == pytest.approx([0.3, 6.0])
    assert forecast.interval_mean(1, 2) == pytest.approx([0.1, 2.0])


def test_days_beyond_the_horizon_repeat_the_last_week():
    # three days known, mean 2 a day: five days are 6 + 2 * 2 = 10; two days wholly beyond are 4
    forecast = two_series()
    assert forecast.interval_mean(0, 5)[1] == pytest.approx(10.0)
    assert forecast.interval_mean(4, 6)[1] == pytest.approx(4.0)


def test_an_empty_interval_has_no_demand():
    forecast = two_series()
    assert forecast.interval_mean(2, 2).tolist() == [0.0, 0.0]
    assert forecast.interval_quantiles([0.9], 2, 2).tolist() == [[0.0], [0.0]]
    assert forecast.interval_cdf([[0.0], [0.0]], 2, 2).tolist() == [[1.0], [1.0]]


def test_a_certain_lead_time_reads_the_interval_it_names():
    # review 2 and lead time 2: an order covers 2 + 2 - 1 = 3 days
    forecast = two_series()
    pmf = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    ours = forecast.lead_time_quantiles([0.5, 0.9], pmf, [2, 2])
    assert ours.tolist() == forecast.interval_quantiles([0.5, 0.9], 0, 3).tolist()


def test_lead_times_zero_and_one_cover_the_same_days():
    forecast = two_series()
    zero = forecast.lead_time_quantiles([0.9], np.array([[1.0, 0.0]] * 2), [1, 1])
    one = forecast.lead_time_quantiles([0.9], np.array([[0.0, 1.0]] * 2), [1, 1])
    assert zero.tolist() == one.tolist() == forecast.interval_quantiles([0.9], 0, 1).tolist()


def test_an_uncertain_lead_time_is_the_mixture_of_its_intervals():
    forecast = Forecast.from_rates(np.full((1, 10), 20.0), ["a"], location=["x"])
    pmf = np.array([[0.0, 0.5, 0.0, 0.0, 0.5]])
    level = 0.9
    mixed = forecast.lead_time_quantiles([level], pmf, [1])
    # the mixture's cdf at its quantile: half the one-day cdf, half the four-day cdf
    reached = 0.5 * forecast.interval_cdf(mixed, 0, 1) + 0.5 * forecast.interval_cdf(mixed, 0, 4)
    assert reached[0, 0] == pytest.approx(level, abs=0.03)
    assert mixed[0, 0] > forecast.interval_quantiles([level], 0, 1)[0, 0]


def test_a_subset_keeps_its_own_numbers():
    forecast = two_series(dispersion=0.4)
    taken = forecast.take([1])
    assert taken.series["sku"].tolist() == ["b"]
    assert taken.interval_quantiles([0.9], 0, 3)[0, 0] == forecast.interval_quantiles([0.9], 0, 3)[1, 0]
    assert len(forecast.take([False, True]).series) == 1


def test_replace_changes_one_field_and_leaves_the_original():
    forecast = two_series()
    other = forecast.replace(vintage="other")
    assert other.vintage == "other" and forecast.vintage != "other"
