"""Days that say nothing about the days to come: announced one-off promotions and spikes that nothing explains.

Such days leave rates, lags and weekday profiles. They stay in sales and demand: what was sold was sold, and a live
stream that is announced again is still learnt from as a promotion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from forecasting.panel import Panel

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# A spike stands this far above the largest day, and above the mean, of the days before it.
PAST_DAYS = 91
TIMES_LARGEST, UNITS_OVER_LARGEST = 2.5, 5.0
TIMES_MEAN, UNITS_OVER_MEAN = 8.0, 10.0
# Units of the rest of a location that weigh as much as "this day is like any other there".
SURGE_WEIGHT = 20.0
# Seen days without which nobody can say what is usual.
LEAST_SEEN_DAYS = 28


def unexplained_spikes(panel: Panel) -> Flags:
    """Return single days far above all that a series sold before, (n_series, n_days).

    A day that is promoted is explained, and so is as much of it as the rest of its location rose that day: a storm or
    a festival that lifts everything there is no spike. Each day is judged by itself and by days before it, so a day
    that is followed by others like it is the only one taken for a spike: the next ones are no larger than the largest.

    Parameters
    ----------
    panel
        History; promotions already known in ``is_promoted``.
    """
    demand = np.nan_to_num(panel.demand.astype(np.float64))
    seen = ~np.isnan(panel.demand) & (panel.available > 0)
    mean = _trailing_mean(demand, seen)
    usual = np.nan_to_num(TIMES_MEAN * mean, nan=np.inf) + UNITS_OVER_MEAN
    rows, days = np.nonzero((demand > usual) & ~panel.is_promoted)
    spikes = np.zeros(demand.shape, dtype=bool)
    if not rows.size:
        return spikes
    surge = _surge_of_place(panel, demand, np.nan_to_num(mean), rows=rows, days=days)
    largest = _largest_before(demand, rows, days)
    limit = np.maximum(usual[rows, days], TIMES_LARGEST * largest + UNITS_OVER_LARGEST)
    spikes[rows, days] = demand[rows, days] > surge * limit
    return spikes


def _trailing_mean(demand: Array, seen: Flags) -> Array:
    """Mean demand of the seen days among the `PAST_DAYS` before each day; NaN where too few were seen."""
    n_days = demand.shape[1]
    sums, counts = np.zeros((demand.shape[0], n_days + 1)), np.zeros((demand.shape[0], n_days + 1))
    np.cumsum(demand * seen, axis=1, out=sums[:, 1:])
    np.cumsum(seen, axis=1, out=counts[:, 1:])
    last = np.arange(n_days)
    begin = np.maximum(last - PAST_DAYS, 0)
    count = counts[:, last] - counts[:, begin]
    total = sums[:, last] - sums[:, begin]
    return np.where(count >= LEAST_SEEN_DAYS, total / np.maximum(count, 1.0), np.nan)


def _largest_before(demand: Array, rows: Ints, days: Ints) -> Array:
    """Largest demand of the `PAST_DAYS` before each (row, day)."""
    back = days[:, None] - np.arange(1, PAST_DAYS + 1)[None, :]
    values = np.where(back >= 0, demand[rows[:, None], np.maximum(back, 0)], 0.0)
    largest: Array = values.max(axis=1)
    return largest


def _surge_of_place(panel: Panel, demand: Array, mean: Array, *, rows: Ints, days: Ints) -> Array:
    """How much more the other series of the location sold that day than they usually do, at least 1."""
    codes = pd.factorize(panel.series["location"])[0]
    needed = np.unique(days)
    column = np.searchsorted(needed, days)
    sold = np.zeros((int(codes.max()) + 1, needed.size))
    expected = np.zeros_like(sold)
    np.add.at(sold, codes, demand[:, needed])
    np.add.at(expected, codes, mean[:, needed])
    others = sold[codes[rows], column] - demand[rows, days]
    usual = expected[codes[rows], column] - mean[rows, days]
    ratio: Array = (others + SURGE_WEIGHT) / (usual + SURGE_WEIGHT)
    return np.maximum(ratio, 1.0)
