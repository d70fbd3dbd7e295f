"""Baselines of a backtest, and which of them was best on origins before: nothing later helps the choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.classes import demand_classes
from forecasting.evidence import Evidence
from forecasting.features import origin_at
from forecasting.members import BASELINES

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAIVE = "naive"
WEEK = 7
# Weeks back in which the naive forecast looks for the same weekday on the shelf.
NAIVE_WEEKS = 4
# Earlier origins that choose the baseline, a week apart, the last one scored in full at the origin.
EARLIER_ORIGINS = 4


@dataclass(frozen=True, eq=False)
class BaselineMeans:
    """Means of the baselines at one origin.

    Parameters
    ----------
    naive
        (n_series, horizon) the last same weekday.
    best_by_class
        The baseline that was best on earlier origins in each series' demand class.
    best_by_place
        The same, chosen within demand class and location.
    """

    naive: Array
    best_by_class: Array
    best_by_place: Array


def baseline_means(evidence: Evidence, *, horizon: int) -> BaselineMeans:
    """Forecast the days after the evidence's cutoff by every baseline, and choose among them by the past.

    Parameters
    ----------
    evidence
        Of the snapshot at the origin: the choice is made from what was known there.
    horizon
        Days ahead.
    """
    today = evidence.last_day
    classes = _codes(demand_classes(evidence.history, today))
    places = _codes(evidence.panel.series["location"].to_numpy(dtype=object))
    ahead = _means(evidence, today, horizon=horizon)
    active = evidence.is_active[:, today + 1 : today + 1 + horizon]
    losses = _earlier_losses(evidence, horizon=horizon)
    by_class = _best(ahead, losses, classes)
    by_place = _best(ahead, losses, classes * (int(places.max()) + 1) + places)
    naive: Array = ahead[0]
    return BaselineMeans(naive * active, by_class * active, by_place * active)


def names() -> tuple[str, ...]:
    """Names of the baselines, the naive one first."""
    return (NAIVE, *BASELINES)


def naive_mean(demand: npt.NDArray[np.float32], day: int, *, horizon: int) -> Array:
    """Return the demand of the last same weekday on which the shelf was seen, within four weeks; else 0.

    Parameters
    ----------
    demand
        (n_series, n_days) [units], NaN where unobserved.
    day
        Day index of the origin.
    horizon
        Days ahead.

    Returns
    -------
    (n_series, horizon) [units/day].
    """
    back = -np.arange(1, horizon + 1) % WEEK
    result = np.full((demand.shape[0], horizon), np.nan)
    for week in range(NAIVE_WEEKS):
        days = day - back - WEEK * week
        seen = np.where(days >= 0, demand[:, np.maximum(days, 0)], np.nan)
        result = np.where(np.isnan(result), seen, result)
    filled: Array = np.nan_to_num(result)
    return filled


def _means(evidence: Evidence, day: int, *, horizon: int) -> Array:
    """Means of all baselines as seen from a day, (n_baselines, n_series, horizon)."""
    origin = origin_at(evidence, day, horizon=horizon)
    rows = np.arange(evidence.panel.n_series, dtype=np.int64)
    models = [model.mean(evidence, origin, rows, horizon=horizon) for model in BASELINES.values()]
    return np.stack([naive_mean(evidence.panel.demand, day, horizon=horizon), *models])


def _earlier_losses(evidence: Evidence, *, horizon: int) -> Array:
    """Absolute errors of weekly sums at earlier origins, all of whose days are past: (n_baselines, n_series)."""
    last = evidence.last_day - horizon
    days = [day for day in (last - WEEK * back for back in range(EARLIER_ORIGINS)) if day >= WEEK - 1]
    total = np.zeros((len(names()), evidence.panel.n_series))
    for day in days:
        means = _means(evidence, day, horizon=horizon)
        demand = evidence.panel.demand[:, day + 1 : day + 1 + horizon].astype(np.float64)
        total += weekly_errors(means, demand[None]).sum(axis=-1)
    return total


def weekly_errors(mean: Array, demand: Array) -> Array:
    """Absolute errors of sums over weeks ahead, observed days only: (..., horizon) to (..., n_weeks) [units]."""
    seen = ~np.isnan(demand)
    error = np.where(seen, mean - np.nan_to_num(demand), 0.0)
    starts = np.arange(0, demand.shape[-1], WEEK)
    result: Array = np.abs(np.add.reduceat(error, starts, axis=-1))
    return result


def _best(ahead: Array, losses: Array, groups: Ints) -> Array:
    """Means of the baseline with the least loss in each series' group; without a past, of the moving average."""
    n_groups = int(groups.max()) + 1 if groups.size else 0
    by_group = np.stack([np.bincount(groups, weights=row, minlength=n_groups) for row in losses])
    choice = np.where(by_group.sum(axis=0) > 0, by_group.argmin(axis=0), names().index("moving_average"))
    result: Array = ahead[choice[groups], np.arange(groups.size)]
    return result


def _codes(values: npt.NDArray[np.object_]) -> Ints:
    return np.unique(values.astype(str), return_inverse=True)[1].astype(np.int64)
