"""Running sums: windows by hand, and many origins at once equal one origin at a time."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.history import Rates, RunningSum


def test_windows_by_hand() -> None:
    sums = RunningSum.of(np.array([[1.0, 2.0, 4.0, 8.0]]))
    assert sums.sums.ravel().tolist() == [0, 1, 3, 7, 15]
    # two days that end with day -1 (nothing), 0, 1, 2, 3
    assert sums.windows(range(-1, 4), 2).ravel().tolist() == [0, 1, 3, 6, 12]
    assert sums.window(3, 2).tolist() == [12]


@pytest.mark.parametrize("n_days", [1, 7, 40, 100])
def test_rates_of_many_days_equal_the_rate_of_each_to_the_bit(n_days: int) -> None:
    random = np.random.default_rng(n_days)
    shown = np.where(random.random((5, 60)) < 0.3, 0.0, random.random((5, 60))).astype(np.float32)
    shown[2] = 0.0
    own = Rates(RunningSum.of((random.gamma(2.0, 3.0, (5, 60)) * shown).astype(np.float32)), RunningSum.of(shown))
    together = own.each_day(range(-1, 60), n_days)
    for row, day in enumerate(range(-1, 60)):
        assert together[row].tobytes() == own.rate(day, n_days).astype(np.float32).tobytes()


def test_running_sums_equal_a_cumulative_sum_to_the_bit() -> None:
    values = np.random.default_rng(0).gamma(1.0, 1.0, (7, 50)).astype(np.float32)
    sums = RunningSum.of(values).sums
    assert sums[1:].T.tobytes() == np.cumsum(values.astype(np.float64), axis=1).tobytes()
    assert RunningSum.of(values > 1.0).sums[-1].tolist() == (values > 1.0).sum(axis=1).tolist()


def test_a_history_seen_whole_gives_the_same_rates_as_one_with_given_exposure() -> None:
    values = np.random.default_rng(1).gamma(1.0, 1.0, (4, 30)).astype(np.float32)
    seen = np.ones((4, 30), dtype=bool)
    whole = Rates(RunningSum.of(values), RunningSum.of(seen)).each_day(range(-1, 30), 7)
    given = Rates(RunningSum.of(values), RunningSum.of(seen.astype(np.float32))).each_day(range(-1, 30), 7)
    assert np.isnan(whole[0]).all() and whole.tobytes() == given.tobytes()
