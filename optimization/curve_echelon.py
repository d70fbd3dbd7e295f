"""Echelon curves: what it costs not to have bought yet, on the pooled demand of all that a warehouse feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from optimization.config import PlanConfig
from optimization.coverage import Coverage
from optimization.curve_knots import Knots, aligned, knots, n_breaks
from optimization.pooling import (
    SPREAD_LEVELS,
    Pool,
    pooled_cdf,
    pooled_quantiles,
    pooled_variance,
    variance_from_deciles,
)

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from optimization.curve_build import StockFacts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Interval lengths at which the pooled variance is computed; between them it is interpolated [days].
VARIANCE_DAYS = (1, 2, 4, 7, 14, 28, 56)


@dataclass(frozen=True, eq=False)
class EchelonCurves:
    """Curves of the pools, row by row: fields as in `CostCurves`."""

    breaks: Ints
    cdf: Floats
    shortage: Floats
    shortage_day: npt.NDArray[np.bool_]
    waste: Floats
    waste_breaks: Ints
    waste_cdf: Floats


@dataclass(frozen=True, eq=False)
class PooledDemand:
    """Mean and variance of cumulative pooled demand.

    Parameters
    ----------
    mean
        (n_pools, n_days + 1) mean of the first j days [units].
    variance
        (n_pools, n_days + 1) its variance [units^2].
    """

    mean: Floats
    variance: Floats


def pooled_demand(forecast: Forecast, series: Ints, *, pool: Pool, n_days: int, correlation: float) -> PooledDemand:
    """Pool the demand of all members over the first 0..n_days days.

    Parameters
    ----------
    forecast
        Demand by series.
    series
        (n,) row of the forecast of each point; -1 without one.
    pool
        Who belongs together.
    n_days
        Longest interval [days].
    correlation
        Between the errors of two members.
    """
    has_series = series >= 0
    part = forecast.take(series[has_series])
    days = np.array([0, *[day for day in VARIANCE_DAYS if day < n_days], n_days])
    mean = np.zeros((pool.roots.size, n_days + 1))
    at_knots = np.zeros((pool.roots.size, days.size))
    for stop in range(1, n_days + 1):
        of_points = np.zeros(series.size)
        of_points[has_series] = part.interval_mean(0, stop)
        mean[:, stop] = pool.sum(of_points)
        if stop in days:
            variance = np.zeros(series.size)
            deciles = part.interval_quantiles(np.asarray(SPREAD_LEVELS), 0, stop)
            variance[has_series] = variance_from_deciles(deciles, of_points[has_series])
            at_knots[:, days == stop] = pooled_variance(pool, variance, correlation)[:, None]
    inner = np.array([np.interp(np.arange(n_days + 1), days, row) for row in at_knots])
    return PooledDemand(mean, np.maximum(inner.reshape(mean.shape), mean))


def echelon_curves(
    forecast: Forecast, facts: StockFacts, *, pool: Pool, coverage: Coverage, lost: Floats, config: PlanConfig
) -> EchelonCurves:
    """Build the curves of every pool: echelon stock of day d must serve demand up to day d + lag.

    Parameters
    ----------
    forecast, facts, coverage
        Demand, stock and chances of every point.
    pool
        Who belongs together.
    lost
        (n,) demand of each point that is lost before anything can arrive.
    config
        Settings.
    """
    n_pools, horizon = pool.roots.size, facts.supply.shape[1]
    levels = np.asarray(config.quantile_levels)
    window = coverage.window[pool.roots]
    life = facts.life[pool.roots]
    longest = horizon + int(pool.lag_days.max(initial=0)) + int(life.max(initial=0))
    demand = pooled_demand(
        forecast, facts.series, pool=pool, n_days=max(longest, 1), correlation=config.pooled_correlation
    )
    shift = pool.sum(facts.floor.astype(np.float64)) - pool.sum(lost)[:, None]
    expired = pool.sum(facts.expired)
    last_known = expired.shape[1] - 1
    rows = np.arange(n_pools)
    breaks = np.zeros((n_pools, horizon, n_breaks(levels)), dtype=np.int64)
    cdf = np.ones((n_pools, horizon, n_breaks(levels) + 1))
    for day in range(horizon):
        last = np.minimum(day, window - 1) + pool.lag_days
        gone = expired[rows, np.minimum(day + pool.lag_days, last_known)]
        found = _knots_at(demand, levels, n_days=last + 1, shift=shift[:, day] + gone)
        ahead = demand.mean[rows, day + pool.lag_days + 1]
        moved = np.round(ahead - demand.mean[rows, last + 1]).astype(np.int64)
        breaks[:, day] = found.breaks + moved[:, None]
        cdf[:, day] = found.cdf
    shared = aligned(Knots(breaks, cdf), coverage.shortage_day[pool.roots])
    # Before the first purchase can arrive, nothing that is decided here can change the echelon's stock.
    decides = np.arange(horizon) >= coverage.first_receipt[pool.roots][:, None]
    # Goods age from their receipt here, also on their way on and where they lie then.
    until = np.minimum(coverage.first_receipt[pool.roots], window) + life
    gone = expired[rows, np.minimum(until, last_known)]
    expiry = _knots_at(demand, levels, n_days=until, shift=shift[:, -1] + gone)
    return EchelonCurves(
        breaks=shared.breaks,
        cdf=shared.cdf,
        shortage=facts.shortage[pool.roots],
        shortage_day=coverage.shortage_day[pool.roots] & decides,
        waste=np.where(life > 0, facts.waste[pool.roots], 0.0),
        waste_breaks=expiry.breaks,
        waste_cdf=expiry.cdf,
    )


def _knots_at(demand: PooledDemand, levels: Floats, *, n_days: Ints, shift: Floats) -> Knots:
    """Knots of the pooled demand of the first days, a different number for each pool."""
    rows = np.arange(n_days.size)
    mean, variance = demand.mean[rows, n_days], demand.variance[rows, n_days]
    quantiles = pooled_quantiles(levels, mean, variance)
    return knots(quantiles, lambda values: pooled_cdf(values, mean, variance), shift=shift)
