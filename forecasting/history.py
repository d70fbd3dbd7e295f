"""Running sums of a panel, so that any window of any origin costs two reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.analogues import Likeness, price_likeness
from forecasting.panel import Panel

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
# float64, or int32 where flags are counted
Sums = npt.NDArray[Any]

WEEK = 7
# Weeks that make a weekday profile.
PROFILE_WEEKS = 8
# Cells (days x series) whose windows are summed at once: they stay in the processor's cache.
BLOCK_CELLS = 64_000


@dataclass(frozen=True, eq=False)
class RunningSum:
    """Cumulative sums by day, time first: (n_days + 1, n); whole numbers of four bytes where flags are counted."""

    sums: Sums

    @classmethod
    def of(cls, values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> RunningSum:
        """Sum (n, n_days) values over days."""
        kind = np.int32 if values.dtype == np.bool_ else np.float64
        sums = np.zeros((values.shape[1] + 1, values.shape[0]), dtype=kind)
        # day by day over rows that lie together in memory: twice as fast as a cumulative sum over strides
        for day, row in enumerate(np.ascontiguousarray(values.T)):
            np.add(sums[day], row, out=sums[day + 1])
        return cls(sums)

    def windows(self, days: range, n_days: int) -> Array:
        """Sums over the n_days days that end with each of ``days`` (consecutive), (len(days), n)."""
        firsts, stops = _window_rows(days, n_days, self.sums.shape[0] - 1)
        total: Array = self._rows(stops) - self._rows(firsts)
        return total

    def _rows(self, at: Ints) -> Sums:
        """Rows of the sums: a view where they follow one another, else a copy."""
        is_run = at.size > 0 and at[-1] - at[0] == at.size - 1
        return self.sums[at[0] : at[-1] + 1] if is_run else self.sums[at]

    def window(self, last_day: int, n_days: int) -> Array:
        """Sum over the n_days days that end with day index ``last_day`` (cut at the first day), (n,)."""
        last = min(max(last_day + 1, 0), self.sums.shape[0] - 1)
        first = min(max(last_day + 1 - n_days, 0), self.sums.shape[0] - 1)
        total: Array = self.sums[last] - self.sums[first]
        return total

    def by_weekday(self, last_day: int) -> Array:
        """Sums by days since ``last_day`` modulo 7 over the profile's weeks, (7, n); row 0 is its own weekday."""
        n_days = WEEK * PROFILE_WEEKS
        first = max(last_day + 1 - n_days, 0)
        daily = np.zeros((n_days, self.sums.shape[1]), dtype=np.float64)
        daily[n_days - (last_day + 1 - first) :] = np.diff(self.sums[first : last_day + 2], axis=0)
        result: Array = daily[::-1].reshape(PROFILE_WEEKS, WEEK, -1).sum(axis=0)
        return result

    def grouped(self, codes: Ints, n_groups: int) -> RunningSum:
        """Sum series into groups."""
        result = np.zeros((self.sums.shape[0], n_groups), dtype=np.float64)
        order = np.argsort(codes, kind="stable")
        if order.size:
            starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
            result[:, codes[order][starts]] = np.add.reduceat(self.sums[:, order], starts, axis=1)
        return RunningSum(result)


def _window_rows(days: range, n_days: int, last: int) -> tuple[Ints, Ints]:
    """Rows of running sums before and at the end of the windows that end with each of ``days``, cut to 0..last."""
    stops = np.arange(days.start + 1, days.stop + 1, dtype=np.int64)
    firsts = np.minimum(np.maximum(stops - n_days, 0), last)
    return firsts, np.minimum(np.maximum(stops, 0), last)


@dataclass(frozen=True, eq=False)
class Rates:
    """Units and exposure [observed days] of the same things; their quotient over a window is a masked rate."""

    units: RunningSum
    exposure: RunningSum

    def rate(self, last_day: int, n_days: int, *, weight: float = 0.0, prior: Array | float = 0.0) -> Array:
        """Units an observed day of a window, (n,), shrunk to ``prior`` as by ``weight`` days; NaN without exposure."""
        units = self.units.window(last_day, n_days) + weight * prior
        exposure = self.exposure.window(last_day, n_days) + weight
        result: Array = np.where(exposure > 1e-9, units / np.maximum(exposure, 1e-9), np.nan)
        return result

    def each_day(self, days: range, n_days: int, *, out: Array32 | None = None) -> Array32:
        """Rate over the window that ends with each of ``days`` (consecutive): `rate` of many origins at once.

        Parameters
        ----------
        days
            Day indexes; -1 is the day before the first.
        n_days
            Length of the window.
        out
            Where to write; a new array by default.

        Returns
        -------
        (len(days), n) [units/day], NaN without any exposure.
        """
        result = np.empty((len(days), self.n), dtype=np.float32) if out is None else out
        is_whole = bool((self.exposure.sums[-1] == self.exposure.sums.shape[0] - 1).all())
        n_days_at_once = max(BLOCK_CELLS // max(self.n, 1), 1)
        for first in range(0, len(days), n_days_at_once):
            block = days[first : first + n_days_at_once]
            units = self.units.windows(block, n_days)
            # where every day of every series was seen whole, a day has one divisor
            exposure = self._whole_days(block, n_days) if is_whole else self.exposure.windows(block, n_days)
            seen = np.where(exposure > 1e-9, exposure, np.nan)
            np.divide(units, seen, out=result[first : first + n_days_at_once], casting="same_kind")
        return result

    def _whole_days(self, days: range, n_days: int) -> Ints:
        """Days of history in the window that ends with each of ``days``, (len(days), 1)."""
        firsts, stops = _window_rows(days, n_days, self.exposure.sums.shape[0] - 1)
        return (stops - firsts)[:, None]

    def grouped(self, codes: Ints, n_groups: int) -> Rates:
        """Sum series into groups."""
        return Rates(self.units.grouped(codes, n_groups), self.exposure.grouped(codes, n_groups))

    def by_weekday(self, last_day: int) -> tuple[Array, Array]:
        """Units and exposure by days since ``last_day`` modulo 7, (7, n) each, over the profile's weeks."""
        return self.units.by_weekday(last_day), self.exposure.by_weekday(last_day)

    @property
    def n(self) -> int:
        """Number of series or groups."""
        return int(self.units.sums.shape[1])


@dataclass(frozen=True, eq=False)
class Pool:
    """Series that share a rate: code of each series and the rates of the groups."""

    codes: Ints
    rates: Rates


@dataclass(frozen=True, eq=False)
class History:
    """Everything about the past that features and baselines read.

    Parameters
    ----------
    panel
        The panel.
    demand
        (n_series, n_days) demand of the panel, NaN also on days that say nothing about others.
    own
        Rates of each series; ``plain`` leaves promoted days out, ``promoted`` keeps only them.
    squares
        Running sum of squared demand.
    shelf
        Running sum of the share of observed days on the shelf.
    sold_days, seen_days
        Running counts of observed days with demand and of observed days.
    last_sale
        (n_days, n_series) day index of the last sale up to the day, -1 before the first.
    pools
        By name: sku, category_location, location, category, all.
    likeness
        How near SKUs of a category are in price.
    """

    panel: Panel
    demand: Array32
    own: Rates
    plain: Rates
    promoted: Rates
    squares: RunningSum
    shelf: RunningSum
    sold_days: RunningSum
    seen_days: RunningSum
    last_sale: Ints
    pools: dict[str, Pool]
    likeness: Likeness


def build_history(panel: Panel, unusual: npt.NDArray[np.bool_] | None = None) -> History:
    """Sum a panel once.

    Parameters
    ----------
    panel
        The panel.
    unusual
        (n_series, n_days) days to leave out of every rate, lag and profile; none by default.
    """
    usual = panel.demand if unusual is None or not unusual.any() else np.where(unusual, np.nan, panel.demand)
    seen = ~np.isnan(usual)
    demand = np.where(seen, usual, 0.0)
    # a lifted day counts whole: days of high demand empty the shelf, and weighing them by the share that was seen would
    # make every rate too low
    own = Rates(RunningSum.of(demand), RunningSum.of(seen))
    promoted = panel.is_promoted
    is_sold = demand > 0
    days = np.where(is_sold, np.arange(panel.n_days)[None, :], -1)
    pools = _pools(panel.series, own)
    return History(
        panel=panel,
        demand=usual,
        own=own,
        plain=Rates(RunningSum.of(demand * ~promoted), RunningSum.of(seen & ~promoted)),
        promoted=Rates(RunningSum.of(demand * promoted), RunningSum.of(seen & promoted)),
        squares=RunningSum.of(demand**2),
        shelf=RunningSum.of(np.where(seen, panel.available, np.float32(0))),
        sold_days=RunningSum.of(is_sold),
        seen_days=RunningSum.of(seen),
        last_sale=np.maximum.accumulate(days, axis=1).T.astype(np.int64).copy(),
        pools=pools,
        likeness=price_likeness(panel.series, pools["sku"].codes, pools["sku"].rates.n),
    )


def _pools(series: pd.DataFrame, own: Rates) -> dict[str, Pool]:
    keys = {
        "sku": series["sku"],
        "category_location": series["category"] + "\x1f" + series["location"],
        "location": series["location"],
        "category": series["category"],
    }
    pools = {}
    for name, key in keys.items():
        codes, names = pd.factorize(key, sort=True)
        pools[name] = Pool(codes.astype(np.int64), own.grouped(codes.astype(np.int64), len(names)))
    everything = np.zeros(len(series), dtype=np.int64)
    pools["all"] = Pool(everything, own.grouped(everything, 1))
    return pools
