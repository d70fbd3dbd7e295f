"""What a lane's destinations cost by truck day and by lots sent: the flow's curves as the truck program reads them.

Everything but the lane's own moves stays as the flow planned it: other sources, laterals of tonight, what leaves the
destination. Days are those on which trucks leave; a pair's goods are usable from its own arrival of that truck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.cost_curves import CostCurves
from optimization.flow.data import FlowData, Moves
from optimization.truck_gap import has_priced_trucks
from optimization.trucks.problem import LaneCosts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Finer steps than this are not told apart: a fast mover's lots are then taken several at a time.
MAX_STEPS = 48
# Rows of the curves read at once; bounds memory.
CHUNK = 20_000


@dataclass(frozen=True, eq=False)
class LanePairs:
    """The pairs of one lane that its trucks serve.

    Parameters
    ----------
    lane
        Row of the network's lanes.
    pair
        (k,) rows of the inbound pairs.
    lot
        (k,) units that the truck program moves together: whole lots.
    without
        (k, T) supply of the destinations without any move of the pair.
    costs
        Costs by truck day and lots sent.
    """

    lane: int
    pair: Ints
    lot: Ints
    without: Ints
    costs: LaneCosts


def truck_pairs(moves: Moves, lanes: pd.DataFrame, quantity: Ints) -> Ints:
    """Pairs that the truck program serves: the busiest source of each point, where that is a transfer by priced trucks.

    Parameters
    ----------
    moves
        Regular moves.
    lanes
        The network's lanes.
    quantity
        (k,) units of each move in the flow.

    Returns
    -------
    Rows of the inbound pairs, sorted by lane, then by point.
    """
    inbound = moves.inbound
    total = np.bincount(moves.pair, quantity, inbound.point.size)
    order = np.lexsort((~inbound.is_main, -total, inbound.point))
    is_busiest = np.zeros(order.size, dtype=bool)
    is_busiest[order] = np.append(True, inbound.point[order][1:] != inbound.point[order][:-1])[: order.size]
    is_sent = has_priced_trucks(lanes)[inbound.lane] & (inbound.origin_point >= 0) & (total > 0)
    chosen = np.flatnonzero(is_busiest & is_sent)
    return chosen[np.lexsort((inbound.point[chosen], inbound.lane[chosen]))]


def has_no_demand(curves: CostCurves) -> npt.NDArray[np.bool_]:
    """(n,) rows that nobody buys from: they only hold stock for others."""
    nothing: npt.NDArray[np.bool_] = (curves.breaks == 0).all(axis=(1, 2)) & (curves.waste == 0)
    return nothing


def ship_days(moves: Moves, pair: Ints) -> npt.NDArray[np.bool_]:
    """Days on which goods of each pair may leave and still arrive inside the horizon, (k, T)."""
    inbound = moves.inbound
    slot = inbound.slot[pair]
    allowed: npt.NDArray[np.bool_] = inbound.ships[slot] & (inbound.arrival[slot] < inbound.ships.shape[1])
    return allowed


def arrivals_by_day(moves: Moves, pair: Ints, horizon: int) -> Ints:
    """Arrival of the first truck that may leave on or after each day, (k, T + 1); T where none is left."""
    arrival = np.full((pair.size, horizon + 1), horizon, dtype=np.int64)
    arrival[:, :horizon] = np.where(ship_days(moves, pair), moves.inbound.arrival[moves.inbound.slot[pair]], horizon)
    first: Ints = np.minimum.accumulate(arrival[:, ::-1], axis=1)[:, ::-1]
    return first


def lane_pairs(
    data: FlowData,
    pair: Ints,
    *,
    supply: Ints,
    planned: Ints,
    share: Floats,
    limit: Ints,
    most: Ints,
    last_day: int,
    room_steps: int,
) -> LanePairs:
    """Tabulate one lane.

    Parameters
    ----------
    data
        Input of the flows.
    pair
        (k,) pairs of the lane.
    supply
        (n, T) supply of every row with all planned moves.
    planned
        (k, T) units of these pairs by ship day in that plan.
    share
        (k, 2) share of a truck's volume and weight that one unit takes.
    limit
        (k, T) most units that may have been sent by each ship day: a share of what the origin has.
    most
        (k, T) all that the origin has.
    last_day
        Ship days from here on are not looked at.
    room_steps
        Units of room in a truck.
    """
    moves, curves = data.regular, data.curves
    horizon = curves.horizon
    point = moves.inbound.point[pair]
    arrival = arrivals_by_day(moves, pair, horizon)
    without = supply[point] - _received(planned, arrival)
    top = curves.breaks[point, :, -2].max(axis=1)
    lot = moves.inbound.order_multiple[pair]
    steps = np.maximum(-(-(top - without.min(axis=1)) // lot), 1)
    lot = lot * np.maximum(-(-steps // MAX_STEPS), 1)
    n_steps = int(np.minimum(np.maximum(-(-(top - without.min(axis=1)) // lot), 1), MAX_STEPS).max())
    kept, lost = _daily_costs(data, point, without, lot=lot, n_steps=n_steps)
    seen = np.where(np.arange(horizon + 1) >= last_day, arrival[:, [last_day]], arrival)
    costs = LaneCosts(
        cost=_by_ship_day(kept, seen).astype(np.float32),
        end_cost=np.take_along_axis(lost, np.maximum(seen[:, 1:, None] - 1, 0), axis=1).astype(np.float32),
        size=np.maximum(share * lot[:, None] * room_steps, 1e-9),
        price=_lot_price(data, pair, supply, lot=lot, share=share, last_day=last_day),
        limit=np.clip(limit // lot[:, None], 0, n_steps),
        most=np.clip(most // lot[:, None], 0, n_steps),
    )
    return LanePairs(int(moves.inbound.lane[pair[0]]), pair, lot, without, costs)


def _received(planned: Ints, arrival: Ints) -> Ints:
    """Cumulative units usable by day (k, T) of units sent by ship day."""
    k, horizon = planned.shape
    usable = np.zeros((k, horizon + 1), dtype=np.int64)
    np.add.at(usable, (np.arange(k)[:, None], arrival[:, :horizon]), planned)
    return np.cumsum(usable[:, :horizon], axis=1)


def _daily_costs(data: FlowData, point: Ints, without: Ints, *, lot: Ints, n_steps: int) -> tuple[Floats, Floats]:
    """Cost of each day with 0..n_steps lots more, and of what is lost by it, (k, T, n_steps + 1) each [money]."""
    more = lot[:, None] * np.arange(n_steps + 1)
    kept, lost = (np.empty((point.size, without.shape[1], n_steps + 1)) for _ in range(2))
    per_chunk = max(CHUNK // (n_steps + 1), 1)
    for first in range(0, point.size, per_chunk):
        rows = slice(first, first + per_chunk)
        supply = without[rows, :, None] + more[rows, None, :]
        curves = data.curves.take(point[rows])
        kept[rows], lost[rows] = curves.daily_kept(supply), curves.lost_by_day(supply)
    return kept, lost


def _by_ship_day(cost: Floats, arrival: Ints) -> Floats:
    """Sum the days that a truck of each ship day covers before the next possible one, (k, T, Q + 1)."""
    before = np.concatenate([np.zeros_like(cost[:, :1]), np.cumsum(cost, axis=1)], axis=1)
    at = np.take_along_axis(before, arrival[:, :, None], axis=1)
    return np.diff(at, axis=1)


def _paid_by_full(lane: pd.Series[Any]) -> Floats:
    """What the goods of a truck that is full by volume, and of one full by weight, pay in the flow, (2,) [money]."""
    room = lane[["truck_volume_m3", "truck_weight_kg"]].to_numpy(dtype=np.float64)
    paid = lane[["volume_cost", "weight_cost"]].to_numpy(dtype=np.float64)
    full: Floats = paid * np.where(np.isfinite(room), room, 0.0)
    return full


def _lot_price(data: FlowData, pair: Ints, supply: Ints, *, lot: Ints, share: Floats, last_day: int) -> Floats:
    """Cost of sending one lot by ship day: handling, less what its units would cost at their origin, (k, T)."""
    moves, curves = data.regular, data.curves
    origin = moves.inbound.origin_point[pair]
    cost = np.zeros(moves.inbound.point.size)
    cost[moves.pair] = moves.cost
    handling = (cost[pair] - share @ _paid_by_full(data.lanes.iloc[moves.inbound.lane[pair[0]]])) * lot
    rows = curves.take(origin)
    there = np.maximum(supply[origin], 0)
    kept = -np.diff(rows.daily_kept(np.stack([there, np.maximum(there - lot[:, None], 0)], axis=2)), axis=2)[:, :, 0]
    # Where nothing is sold a unit always costs its holding, also one that the plan has sent away already.
    only_stores = has_no_demand(curves)[origin]
    kept = np.where(only_stores[:, None], rows.holding[:, None] * lot[:, None], np.maximum(kept, 0.0))
    kept[:, last_day:] = 0.0
    from_day_on: Floats = np.cumsum(kept[:, ::-1], axis=1)[:, ::-1]
    price: Floats = handling[:, None] - from_day_on
    return price
