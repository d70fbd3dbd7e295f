"""Least cost of a lane between two truck days, by the room its trucks have brought so far: the table behind the bound.

Between two trucks nothing changes but demand, so the best split of the room sent so far is a knapsack over lots with
falling gains. Solved as a linear program it bounds the whole lots from below; its value by room is read off the gains
sorted by gain per room, in bands: for any price mu of room, gain(W) <= sum (gain - mu size)+ + mu W.

What it leaves out: lots once sent stay sent (a SKU's quantity may not fall from one interval to the next), and room
that a truck did not use is gone. Both are kept when trucks are filled (`fill`), so the table is a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.trucks.problem import LaneCosts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Bands of gain per room: each is 2.2% wide, which leaves the bound exact to some 0.01%.
BANDS_PER_DOUBLING = 32
N_BANDS = 32 * 40


@dataclass(frozen=True, eq=False)
class IntervalTable:
    """Costs of one lane, or of all lanes stacked, between two truck days.

    Parameters
    ----------
    cost
        (..., T, T + 1, n_room) cost of days s..t - 1 at [s, t] for each room brought so far, with the lots sent valued
        at `price` of s less that of t; infinity where s is neither 0 nor open, t is neither open nor T, or t <= s
        [money].
    carried
        (..., T, T + 1) most room that is still of use after t: what the lots fill that gain between s and t. Larger
        than any room where nothing is known to be lost, as a bound needs it.
    """

    cost: Floats
    carried: Ints

    def lane(self, index: int) -> IntervalTable:
        """Return the table of one lane, still stacked."""
        return IntervalTable(self.cost[index : index + 1], self.carried[index : index + 1])


def stacked(tables: Sequence[IntervalTable]) -> IntervalTable:
    """Stack the tables of some lanes."""
    return IntervalTable(np.stack([table.cost for table in tables]), np.stack([table.carried for table in tables]))


def interval_costs(lane: LaneCosts, n_room: int, *, is_open: npt.NDArray[np.bool_], is_bound: bool) -> IntervalTable:
    """Tabulate the cost of the days from one truck up to the next, for every room brought so far.

    Parameters
    ----------
    lane
        Costs and sizes of the lots.
    n_room
        Rooms looked at: 0..n_room - 1.
    is_open
        (T,) days on which trucks may go; others have no row.
    is_bound
        Whether the table must bound every plan from below. Otherwise it is the best guess of what a real load does:
        lots end at the pair's own limit, and room not filled by the next truck is gone.
    """
    horizon, most = lane.horizon, lane.most if is_bound else lane.limit
    table = np.full((horizon, horizon + 1, n_room), np.inf)
    carried = np.full((horizon, horizon + 1), n_room, dtype=np.int64)
    starts = np.flatnonzero(is_open | (np.arange(horizon) == 0))
    stops = np.append(np.flatnonzero(is_open), horizon)
    for start in starts.tolist():
        for stop in stops[stops > start].tolist():
            nothing = float(lane.interval_cost(start, stop)[:, 0].sum())
            gain = lane.gain(start, stop)
            gain[np.arange(gain.shape[1]) >= most[:, start, None]] = 0.0
            table[start, stop] = nothing - best_gain(gain, lane.measure, n_room)
            if not is_bound:
                carried[start, stop] = np.ceil(((gain > 0).sum(axis=1) * lane.measure).sum())
    return IntervalTable(table, carried)


def best_gain(gain: Floats, size: Floats, n_room: int) -> Floats:
    """Bound the gain of the best lots for each room 0..n_room - 1, from above and within a band, (n_room,) [money].

    Example: lots of half a truck that gain 30, 20 and 0: no room gains 0, one truck 50, more trucks no more.

    Parameters
    ----------
    gain
        (k, Q) gain of each further lot, falling along a row [money].
    size
        (k,) share of a truck of one lot.
    n_room
        Number of rooms.
    """
    pays = gain > 0
    row = np.nonzero(pays)[0]
    if not row.size:
        return np.zeros(n_room)
    worth, room = gain[pays], size[row]
    level = np.floor(np.log2(worth / room) * BANDS_PER_DOUBLING).astype(np.int64)
    top = int(level.max())
    band = np.minimum(top - level, N_BANDS - 1)
    n_bands = int(band.max()) + 1
    # The best bands so far, priced at the edge to the next one; at the end all of them, room being free.
    gained = np.append(0.0, np.cumsum(np.bincount(band, worth, n_bands)))
    filled = np.append(0.0, np.cumsum(np.bincount(band, room, n_bands)))
    edge = np.exp2((top + 1 - np.arange(n_bands + 1)) / BANDS_PER_DOUBLING)
    rooms = np.arange(n_room, dtype=np.float64)
    # Of all these tangents of a concave gain, the least at a room is one of the two beside it.
    below = np.searchsorted(filled, rooms, side="right") - 1
    above = np.minimum(below + 1, n_bands)
    tangents = [gained[side] + edge[side] * (rooms - filled[side]) for side in (below, above)]
    best: Floats = np.minimum(np.minimum(*tangents), gained[-1])
    best[0] = 0.0
    return best
