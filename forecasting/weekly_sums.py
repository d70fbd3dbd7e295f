"""Running sums over equal weekdays, so that any number of weeks of any weekday costs two reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WEEK = 7


@dataclass(frozen=True, eq=False)
class WeekdaySum:
    """Sums of each seventh day up to a day: (n, n_days + 7), the first week of zeros."""

    sums: Array32

    @classmethod
    def of(cls, values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> WeekdaySum:
        """Sum (n, n_days) values over the days of equal weekday."""
        n, n_days = values.shape
        n_weeks = -(-n_days // WEEK)
        padded = np.zeros((n, (n_weeks + 1) * WEEK), dtype=np.float32)
        padded[:, WEEK : WEEK + n_days] = values
        by_week = padded.reshape(n, n_weeks + 1, WEEK)
        np.cumsum(by_week, axis=1, out=by_week)
        return cls(padded[:, : WEEK + n_days])

    def window(self, rows: Ints, last_days: Ints, *, n_weeks: int) -> Array32:
        """Sum over ``n_weeks`` equal weekdays that end with day index ``last_days``, (n_rows,).

        Parameters
        ----------
        rows
            (n_rows,) series or groups.
        last_days
            (n_rows,) day indexes; before the first day the sum is 0.
        n_weeks
            Weeks, cut at the first day.
        """
        last = np.maximum(last_days + WEEK, last_days % WEEK)
        first = np.maximum(last - n_weeks * WEEK, last_days % WEEK)
        flat, width = self.sums.ravel(), self.sums.shape[1]
        total: Array32 = flat[rows * width + last] - flat[rows * width + first]
        return total

    def grouped(self, codes: Ints, n_groups: int) -> WeekdaySum:
        """Sum series into groups."""
        result = np.zeros((n_groups, self.sums.shape[1]), dtype=np.float32)
        order = np.argsort(codes, kind="stable")
        if order.size:
            starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
            result[codes[order][starts]] = np.add.reduceat(self.sums[order], starts, axis=0)
        return WeekdaySum(result)


@dataclass(frozen=True, eq=False)
class WeekdayRates:
    """Units and exposure [observed days] by weekday; their quotient is a masked rate of that weekday."""

    units: WeekdaySum
    exposure: WeekdaySum

    @classmethod
    def of(cls, units: Array32, exposure: Array32) -> WeekdayRates:
        """Sum (n, n_days) units and exposures."""
        return cls(WeekdaySum.of(units), WeekdaySum.of(exposure))

    def grouped(self, codes: Ints, n_groups: int) -> WeekdayRates:
        """Sum series into groups."""
        return WeekdayRates(self.units.grouped(codes, n_groups), self.exposure.grouped(codes, n_groups))

    def totals(self, rows: Ints, last_days: Ints, *, n_weeks: int) -> tuple[Array32, Array32]:
        """Units and exposure over ``n_weeks`` equal weekdays that end with ``last_days``."""
        return (
            self.units.window(rows, last_days, n_weeks=n_weeks),
            self.exposure.window(rows, last_days, n_weeks=n_weeks),
        )
