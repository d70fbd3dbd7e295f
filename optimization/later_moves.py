"""Moves of later days as the plan expects them: nothing is promised before its origin has it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.curve_knots import Knots, expected_short
from optimization.flow.data import FlowData
from optimization.tonight import supply_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def put_off(data: FlowData, lines: pd.DataFrame, planned: Ints) -> Ints:
    """Put later moves off to the next ship day of their pair until their origin has the goods, (k_regular,) units.

    The flow never sends what is not there, but a line of tonight that was cut or dropped after it leaves its place with
    less to send on. What is there goes first to where missing it costs most. Example: 48 units planned for Thursday
    from a warehouse that has 30 by then: 30 on Thursday and 18 on the next day on which the lane ships; after the last
    such day they are not sent.

    Parameters
    ----------
    data
        Input of the flows.
    lines
        Tonight's lines with their final quantity.
    planned
        (k_regular,) units of regular moves of later days.
    """
    moves, n_points = data.regular, len(data.positions)
    supply = supply_of(data, lines, planned)[:n_points].astype(np.int64)
    own = np.flatnonzero((moves.origin >= 0) & (moves.day > 0))
    leaving = np.zeros_like(supply)
    np.add.at(leaving, (moves.origin[own], moves.day[own]), planned[own])
    if not ((leaving[:, 1:] > 0) & (supply[:, :-1] < leaving[:, 1:])).any():
        return planned
    planned = planned.copy()
    change = np.diff(supply, axis=1, prepend=0)
    have = change[:, 0].copy()
    by_day = own[np.lexsort((own, moves.day[own]))]
    bounds = np.searchsorted(moves.day[by_day], np.arange(supply.shape[1] + 1))
    for day in range(1, supply.shape[1]):
        rows = by_day[bounds[day] : bounds[day + 1]]
        rows = rows[planned[rows] > 0]
        rows = rows[(np.bincount(moves.origin[rows], planned[rows], n_points) > have)[moves.origin[rows]]]
        rows = rows[np.lexsort((rows, -_missed(data, rows, planned[rows], supply), moves.origin[rows]))]
        cut = _beyond(planned[rows], moves.origin[rows], have)
        rows, cut = rows[cut > 0], cut[cut > 0]
        _move(change, data, rows, -cut)
        planned[rows] -= cut
        later = np.minimum(rows + 1, moves.pair.size - 1)
        goes_on = (rows + 1 < moves.pair.size) & (moves.pair[later] == moves.pair[rows])
        _move(change, data, later[goes_on], cut[goes_on])
        planned[later[goes_on]] += cut[goes_on]
        have += change[:, day]
    return planned


def _missed(data: FlowData, rows: Ints, units: Ints, supply: Ints) -> Floats:
    """What each unit of a move saves at its destination on the day it arrives, (m,) [money/unit]."""
    point, day = data.regular.destination[rows], data.regular.arrival[rows]
    curve = Knots(data.curves.breaks[point, day], data.curves.cdf[point, day])
    there = supply[point, day]
    short = expected_short(curve, there - units) - expected_short(curve, there)
    saved: Floats = data.curves.shortage[point] * short / np.maximum(units, 1)
    return saved


def _beyond(units: Ints, origin: Ints, have: Ints) -> Ints:
    """Units of each move, sorted by origin, beyond what its origin has; earlier rows are served first."""
    if not units.size:
        return units
    total = np.cumsum(units)
    first = np.append(True, origin[1:] != origin[:-1])
    before = total - units - np.maximum.accumulate(np.where(first, total - units, 0))
    beyond: Ints = units - np.clip(np.maximum(have[origin], 0) - before, 0, units)
    return beyond


def _move(change: Ints, data: FlowData, rows: Ints, units: Ints) -> None:
    """Book units of some moves into the daily changes of their ends, in place."""
    moves = data.regular
    np.subtract.at(change, (moves.origin[rows], moves.day[rows]), units)
    np.add.at(change, (moves.destination[rows], moves.arrival[rows]), units)
