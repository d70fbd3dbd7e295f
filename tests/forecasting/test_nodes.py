"""Upper nodes: calendar, regression, smoothing and trees on small patterns, and the blend."""

import numpy as np
import pandas as pd
import pytest

from forecasting.models.calendar_regression import calendar_forecast, fit_calendar
from forecasting.models.ets import ets_forecast
from forecasting.node_calendar import node_calendar
from forecasting.node_features import NodeHistory, node_rows
from forecasting.nodes import NodeForecast, blend_weights, coherent, log_spread
from forecasting.reconcile import summing_matrix

EVENTS = pd.DataFrame(columns=["date", "region", "event"])


def calendar_of(n_dates: int, events: pd.DataFrame = EVENTS, *, n_nodes: int = 1):
    dates = pd.date_range("2024-01-01", periods=n_dates)
    share = np.tile([0.25, 0.75], (n_nodes, 1))
    return node_calendar(events, dates, regions=["north", "south"], region_share=share)


def weekly(n_days: int) -> np.ndarray:
    return 100.0 * (1.0 + 0.5 * (np.arange(n_days) % 7 >= 5))[None, :]


def test_an_event_weighs_as_much_as_its_region_sells():
    dates = pd.to_datetime(["2024-01-03", "2024-01-05", *pd.date_range("2024-02-01", periods=30)])
    events = pd.DataFrame({"date": dates, "region": ["", "north", *["south"] * 30]})
    calendar = calendar_of(100, events.assign(event=["fair", "fair", *["benefit"] * 30]))
    assert (calendar.occasions, calendar.conditions) == (("fair",), ("benefit",))
    assert calendar.occasion_share[0, 0, [1, 2, 4]] == pytest.approx([0.0, 1.0, 0.25])
    assert calendar.condition_share[0, 0, [30, 31]] == pytest.approx([0.0, 0.75])


def test_regression_and_smoothing_repeat_a_weekday_pattern():
    fit = fit_calendar(weekly(140), calendar_of(154))
    expected = weekly(154)[:, 140:]
    assert calendar_forecast(fit) == pytest.approx(expected, rel=0.03)
    assert ets_forecast(fit, horizon=14) == pytest.approx(expected, rel=0.03)


def test_an_occasion_seen_before_lifts_its_next_day():
    days = [20, 60, 100, 145]
    dates = pd.DatetimeIndex([pd.Timestamp("2024-01-01") + pd.Timedelta(days=day) for day in days])
    demand = np.full((1, 140), 100.0)
    demand[0, days[:3]] = 200.0
    fit = fit_calendar(demand, calendar_of(154, pd.DataFrame({"date": dates, "region": "", "event": "fair"})))
    ahead = calendar_forecast(fit)[0]
    # three days of evidence against a penalty of one: about three quarters of the log effect, 100 * 2 ** 0.75 = 168
    assert 150 < ahead[5] < 205
    assert ahead[9] == pytest.approx(100.0, rel=0.1)


def test_unobserved_days_and_days_before_the_first_sale_teach_nothing():
    demand = np.concatenate([np.zeros((1, 30)), weekly(140)[:, 2:]], axis=1)
    demand[0, 90:97] = np.nan
    ahead = calendar_forecast(fit_calendar(demand, calendar_of(182)))[0]
    assert ahead == pytest.approx(demand[0, 147:161], rel=0.05)


def test_features_at_an_origin_read_no_later_demand():
    random = np.random.default_rng(0)
    events = pd.DataFrame({"date": pd.date_range("2024-01-20", periods=6, freq="40D"), "region": "", "event": "fair"})
    demand, calendar = random.gamma(5.0, 20.0, (3, 230)), calendar_of(258, events, n_nodes=3)
    changed = demand.copy()
    changed[:, 201:] *= random.random((3, 29))
    steps = np.arange(1, 29)
    rows = [node_rows(NodeHistory(part, np.zeros(3, dtype=np.int64), calendar, (0,)), 200, steps)
            for part in (demand, changed, demand[:, :201])]  # fmt: skip
    assert np.array_equal(rows[0], rows[1], equal_nan=True)
    assert np.array_equal(rows[0], rows[2], equal_nan=True)


def test_a_blend_leans_to_the_member_that_was_right_and_stays_half_equal():
    actual = np.random.default_rng(1).gamma(4.0, 5.0, (2, 30))
    weights = blend_weights(np.stack([actual, actual + 50.0]), actual, weight=np.ones(2))
    # all of the free half goes to the first: 0.5 + 0.25
    assert weights == pytest.approx([0.75, 0.25], abs=1e-3)


def test_spread_of_a_quiet_node_is_drawn_to_that_of_its_level():
    actual = np.full((2, 28), 100.0)
    mean = actual * np.array([[1.0], [np.exp(0.2)]])
    spread = log_spread(mean, actual, np.zeros(2, dtype=np.int64))
    # squared log errors 0 and 0.04, pooled 0.02; each is half its own: 0.01 and 0.03
    assert spread == pytest.approx(np.sqrt([0.01, 0.03]), rel=0.02)


def test_coherent_nodes_sum_up_and_quantiles_rise():
    summing = summing_matrix(["all", "all"], ["a", "b"])
    ones = np.ones(3)
    forecast = NodeForecast(np.array([[9.0], [2.0], [4.0]]), ones, 0.2 * ones, {})
    # the gap of 3 to the sum is shared over three equal variances: each bottom +1
    moved = coherent(forecast, summing, bottom=np.array([1, 2]))
    assert moved.mean[:, 0] == pytest.approx([8.0, 3.0, 5.0])
    quantiles = moved.quantiles((0.1, 0.5, 0.9))
    assert (np.diff(quantiles, axis=2) > 0).all()
