"""Accuracy and calibration; an error is forecast - actual, so a positive bias is over-forecasting.

Every metric leaves out entries whose actual is NaN (unobserved).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def wape(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Sum of absolute errors / sum of actuals; NaN without demand."""
    predicted, seen = _observed(forecast, actual)
    total = seen.sum()
    return float(np.abs(predicted - seen).sum() / total) if total > 0 else float("nan")


def bias(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Sum of errors / sum of actuals, positive = over-forecast; NaN without demand."""
    predicted, seen = _observed(forecast, actual)
    total = seen.sum()
    return float((predicted - seen).sum() / total) if total > 0 else float("nan")


def rmsse(forecast: npt.ArrayLike, actual: npt.ArrayLike, history: npt.ArrayLike) -> Array:
    """Root mean squared scaled error of each series (Makridakis et al. 2022, M5, eq. 1).

    Parameters
    ----------
    forecast, actual
        (n_series, horizon) [units].
    history
        (n_series, n_days) [units]; the scale is the mean squared one-day change after the first sale.

    Returns
    -------
    (n_series,), NaN where the history never changes.
    """
    predicted, seen = np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    past = np.asarray(history, dtype=np.float64)
    is_started = np.cumsum(np.nan_to_num(past) > 0, axis=1)[:, :-1] > 0
    scale = _row_mean(np.where(is_started, np.diff(past, axis=1) ** 2, np.nan))
    error = _row_mean((predicted - seen) ** 2)
    ratio: Array = np.sqrt(error / np.where(scale > 0, scale, np.nan))
    return ratio


def rmspe(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Root mean squared relative error, days without sales left out; NaN without demand."""
    predicted, seen = _observed(forecast, actual)
    sold = seen > 0
    if not sold.any():
        return float("nan")
    return float(np.sqrt(np.mean(((predicted[sold] - seen[sold]) / seen[sold]) ** 2)))


def pinball(quantile: npt.ArrayLike, actual: npt.ArrayLike, level: float) -> float:
    """Mean quantile loss (Koenker and Bassett 1978), without the factor 2."""
    predicted, seen = _observed(quantile, actual)
    short = seen - predicted
    return float(np.mean(np.maximum(level * short, (level - 1.0) * short))) if seen.size else float("nan")


def coverage(quantile: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Share of actuals at or below their quantile; for counts it exceeds the level, see `randomised_pit`."""
    predicted, seen = _observed(quantile, actual)
    return float(np.mean(seen <= predicted)) if seen.size else float("nan")


def randomised_pit(cdf: npt.ArrayLike, cdf_below: npt.ArrayLike, *, random: np.random.Generator) -> Array:
    """Return the randomised probability integral transform, uniform if calibrated (Czado, Gneiting and Held 2009).

    Parameters
    ----------
    cdf
        P(D <= actual).
    cdf_below
        P(D < actual): for counts the cdf at actual - 1.
    random
        Draws the position within the jump.
    """
    upper, lower = np.asarray(cdf, dtype=np.float64), np.asarray(cdf_below, dtype=np.float64)
    return lower + random.random(upper.shape) * (upper - lower)


def poisson_deviance(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Mean Poisson deviance 2 (y log(y / m) - (y - m)): proper for means, and in units of demand, not its square."""
    predicted, seen = _observed(forecast, actual)
    if not seen.size:
        return float("nan")
    mean = np.maximum(predicted, 1e-6)
    ratio = np.where(seen > 0, seen, 1.0) / np.where(seen > 0, mean, 1.0)
    return float(np.mean(2.0 * (seen * np.log(ratio) - (seen - mean))))


def _observed(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[Array, Array]:
    predicted, seen = np.broadcast_arrays(np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64))
    known = ~np.isnan(seen)
    return predicted[known], seen[known]


def _row_mean(values: Array) -> Array:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
