"""What rules of thumb know of demand: by hand, and against sums made anew each evening."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.recent_sales import BLOCK_POINTS, LEAST_DAYS, WINDOW_DAYS, Missing, RecentSales

Floats = npt.NDArray[np.float64]


def history(units: float, missing: float = 0.0) -> tuple[Floats, Floats]:
    """The same day 28 times, of one place and one SKU."""
    return np.full((WINDOW_DAYS, 1, 1), units), np.full((WINDOW_DAYS, 1, 1), missing)


def missing_of(share: Floats) -> Missing:
    points = np.flatnonzero(share)
    return Missing(points, share.reshape(-1)[points])


def test_rates_by_hand() -> None:
    # 27 days of 2 units and a day of 16, half of it without stock: 70 units in 27.5 days of goods, 2.545 a day.
    # Squares: 27 x 4 + 256 = 364; variance 364 / 27.5 - 2.545 ** 2 = 6.757; to the mean: 2.655
    recent = RecentSales(history(2.0))
    recent.add(np.array([[16]]), missing_of(np.array([[0.5]])))
    sales, rate, ratio = (each.item() for each in recent.rates())
    assert sales == 70 / 28
    assert rate == 70 / 27.5
    np.testing.assert_allclose(ratio, (364 / 27.5 - (70 / 27.5) ** 2) / (70 / 27.5))


def test_with_too_few_days_of_goods_the_rate_of_the_time_before_is_kept() -> None:
    # 21 empty days leave 7 of 3 units: 21 / 7 = 3. With one more, 6 are left, and 3 stays whatever they sold.
    recent = RecentSales(history(3.0))
    for day in range(WINDOW_DAYS - LEAST_DAYS + 1):
        recent.add(np.array([[0]]), missing_of(np.array([[1.0]])))
        assert recent.rates()[1].item() == 3.0, day
    assert recent.rates()[0].item() == 18 / 28


def test_what_was_never_sold_has_no_rate_and_a_ratio_of_one() -> None:
    assert [each.item() for each in RecentSales(history(0.0)).rates()] == [0.0, 0.0, 1.0]


def plain_rates(units: Floats, missing: Floats, kept: Floats) -> tuple[Floats, Floats, Floats]:
    """The same from all days of the window."""
    days = np.maximum(WINDOW_DAYS - missing.sum(axis=0), 1.0)
    mean = units.sum(axis=0) / days
    variance = np.maximum((units**2).sum(axis=0) / days - mean**2, 0.0)
    ratio = np.where(mean > 0, np.maximum(variance / np.where(mean > 0, mean, 1.0), 1.0), 1.0)
    is_known = WINDOW_DAYS - missing.sum(axis=0) >= LEAST_DAYS
    return units.mean(axis=0), np.where(is_known, mean, kept), ratio


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([(2, 3), (1, BLOCK_POINTS + 5)]))
def test_a_moving_window_is_the_same_as_sums_made_anew(seed: int, n_days: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    n = WINDOW_DAYS + n_days
    units = rng.poisson(rng.choice([0.1, 2.0, 9.0]), (n, *shape)).astype(np.float64)
    missing = rng.choice([0.0, 0.5, 1.0], (n, *shape), p=(0.3, 0.2, 0.5))
    recent = RecentSales((units[:WINDOW_DAYS].copy(), missing[:WINDOW_DAYS].copy()))
    first = slice(0, WINDOW_DAYS)
    kept = units[first].sum(axis=0) / np.maximum(WINDOW_DAYS - missing[first].sum(axis=0), 1.0)
    for day in range(n_days + 1):
        window = slice(day, day + WINDOW_DAYS)
        plain = plain_rates(units[window], missing[window], kept)
        kept = plain[1]
        for ours, theirs in zip(recent.rates(), plain, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        if day < n_days:
            recent.add(units[day + WINDOW_DAYS].astype(np.int32), missing_of(missing[day + WINDOW_DAYS]))
