"""The truck program as plain arrays: what each lane may send, what it costs to wait, and the docks all lanes share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LaneCosts:
    """What the destinations of one lane cost by day and by lots sent so far.

    Parameters
    ----------
    cost
        (k, T, Q + 1) expected cost of each day with 0..Q lots usable by then, convex in the lots [money].
    size
        (k, 2) share of a reference truck's volume and of its weight that one lot takes; one of the two > 0.
    price
        (k, T) cost of sending one lot so that it is usable from each day: handling, less what it no longer costs at
        its origin, plus the price of a scarce origin [money/lot].
    limit
        (k, T) most lots that the origin can have sent by each arrival day, never falling.
    """

    cost: Floats
    size: Floats
    price: Floats
    limit: Ints

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.cost.shape[1])

    @cached_property
    def cost_before(self) -> Floats:
        """(k, T + 1, Q + 1) cost of all days before each day [money]."""
        before: Floats = np.cumsum(self.cost, axis=1)
        return np.concatenate([np.zeros_like(before[:, :1]), before], axis=1)

    @property
    def measure(self) -> Floats:
        """(k,) share of a truck by the resource that binds, volume or weight: one constraint for the bound."""
        wanted = self.size.sum(axis=0)
        binding: Floats = self.size[:, int(wanted[1] > wanted[0])]
        return binding


@dataclass(frozen=True, eq=False)
class LaneTrucks:
    """When trucks of each lane may go, what they cost and which docks they use.

    Parameters
    ----------
    arrival
        (n_lanes, T) whether a truck may go so that its goods are usable from each day; day 0 counts.
    capacity
        (n_lanes, n_options) reference trucks of room of each choice of a day's vehicles; rows padded with 0.
    cost
        (n_lanes, n_options) price of the choice [money]; padded with infinity.
    vehicles
        (n_lanes, n_options) number of vehicles in the choice: what docks count.
    dock
        (n_lanes, T, 2) rows of `dock_limit` that a truck with this arrival day uses, at its origin and at its
        destination; -1 where nothing is declared.
    dock_limit
        (n_docks,) most vehicles of each dock and day.
    overtime
        (n_docks,) price of one more vehicle than that [money]; infinity where it is not for sale.
    """

    arrival: npt.NDArray[np.bool_]
    capacity: Ints
    cost: Floats
    vehicles: Ints
    dock: Ints
    dock_limit: Ints
    overtime: Floats

    @property
    def n_lanes(self) -> int:
        """Number of lanes."""
        return int(self.arrival.shape[0])

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.arrival.shape[1])

    def docks_used(self, lane: int, pattern: Ints) -> Floats:
        """Vehicles a pattern (T,) of choices (0 = none, else option + 1) brings to each dock, (n_docks,)."""
        used = np.zeros(self.dock_limit.size)
        days = np.flatnonzero(pattern)
        number = self.vehicles[lane, pattern[days] - 1].astype(np.float64)
        for side in (0, 1):
            rows = self.dock[lane, days, side]
            np.add.at(used, rows[rows >= 0], number[rows >= 0])
        return used

    def pattern_cost(self, lane: int, pattern: Ints) -> float:
        """Price of a pattern's vehicles [money]."""
        return float(self.cost[lane, pattern[pattern > 0] - 1].sum())

    def lane(self, index: int) -> LaneTrucks:
        """Return one lane alone, all docks kept."""
        part = slice(index, index + 1)
        return replace(
            self,
            arrival=self.arrival[part],
            capacity=self.capacity[part],
            cost=self.cost[part],
            vehicles=self.vehicles[part],
            dock=self.dock[part],
        )
