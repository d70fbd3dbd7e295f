"""The truck program of all lanes: price the docks, fill real trucks, choose whole patterns, improve lane by lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.trucks.docks import DockPrices, Pool, choose_patterns, share_docks, total_cost
from optimization.trucks.fill import TOLERANCE, LaneLoad, fill_trucks
from optimization.trucks.intervals import IntervalTable, interval_costs, stacked
from optimization.trucks.patterns import cheapest_patterns
from optimization.trucks.problem import LaneCosts, LaneTrucks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Patterns of a lane that are filled for real: the best by reduced cost.
MAX_FILLED = 25
IMPROVING_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class TruckPlan:
    """Trucks and whole lots of every lane and day.

    Parameters
    ----------
    pattern
        (n_lanes, T) choice of vehicles by day, 0 = none, else option + 1.
    lots
        Of each lane, (k, T) whole lots by day.
    cost
        (n_lanes,) cost of each lane, its vehicles included [money].
    objective, bound
        Cost of all lanes with overtime at the docks, and its lower bound [money].
    dock_price
        (n_docks,) [money per unit of the dock].
    """

    pattern: Ints
    lots: list[Ints]
    cost: Floats
    objective: float
    bound: float
    dock_price: Floats

    @property
    def gap(self) -> float:
        """Distance of objective and bound as a share of the objective."""
        return max(self.objective - self.bound, 0.0) / self.objective if self.objective > 0 else 0.0


def plan_trucks(lanes: Sequence[LaneCosts], trucks: LaneTrucks, warm: Floats | None = None) -> TruckPlan:
    """Plan the trucks of all lanes over the horizon.

    Parameters
    ----------
    lanes
        Costs of each lane's destinations.
    trucks
        Days, room, cost and docks of the trucks.
    warm
        (n_docks,) dock prices of an earlier run.
    """
    n_room = _n_room(lanes, trucks)
    proof, table = (_tables(lanes, trucks, n_room, is_bound=is_bound) for is_bound in (True, False))
    proven = share_docks(proof, trucks, warm)
    shared = share_docks(table, trucks, proven.price)
    filled = Filled(lanes, trucks)
    cost = filled.costs(shared.pool, _promising(shared, trucks))
    chosen = choose_patterns(shared.pool, cost, trucks)
    for _ in range(IMPROVING_ROUNDS if trucks.dock_limit.size else 0):
        if not _add_alternatives(shared.pool, chosen, table=table, trucks=trucks):
            break
        cost = filled.costs(shared.pool, _promising(shared, trucks))
        chosen = choose_patterns(shared.pool, cost, trucks)
    pattern = np.array([shared.pool.pattern[index] for index in chosen])
    return TruckPlan(
        pattern=pattern,
        lots=[filled.load(shared.pool, int(index)).lots for index in chosen],
        cost=cost[chosen],
        objective=total_cost(shared.pool, cost, trucks, chosen),
        bound=proven.bound,
        dock_price=proven.price,
    )


class Filled:
    """Real loads of patterns; what each costs is worked out once, what it carries only when asked for."""

    def __init__(self, lanes: Sequence[LaneCosts], trucks: LaneTrucks) -> None:
        self._lanes, self._trucks = lanes, trucks
        self._cost: dict[int, float] = {}

    def load(self, pool: Pool, index: int) -> LaneLoad:
        """Return the load of a pattern of the pool."""
        lane, pattern = pool.lane[index], pool.pattern[index]
        return fill_trucks(self._lanes[lane], self._trucks.room(lane, pattern))

    def costs(self, pool: Pool, wanted: npt.NDArray[np.bool_]) -> Floats:
        """Real cost of the wanted patterns, vehicles included, infinity elsewhere, (c,) [money]."""
        cost = np.full(wanted.size, np.inf)
        for index in np.flatnonzero(wanted).tolist():
            if index not in self._cost:
                vehicles = self._trucks.pattern_cost(pool.lane[index], pool.pattern[index])
                self._cost[index] = self.load(pool, index).cost + vehicles
            cost[index] = self._cost[index]
        return cost


def _tables(lanes: Sequence[LaneCosts], trucks: LaneTrucks, n_room: int, *, is_bound: bool) -> IntervalTable:
    """Tables of all lanes: the one that bounds every plan, or the one that plans."""
    opened = zip(lanes, trucks.is_open, strict=True)
    return stacked([interval_costs(lane, n_room, is_open=days, is_bound=is_bound) for lane, days in opened])


def _n_room(lanes: Sequence[LaneCosts], trucks: LaneTrucks) -> int:
    """Rooms to look at: as many trucks as may go, or as all lots that are ever useful fill."""
    most = 0
    for index, lane in enumerate(lanes):
        trips = int(trucks.is_open[index].sum()) * int(trucks.capacity[index].max())
        useful = (lane.useful_lots * lane.measure).sum()
        most = max(most, min(trips, int(np.ceil(useful)) + 1))
    return most + 1


def _promising(shared: DockPrices, trucks: LaneTrucks) -> npt.NDArray[np.bool_]:
    """Patterns worth filling: of each lane the best by cost at the dock prices, and always the one without trucks."""
    pool = shared.pool
    lane = np.array(pool.lane)
    reduced = np.array(pool.cost) + np.array(pool.used) @ shared.price if shared.price.size else np.array(pool.cost)
    order = np.lexsort((np.arange(lane.size), reduced, lane))
    is_first = np.append(True, lane[order][1:] != lane[order][:-1])
    start = np.maximum.accumulate(np.where(is_first, np.arange(lane.size), 0))
    wanted = np.zeros(lane.size, dtype=bool)
    wanted[order] = np.arange(lane.size) - start < MAX_FILLED
    wanted[: trucks.n_lanes] = True
    return wanted


def _add_alternatives(pool: Pool, chosen: Ints, *, table: IntervalTable, trucks: LaneTrucks) -> bool:
    """Ask each lane for its best pattern inside what the others leave of the docks; tell whether any is new."""
    used = np.sum([pool.used[index] for index in chosen], axis=0)
    is_new = False
    for lane, index in enumerate(chosen.tolist()):
        own = trucks.lane(lane)
        left = np.append(trucks.dock_limit - used + pool.used[index], np.inf)[own.dock]
        fits = (own.dock_use[:, None] <= left[:, :, None, :] + TOLERANCE).all(axis=3)
        free = own.price_of(np.zeros(trucks.dock_limit.size))
        cost, pattern = cheapest_patterns(table.lane(lane), own, np.where(fits, free, np.inf))
        is_new |= pool.add(trucks, lane, pattern[0], float(cost[0]))
    return is_new
