"""Truck days of all transfer lanes together: how many trucks tonight, what goes on them, and the docks they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.curve_build import free_tonight
from optimization.dock_limits import UNITS, Docks, declared_docks, lane_docks
from optimization.flow.data import FlowData
from optimization.lane_costs import LanePairs, arrivals_by_day, lane_pairs, ship_days, truck_pairs
from optimization.trucks.problem import LaneTrucks
from optimization.trucks.program import TruckPlan, plan_trucks

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Truck days looked at: enough for tonight's choice, and the table between days grows with their square.
MAX_TRUCK_DAYS = 12
MAX_OPTIONS = 8
# Room is counted in quarters of a truck, because what a truck did not fill is gone; in whole trucks where a lane has so
# many that a part of one matters little: at most this many steps for all that a lane can ever use.
MOST_STEPS, MAX_ROOM = 4, 60
WAITS = "waits for a later truck of its lane"


@dataclass(frozen=True, eq=False)
class TruckDays:
    """Trucks of the lanes that are planned together.

    Parameters
    ----------
    lanes
        The lanes' pairs and costs, in the order of the network's lanes.
    trucks
        What trucks of each lane may do.
    docks
        Capacities they share.
    plan
        Trucks and lots of all lanes and days.
    """

    lanes: list[LanePairs]
    trucks: LaneTrucks
    docks: Docks
    plan: TruckPlan

    def tonight(self, n_pairs: int) -> Ints:
        """Units of each inbound pair that leave tonight, (n_pairs,); -1 for pairs outside the program."""
        units = np.full(n_pairs, -1, dtype=np.int64)
        for lane, lots in zip(self.lanes, self.plan.lots, strict=True):
            units[lane.pair] = lots[:, 0] * lane.lot
        return units


def plan_truck_days(
    data: FlowData, lines: pd.DataFrame, *, supply: Ints, planned: Ints, snapshot: Snapshot
) -> TruckDays | None:
    """Plan the trucks of all transfer lanes that may leave; None where no lane has priced trucks.

    Parameters
    ----------
    data
        Input of the flows.
    lines
        Tonight's lines in whole lots.
    supply
        (n, T) supply of every row with tonight's lines and the planned moves.
    planned
        (k_regular,) units of regular moves of later days.
    snapshot
        Capacities, volumes and weights.
    """
    planned, left = _with_tonight(data, lines, planned)
    pair = truck_pairs(data.regular, data.lanes, planned)
    if not pair.size:
        return None
    lane_of = data.regular.inbound.lane[pair]
    groups = np.split(pair, np.flatnonzero(np.diff(lane_of)) + 1)
    by_day = _by_day(data, pair, planned)
    limit, most = _origin_limits(data, pair, by_day, supply=supply, planned=planned, left=left)
    share = _truck_share(data, pair, snapshot)
    room_steps = _room_steps(limit[:, -1] * share.max(axis=1), lane_of)
    lanes, start = [], 0
    for group in groups:
        part = slice(start, start + group.size)
        start += group.size
        days = np.flatnonzero(ship_days(data.regular, group).any(axis=0))
        lanes.append(
            lane_pairs(
                data, group, supply=supply, planned=by_day[part], share=share[part], limit=limit[part],
                most=most[part], last_day=_last_day(days, data.curves.horizon), room_steps=room_steps,
            )
        )  # fmt: skip
    docks = _docks(data, lanes, by_day=by_day, share=share, snapshot=snapshot)
    trucks = _lane_trucks(data, lanes, docks, room_steps)
    return TruckDays(lanes, trucks, docks, plan_trucks([lane.costs for lane in lanes], trucks))


def with_trucks(lines: pd.DataFrame, data: FlowData, days: TruckDays | None) -> pd.DataFrame:
    """Give the lines of planned lanes the quantities of tonight's trucks and mark them `is_trucked`."""
    if days is None:
        return lines.assign(is_trucked=False)
    units = days.tonight(data.regular.inbound.point.size)
    move = lines["move"].to_numpy(dtype=np.int64)
    is_regular = lines["is_regular"].to_numpy(dtype=bool)
    of_line = np.full(len(lines), -1, dtype=np.int64)
    of_line[is_regular] = units[data.regular.pair[move[is_regular]]]
    before = lines["quantity"].to_numpy(dtype=np.int64)
    final = np.where(of_line >= 0, of_line, before)
    change = np.where(final > before, "truck fill", np.where(final < before, "truck cut", ""))
    notes = ["; ".join(text for text in pair if text) for pair in zip(lines["note"], change, strict=True)]
    waits = (final == 0) & (lines["flow_quantity"].to_numpy(dtype=np.int64) > 0) & (of_line >= 0)
    reason = np.where(waits, WAITS, lines["reason"].to_numpy(dtype=object))
    return lines.assign(quantity=final, note=notes, reason=reason, is_trucked=of_line >= 0)


def _last_day(days: Ints, horizon: int) -> int:
    """First ship day that is not looked at any more."""
    return int(days[MAX_TRUCK_DAYS]) if days.size > MAX_TRUCK_DAYS else horizon


def _with_tonight(data: FlowData, lines: pd.DataFrame, planned: Ints) -> tuple[Ints, Ints]:
    """Add tonight's lines to the later moves; also what is free at each point after all of them, (n,)."""
    both, left = planned.copy(), free_tonight(data.positions)
    quantity, origin = (lines[name].to_numpy(dtype=np.int64) for name in ("quantity", "origin_point"))
    is_regular = lines["is_regular"].to_numpy(dtype=bool)
    both[lines["move"].to_numpy(dtype=np.int64)[is_regular]] = quantity[is_regular]
    np.subtract.at(left, origin[origin >= 0], quantity[origin >= 0])
    return both, left


def _by_day(data: FlowData, pair: Ints, planned: Ints) -> Ints:
    """Planned units of each pair by ship day, (k, T)."""
    row = np.full(data.regular.inbound.point.size, -1, dtype=np.int64)
    row[pair] = np.arange(pair.size)
    own = row[data.regular.pair] >= 0
    by_day = np.zeros((pair.size, data.curves.horizon), dtype=np.int64)
    np.add.at(by_day, (row[data.regular.pair[own]], data.regular.day[own]), planned[own])
    return by_day


def _origin_limits(
    data: FlowData, pair: Ints, by_day: Ints, *, supply: Ints, planned: Ints, left: Ints
) -> tuple[Ints, Ints]:
    """Most units of each pair that may have left by each day, (k, T): its share, and all that is there.

    What has left by day d is at most what had come by the end of the day before (tonight: what is free). The slack of
    that in the plan is shared by planned units, so that all pairs of an origin together never promise more than there
    is. A pair may thereby go early with what it was to send later. All that is there holds until the first purchase
    can arrive; what comes after that is for the plan to choose.
    """
    moves, n_points = data.regular, len(data.positions)
    horizon = by_day.shape[1]
    leaving = np.zeros((n_points, horizon), dtype=np.int64)
    own = moves.origin >= 0
    np.add.at(leaving, (moves.origin[own], moves.day[own]), planned[own])
    slack = np.concatenate([left[:, None], supply[:n_points, :-1] - leaving[:, 1:]], axis=1)
    origin = moves.inbound.origin_point[pair]
    weight = by_day.sum(axis=1).astype(np.float64)
    part = weight / np.bincount(origin, weight, n_points)[origin]
    limit = np.cumsum(by_day, axis=1) + np.floor(part[:, None] * np.maximum(slack[origin], 0)).astype(np.int64)
    there = np.concatenate([data.free[:, None], data.curves.base_supply[:n_points, :-1]], axis=1)
    first = np.full(n_points, horizon)
    np.minimum.at(first, moves.destination, moves.arrival)
    most = np.where(np.arange(horizon) > first[origin][:, None], np.iinfo(np.int64).max // 4, there[origin])
    return np.minimum.accumulate(limit[:, ::-1], axis=1)[:, ::-1], np.maximum.accumulate(np.maximum(most, 0), axis=1)


def _truck_share(data: FlowData, pair: Ints, snapshot: Snapshot) -> Floats:
    """Share of a truck's volume and of its weight that one unit of each pair takes, (k, 2)."""
    inbound = data.regular.inbound
    skus = snapshot.table("skus").set_index("sku").reindex(data.positions["sku"].to_numpy()[inbound.point[pair]])
    lanes = data.lanes.iloc[inbound.lane[pair]]
    sizes = (("volume_m3", "truck_volume_m3"), ("weight_kg", "truck_weight_kg"))
    parts = [
        skus[each].fillna(0.0).to_numpy(dtype=np.float64) / lanes[truck].to_numpy(dtype=np.float64)
        for each, truck in sizes
    ]
    return np.stack(parts, axis=1)


def _docks(data: FlowData, lanes: list[LanePairs], *, by_day: Ints, share: Floats, snapshot: Snapshot) -> Docks:
    """Capacities at both ends of the lanes; what a truck carries is told from the plan."""
    rows = data.lanes.iloc[[lane.lane for lane in lanes]]
    first = [int(np.argmin(lane.pair)) for lane in lanes]
    arrival = np.concatenate(
        [
            arrivals_by_day(data.regular, lane.pair[index : index + 1], data.curves.horizon)[:, :-1]
            for lane, index in zip(lanes, first, strict=True)
        ]
    )
    places = np.unique(rows[["origin", "destination"]].to_numpy(dtype=object))
    bounds = np.cumsum([0, *(lane.pair.size for lane in lanes)])
    units = by_day.sum(axis=1).astype(np.float64)
    lot = data.regular.inbound.order_multiple[np.concatenate([lane.pair for lane in lanes])]
    full = np.add.reduceat(units * share.max(axis=1), bounds[:-1])
    per_truck = pd.DataFrame({
        "trucks": np.ones(len(lanes)),
        "m3": rows["truck_volume_m3"].to_numpy(dtype=np.float64),
        "units": np.add.reduceat(units, bounds[:-1]) / np.maximum(full, 1e-9),
        "cases": np.add.reduceat(units / lot, bounds[:-1]) / np.maximum(full, 1e-9),
    })[list(UNITS)]  # fmt: skip
    declared = declared_docks(snapshot, places, data.curves.horizon)
    return lane_docks(declared, rows, arrival=arrival, per_truck=per_truck)


def _room_steps(trucks: Floats, lane: Ints) -> int:
    """Units of room in a truck, from the trucks that each pair can fill."""
    busiest = float(np.bincount(lane, trucks).max())
    return int(np.clip(MAX_ROOM / max(busiest, 1.0), 1, MOST_STEPS))


def _lane_trucks(data: FlowData, lanes: list[LanePairs], docks: Docks, room_steps: int) -> LaneTrucks:
    """Choices of each lane: one truck, two, ... as many as it can ever fill at once, in steps where those are many."""
    rows = data.lanes.iloc[[lane.lane for lane in lanes]]
    horizon = data.curves.horizon
    is_open = np.zeros((len(lanes), horizon), dtype=bool)
    number = np.zeros((len(lanes), MAX_OPTIONS), dtype=np.int64)
    limits = rows["max_trucks"].to_numpy(dtype=np.float64)
    for index, lane in enumerate(lanes):
        days = np.flatnonzero(ship_days(data.regular, lane.pair).any(axis=0))
        is_open[index, days[:MAX_TRUCK_DAYS]] = True
        useful = float((lane.costs.limit[:, -1] * lane.costs.measure).sum()) / room_steps
        most = int(min(limits[index], max(np.ceil(3.0 * useful / max(is_open[index].sum(), 1)), 2.0)))
        step = max(-(-most // MAX_OPTIONS), 1)
        options = np.arange(step, most + 1, step)
        number[index, : options.size] = options
    cost = np.where(number > 0, number * rows["truck_cost"].to_numpy(dtype=np.float64)[:, None], np.inf)
    is_limited = np.isfinite(docks.rows["amount"].to_numpy(dtype=np.float64))
    return LaneTrucks(
        is_open=is_open,
        capacity=number * room_steps,
        cost=cost,
        dock=docks.dock,
        dock_use=number[:, :, None] * docks.use[:, None, :],
        dock_limit=np.where(is_limited, docks.rows["amount"].to_numpy(dtype=np.float64), np.inf),
        overtime=docks.rows["overtime_cost"].to_numpy(dtype=np.float64),
    )
