"""Moves of later days as the plan expects them: nothing is promised before its origin has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.curve_knots import Knots, expected_short
from optimization.decisions import FlowPlan
from optimization.flow.data import FlowData
from optimization.flow.model import solve_flows
from optimization.flow.problem import Slices, sku_slices
from optimization.partition.moves import some_moves
from optimization.tonight import planned_quantity, supply_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# SKUs whose later days are planned anew once tonight is final: at least so many, and this share of a large chain.
PLANNED_ANEW, SHARE_PLANNED_ANEW = 200, 0.2


def later_moves(data: FlowData, flow: FlowPlan, lines: pd.DataFrame, config: PlanConfig) -> Ints:
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
    config
        Settings.
    """
    planned = put_off(data, lines, planned_quantity(data, flow.quantity, lines))
    slices = sku_slices(data)
    excess = _cost_by_sku(data, slices, lines, planned) - flow.per_sku["objective"].to_numpy(dtype=np.float64)
    n_anew = max(PLANNED_ANEW, int(np.ceil(SHARE_PLANNED_ANEW * slices.sku.size)))
    anew = np.sort(np.argsort(-excess, kind="stable")[:n_anew])
    rows = np.flatnonzero(np.isin(_sku_of(slices.point), anew))
    part, chosen = _later_days(data, lines, rows)
    planned[chosen] = solve_flows(part, config).quantity
    return planned


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


def _later_days(data: FlowData, lines: pd.DataFrame, rows: Ints) -> tuple[FlowData, Ints]:
    """Cut out what is left to decide for the stock points of some SKUs, and which regular moves that is."""
    n_points = len(data.positions)
    is_chosen = np.zeros(n_points, dtype=bool)
    is_chosen[rows] = True
    moves = np.flatnonzero((data.regular.day > 0) & is_chosen[data.regular.destination])
    regular = some_moves(data.regular, moves)
    inbound = regular.inbound
    own = np.where(inbound.origin_point >= 0, np.searchsorted(rows, inbound.origin_point), -1)
    inbound = replace(inbound, point=np.searchsorted(rows, inbound.point), origin_point=own)
    left = data.free.copy()
    origin, quantity = lines["origin_point"].to_numpy(dtype=np.int64), lines["quantity"].to_numpy(dtype=np.int64)
    np.subtract.at(left, origin[origin >= 0], quantity[origin >= 0])
    echelons = data.curves.echelon_of[rows]
    every = np.concatenate([rows, echelons[echelons >= 0]])
    nothing = np.zeros(data.regular.pair.size, dtype=np.int64)
    base = supply_of(data, lines, nothing)[every]
    none = np.zeros(0, dtype=bool)
    part = replace(
        data,
        positions=data.positions.iloc[rows].reset_index(drop=True),
        curves=replace(data.curves.take(every), base_supply=base),
        free=left[rows],
        sendable=left[rows],
        giveable=np.zeros_like(rows),
        regular=replace(regular, inbound=inbound),
        tonight=some_moves(data.tonight, np.zeros(0, dtype=np.int64)),
        is_protected=none,
        is_banned=none,
        has_echelon=data.has_echelon[rows],
    )
    return part, moves


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
