"""Moves of later days as the plan expects them: nothing is promised before its origin has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.curve_knots import Knots, expected_short
from optimization.decisions import FlowPlan
from optimization.flow.data import FlowData
from optimization.flow.problem import Slices, sku_slices
from optimization.partition.moves import some_moves
from optimization.tonight import planned_quantity, supply_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Stock points whose later days are planned anew once tonight is final: at least so many, and this share of a chain.
PLANNED_ANEW, SHARE_PLANNED_ANEW = 7_000, 0.2
# Stock points of a part of them, of whole SKUs: enough that a part is worth sending to another process.
PART_POINTS = 2_000

# From inputs of flows to the units of their regular moves, one after the other.
Solve = Callable[[Iterable[FlowData]], Iterable[Ints]]


def later_moves(data: FlowData, flow: FlowPlan, lines: pd.DataFrame, solve: Solve) -> Ints:
    """Plan the regular moves of later days once tonight's lines are final, (k_regular,) units.

    What tonight gives more or less than the flow is netted with the next moves (`planned_quantity`), and no move goes
    before its goods are there (`put_off`). For the SKUs that have moved away furthest from their flow's cost the later
    days are planned anew, tonight being what it is: an optimum of what is left to decide.

    Parameters
    ----------
    data, flow
        Input of the flows and their plan.
    lines
        Tonight's lines with their final quantity.
    solve
        Solves parts of what is left to decide.
    """
    planned = put_off(data, lines, planned_quantity(data, flow.quantity, lines))
    slices = sku_slices(data)
    excess = _cost_by_sku(data, slices, lines, planned) - flow.per_sku["objective"].to_numpy(dtype=np.float64)
    ranked = np.argsort(-excess, kind="stable")
    before = np.cumsum(np.diff(slices.point)[ranked]) - np.diff(slices.point)[ranked]
    anew = np.sort(ranked[before < max(PLANNED_ANEW, SHARE_PLANNED_ANEW * slices.point[-1])])
    sizes = np.diff(slices.point)[anew]
    groups = np.split(anew, np.flatnonzero(np.diff((np.cumsum(sizes) - sizes) // PART_POINTS)) + 1)
    left = _left_tonight(data, lines, slices, groups)
    for chosen, quantity in zip(left.moves, solve(left.parts()), strict=True):
        planned[chosen] = quantity
    return planned


@dataclass(frozen=True, eq=False)
class _Left:
    """What is left to decide of some SKUs once tonight is final.

    Parameters
    ----------
    data
        Input of the flows of all SKUs.
    rows, moves
        Stock points and regular moves of later days of each part.
    base
        (n, T) supply of every row without any of these moves.
    free
        (n,) what is free at each point after tonight's lines.
    """

    data: FlowData
    rows: list[Ints]
    moves: list[Ints]
    base: Ints
    free: Ints

    def parts(self) -> Iterator[FlowData]:
        """Input of the flows of each part."""
        for rows, moves in zip(self.rows, self.moves, strict=True):
            yield _later_days(self.data, rows, moves, base=self.base, free=self.free)


def _left_tonight(data: FlowData, lines: pd.DataFrame, slices: Slices, groups: list[Ints]) -> _Left:
    """Find what is left to decide of each group of SKUs."""
    sku = _sku_of(slices.point)
    of_move = sku[data.regular.destination]
    is_later = data.regular.day > 0
    free = data.free.copy()
    origin, quantity = lines["origin_point"].to_numpy(dtype=np.int64), lines["quantity"].to_numpy(dtype=np.int64)
    np.subtract.at(free, origin[origin >= 0], quantity[origin >= 0])
    return _Left(
        data,
        [np.flatnonzero(np.isin(sku, group)) for group in groups],
        [np.flatnonzero(is_later & np.isin(of_move, group)) for group in groups],
        supply_of(data, lines, np.zeros(data.regular.pair.size, dtype=np.int64)),
        free,
    )


def _cost_by_sku(data: FlowData, slices: Slices, lines: pd.DataFrame, planned: Ints) -> Floats:
    """Surrogate cost of each SKU, tonight's vehicles at the price of a full one, (n_skus,) [money]."""
    rows = np.concatenate([_sku_of(slices.point), _sku_of(slices.echelon)])
    moves = np.where(data.regular.day > 0, planned * data.regular.cost, 0.0)
    tonight = (lines["quantity"] * lines["move_cost"]).to_numpy(dtype=np.float64)
    where = _sku_of(slices.point)[lines["point"].to_numpy(dtype=np.int64)]
    n = slices.sku.size
    curves = data.curves.expected_cost(supply_of(data, lines, planned))
    cost = np.concatenate([curves, moves, tonight])
    total: Floats = np.bincount(np.concatenate([rows, _sku_of(slices.regular), where]), cost, n).astype(np.float64)
    return total


def _sku_of(bounds: Ints) -> Ints:
    """SKU of each row between the boundaries of `Slices`."""
    return np.repeat(np.arange(bounds.size - 1), np.diff(bounds))


def _later_days(data: FlowData, rows: Ints, moves: Ints, *, base: Ints, free: Ints) -> FlowData:
    """Cut out what is left to decide for the stock points of some SKUs."""
    regular = some_moves(data.regular, moves)
    inbound = regular.inbound
    own = np.where(inbound.origin_point >= 0, np.searchsorted(rows, inbound.origin_point), -1)
    inbound = replace(inbound, point=np.searchsorted(rows, inbound.point), origin_point=own)
    echelons = data.curves.echelon_of[rows]
    every = np.concatenate([rows, echelons[echelons >= 0]])
    none = np.zeros(0, dtype=bool)
    return replace(
        data,
        positions=data.positions.iloc[rows].reset_index(drop=True),
        curves=replace(data.curves.take(every), base_supply=base[every]),
        free=free[rows],
        sendable=free[rows],
        giveable=np.zeros_like(rows),
        regular=replace(regular, inbound=inbound),
        tonight=some_moves(data.tonight, np.zeros(0, dtype=np.int64)),
        is_protected=none,
        is_banned=none,
        has_echelon=data.has_echelon[rows],
    )


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
