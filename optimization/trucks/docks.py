"""Docks shared by all lanes: truck patterns by column generation, the bound, and the best patterns in whole numbers.

Dantzig and Wolfe (1960): the master program mixes patterns of each lane so that the docks are kept; its dock prices ask
each lane for a better pattern until none is left. At every step the lanes' least costs at the prices, less the prices
of all docks, bound the whole from below (Lagrange). Few docks link many lanes, so few lanes are mixed at the end
(Shapley and Folkman), and the best whole choice among the patterns seen is close.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, hstack, identity

from optimization.trucks.intervals import IntervalTable
from optimization.trucks.patterns import cheapest_patterns
from optimization.trucks.problem import LaneTrucks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MAX_ROUNDS = 200
# Rounds end when bound and master are this close, as a share.
CLOSE = 1e-4
# Share of the best prices so far in the prices that are tried: steadier steps (Wentges 1997).
SMOOTHING = 0.7
# Work limit of the whole-number choice: nodes, not seconds, so that the same input gives the same plan.
NODE_LIMIT = 5_000


@dataclass(eq=False)
class Pool:
    """Patterns seen so far, each once; grows.

    Parameters
    ----------
    lane, pattern, used, cost
        Of each pattern: its lane, the choices by day (T,), use of each dock (n_docks,), and its cost
        without dock prices [money].
    """

    lane: list[int] = field(default_factory=list)
    pattern: list[Ints] = field(default_factory=list)
    used: list[Floats] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    seen: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def add(self, trucks: LaneTrucks, lane: int, pattern: Ints, cost: float) -> bool:
        """Keep a pattern; tell whether it is new."""
        key = (lane, pattern.tobytes())
        if key in self.seen:
            return False
        self.seen[key] = len(self.lane)
        self.lane.append(lane)
        self.pattern.append(pattern.copy())
        self.used.append(trucks.docks_used(lane, pattern))
        self.cost.append(cost)
        return True

    def usage(self) -> csr_matrix:
        """Use of each dock by pattern, (n_docks, c)."""
        return csr_matrix(np.array(self.used).T)

    def choice(self, n_lanes: int) -> csr_matrix:
        """Which lane each pattern belongs to, (n_lanes, c)."""
        lane = np.array(self.lane)
        return csr_matrix((np.ones(lane.size), (lane, np.arange(lane.size))), shape=(n_lanes, lane.size))


@dataclass(frozen=True, eq=False)
class DockPrices:
    """Prices at which the lanes share the docks.

    Parameters
    ----------
    price
        (n_docks,) [money per unit of the dock].
    bound
        Lower bound of the cost of all lanes, docks kept [money].
    pool
        Patterns seen, with the lower bounds of their cost.
    """

    price: Floats
    bound: float
    pool: Pool


def share_docks(table: IntervalTable, trucks: LaneTrucks, warm: Floats | None = None) -> DockPrices:
    """Price the docks by column generation.

    Parameters
    ----------
    table
        Of all lanes; `bound` is one only if this is.
    trucks
        Days, room, cost and docks.
    warm
        (n_docks,) prices of an earlier run to start from.
    """
    pool = Pool()
    center = np.zeros(trucks.dock_limit.size) if warm is None else np.minimum(warm, trucks.overtime)
    for lane in range(trucks.n_lanes):
        nothing = np.zeros(trucks.horizon, dtype=np.int64)
        pool.add(trucks, lane, nothing, float(table.cost[lane, 0, trucks.horizon, 0]))
    bound, _ = _ask(pool, table, trucks, center)
    for _ in range(MAX_ROUNDS if center.size else 0):
        least, dual = _master(pool, trucks)
        if least - bound <= CLOSE * abs(least):
            break
        for weight in (SMOOTHING, 0.0):
            price = weight * center + (1.0 - weight) * dual
            value, is_new = _ask(pool, table, trucks, price)
            if value > bound:
                bound, center = value, price
            if is_new:
                break
        if not is_new:
            break
    return DockPrices(center, bound, pool)


def _ask(pool: Pool, table: IntervalTable, trucks: LaneTrucks, price: Floats) -> tuple[float, bool]:
    """Ask all lanes for their best pattern at the prices: the bound that follows, and whether any pattern is new."""
    cost, patterns = cheapest_patterns(table, trucks, trucks.price_of(price))
    is_new = False
    for lane in range(trucks.n_lanes):
        own = float(cost[lane] - price @ trucks.docks_used(lane, patterns[lane]))
        is_new |= pool.add(trucks, lane, patterns[lane], own)
    return float(cost.sum() - price @ trucks.dock_limit), is_new


def _master(pool: Pool, trucks: LaneTrucks) -> tuple[float, Floats]:
    """Mix the patterns at least cost inside the docks: its cost and the dock prices."""
    overtime = np.isfinite(trucks.overtime)
    over = -identity(trucks.dock_limit.size, format="csr")[:, overtime]
    lanes = pool.choice(trucks.n_lanes)
    none = csr_matrix((trucks.n_lanes, int(overtime.sum())))
    result = linprog(
        np.concatenate([pool.cost, trucks.overtime[overtime]]),
        A_ub=hstack([pool.usage(), over], format="csr"),
        b_ub=trucks.dock_limit,
        A_eq=hstack([lanes, none], format="csr"),
        b_eq=np.ones(trucks.n_lanes),
        method="highs-ds",
    )
    if result.x is None or result.fun is None:
        raise RuntimeError(f"the master program of the docks was not solved: {result.message}")
    return float(result.fun), np.maximum(-result.ineqlin.marginals, 0.0)


def choose_patterns(pool: Pool, cost: Floats, trucks: LaneTrucks) -> Ints:
    """Choose one pattern a lane inside the docks, in whole numbers, at least cost.

    Parameters
    ----------
    pool
        Patterns to choose from; every lane's first, without trucks, always fits.
    cost
        (c,) real cost of each pattern [money]; infinity leaves one out.
    trucks
        Docks.

    Returns
    -------
    (n_lanes,) the pattern chosen for each lane, by its position in the pool; the better of a greedy choice and of what
    branch and bound found within `NODE_LIMIT` nodes.
    """
    greedy = _greedy(pool, cost, trucks)
    if not trucks.dock_limit.size:
        return greedy
    kept = np.flatnonzero(np.isfinite(cost))
    overtime = np.isfinite(trucks.overtime)
    over = -identity(trucks.dock_limit.size, format="csr")[:, overtime]
    n_over = int(overtime.sum())
    usage = hstack([pool.usage()[:, kept], over], format="csr")
    lanes = hstack([pool.choice(trucks.n_lanes)[:, kept], csr_matrix((trucks.n_lanes, n_over))], format="csr")
    result = milp(
        np.concatenate([cost[kept], trucks.overtime[overtime]]),
        constraints=[
            LinearConstraint(usage, -np.inf, trucks.dock_limit),
            LinearConstraint(lanes, 1, 1),
        ],
        integrality=np.ones(kept.size + n_over, dtype=np.int64),
        bounds=Bounds(0, np.concatenate([np.ones(kept.size), np.full(n_over, np.inf)])),
        options={"node_limit": NODE_LIMIT, "mip_rel_gap": CLOSE / 2},
    )
    if result.x is None:
        return greedy
    chosen = kept[np.flatnonzero(result.x[: kept.size] > 0.5)]
    by_lane = np.empty(trucks.n_lanes, dtype=np.int64)
    by_lane[np.array(pool.lane)[chosen]] = chosen
    better = total_cost(pool, cost, trucks, by_lane) < total_cost(pool, cost, trucks, greedy)
    return by_lane if better else greedy


def total_cost(pool: Pool, cost: Floats, trucks: LaneTrucks, chosen: Ints) -> float:
    """Cost of one pattern a lane, overtime at the docks included [money]; infinity where a dock has none for sale."""
    used = np.sum([pool.used[index] for index in chosen], axis=0)
    over = np.maximum(used - trucks.dock_limit, 0.0)
    return float(cost[chosen].sum()) + float((over[over > 0] * trucks.overtime[over > 0]).sum())


def _greedy(pool: Pool, cost: Floats, trucks: LaneTrucks) -> Ints:
    """Take patterns by what they save against no trucks, each lane once, while the docks have room."""
    lane = np.array(pool.lane)
    first = np.array(
        [pool.seen[index, np.zeros(trucks.horizon, dtype=np.int64).tobytes()] for index in range(trucks.n_lanes)]
    )
    saved = cost[first][lane] - cost
    chosen, is_open = first.copy(), np.ones(trucks.n_lanes, dtype=bool)
    left = trucks.dock_limit.copy()
    for index in np.argsort(-saved, kind="stable").tolist():
        if saved[index] <= 0:
            break
        if is_open[lane[index]] and (pool.used[index] <= left).all():
            chosen[lane[index]], is_open[lane[index]] = index, False
            left = left - pool.used[index]
    return chosen
