"""Successors: a SKU that takes over from another begins with the other's history, and the other runs down.

A row of `relations` of kind successor says that ``other`` follows ``sku``, from the day ``from`` on or from its launch;
``ratio`` is the units of the other that replace one unit of the SKU.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from forecasting.panel import Panel

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days over which customers pass from the old SKU to the new one where the old one's end is not declared.
HAND_OVER_DAYS = 14
NO_DAY = 10**6


@dataclass(frozen=True, eq=False)
class Successions:
    """Pairs of stock points of one location, (n,) each.

    Parameters
    ----------
    old, new
        Rows of the panel: predecessor and successor.
    ratio
        Units of the new one for one of the old.
    day
        Day index of the hand-over.
    """

    old: Ints
    new: Ints
    ratio: Array
    day: Ints


def successions(relations: pd.DataFrame, series: pd.DataFrame, *, first: pd.Timestamp) -> Successions:
    """Return every pair of stock points that the relations join at the same location.

    Parameters
    ----------
    relations
        The contract's table.
    series
        The panel's series with first_day.
    first
        Date of day index 0.
    """
    named = relations[relations["kind"] == "successor"][["sku", "other", "ratio", "from"]]
    named = named.astype({"sku": "str", "other": "str"})
    points = series[["sku", "location"]].assign(row=np.arange(len(series)))
    pairs = named.merge(points, on="sku", how="inner")
    pairs = pairs.merge(points, left_on=["other", "location"], right_on=["sku", "location"], suffixes=("_old", "_new"))
    new = pairs["row_new"].to_numpy(dtype=np.int64)
    told = np.asarray((pairs["from"] - first) / pd.Timedelta(days=1), dtype=np.float64)
    launch = series["first_day"].to_numpy(dtype=np.float64)[new]
    day = np.where(np.isnan(told), launch, told).astype(np.int64)
    return Successions(pairs["row_old"].to_numpy(dtype=np.int64), new, pairs["ratio"].to_numpy(dtype=np.float64), day)


def with_predecessors(panel: Panel, pairs: Successions) -> Panel:
    """Give each successor its predecessor's demand, shelf, price and promotions on the days before its own first day.

    The life of the successor does not change: it still sells nothing before it begins.

    Parameters
    ----------
    panel
        History.
    pairs
        Of its series; of several predecessors the last one named counts.
    """
    if not pairs.new.size:
        return panel
    demand, available = panel.demand.copy(), panel.available.copy()
    price, promoted = panel.price.copy(), panel.is_promoted.copy()
    begins = np.clip(panel.series["first_day"].to_numpy(dtype=np.int64), 0, panel.n_days)
    for old, new, ratio in zip(pairs.old, pairs.new, pairs.ratio, strict=True):
        past = slice(0, begins[new])
        demand[new, past] = ratio * panel.demand[old, past]
        available[new, past] = panel.available[old, past]
        price[new, past] = panel.price[old, past]
        promoted[new, past] = panel.is_promoted[old, past]
    return dataclasses.replace(panel, demand=demand, available=available, price=price, is_promoted=promoted)


def handed_over(mean: Array, pairs: Successions, series: pd.DataFrame, *, last_day: int) -> Array:
    """Let predecessors run down to nothing, and successors rise as they do, for hand-overs after the cutoff.

    The old SKU's share falls in a line from the day before the hand-over to its declared end, or over
    `HAND_OVER_DAYS`. A hand-over in the past is in the sales already, and is left to the model.

    Parameters
    ----------
    mean
        (n_series, horizon) [units/day].
    pairs
        Of the series.
    series
        With last_day, the day index of a declared end.
    last_day
        Day index of the cutoff.
    """
    ahead = pairs.day > last_day
    if not ahead.any():
        return mean
    result = mean.copy()
    days = last_day + 1 + np.arange(mean.shape[1])
    ends = series["last_day"].to_numpy(dtype=np.int64)
    for old, new, day in zip(pairs.old[ahead], pairs.new[ahead], pairs.day[ahead], strict=True):
        span = ends[old] - day + 1 if ends[old] < NO_DAY else HAND_OVER_DAYS
        gone = np.clip((days - day + 1) / max(span + 1, 1), 0.0, 1.0)
        result[old] *= 1.0 - gone
        result[new] *= np.where(days >= day, gone, 0.0)
    return result
