"""What every rule of thumb knows of demand: mean and spread of the last four weeks' sales, on days with stock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
WINDOW_DAYS = 28
# With goods on the shelf on fewer days than this, the rate of the time before is kept.
LEAST_DAYS = 7
# Points worked on at once: their sums and what is made of them stay in the processor's cache.
BLOCK_POINTS = 8192


@dataclass(frozen=True, eq=False)
class Missing:
    """Points that had nothing on the shelf for a part of a day; all others had goods all day.

    Parameters
    ----------
    points
        Rows of the flattened (L, S) points.
    share
        Of the day without stock, in (0, 1].
    """

    points: Ints
    share: Floats


class RecentSales:
    """Sums over a moving window of days; changes from day to day.

    Parameters
    ----------
    history
        Units and missing shares of the days before the replay, oldest first, (WINDOW_DAYS, L, S) each.
    """

    def __init__(self, history: tuple[Floats, Floats]) -> None:
        units, missing = history
        n_points, self._shape = units[0].size, units.shape[1:]
        self._days = deque(zip((day.reshape(-1) for day in units), map(_missing_of, missing), strict=True))
        self._units, self._squares, self._missing, self._change = np.zeros((4, n_points))
        for sold, absent in self._days:
            self._units += sold
            self._squares += sold**2
            self._missing[absent.points] += absent.share
        self._sales, self._ratio = np.empty((2, n_points))
        self._rate = self._units / np.maximum(WINDOW_DAYS - self._missing, 1.0)
        self._blocks = [slice(at, at + BLOCK_POINTS) for at in range(0, n_points, BLOCK_POINTS)]
        self._work = np.empty((2, min(BLOCK_POINTS, n_points)))

    def add(self, sold: Integers, missing: Missing) -> None:
        """Put a day in the place of the oldest; sales (L, S), which are kept and not copied, and missing goods."""
        (oldest, was_missing), newest = self._days.popleft(), sold.reshape(-1)
        for block in self._blocks:
            old, new = oldest[block], newest[block]
            before, change = self._work[:, : old.size]
            np.subtract(new, old, out=change, dtype=np.float64)
            self._units[block] += change
            np.multiply(old, old, out=before, dtype=np.float64)
            np.multiply(new, new, out=change, dtype=np.float64)
            change -= before
            self._squares[block] += change
        self._replace_missing(was_missing, missing)
        self._days.append((newest, missing))

    def _replace_missing(self, oldest: Missing, newest: Missing) -> None:
        """Change the sum of missing shares where one of the two days missed something."""
        self._change[newest.points] = newest.share
        self._change[oldest.points] -= oldest.share
        for points in (newest.points, oldest.points):
            self._missing[points] += self._change[points]
            self._change[points] = 0.0

    def rates(self) -> tuple[Floats, Floats, Floats]:
        """Mean daily sales [units/day], the same on days with stock, and their variance to mean >= 1; (L, S) each.

        The next night's overwrite them.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            for block in self._blocks:
                self._rates_of(block)
        return self._sales.reshape(self._shape), self._rate.reshape(self._shape), self._ratio.reshape(self._shape)

    def _rates_of(self, block: slice) -> None:
        """Bring the rates of a block of points up to date."""
        units, ratio = self._units[block], self._ratio[block]
        days, mean = self._work[:, : units.size]
        np.divide(units, WINDOW_DAYS, out=self._sales[block])
        np.subtract(WINDOW_DAYS, self._missing[block], out=days)
        is_known = days >= LEAST_DAYS
        np.maximum(days, 1.0, out=days)
        np.divide(units, days, out=mean)
        np.copyto(self._rate[block], mean, where=is_known)
        np.divide(self._squares[block], days, out=ratio)
        ratio -= np.multiply(mean, mean, out=days)
        np.maximum(ratio, 0.0, out=ratio)
        ratio /= mean
        np.copyto(ratio, 1.0, where=units <= 0)
        np.maximum(ratio, 1.0, out=ratio)


def _missing_of(share: Floats) -> Missing:
    """Pick the points of a day (L, S) where goods were missing."""
    points = np.flatnonzero(share)
    return Missing(points, share.reshape(-1)[points])
