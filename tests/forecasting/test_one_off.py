"""Days that say nothing of others leave the base history; storms, festivals and new levels stay in it."""

import numpy as np
import pandas as pd

from forecasting.history import build_history
from forecasting.one_off import unexplained_spikes
from forecasting.panel import Panel


def panel_of(demand: np.ndarray, promoted: np.ndarray | None = None) -> Panel:
    n_series, n_days = demand.shape
    series = pd.DataFrame(
        {
            "sku": [f"K{row}" for row in range(n_series)],
            "location": ["S0"] * n_series,
            "category": ["A"] * n_series,
        }
    )
    values = demand.astype(np.float32)
    return Panel(
        series=series,
        dates=pd.date_range("2024-01-01", periods=n_days),
        sales=values,
        demand=values,
        available=np.ones_like(values),
        price=np.ones_like(values),
        is_promoted=np.zeros(demand.shape, dtype=bool) if promoted is None else promoted,
        wanted=values,
    )


def one_to_three_a_day(n_series: int = 3, n_days: int = 60) -> np.ndarray:
    return np.tile(np.array([1.0, 2.0, 3.0]), (n_series, n_days // 3))


def test_a_single_day_far_above_all_before_it_is_a_spike():
    demand = one_to_three_a_day()
    demand[:] = 2.0
    # mean 2, largest 2: the limit is max(8 x 2 + 10, 2.5 x 2 + 5) = 26
    demand[0, 50], demand[1, 40] = 27.0, 26.0
    spikes = unexplained_spikes(panel_of(demand))
    assert np.argwhere(spikes).tolist() == [[0, 50]]


def test_a_spike_leaves_rates_and_lags_and_stays_in_sales():
    demand = one_to_three_a_day()
    demand[0, 50] = 200.0
    panel = panel_of(demand)
    history = build_history(panel, unexplained_spikes(panel))
    # days 32..59 but day 50, which would have been a 3: 9 + 9 + 9 days of 1, 2, 3 in 27 days
    assert history.own.rate(59, 28)[0] == np.float64((28 * 2 - 1 - 3 + 2) / 27)
    assert np.isnan(history.demand[0, 50])
    assert panel.sales[0, 50] == 200.0 and panel.demand[0, 50] == 200.0


def test_a_day_on_which_the_whole_place_surged_is_no_spike():
    demand = one_to_three_a_day()
    demand[:, 50] *= 10.0
    # 30 would be a spike on its own, but the others of the location sold ten times as much too
    assert demand[0, 50] == 30.0
    assert not unexplained_spikes(panel_of(demand)).any()


def test_a_promoted_day_is_explained():
    demand = one_to_three_a_day()
    demand[0, 50] = 60.0
    promoted = np.zeros(demand.shape, dtype=bool)
    promoted[0, 50] = True
    assert not unexplained_spikes(panel_of(demand, promoted)).any()


def test_a_new_level_loses_its_first_day_only():
    demand = one_to_three_a_day()
    demand[0, 50:] = 60.0
    assert np.argwhere(unexplained_spikes(panel_of(demand))).tolist() == [[0, 50]]


def test_without_four_weeks_behind_it_no_day_is_judged():
    demand = one_to_three_a_day()
    demand[0, 20] = 500.0
    assert not unexplained_spikes(panel_of(demand)).any()


def test_no_day_is_judged_by_days_after_it():
    random = np.random.default_rng(0)
    demand = random.poisson(2.0, (5, 120)).astype(float)
    demand[random.random(demand.shape) < 0.02] = 80.0
    whole = unexplained_spikes(panel_of(demand))
    assert whole.any()
    for last in (60, 90):
        assert np.array_equal(whole[:, :last], unexplained_spikes(panel_of(demand[:, :last])))
