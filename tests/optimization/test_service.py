import numpy as np
import pytest

from optimization.service import fill_rate_level, newsvendor_ratio


def test_the_critical_ratio_of_the_textbook_example() -> None:
    # h = 0.18, p = 0.70: 0.70 / 0.88 = 0.79545
    assert newsvendor_ratio(0.70, 0.18) == pytest.approx(0.7954545)
    assert newsvendor_ratio(0.0, 0.0) == 0.0


def test_the_fill_rate_level_leaves_no_more_short_than_asked() -> None:
    # D is 0..9 alike. S = 7 leaves (1 + 2) / 10 = 0.3 <= 0.1 * 4.5, S = 6 leaves (1 + 2 + 3) / 10 = 0.6.
    levels = np.arange(0.05, 1.0, 0.1)
    level = fill_rate_level(levels, np.arange(10.0)[None, :], cycle_demand=np.array([4.5]), fill_rate=np.array([0.9]))
    assert np.arange(10.0)[np.searchsorted(levels, level[0])] == 7


def test_no_goal_gives_no_level() -> None:
    level = fill_rate_level(
        np.array([0.5]), np.array([[1.0]]), cycle_demand=np.array([1.0]), fill_rate=np.array([np.nan])
    )
    assert np.isnan(level[0])
