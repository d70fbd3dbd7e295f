"""Launches begin as earlier ones of their category began, and soon speak for themselves."""

import numpy as np
import pandas as pd
import pytest

from forecasting.coldstart import base_rates
from forecasting.history import History, build_history
from forecasting.launches import SETTLED_AGE, SHAPE_WEIGHT, launch_curves
from forecasting.panel import Panel


def history_of(demand: np.ndarray, first_day: list[int], declared: list[bool]) -> History:
    """Series of one category at places of their own; nothing is seen before the first day."""
    n_series, n_days = demand.shape
    series = pd.DataFrame(
        {
            "sku": [f"K{row}" for row in range(n_series)],
            "location": [f"S{row}" for row in range(n_series)],
            "category": ["A"] * n_series,
            "first_day": first_day,
            "is_begin_declared": declared,
        }
    )
    alive = np.arange(n_days)[None, :] >= np.array(first_day)[:, None]
    seen = np.where(alive, demand, np.nan).astype(np.float32)
    shown = alive.astype(np.float32)
    empty = np.zeros(demand.shape, dtype=bool)
    dates = pd.date_range("2024-01-01", periods=n_days)
    return build_history(Panel(series, dates, np.nan_to_num(seen), seen, shown, shown, empty, seen))


def twice_as_much_at_first(n_days: int = 120) -> np.ndarray:
    """Ten a day from day 10 on, twenty in the first three days; the second series has sold ten since ever."""
    demand = np.full((2, n_days), 10.0)
    demand[0, 10:13] = 20.0
    return demand


def test_the_curve_is_early_over_settled_demand_shrunk_to_one():
    history = history_of(twice_as_much_at_first(), [10, -30], [True, True])
    curves = launch_curves(history, 119)
    # 60 units in 3 days where 30 were expected; the shape of all categories weighs 60 units, and 1 another 60
    general = (60 + SHAPE_WEIGHT) / (30 + SHAPE_WEIGHT)
    first = (60 + SHAPE_WEIGHT * general) / (30 + SHAPE_WEIGHT)
    assert curves.factors[0, :3].tolist() == pytest.approx([first] * 3)
    assert curves.factors[0, 3:].tolist() == pytest.approx([1.0] * (SETTLED_AGE - 2))
    rows = np.array([0, 0, 0, 1])
    assert curves.at(rows, np.array([5, 10, 13, 10])).tolist() == pytest.approx([first, first, 1.0, 1.0])


def test_a_mean_over_a_window_is_that_of_its_days():
    history = history_of(twice_as_much_at_first(), [10, -30], [True, True])
    curves = launch_curves(history, 119)
    for last in (9, 10, 11, 14, 40, 60, 119):
        for length in (1, 7, 28, 91):
            days = np.arange(max(last - length + 1, 10), last + 1)
            expected = curves.at(np.zeros(days.size, dtype=np.int64), days).mean() if days.size else 1.0
            assert curves.mean_over(last, length) == pytest.approx([expected, 1.0])


def test_launches_that_have_not_settled_or_were_not_declared_teach_nothing():
    demand = twice_as_much_at_first()
    assert np.all(launch_curves(history_of(demand, [10, -30], [False, False]), 119).factors == 1.0)
    # settled are ages 42 and up, of which 14 days must be seen: day index 65
    assert np.all(launch_curves(history_of(demand, [10, -30], [True, True]), 64).factors == 1.0)
    assert not np.all(launch_curves(history_of(demand, [10, -30], [True, True]), 65).factors == 1.0)


def test_no_curve_reads_a_day_after_its_origin():
    demand = twice_as_much_at_first()
    other = demand.copy()
    other[:, 91:] *= 9.0
    curves = [launch_curves(history_of(d, [10, -30], [True, True]), 90).factors.tobytes() for d in (demand, other)]
    assert curves[0] == curves[1]


def test_the_base_of_a_young_launch_is_what_it_will_settle_at():
    # the first has settled; the second, launched on day 100, opened with the same burst
    demand = np.full((2, 103), 10.0)
    demand[0, 10:13] = 20.0
    demand[1, 100:103] = 20.0
    history = history_of(demand, [10, 100], [True, True])
    rates = base_rates(history, 102)
    plain = base_rates(history_of(demand, [10, 100], [False, False]), 102)
    assert rates.launches.factors[0, 0] > 1.3
    assert rates.base[1] < plain.base[1]
