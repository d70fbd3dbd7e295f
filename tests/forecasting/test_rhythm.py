"""Weekday sums, openings, promotion distances and event factors against small sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.history import Rates, RunningSum
from forecasting.openings import LONGEST_UNTIL, NAMES, build_openings
from forecasting.rhythm import EVENT_UNITS, Rhythm, event_factors
from forecasting.rhythm_features import _state_rate
from forecasting.weekly_sums import WeekdayRates, WeekdaySum


@pytest.mark.parametrize("n_days", [3, 7, 24])
def test_a_window_of_weeks_sums_equal_weekdays(n_days: int) -> None:
    values = np.random.default_rng(0).integers(0, 9, (3, n_days)).astype(np.float32)
    sums = WeekdaySum.of(values)
    for row in range(3):
        for last in range(-7, n_days):
            for n_weeks in (1, 2, 9):
                days = [last - 7 * back for back in range(n_weeks) if last - 7 * back >= 0]
                got = sums.window(np.array([row]), np.array([last]), n_weeks=n_weeks)
                assert got[0] == values[row, days].sum()


def test_groups_add_their_series() -> None:
    values = np.arange(40, dtype=np.float32).reshape(4, 10)
    grouped = WeekdaySum.of(values).grouped(np.array([1, 0, 1, 0]), 2)
    alone = WeekdaySum.of(np.stack([values[1] + values[3], values[0] + values[2]]))
    assert np.array_equal(grouped.sums, alone.sums)


def test_openings_count_closed_days_on_both_sides() -> None:
    # closed on days 2 and 6 of ten
    is_open = np.ones((1, 10), dtype=bool)
    is_open[0, [2, 6]] = False
    columns = dict(zip(NAMES, build_openings(is_open).at(np.array([0]), np.array([4]), known_until=9), strict=True))
    assert columns["closed_since"][0] == 2
    assert columns["closed_until"][0] == 2
    assert columns["closed_before_14"][0] == 1
    assert columns["closed_after_7"][0] == 1


def test_closed_days_beyond_what_is_known_count_as_open() -> None:
    is_open = np.ones((1, 10), dtype=bool)
    is_open[0, [2, 6]] = False
    openings = build_openings(is_open)
    other = is_open.copy()
    other[0, 6:] = [True, False, False, True]
    for known_until in (4, 5):
        one, two = (
            np.array(table.at(np.array([0]), np.array([4]), known_until=known_until))
            for table in (openings, build_openings(other))
        )
        assert np.array_equal(one, two)
        assert one[NAMES.index("closed_until"), 0] == LONGEST_UNTIL


def test_an_event_factor_is_shrunk_to_that_of_the_tier() -> None:
    # series 0 sold 20 where 100 were expected; series 1 of its tier has no such day, series 2 is of another tier
    own = Rates(
        RunningSum.of(np.array([[20.0, 0], [0, 0], [90.0, 0]])),
        RunningSum.of(np.array([[100.0, 0], [0, 0], [30.0, 0]])),
    )
    tier = np.array([0, 0, 1])
    rhythm = Rhythm((), own, {"tier": tier}, {}, {}, {1: (own, own.grouped(tier, 2))})  # type: ignore[arg-type]
    base = np.array([40.0, 10.0, 30.0])
    # mean base of the tier 25: common = (20 + 25) / (100 + 25); own = (20 + common * 40) / (100 + 40)
    common = 45 / 125
    other = (90 + 30) / (30 + 30)
    factors = event_factors(rhythm, 1, base=base, code=1)
    # a base of 10 is less than EVENT_UNITS, but without a day of its own it is the tier's all the same
    assert factors == pytest.approx([(20 + common * 40) / 140, common, (90 + other * 30) / 60])


def test_a_slow_mover_leans_on_its_tier_by_units() -> None:
    # one unit sold where half a unit was expected says little: 20 units of the tier's stand beside it
    own = Rates(RunningSum.of(np.array([[1.0, 0]])), RunningSum.of(np.array([[0.5, 0]])))
    rhythm = Rhythm((), own, {"tier": np.zeros(1, dtype=np.int64)}, {}, {}, {1: (own, own)})  # type: ignore[arg-type]
    common = (1.0 + 0.5) / (0.5 + 0.5)
    factors = event_factors(rhythm, 1, base=np.array([0.5]), code=1)
    assert factors == pytest.approx([(1.0 + common * EVENT_UNITS) / (0.5 + EVENT_UNITS)])


def test_a_state_without_days_of_its_own_takes_the_prior() -> None:
    # one weekday, plain on two days of 4 units, never promoted
    units = np.zeros((1, 14), dtype=np.float32)
    units[0, [0, 7]] = 4.0
    plain = WeekdayRates.of(units, (units > 0).astype(np.float32))
    never = WeekdayRates.of(units * 0, units * 0)
    rows, last = np.zeros(2, dtype=np.int64), np.array([7, 7])
    asked = np.array([False, True])
    rates = _state_rate((plain, never), asked, rows, last, n_weeks=4, prior=np.array([1.0, 6.0]))
    # (8 + 1) / (2 + 1), and the prior alone
    assert rates.tolist() == [3.0, 6.0]
    assert np.isnan(_state_rate((plain, never), asked, rows, last, n_weeks=4)[1])
