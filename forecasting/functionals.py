"""Points of a forecast distribution that are best for a given measure of error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Array = npt.NDArray[np.float64]

# Levels at which the distribution is read: equally likely points, the outermost tails left to their neighbours.
POINT_LEVELS = (np.arange(25) + 0.5) / 25


def relative_point(forecast: Forecast, start: int, stop: int) -> Array:
    """Return the point with the least expected squared relative error, E[1/Y] / E[1/Y^2], (n_series,) [units].

    It minimises E[((Y - x) / Y)^2], the square of RMSPE: the mean of Y weighted by Y^-2 (Gneiting 2011, "Making and
    evaluating point forecasts", JASA 106, theorem 5). Quantiles of 0 have no relative error and are left out; where
    all are 0 the point is 0.

    Parameters
    ----------
    forecast
        Distribution of demand.
    start, stop
        Day indexes of the interval, ``stop`` excluded.
    """
    values = forecast.interval_quantiles(POINT_LEVELS, start, stop)
    return weighted_by_inverse_square(values)


def weighted_by_inverse_square(values: Array) -> Array:
    """Return sum(1/y) / sum(1/y^2) over equally likely points (n, n_points), (n,); zeros are left out."""
    inverse = np.where(values > 0, 1.0 / np.where(values > 0, values, 1.0), 0.0)
    squares = (inverse**2).sum(axis=1)
    point: Array = np.where(squares > 0, inverse.sum(axis=1) / np.where(squares > 0, squares, 1.0), 0.0)
    return point
