"""What every rule of thumb knows of demand: mean and spread of the last four weeks' sales, on days with stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
WINDOW_DAYS = 28
# With goods on the shelf on fewer days than this, the rate of the time before is kept.
LEAST_DAYS = 7


@dataclass
class RecentSales:
    """Sums over a moving window of days; changes from day to day.

    Parameters
    ----------
    units, missing
        (WINDOW_DAYS, L, S) sales and the share of each day without stock, the oldest at `at`.
    """

    units: Floats
    missing: Floats

    def __post_init__(self) -> None:
        """Sum the window once."""
        self._at = 0
        self._sums = [each.sum(axis=0) for each in (self.units, self.units**2, self.missing)]
        self._rate = self._sums[0] / np.maximum(WINDOW_DAYS - self._sums[2], 1.0)

    @classmethod
    def start(cls, history: tuple[Floats, Floats]) -> RecentSales:
        """Begin with the days before the replay, oldest first: units and missing shares, (WINDOW_DAYS, L, S) each."""
        return cls(history[0].copy(), history[1].copy())

    def add(self, sold: Ints, availability: Floats) -> None:
        """Put a day in the place of the oldest; sales and share of the day with stock, (L, S) each."""
        old_units, old_missing = self.units[self._at], self.missing[self._at]
        units, missing = sold.astype(np.float64), 1.0 - availability
        for total, change in zip(
            self._sums, (units - old_units, units**2 - old_units**2, missing - old_missing), strict=True
        ):
            total += change
        self.units[self._at], self.missing[self._at] = units, missing
        self._at = (self._at + 1) % WINDOW_DAYS

    def rates(self) -> tuple[Floats, Floats, Floats]:
        """Mean daily sales [units/day], the same on days with stock, and their variance to mean >= 1; (L, S) each."""
        units, squares, missing = self._sums
        days = np.maximum(WINDOW_DAYS - missing, 1.0)
        self._rate = np.where(WINDOW_DAYS - missing >= LEAST_DAYS, units / days, self._rate)
        variance = np.maximum(squares / days - (units / days) ** 2, 0.0)
        ratio = np.divide(variance, units / days, out=np.ones_like(units), where=units > 0)
        return units / WINDOW_DAYS, self._rate, np.maximum(ratio, 1.0)
