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
_N_LEVELS = 20


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
    keys = pd.MultiIndex.from_frame(points[["sku", "location"]])
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]]).get_indexer(keys)
    supplied = np.asarray(supply, dtype=float)
    levels = (np.arange(_N_LEVELS) + 0.5) / _N_LEVELS
    unmet, demand = np.zeros(len(points)), np.zeros(len(points))
    for n_days in np.unique(days[series >= 0]):
        rows = np.flatnonzero((days == n_days) & (series >= 0))
        part = forecast.take(series[rows])
        quantiles = part.interval_quantiles(levels, 0, int(n_days))
        unmet[rows] = np.maximum(quantiles - supplied[rows, int(n_days) - 1][:, None], 0.0).mean(axis=1)
        demand[rows] = part.interval_mean(0, int(n_days))
    return unmet, demand
