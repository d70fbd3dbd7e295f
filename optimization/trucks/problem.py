"""The truck program as plain arrays: what each lane may send, what it costs to wait, and the docks all lanes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LaneCosts:
    """What the destinations of one lane cost by day and by lots sent so far.

    The two large tables may be of 32 bits, which halves the memory of the whole program; sums of them are of 64.

    Parameters
    ----------
    cost
        (k, T, Q + 1) expected cost of each day with 0..Q lots sent by then, convex in the lots [money].
    end_cost
        (k, T, Q + 1) further cost of the last day before the next truck, convex in the lots: demand lost since the
        last one, which is counted once however long nothing came [money].
    size
        (k, 2) units of room that one lot takes, by volume and by weight; one of the two > 0.
    price
        (k, T) cost of sending one lot by day: handling, less what it no longer costs at its origin [money/lot].
    limit
        (k, T) most lots that may have been sent by each day, never falling: a share of what the origin has.
    most
        (k, T) the same if all other destinations got nothing; the bound knows no more than this.
    """

    cost: Floats
    end_cost: Floats
    size: Floats
    price: Floats
    limit: Ints
    most: Ints

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.cost.shape[1])

    @property
    def useful_lots(self) -> Ints:
        """(k,) lots beyond which nothing is gained between any two trucks."""
        gains = (np.diff(self.cost, axis=2).min(axis=1) < 0) | (np.diff(self.end_cost, axis=2).min(axis=1) < 0)
        first = -self.price.max(axis=1) < -self.price.min(axis=1)
        n_lots = gains.shape[1]
        last = np.where(gains.any(axis=1), n_lots - gains[:, ::-1].argmax(axis=1), 0)
        # A lot that is dearer to send later may be worth sending for that alone.
        return np.where(first, n_lots, last).astype(np.int64)

    def interval_cost(self, start: int, stop: int) -> Floats:
        """Cost of the days from one truck up to the next, (k, Q + 1) [money]."""
        cost: Floats = self.cost[:, start:stop].sum(axis=1, dtype=np.float64) + self.end_cost[:, stop - 1]
        return cost

    def gain(self, start: int, stop: int) -> Floats:
        """Gain of each further lot sent on day `start` instead of on day `stop`, (k, Q) [money]."""
        cost = self.interval_cost(start, stop)
        later = self.price[:, stop] if stop < self.horizon else 0.0
        gained: Floats = cost[:, :-1] - cost[:, 1:] - (self.price[:, start] - later)[:, None]
        return gained

    @property
    def measure(self) -> Floats:
        """(k,) units of room by the resource that binds, volume or weight: one constraint for the bound."""
        wanted = self.size.sum(axis=0)
        binding: Floats = self.size[:, int(wanted[1] > wanted[0])]
        return binding


@dataclass(frozen=True, eq=False)
class LaneTrucks:
    """When trucks of each lane may go, what they cost and which docks they use.

    A day is the one on which a truck leaves or the one from which its goods are usable, as the caller likes, but the
    same in `LaneCosts`.

    Parameters
    ----------
    is_open
        (n_lanes, T) whether a truck may go.
    capacity
        (n_lanes, n_options) units of room of each choice of a day's vehicles; rows padded with 0.
    cost
        (n_lanes, n_options) price of the choice [money]; padded with infinity.
    dock
        (n_lanes, T, n_sides) rows of `dock_limit` that a truck of this day uses; -1 where nothing is declared.
    dock_use
        (n_lanes, n_options, n_sides) how much of each dock the choice uses, in the dock's unit.
    dock_limit
        (n_docks,) most of each dock and day.
    overtime
        (n_docks,) price of one unit more than that [money]; infinity where it is not for sale.
    """

    is_open: npt.NDArray[np.bool_]
    capacity: Ints
    cost: Floats
    dock: Ints
    dock_use: Floats
    dock_limit: Floats
    overtime: Floats

    @property
    def n_lanes(self) -> int:
        """Number of lanes."""
        return int(self.is_open.shape[0])

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.is_open.shape[1])

    def docks_used(self, lane: int, pattern: Ints) -> Floats:
        """What a pattern (T,) of choices (0 = none, else option + 1) takes of each dock, (n_docks,)."""
        used = np.zeros(self.dock_limit.size)
        days = np.flatnonzero(pattern)
        rows = self.dock[lane, days]
        np.add.at(used, rows[rows >= 0], self.dock_use[lane, pattern[days] - 1][rows >= 0])
        return used

    def price_of(self, dock_price: Floats) -> Floats:
        """Price of each choice by lane and day, docks included, (n_lanes, T, n_options); infinity where closed."""
        padded = np.append(dock_price, 0.0)[self.dock]
        docks = np.where(self.dock_use[:, None] > 0, padded[:, :, None, :] * self.dock_use[:, None], 0.0).sum(axis=3)
        return np.where(self.is_open[:, :, None], self.cost[:, None, :] + docks, np.inf)

    def room(self, lane: int, pattern: Ints) -> Floats:
        """Units of room that a pattern brings by day, (T,)."""
        room: Floats = np.append(0, self.capacity[lane])[pattern].astype(np.float64)
        return room

    def pattern_cost(self, lane: int, pattern: Ints) -> float:
        """Price of a pattern's vehicles, docks left out [money]."""
        return float(self.cost[lane, pattern[pattern > 0] - 1].sum())

    def lane(self, index: int) -> LaneTrucks:
        """Return one lane alone, all docks kept."""
        names = ("is_open", "capacity", "cost", "dock", "dock_use")
        return replace(self, **{name: getattr(self, name)[index : index + 1] for name in names})
