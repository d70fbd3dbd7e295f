"""Expected demand that supply cannot meet over the days that tonight's order must cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEVELS = 20
"""Slices of probability."""


def expected_loss(
    forecast: Forecast, points: pd.DataFrame, *, supply: npt.ArrayLike, days: Ints
) -> tuple[Floats, Floats]:
    """E(D - S)+ and E(D) over the first days of each stock point.

    The expectation is the mean over quantiles at the middle of 20 equal slices of probability.

    Parameters
    ----------
    forecast
        Demand to come.
    points
        (n,) sku, location.
    supply
        (n, T) cumulative supply [units].
    days
        (n,) number of days that count, 1..T.

    Returns
    -------
    tuple of arrays
        Expected unmet and expected demand, (n,) [units]; both 0 where there is no forecast.
    """
    levels, demand = demand_levels(forecast, points, days=days)
    supplied = np.asarray(supply, dtype=float)[np.arange(len(points)), days - 1]
    return np.maximum(levels - supplied[:, None], 0.0).mean(axis=1), demand


def demand_levels(forecast: Forecast, points: pd.DataFrame, *, days: Ints) -> tuple[Floats, Floats]:
    """Quantiles of demand over the first days of each point, at the middle of `LEVELS` equal slices, and its mean.

    Parameters
    ----------
    forecast, points, days
        As for `expected_loss`.

    Returns
    -------
    tuple of arrays
        (n, LEVELS) and (n,) [units]; minus infinity and 0 where there is no forecast.
    """
    keys = pd.MultiIndex.from_frame(points[["sku", "location"]])
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]]).get_indexer(keys)
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    quantiles, demand = np.full((len(points), LEVELS), -np.inf), np.zeros(len(points))
    for n_days in np.unique(days[series >= 0]):
        rows = np.flatnonzero((days == n_days) & (series >= 0))
        part = forecast.take(series[rows])
        quantiles[rows] = part.interval_quantiles(levels, 0, int(n_days))
        demand[rows] = part.interval_mean(0, int(n_days))
    return quantiles, demand
