"""Accuracy and calibration; an error is forecast - actual, so a positive bias is over-forecasting.

Every metric leaves out entries whose actual is NaN (unobserved). Pinball losses are without the factor 2.
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


def mae(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Mean absolute error [units]; NaN without an observation."""
    predicted, seen = _observed(forecast, actual)
    return float(np.mean(np.abs(predicted - seen))) if seen.size else float("nan")


def rmse(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Root mean squared error [units]; NaN without an observation."""
    predicted, seen = _observed(forecast, actual)
    return float(np.sqrt(np.mean((predicted - seen) ** 2))) if seen.size else float("nan")


def mase(forecast: npt.ArrayLike, actual: npt.ArrayLike, history: npt.ArrayLike, *, season: int = 1) -> Array:
    """Mean absolute scaled error of each series (Hyndman and Koehler 2006).

    Parameters
    ----------
    forecast, actual
        (n_series, horizon) [units].
    history
        (n_series, n_days) [units]; the scale is the mean absolute change over ``season`` days.
    season
        Days between the values whose change is the scale.

    Returns
    -------
    (n_series,), NaN where the history never changes.
    """
    predicted, seen = np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    past = np.asarray(history, dtype=np.float64)
    scale = _row_mean(np.abs(past[:, season:] - past[:, :-season]))
    ratio: Array = _row_mean(np.abs(predicted - seen)) / np.where(scale > 0, scale, np.nan)
    return ratio


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
    scale = _row_mean(np.where(_is_started(past), np.diff(past, axis=1) ** 2, np.nan))
    error = _row_mean((predicted - seen) ** 2)
    ratio: Array = np.sqrt(error / np.where(scale > 0, scale, np.nan))
    return ratio


def wrmsse(forecast: npt.ArrayLike, actual: npt.ArrayLike, history: npt.ArrayLike, *, weights: npt.ArrayLike) -> float:
    """Weighted mean of `rmsse` (Makridakis et al. 2022, M5, eq. 2).

    Parameters
    ----------
    forecast, actual, history
        As for `rmsse`.
    weights
        (n_series,) >= 0, such as each series' share of turnover; they need not sum to 1.

    Returns
    -------
    Mean over the series whose history changes; NaN without any weight on them.
    """
    errors, share = rmsse(forecast, actual, history), np.asarray(weights, dtype=np.float64)
    known = ~np.isnan(errors)
    total = share[known].sum()
    return float((errors[known] * share[known]).sum() / total) if total > 0 else float("nan")


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


def mean_pinball(quantiles: npt.ArrayLike, actual: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    """Mean of `pinball` over levels; with evenly spaced levels twice this approximates the CRPS.

    Parameters
    ----------
    quantiles
        (..., n_levels) [units].
    actual
        (...) [units].
    levels
        (n_levels,) in (0, 1).
    """
    table = np.asarray(quantiles, dtype=np.float64)
    wanted = np.asarray(levels, dtype=np.float64).ravel()
    return float(np.mean([pinball(table[..., column], actual, level) for column, level in enumerate(wanted)]))


def scaled_pinball(quantile: npt.ArrayLike, actual: npt.ArrayLike, history: npt.ArrayLike, *, level: float) -> Array:
    """Pinball loss of each series over its mean absolute one-day change (M5 uncertainty, Makridakis et al. 2022).

    Parameters
    ----------
    quantile, actual
        (n_series, horizon) [units].
    history
        (n_series, n_days) [units]; the scale counts changes after the first sale.
    level
        In (0, 1).

    Returns
    -------
    (n_series,), NaN where the history never changes.
    """
    short = np.asarray(actual, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    past = np.asarray(history, dtype=np.float64)
    scale = _row_mean(np.where(_is_started(past), np.abs(np.diff(past, axis=1)), np.nan))
    loss = _row_mean(np.maximum(level * short, (level - 1.0) * short))
    ratio: Array = loss / np.where(scale > 0, scale, np.nan)
    return ratio


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


def sharpness(low: npt.ArrayLike, high: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Mean width of an interval over the mean actual: of two calibrated forecasts the sharper one is better."""
    bottom, seen = _observed(low, actual)
    top, _ = _observed(high, actual)
    total = seen.sum()
    return float((top - bottom).sum() / total) if total > 0 else float("nan")


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


def _is_started(past: Array) -> npt.NDArray[np.bool_]:
    """Changes that begin at or after the first sale, (n_series, n_days - 1)."""
    started: npt.NDArray[np.bool_] = np.cumsum(np.nan_to_num(past) > 0, axis=1)[:, :-1] > 0
    return started


def _row_mean(values: Array) -> Array:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
