"""Exponential smoothing of nodes whose calendar effects are taken out first, and put back into the forecast."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from forecasting.models.calendar_regression import CalendarFit

Array = npt.NDArray[np.float64]

NAME = "ets"
WEEK = 7
# Days smoothed: enough for a level and a weekday pattern that drift.
SMOOTHED_DAYS = 364
LEAST_DAYS = 2 * WEEK
LARGEST_RESIDUAL = 0.5


def ets_forecast(fit: CalendarFit, *, horizon: int) -> Array:
    """Return mean demand of the days ahead by ETS(A,N,A) with a week's season (Hyndman et al. 2008) on cleaned logs.

    Parameters
    ----------
    fit
        Calendar effects of the same nodes; its residuals plus its level are smoothed.
    horizon
        Days ahead, at most those of the fit's calendar.

    Returns
    -------
    (n, horizon) [units/day]; nodes with less than two weeks of observations keep the mean of what they have.
    """
    n_days = fit.residual.shape[1]
    cleaned = (fit.fitted - fit.repeating)[:, :n_days] + fit.residual
    smoothed = np.stack([_ahead(row[-SMOOTHED_DAYS:], horizon) for row in cleaned]) if len(cleaned) else cleaned
    recent = np.clip(np.nan_to_num(fit.residual[:, -SMOOTHED_DAYS:]), -LARGEST_RESIDUAL, LARGEST_RESIDUAL)
    logs = smoothed + fit.repeating[:, n_days : n_days + horizon] + 0.5 * recent.var(axis=1)[:, None]
    mean: Array = np.maximum(np.expm1(logs), 0.0)
    return mean


def _ahead(logs: Array, horizon: int) -> Array:
    """Forecast one cleaned series; gaps are bridged and one-off spikes cut, because both would move the level."""
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    known = ~np.isnan(logs)
    first = int(np.argmax(known))
    if known.sum() < LEAST_DAYS or logs.size - first < LEAST_DAYS:
        return np.full(horizon, logs[known].mean() if known.any() else 0.0)
    days = np.arange(logs.size)
    level = np.interp(days, days[known], logs[known])[first:]
    middle = np.median(level)
    level = np.clip(level, middle - 2 * LARGEST_RESIDUAL, middle + 2 * LARGEST_RESIDUAL)
    if np.ptp(level) < 1e-9:
        return np.full(horizon, middle)
    with warnings.catch_warnings():
        # a search that stops early still leaves a usable smoother; the blend judges it on held-out days
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = ExponentialSmoothing(level, seasonal="add", seasonal_periods=WEEK, initialization_method="heuristic")
        fitted = model.fit(optimized=True, method="L-BFGS-B", minimize_kwargs={"options": {"maxiter": 40}})
    return np.asarray(fitted.forecast(horizon), dtype=np.float64)
