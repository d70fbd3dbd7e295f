"""Knots of piecewise-linear expected costs: where cumulative demand bends, and how likely it is below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# From here on a further unit is taken as certainly not needed; its slope is the pure holding cost.
CERTAIN = 0.9995
# Demand lost below this is not worth a second look [units].
LEAST_LOST = 0.01
# Further breakpoints below the first quantile: without them all units sold for certain would look alike, and scarce
# stock would be split between two places by chance rather than by when it sells.
LOW_PARTS = np.array([0.25, 0.5, 0.75])


@dataclass(frozen=True, eq=False)
class Knots:
    """Piecewise-constant P(D <= z) of cumulative demand.

    Parameters
    ----------
    breaks
        (..., K) nondecreasing whole units; segment k is [breaks[k-1], breaks[k]), the first begins at 0, the last is
        open.
    cdf
        (..., K + 1) probability on each segment, nondecreasing; 1 on the last.
    """

    breaks: Ints
    cdf: Floats


def n_breaks(levels: Floats) -> int:
    """Return how many breakpoints `knots` makes of so many levels; the last is spare, for a maximum stock."""
    return levels.size + LOW_PARTS.size + 1


def knots(quantiles: Floats, cdf: Callable[[Floats], Floats], *, shift: Floats, lowest: float = CERTAIN) -> Knots:
    """Place whole breakpoints at shifted quantiles, never twice on one unit, and average the CDF over each segment.

    A slow mover's quantiles coincide; made distinct they resolve single units, so its cost is exact. A fractional
    shift m = m0 + f stands for m0 units with probability 1 - f and m0 + 1 with f.

    Parameters
    ----------
    quantiles
        (n, K) of demand [units].
    cdf
        P(demand <= value) of (n, m) whole values.
    shift
        (n,) added to demand [units]; negative where some of it is known to be lost.
    lowest
        Probability from which a segment joins the last.
    """
    quantiles = np.concatenate([LOW_PARTS * quantiles[:, :1], quantiles], axis=1)
    n, size = quantiles.shape
    order = np.arange(size)
    breaks = np.maximum(np.ceil(quantiles + shift[:, None] - 1e-9), 0.0).astype(np.int64)
    breaks = np.maximum.accumulate(breaks - order, axis=1) + order
    starts = np.concatenate([np.zeros((n, 1), dtype=np.int64), breaks[:, :-1]], axis=1)
    ends = np.maximum(starts, breaks - 1)
    whole = np.floor(shift)
    part = (shift - whole)[:, None]
    at = np.concatenate([starts, ends], axis=1) - whole[:, None]
    below = cdf(at)
    if np.any(part > 0):
        below = (1.0 - part) * below + part * cdf(at - 1.0)
    inner = np.maximum.accumulate(0.5 * (below[:, :size] + below[:, size:]), axis=1)
    inner[:, 0] = np.where(breaks[:, 0] == 0, 0.0, inner[:, 0])
    return _trimmed(breaks, inner, lowest)


def _trimmed(breaks: Ints, inner: Floats, lowest: float) -> Knots:
    """Let segments that are certain join the open one."""
    n, size = breaks.shape
    is_certain = inner >= lowest
    first = np.where(is_certain.any(axis=1), is_certain.argmax(axis=1), size)
    before = np.where(first > 0, breaks[np.arange(n), np.maximum(first - 1, 0)], 0)
    joins = np.arange(size) >= first[:, None]
    cdf = np.concatenate([np.where(joins, 1.0, inner), np.ones((n, 2))], axis=1)
    trimmed = np.where(joins, before[:, None], breaks)
    return Knots(np.concatenate([trimmed, trimmed[:, -1:]], axis=1), cdf)


def expected_short(curve: Knots, supply: Ints) -> Floats:
    """E(D - z)+ on the surrogate: the area of 1 - CDF above the supply; shapes (...,) from (..., K).

    Supply below 0 is goods promised onwards that are not there: every unit of it is short.
    """
    short: Floats = np.maximum(-supply, 0).astype(np.float64)
    start: Ints | int = 0
    for k in range(curve.breaks.shape[-1]):
        end = curve.breaks[..., k]
        short += np.maximum(end - np.maximum(start, supply), 0) * (1.0 - curve.cdf[..., k])
        start = end
    return short


def expected_held(curve: Knots, supply: Ints) -> Floats:
    """E(z - D)+ on the surrogate: the area of the CDF below the supply."""
    last = curve.breaks[..., -1]
    held: Floats = np.maximum(supply - last, 0) * curve.cdf[..., -1].astype(np.float64)
    start: Ints | int = 0
    for k in range(curve.breaks.shape[-1]):
        end = curve.breaks[..., k]
        held += np.maximum(np.minimum(end, supply) - start, 0) * curve.cdf[..., k]
        start = end
    return held


def aligned(curve: Knots, ends: npt.NDArray[np.bool_]) -> Knots:
    """Give all days of a coverage interval the breakpoints of its last day.

    Between two receipts supply does not change, so the flow needs one arc for the interval, not one a day. Each day's
    expected stock is interpolated between the shared breakpoints, which keeps it convex.

    Parameters
    ----------
    curve
        (n, T, K) knots by day.
    ends
        (n, T) last days of the intervals; the last day of the horizon is one.

    Returns
    -------
    Knots of the same shape.
    """
    horizon, size = curve.breaks.shape[1:]
    days = np.where(ends, np.arange(horizon), horizon - 1)
    last = np.minimum.accumulate(days[:, ::-1], axis=1)[:, ::-1]
    rows, at = np.nonzero(last != np.arange(horizon))
    breaks, cdf = curve.breaks.copy(), curve.cdf.copy()
    native = Knots(curve.breaks[rows, at], curve.cdf[rows, at])
    shared = curve.breaks[rows, last[rows, at]]
    held = np.stack([expected_held(native, shared[:, index]) for index in range(size)], axis=1)
    width = np.diff(shared, axis=1, prepend=0)
    gained = np.diff(held, axis=1, prepend=0.0)
    inner = np.divide(gained, width, out=np.zeros_like(gained), where=width > 0)
    breaks[rows, at] = shared
    cdf[rows, at, :size] = np.where(width > 0, inner, cdf[rows, at, :size])
    return Knots(breaks, np.minimum(np.maximum.accumulate(cdf, axis=-1), 1.0))


@dataclass(frozen=True, eq=False)
class LocalKnots:
    """Knots of the cumulative demand D[0..d] that a stock point hedges, by day.

    Parameters
    ----------
    breaks, cdf
        (n, T, K) and (n, T, K + 1), as `Knots`.
    lost
        (n,) demand that no decision can still serve before the first receipt, taken out of later days [units].
    """

    breaks: Ints
    cdf: Floats
    lost: Floats


def local_knots(
    forecast: Forecast,
    levels: Floats,
    *,
    window: Ints,
    first_receipt: Ints,
    supply: Ints,
    floor: Ints,
    expired: Floats,
) -> LocalKnots:
    """Build the knots of points that have a forecast.

    Day d < window has the distribution of D[0..d]; later days keep the uncertainty of the window and move by their
    mean (the recourse window). From the first receipt on, the demand expected to be lost before it is subtracted.

    Parameters
    ----------
    forecast
        (n,) series in the order of the points.
    levels
        (K,) levels of the breakpoints.
    window, first_receipt
        (n,) as in `Coverage`.
    supply
        (n, T) cumulative supply without any decision [units].
    floor
        (n, T) stock that must stay on the shelf, and backorders: added to demand [units].
    expired
        (n, T) units of the supply that will have expired before each day: added to demand [units].
    """
    n, horizon = supply.shape
    breaks = np.zeros((n, horizon, n_breaks(levels)), dtype=np.int64)
    cdf = np.ones((n, horizon, n_breaks(levels) + 1))
    lost = np.zeros(n)
    asked = floor + expired
    part, n_rows = forecast, n
    for day in range(horizon):
        rows = np.flatnonzero(window > day)
        if not rows.size:
            break
        # Rows only ever drop out: as many as the day before are the same ones.
        if rows.size < n_rows:
            part, n_rows = forecast.take(rows), rows.size
        _fill(breaks, cdf, part=part, levels=levels, rows=rows, day=day, shift=asked[:, day])
        ending = rows[(first_receipt[rows] == day + 1) & (first_receipt[rows] < horizon)]
        # Display stock and backorders are in the knots, but only demand itself can be lost.
        there = supply[ending, day] + floor[ending, day]
        lost[ending] = expected_short(Knots(breaks[ending, day], cdf[ending, day]), there)
    losing = lost > LEAST_LOST
    for day in range(1, horizon):
        rows = np.flatnonzero(losing & (first_receipt <= day) & (window > day))
        if rows.size:
            part = forecast.take(rows)
            _fill(breaks, cdf, part=part, levels=levels, rows=rows, day=day, shift=asked[:, day] - lost)
    _freeze(breaks, cdf, forecast=forecast, window=window, shift=asked)
    return LocalKnots(breaks, cdf, np.where(losing, lost, 0.0))


def _fill(breaks: Ints, cdf: Floats, *, part: Forecast, levels: Floats, rows: Ints, day: int, shift: Floats) -> None:
    """Set the knots of some rows, whose forecast is `part`, for one day inside their window."""
    found = knots(
        part.interval_quantiles(levels, 0, day + 1),
        lambda values: part.interval_cdf(values, 0, day + 1),
        shift=shift[rows].astype(np.float64),
    )
    breaks[rows, day] = found.breaks
    cdf[rows, day] = found.cdf


def _freeze(breaks: Ints, cdf: Floats, *, forecast: Forecast, window: Ints, shift: Floats) -> None:
    """Carry the last uncertain day forward, moved in whole units by mean demand and by the shelf and what expires."""
    n, horizon = breaks.shape[:2]
    at_window = np.zeros(n)
    for day in range(horizon):
        cumulative = forecast.interval_mean(0, day + 1) + shift[:, day]
        at_window = np.where(window == day + 1, cumulative, at_window)
        rows = np.flatnonzero(window <= day)
        if rows.size:
            moved = np.round(cumulative[rows] - at_window[rows]).astype(np.int64)
            last = window[rows] - 1
            breaks[rows, day] = breaks[rows, last] + moved[:, None]
            cdf[rows, day] = cdf[rows, last]
