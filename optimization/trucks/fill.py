"""Whole lots inside fixed trucks: what goes on each, given the days on which they go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.trucks.problem import LaneCosts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class LaneLoad:
    """Lots of one lane by truck day.

    Parameters
    ----------
    lots
        (k, T) whole lots sent on each day.
    cost
        Cost of the destinations and of moving, trucks left out [money].
    """

    lots: Ints
    cost: float


def fill_trucks(lane: LaneCosts, room: Floats) -> LaneLoad:
    """Fill the trucks of a lane, first truck first, each with the lots that gain most per room until the next one.

    A lot that would not gain until the next truck stays for that one.

    Parameters
    ----------
    lane
        Costs, sizes and limits of the lots.
    room
        (T,) units of room by day.
    """
    days = np.flatnonzero(room > 0)
    sent = np.zeros((len(lane.size), days.size), dtype=np.int64)
    have = np.zeros(len(lane.size), dtype=np.int64)
    for index, day in enumerate(days.tolist()):
        stop = int(days[index + 1]) if index + 1 < days.size else lane.horizon
        have = _best_lots(lane, have, room=float(room[day]), start=day, stop=stop)
        sent[:, index] = have
    lots = np.zeros((len(lane.size), lane.horizon), dtype=np.int64)
    lots[:, days] = np.diff(sent, axis=1, prepend=0)
    return LaneLoad(lots, load_cost(lane, lots, room > 0))


def load_cost(lane: LaneCosts, lots: Ints, is_truck_day: npt.NDArray[np.bool_]) -> float:
    """Cost of the destinations and of moving with lots (k, T) by day, trucks going on the marked days (T,) [money]."""
    sent = np.cumsum(lots, axis=1)
    cost = np.take_along_axis(lane.cost, sent[:, :, None], axis=2)
    last = np.append(np.flatnonzero(is_truck_day[1:]), lane.horizon - 1)
    ends = np.take_along_axis(lane.end_cost, sent[:, :, None], axis=2)[:, last]
    return float(cost.sum(dtype=np.float64) + ends.sum(dtype=np.float64) + (lane.price * lots).sum())


def _best_lots(lane: LaneCosts, have: Ints, *, room: float, start: int, stop: int) -> Ints:
    """Lots sent after a truck that takes what gains most per room and still fits, (k,)."""
    gain = lane.gain(start, stop)
    step = np.arange(gain.shape[1])
    usable = (gain > 0) & (step >= have[:, None]) & (step < lane.limit[:, start, None])
    row, column = np.nonzero(usable)
    rate = gain[row, column] / lane.size[row].max(axis=1)
    row = row[np.lexsort((column, row, -rate))]
    have, left = have.copy(), np.full(2, room)
    while row.size:
        fits = (np.cumsum(lane.size[row], axis=0) <= left + TOLERANCE).all(axis=1)
        n_taken = int(fits.argmin()) if not fits.all() else row.size
        np.add.at(have, row[:n_taken], 1)
        left = left - lane.size[row[:n_taken]].sum(axis=0)
        row = row[n_taken:]
        row = row[(lane.size[row] <= left + TOLERANCE).all(axis=1)]
    return have
