"""Dynamic regression of a node's log demand: a level that drifts, weekdays, seasons, events, paydays.

One ridge fit a node (Hoerl and Kennard 1970): ramps of `LEVEL_DAYS` make the level a penalised random walk that stays
flat after the origin, everything else repeats. Old days count less. Nodes with the same events share their normal
matrix, so hundreds of nodes cost about a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.node_calendar import YEAR_DAYS, NodeCalendar, equal_rows

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAME = "calendar_regression"
LEVEL_DAYS = 28
HALF_LIFE_DAYS = 1500.0
YEAR_WAVES = 4
# Days around an occasion that may sell differently.
OCCASION_BEFORE, OCCASION_AFTER = 4, 2
# The last residuals shift the level once more, with this half-life [days], over this many days at most.
SHIFT_HALF_LIFE_DAYS, SHIFT_DAYS = 28.0, 365
LARGEST_RESIDUAL = 0.5
# Ridge penalties, in days of evidence for no effect.
FREE = 1e-6
PENALTY = {
    "level": 20.0,
    "weekday": 0.1,
    "weekday_year": 20.0,
    "year": 2.0,
    "occasion": 1.0,
    "month_day": 10.0,
    "condition": 0.1,
    "condition_weekday": 5.0,
}


@dataclass(frozen=True, eq=False)
class CalendarFit:
    """Fitted log demand of nodes.

    Parameters
    ----------
    fitted
        (n, n_dates) log(1 + units), level included; flat level after the origin.
    repeating
        (n, n_dates) the part of it that is not level: calendar effects.
    residual
        (n, n_days) observed minus fitted up to the origin, NaN where unobserved.
    """

    fitted: Array
    repeating: Array
    residual: Array


def fit_calendar(demand: Array, calendar: NodeCalendar) -> CalendarFit:
    """Fit every node on its whole history.

    Parameters
    ----------
    demand
        (n, n_days) up to the origin [units/day], NaN where unobserved; days before a node's first sale are left out.
    calendar
        Of the same nodes, from the same first day, and of the days ahead.
    """
    n, n_days = demand.shape
    logs = np.log1p(np.maximum(demand, 0.0))
    is_seen = ~np.isnan(demand) & (np.cumsum(np.nan_to_num(demand) > 0, axis=1) > 0)
    weight = 0.5 ** ((n_days - 1 - np.arange(n_days)) / HALF_LIFE_DAYS)
    fitted, repeating = np.zeros((n, len(calendar.dates))), np.zeros((n, len(calendar.dates)))
    groups = calendar.occasion_groups
    for group in range(groups.max(initial=-1) + 1):
        nodes = np.flatnonzero(groups == group)
        columns, penalty, n_level = _design(calendar, int(nodes[0]), n_days)
        past = columns[:n_days]
        # nodes that were observed on the same days share one factorisation
        pattern = equal_rows(is_seen[nodes])
        for code in range(pattern.max() + 1):
            rows = nodes[pattern == code]
            seen = is_seen[rows[0]]
            weighted = past * (weight * seen)[:, None]
            normal = past.T @ weighted + np.diag(penalty)
            effect = np.linalg.solve(normal, weighted.T @ np.where(seen, logs[rows], 0.0).T)
            fitted[rows] = (columns @ effect).T
            repeating[rows] = (columns[:, n_level:] @ effect[n_level:]).T
    residual = np.where(is_seen, logs - fitted[:, :n_days], np.nan)
    return CalendarFit(fitted, repeating, residual)


def calendar_forecast(fit: CalendarFit) -> Array:
    """Return mean demand of the days ahead, (n, horizon) [units/day].

    The level is shifted by recent residuals, and half the residual variance is added in logs (the mean of a lognormal
    lies above its median).
    """
    n_days = fit.residual.shape[1]
    recent = fit.residual[:, max(n_days - SHIFT_DAYS, 0) :]
    known = ~np.isnan(recent)
    residual = np.where(known, np.clip(recent, -LARGEST_RESIDUAL, LARGEST_RESIDUAL), 0.0)
    count = np.maximum(known.sum(axis=1), 1)
    variance = np.maximum((residual**2).sum(axis=1) / count - (residual.sum(axis=1) / count) ** 2, 0.0)
    weight = known * 0.5 ** ((recent.shape[1] - 1 - np.arange(recent.shape[1])) / SHIFT_HALF_LIFE_DAYS)
    shift = (residual * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    ahead = fit.fitted[:, n_days:] + (shift + 0.5 * variance)[:, None]
    mean: Array = np.maximum(np.expm1(ahead), 0.0)
    return mean


def _design(calendar: NodeCalendar, node: int, n_days: int) -> tuple[Array, Array, int]:
    """Columns of all dates, their penalties, and how many of the first ones are level."""
    n_dates = len(calendar.dates)
    day = np.arange(n_dates)
    knots = np.arange(n_days - 1 - LEVEL_DAYS, -LEVEL_DAYS, -LEVEL_DAYS)[::-1]
    ramps = np.clip((np.minimum(day, n_days - 1)[:, None] - knots[None, :]) / LEVEL_DAYS, 0.0, 1.0)
    weekdays = np.eye(7)[calendar.weekday]
    parts = [(np.ones((n_dates, 1)), FREE), (ramps, PENALTY["level"])]
    n_level = 1 + ramps.shape[1]
    parts += [(weekdays, PENALTY["weekday"])]
    parts += [(np.eye(31)[calendar.dates.day.to_numpy() - 1], PENALTY["month_day"])]
    if n_days > YEAR_DAYS:
        waves = _waves(calendar.year_angle, YEAR_WAVES)
        parts += [(waves, PENALTY["year"])]
        parts += [((weekdays[:, :, None] * waves[:, None, :2]).reshape(n_dates, -1), PENALTY["weekday_year"])]
    for on in calendar.condition_share[:, node]:
        parts += [(on[:, None], PENALTY["condition"]), (on[:, None] * weekdays, PENALTY["condition_weekday"])]
    parts += [(_around(on, n_days), PENALTY["occasion"]) for on in calendar.occasion_share[:, node]]
    penalty = np.concatenate([np.full(columns.shape[1], strength) for columns, strength in parts])
    return np.hstack([columns.astype(np.float64) for columns, _ in parts]), penalty, n_level


def _waves(angle: Array, n_waves: int) -> Array:
    return np.column_stack([wave(times * angle) for times in range(1, n_waves + 1) for wave in (np.sin, np.cos)])


def _around(on: npt.NDArray[np.float32], n_days: int) -> Array:
    """One column for each day around an occasion that has been seen before the origin."""
    columns = []
    for offset in range(-OCCASION_BEFORE, OCCASION_AFTER + 1):
        column = np.zeros(on.size)
        column[max(offset, 0) : on.size + min(offset, 0)] = on[max(-offset, 0) : on.size - max(offset, 0)]
        if column[:n_days].any():
            columns.append(column)
    return np.column_stack(columns) if columns else np.zeros((on.size, 0))
