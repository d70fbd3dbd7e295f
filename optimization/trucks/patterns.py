"""Cheapest truck days of every lane at given dock prices: a shortest path over (truck day, room brought so far)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.trucks.intervals import IntervalTable
from optimization.trucks.problem import LaneTrucks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Ties go to fewer trucks.
EPSILON = 1e-9


def cheapest_patterns(table: IntervalTable, trucks: LaneTrucks, price: Floats) -> tuple[Floats, Ints]:
    """Find each lane's truck days of least cost.

    Parameters
    ----------
    table
        Of all lanes.
    trucks
        Days, room, cost and docks of the trucks.
    price
        (n_lanes, T, n_options) price of each choice, docks included, as `LaneTrucks.price_of` gives it [money].

    Returns
    -------
    (n_lanes,) least cost [money]; (n_lanes, T) the choice by day, 0 = none, else option + 1.
    """
    n_lanes, horizon, _, n_room = table.cost.shape
    lanes, rooms = np.arange(n_lanes)[:, None], np.arange(n_room)
    ahead = np.full((n_lanes, horizon, n_room), np.inf)
    chosen = np.zeros((n_lanes, horizon, n_room, 2), dtype=np.int64)
    open_days = np.flatnonzero(trucks.is_open.any(axis=0))
    for start in sorted({0, *open_days.tolist()}, reverse=True):
        best = table.cost[:, start, horizon].copy()
        choice = np.zeros((n_lanes, n_room, 2), dtype=np.int64)
        choice[..., 0] = horizon
        for stop in open_days[open_days > start].tolist():
            onward = _with_truck(ahead[:, stop], price[:, stop], trucks.capacity)
            kept = np.minimum(rooms, np.minimum(table.carried[:, start, stop, None], n_room - 1))
            for option, reach in enumerate(onward):
                value = table.cost[:, start, stop] + reach[lanes, kept]
                is_better = value < best - EPSILON
                best = np.where(is_better, value, best)
                choice[is_better] = (stop, option + 1)
        ahead[:, start], chosen[:, start] = best, choice
    cost, first = _first_day(ahead[:, 0], price[:, 0], trucks.capacity)
    return cost, _walk(chosen, first, table=table, trucks=trucks)


def _with_truck(ahead: Floats, price: Floats, capacity: Ints) -> list[Floats]:
    """Cost from a truck day onward for each option, by the room before it: (n_lanes, n_room) each."""
    n_lanes, n_room = ahead.shape
    lanes = np.arange(n_lanes)[:, None]
    reached = []
    for option in range(price.shape[1]):
        room = np.minimum(np.arange(n_room) + capacity[:, option, None], n_room - 1)
        reached.append(ahead[lanes, room] + price[:, option, None])
    return reached


def _first_day(ahead: Floats, price: Floats, capacity: Ints) -> tuple[Floats, Ints]:
    """Cost from the start without room, with or without trucks on day 0."""
    reached = np.stack([ahead[:, 0], *(reach[:, 0] for reach in _with_truck(ahead, price, capacity))], axis=1)
    first = reached.argmin(axis=1)
    return reached[np.arange(len(reached)), first], first.astype(np.int64)


def _walk(chosen: Ints, first: Ints, *, table: IntervalTable, trucks: LaneTrucks) -> Ints:
    """Read the truck days off the choices."""
    n_lanes, horizon, n_room = chosen.shape[:3]
    patterns = np.zeros((n_lanes, horizon), dtype=np.int64)
    patterns[:, 0] = first
    for lane in range(n_lanes):
        day = 0
        room = int(trucks.capacity[lane, first[lane] - 1]) if first[lane] else 0
        while True:
            stop, option = (int(value) for value in chosen[lane, day, min(room, n_room - 1)])
            if stop >= horizon:
                break
            patterns[lane, stop] = option
            room = min(room, int(table.carried[lane, day, stop])) + int(trucks.capacity[lane, option - 1])
            day = stop
    return patterns
