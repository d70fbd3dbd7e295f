"""Forecasts of upper nodes, sums of stock points: three models, blended by held-out days and made coherent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import nnls
from scipy.stats import norm

from forecasting.models.calendar_regression import NAME as REGRESSION
from forecasting.models.calendar_regression import calendar_forecast, fit_calendar
from forecasting.models.ets import NAME as ETS
from forecasting.models.ets import ets_forecast
from forecasting.models.node_trees import NAME as TREES
from forecasting.models.node_trees import NodeTrees, fit_node_trees
from forecasting.node_calendar import NodeCalendar
from forecasting.reconcile import reconcile

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEMBERS = (TREES, REGRESSION, ETS)
N_HELD_OUT = 3
# Half of a blend's weights is equal: few held-out origins say little about which model is better.
EQUAL_SHARE = 0.5
# A node's spread is shrunk to its level's as by this many days.
LEVEL_DAYS = 28.0
LARGEST_LOG_ERROR = 1.0
# Makes the weights of a blend sum to one in a non-negative least squares fit.
SUM_WEIGHT = 1e3


@dataclass(frozen=True, eq=False)
class NodePanel:
    """Demand of nodes up to an origin.

    Parameters
    ----------
    demand
        (n, n_days) [units/day], NaN where unobserved.
    level
        (n,) code of the level of the hierarchy.
    weight
        (n,) importance of a node's squared error [1/units^2].
    calendar
        Of the same nodes and days, and of the days ahead.
    """

    demand: Array
    level: Ints
    weight: Array
    calendar: NodeCalendar

    def until(self, n_days: int) -> NodePanel:
        """Return what was known after the first ``n_days`` days; the calendar is known ahead."""
        return NodePanel(self.demand[:, :n_days], self.level, self.weight, self.calendar)


@dataclass(frozen=True, eq=False)
class NodeForecast:
    """Forecast of nodes.

    Parameters
    ----------
    mean
        (n, horizon) [units/day].
    variance
        (n,) mean squared error on held-out days [units^2].
    log_spread
        (n,) standard deviation of log demand about its mean.
    blend
        Weight by member, summing to 1.
    """

    mean: Array
    variance: Array
    log_spread: Array
    blend: dict[str, float]

    def quantiles(self, levels: tuple[float, ...]) -> Array:
        """Lognormal quantiles about the mean, (n, horizon, n_levels)."""
        spread = self.log_spread[:, None, None]
        scale = np.exp(norm.ppf(np.array(levels))[None, None, :] * spread - 0.5 * spread**2)
        result: Array = self.mean[:, :, None] * scale
        return result


def forecast_nodes(panel: NodePanel, *, horizon: int, threads: int, seed: int) -> NodeForecast:
    """Forecast the days after the panel's last one.

    The blend's weights and the spreads come from held-out days at the end of the history; the trees that forecast
    those have seen none of them, and are fitted again for the days ahead.

    Parameters
    ----------
    panel
        At least `N_HELD_OUT` + 1 horizons and 12 weeks long.
    horizon
        Days ahead.
    threads, seed
        Of LightGBM.
    """
    n_days = panel.demand.shape[1]
    first = n_days - N_HELD_OUT * horizon
    trial = _trees(panel.until(first), horizon, threads=threads, seed=seed)
    held_out = [_members(panel.until(day), trial, horizon) for day in range(first, n_days, horizon)]
    actual = panel.demand[:, first:]
    members = {name: np.concatenate([part[name] for part in held_out], axis=1) for name in MEMBERS}
    blend = blend_weights(np.stack([members[name] for name in MEMBERS]), actual, weight=panel.weight)
    past = _blended(members, blend)
    ahead = _members(panel, _trees(panel, horizon, threads=threads, seed=seed), horizon)
    return NodeForecast(
        mean=_blended(ahead, blend),
        variance=np.nanmean((past - actual) ** 2, axis=1),
        log_spread=log_spread(past, actual, panel.level),
        blend={name: float(share) for name, share in zip(MEMBERS, blend, strict=True)},
    )


def coherent(forecast: NodeForecast, summing: sparse.csr_array, *, bottom: Ints) -> NodeForecast:
    """Return the forecast with nodes that sum up, each moved the less the better it did on held-out days.

    Parameters
    ----------
    forecast
        Of all nodes.
    summing
        (n, n_bottom) which bottom nodes make each node; bottom rows are unit rows.
    bottom
        (n_bottom,) rows of the bottom nodes.
    """
    is_upper = np.ones(len(forecast.mean), dtype=bool)
    is_upper[bottom] = False
    moved = reconcile(
        forecast.mean[bottom],
        forecast.mean[is_upper],
        summing=sparse.csr_array(summing[np.flatnonzero(is_upper)]),
        bottom_variance=forecast.variance[bottom],
        upper_variance=forecast.variance[is_upper],
    )
    return NodeForecast(summing @ moved, forecast.variance, forecast.log_spread, forecast.blend)


def blend_weights(members: Array, actual: Array, *, weight: Array) -> Array:
    """Weights >= 0 that sum to 1 and lower the weighted squared error, shrunk to equal ones.

    Parameters
    ----------
    members
        (n_members, n, n_days) forecasts.
    actual
        (n, n_days), NaN where unobserved.
    weight
        (n,) importance of a node's squared error.
    """
    known = ~np.isnan(actual)
    root = np.broadcast_to(np.sqrt(weight)[:, None], actual.shape)[known]
    rows = members[:, known].T * root[:, None]
    right = actual[known] * root
    size = max(float(np.abs(right).max(initial=0.0)), 1e-9)
    heavy = SUM_WEIGHT * np.sqrt(max(right.size, 1))
    columns = np.vstack([rows / size, np.full((1, len(members)), heavy)])
    best, _ = nnls(columns, np.append(right / size, heavy))
    result: Array = (1.0 - EQUAL_SHARE) * best / best.sum() + EQUAL_SHARE / len(members)
    return result


def log_spread(mean: Array, actual: Array, level: Ints) -> Array:
    """Standard deviation of log errors of each node, shrunk to that of its level, (n,)."""
    error = np.clip(np.log1p(np.maximum(actual, 0.0)) - np.log1p(mean), -LARGEST_LOG_ERROR, LARGEST_LOG_ERROR)
    known = ~np.isnan(error)
    total, count = np.where(known, error**2, 0.0).sum(axis=1), known.sum(axis=1)
    result = np.zeros(len(mean))
    for code in np.unique(level):
        nodes = level == code
        pooled = total[nodes].sum() / max(count[nodes].sum(), 1)
        result[nodes] = (total[nodes] + LEVEL_DAYS * pooled) / (count[nodes] + LEVEL_DAYS)
    return np.sqrt(result)


def _trees(panel: NodePanel, horizon: int, *, threads: int, seed: int) -> NodeTrees:
    return fit_node_trees(
        panel.demand, panel.level, panel.calendar, weight=panel.weight, horizon=horizon, threads=threads, seed=seed
    )


def _members(panel: NodePanel, trees: NodeTrees, horizon: int) -> dict[str, Array]:
    fit = fit_calendar(panel.demand, panel.calendar)
    return {
        TREES: trees.mean(panel.demand, panel.level, panel.calendar, horizon=horizon),
        REGRESSION: calendar_forecast(fit)[:, :horizon],
        ETS: ets_forecast(fit, horizon=horizon),
    }


def _blended(members: dict[str, Array], blend: Array) -> Array:
    total = np.zeros_like(members[MEMBERS[0]])
    for name, share in zip(MEMBERS, blend, strict=True):
        total += share * members[name]
    return total
