"""Least cost of a lane between two truck days, by the room its trucks have brought so far: the table behind the bound.

Between two trucks nothing changes but demand, so the best split of the room sent so far is a knapsack over lots with
falling gains. Solved as a linear program it bounds the whole lots from below; its value by room is read off the gains
sorted by gain per room, in bands: for any price mu of room, gain(W) <= sum (gain - mu size)+ + mu W.

What it leaves out: lots once sent stay sent (a SKU's quantity may not fall from one interval to the next), and room
that a truck did not use is gone. Both are kept when trucks are filled (`fill`), so the table is a lower bound.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.trucks.problem import LaneCosts

Floats = npt.NDArray[np.float64]
# Bands of gain per room: each is 2.2% wide, which leaves the bound exact to some 0.01%.
BANDS_PER_DOUBLING = 32
N_BANDS = 32 * 40


def interval_costs(lane: LaneCosts, n_room: int, *, is_open: npt.NDArray[np.bool_]) -> Floats:
    """Bound the cost of the days from one truck up to the next, for every room brought so far.

    Parameters
    ----------
    lane
        Costs and sizes of the lots.
    n_room
        Rooms looked at: 0..n_room - 1 reference trucks.
    is_open
        (T,) days on which trucks may go; others have no row.

    Returns
    -------
    (T, T + 1, n_room) cost of days s..t - 1 at [s, t], with the lots sent valued at `price` of s less that of t;
    infinity where s is neither 0 nor open, t is neither open nor T, or t <= s [money].
    """
    horizon = lane.horizon
    price = np.concatenate([lane.price, np.zeros_like(lane.price[:, :1])], axis=1)
    table = np.full((horizon, horizon + 1, n_room), np.inf)
    starts = np.flatnonzero(is_open | (np.arange(horizon) == 0))
    stops = np.append(np.flatnonzero(is_open), horizon)
    for start in starts.tolist():
        for stop in stops[stops > start].tolist():
            cost = lane.interval_cost(start, stop)
            gain = cost[:, :-1] - cost[:, 1:] - (price[:, start] - price[:, stop])[:, None]
            gain[np.arange(gain.shape[1]) >= lane.most[:, start, None]] = 0.0
            table[start, stop] = float(cost[:, 0].sum()) - best_gain(gain, lane.measure, n_room)
    return table


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
    tangents = (gained - edge * filled)[:, None] + edge[:, None] * rooms
    best: Floats = np.minimum(tangents.min(axis=0), np.where(rooms > 0, gained[-1], 0.0))
    return best
