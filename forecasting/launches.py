"""How launches begin: what earlier launches of a category sold by days since launch, against what they settled at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from forecasting.history import History

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# First days of the ages over which a launch is averaged; from the last one on it has settled.
AGE_STARTS = (0, 3, 7, 14, 21, 28, 42)
SETTLED_AGE = AGE_STARTS[-1]
# Days after settling that say what a launch settled at: at most, and at least.
SETTLED_DAYS, LEAST_SETTLED_DAYS = 56, 14
# Expected units of earlier launches at which their shape and "like any other day" weigh the same.
SHAPE_WEIGHT = 60.0
FACTOR_LIMITS = (0.2, 5.0)


@dataclass(frozen=True, eq=False)
class LaunchCurves:
    """Demand by age against settled demand.

    Parameters
    ----------
    factors
        (n_categories, SETTLED_AGE + 1) by days since launch; the last column, of settled series, is 1.
    codes
        (n_series,) category of each series.
    first_day
        (n_series,) day index of its launch; far in the past where no launch was declared.
    """

    factors: Array
    codes: Ints
    first_day: Ints

    def at(self, series: Ints, days: Ints) -> Array:
        """Factor of (series, day index) pairs, (n,); before the launch that of its first day."""
        age = np.clip(days - self.first_day[series], 0, SETTLED_AGE)
        factor: Array = self.factors[self.codes[series], age]
        return factor

    def mean_over(self, last_day: int, n_days: int) -> Array:
        """Mean factor over the days alive among the n_days that end with ``last_day``, (n_series,)."""
        sums = np.concatenate([np.zeros((len(self.factors), 1)), np.cumsum(self.factors, axis=1)], axis=1)
        newest = last_day - self.first_day
        oldest = np.maximum(newest - n_days + 1, 0)
        count = np.maximum(newest - oldest + 1, 1)
        inside = np.clip(newest, -1, SETTLED_AGE) + 1
        young = sums[self.codes, inside] - sums[self.codes, np.minimum(np.clip(oldest, 0, SETTLED_AGE + 1), inside)]
        total = young + np.maximum(newest - np.maximum(oldest, SETTLED_AGE + 1) + 1, 0)
        mean: Array = np.where(newest >= 0, total / count, 1.0)
        return mean


def launch_curves(history: History, origin: int) -> LaunchCurves:
    """Return the curves of the launches that had settled by day index ``origin``.

    A ratio of units sold to units expected at the settled rate, pooled over the launches of a category, shrunk to that
    of all categories, and that one to 1. Only declared launches after the first day of the history count.

    Parameters
    ----------
    history
        The past; nothing after ``origin`` is read.
    origin
        Day index.
    """
    series = history.panel.series
    codes = history.pools["category"].codes
    n_categories = history.pools["category"].rates.n
    first_day = series["first_day"].to_numpy(dtype=np.int64)
    declared = series["is_begin_declared"].to_numpy(dtype=bool) & (first_day > 0)
    begun = np.where(declared, first_day, -(10**6)).astype(np.int64)
    settled = np.flatnonzero(declared & (first_day + SETTLED_AGE + LEAST_SETTLED_DAYS <= origin + 1))
    factors = np.ones((n_categories, SETTLED_AGE + 1))
    if settled.size:
        last = np.minimum(first_day[settled] + SETTLED_AGE + SETTLED_DAYS, origin + 1)
        rate = _rate_between(history, settled, first_day[settled] + SETTLED_AGE, last)
        known = ~np.isnan(rate)
        settled, rate = settled[known], rate[known]
        for start, stop in pairwise(AGE_STARTS):
            units, exposure = _between(history, settled, first_day[settled] + start, first_day[settled] + stop)
            sold = np.bincount(codes[settled], weights=units, minlength=n_categories)
            expected = np.bincount(codes[settled], weights=rate * exposure, minlength=n_categories)
            general = (sold.sum() + SHAPE_WEIGHT) / (expected.sum() + SHAPE_WEIGHT)
            shape = (sold + SHAPE_WEIGHT * general) / (expected + SHAPE_WEIGHT)
            factors[:, start:stop] = np.clip(shape, *FACTOR_LIMITS)[:, None]
    return LaunchCurves(factors, codes, begun)


def _between(history: History, rows: Ints, start: Ints, stop: Ints) -> tuple[Array, Array]:
    """Units and exposure of series over day indexes start..stop-1."""
    units, exposure = history.own.units.sums, history.own.exposure.sums
    return units[stop, rows] - units[start, rows], exposure[stop, rows] - exposure[start, rows]


def _rate_between(history: History, rows: Ints, start: Ints, stop: Ints) -> Array:
    """Units an observed day; NaN where nothing was seen or sold."""
    units, exposure = _between(history, rows, start, stop)
    return np.where((exposure >= 1.0) & (units > 0), units / np.maximum(exposure, 1e-9), np.nan)
