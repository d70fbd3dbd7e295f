"""What a change of supply is worth on the cost curves: units more or fewer at some rows over some days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.cost_curves import CostCurves
from optimization.curve_knots import Knots, expected_short

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
GAIN_COLUMNS = ("shortage_avoided", "holding", "waste")
# Changes valued at once; bounds the memory of the knots that are read.
CHUNK = 20_000


@dataclass(frozen=True, eq=False)
class Changes:
    """Changes of cumulative supply; those with the same `row` are alternatives and never valued together.

    Parameters
    ----------
    row
        (m,) row of the curves; -1 where nothing is known of the place, which is worth nothing.
    start, stop
        (m,) first and last day index of the change, both included; nothing changes where stop < start.
    quantity
        (m,) units more (fewer if negative) on each of these days.
    """

    row: Ints
    start: Ints
    stop: Ints
    quantity: Ints


def change_gains(changes: Changes, curves: CostCurves, supply: Ints) -> Floats:
    """Cost that each change alone saves, (m, 3) [money], by `GAIN_COLUMNS`.

    Lost sales are those of a place where unmet demand is lost: by day t they are max over s <= t of (D(s) - Z(s))+,
    here with expectations inside, up to the last day that differs (for a change without end, over the horizon). The
    price of exceeding a maximum stock goes with holding.

    Parameters
    ----------
    changes
        What changes.
    curves
        Cost curves.
    supply
        (n, T) cumulative supply that is changed.
    """
    gains = np.zeros((changes.row.size, len(GAIN_COLUMNS)))
    known = np.flatnonzero((changes.row >= 0) & (changes.stop >= changes.start) & (changes.quantity != 0))
    for first in range(0, known.size, CHUNK):
        part = known[first : first + CHUNK]
        gains[part] = _gains(changes, part, curves, supply)
    return gains


def shifted(row: Ints, arrival: Ints, new_arrival: Ints, quantity: Ints) -> Changes:
    """Changes that goods make by arriving on another day, (m,): more before, or fewer until then."""
    is_earlier = new_arrival < arrival
    return Changes(
        row=row,
        start=np.minimum(arrival, new_arrival),
        stop=np.maximum(arrival, new_arrival) - 1,
        quantity=np.where(is_earlier, quantity, -quantity),
    )


def _gains(changes: Changes, part: Ints, curves: CostCurves, supply: Ints) -> Floats:
    days = np.arange(curves.horizon)
    inside = (days >= changes.start[part, None]) & (days <= changes.stop[part, None])
    before = supply[changes.row[part]]
    after = before + np.where(inside, changes.quantity[part, None], 0)
    rows = curves.take(changes.row[part])
    held = rows.expected_holding(before) + rows.expected_slack(before)
    held -= rows.expected_holding(after) + rows.expected_slack(after)
    waste = rows.expected_waste(before) - rows.expected_waste(after)
    until = days <= changes.stop[part, None]
    lost = rows.shortage * (_lost(rows, before, until) - _lost(rows, after, until))
    return np.stack([lost, held, waste], axis=1)


def _lost(rows: CostCurves, supply: Ints, until: npt.NDArray[np.bool_]) -> Floats:
    """Units lost by the end of some days (m,): the most that were short at the end of any coverage interval so far.

    Where unmet demand is lost, stock is reflected at zero (Skorokhod; Harrison 1985, chapter 2): what is lost is the
    running maximum of demand less supply. The flow charges every interval for what is then short in all, which suits a
    plan that can still fill the gap; here nothing fills it, and the same sale would be lost again and again.
    """
    short = expected_short(Knots(rows.breaks, rows.cdf), supply)
    lost: Floats = np.where(rows.shortage_day & until, short, 0.0).max(axis=1)
    return lost
