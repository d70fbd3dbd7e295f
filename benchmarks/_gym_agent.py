"""Our planner as an agent of a small multi-echelon game: one SKU's convex min-cost flow, solved anew each period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.flow.model import solve_sku
from optimization.flow.problem import Rows, SkuProblem

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Demand of the M5 scenarios is scaled to fractions: the flow counts tenths of a unit.
PARTS = 10
COST_STEPS = 1_000_000
LEVELS = np.array([0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99, 0.995])


@dataclass(frozen=True)
class Style:
    """What may be tuned, on seeds that the benchmark does not use.

    Parameters
    ----------
    n_paths
        Demand paths drawn a period.
    rounds
        Plans made a period: each one is played on the paths to see what is lost, then the next is made.
    goodwill_penalty
        Price of a unit short where reputation is at stake, on top of what it earns [money/unit].
    """

    n_paths: int = 200
    rounds: int = 2
    goodwill_penalty: float = 6.0


@dataclass(frozen=True, eq=False)
class Chain:
    """A chain with one shop, as arrays.

    Parameters
    ----------
    origin, destination
        (k,) location rows of each lane; origin -1 buys.
    lead_time
        (k,) periods from order to arrival.
    cost
        (k,) purchase, handling and transit of one unit [money/unit].
    holding
        (n,) [money/unit/period].
    capacity
        (n,) units that may leave in a period; infinite without a bound.
    shop
        Row of the location that sells.
    price, penalty
        Revenue of a unit sold [money/unit] and cost of one short at the end of a period [money/unit/period].
    is_backlog
        Whether unmet demand waits.
    """

    origin: Ints
    destination: Ints
    lead_time: Ints
    cost: Floats
    holding: Floats
    capacity: Floats
    shop: int
    price: float
    penalty: float
    is_backlog: bool

    @classmethod
    def of(cls, told: Mapping[str, Any], *, is_backlog: bool) -> Chain:
        """Read the environment's description; what one location pays another cancels in the chain's profit."""
        row = {location: index for index, location in enumerate(told["locations"])}
        lanes = told["lanes"]
        origin = np.array([-1 if lane["origin"] is None else row[lane["origin"]] for lane in lanes])
        lead_time = np.array([lane["lead_time"] for lane in lanes])
        bought = np.where(origin < 0, [lane["price"] for lane in lanes], 0.0)
        handled = np.where(origin < 0, 0.0, np.array(told["handling"])[origin])
        return cls(
            origin=origin,
            destination=np.array([row[lane["destination"]] for lane in lanes]),
            lead_time=lead_time,
            cost=bought + handled + lead_time * np.array([lane["in_transit"] for lane in lanes]),
            holding=np.array(told["holding"]),
            capacity=np.array([np.inf if most is None else most for most in told["capacity"]]),
            shop=row[told["shop"]],
            price=told["price"],
            penalty=told["penalty"],
            is_backlog=is_backlog,
        )


@dataclass(frozen=True, eq=False)
class State:
    """What the agent sees before a period.

    Parameters
    ----------
    stock
        (n,) on hand.
    pipeline
        (n, H) arrivals of the periods to come, H of them left.
    backlog
        Demand that waits.
    reputation
        Multiplier of mean demand in the period to come.
    """

    stock: Floats
    pipeline: Floats
    backlog: float
    reputation: float


@dataclass(frozen=True, eq=False)
class Demand:
    """Declared demand of the periods to come.

    Parameters
    ----------
    mean
        (H,) at a reputation of 1.
    noise
        Factor of the Poisson noise.
    goodwill
        Growth and decay of reputation a period, its floor and cap; none where it stays.
    """

    mean: Floats
    noise: float
    goodwill: tuple[float, float, float, float] | None


def wanted(demand: Demand, state: State, arrivals: Floats, *, uniform: Floats, is_backlog: bool) -> Floats:
    """Cumulative demand that supply must still meet by each period, on drawn paths, (n_paths, H).

    Demand lost before a period is not in it. Reputation follows the service that the arrivals give.

    Parameters
    ----------
    demand, state
        What is declared and seen.
    arrivals
        (H,) units that reach the shop under the last plan, with what it has now in the first.
    uniform
        (n_paths, H) levels of demand, the same for all plans of a period.
    """
    from scipy.stats import poisson

    n_paths, horizon = uniform.shape
    reputation = np.full(n_paths, state.reputation)
    stock, waiting = np.zeros(n_paths), np.full(n_paths, state.backlog)
    met = np.zeros(n_paths)
    asked = np.zeros((n_paths, horizon))
    for period in range(horizon):
        mean = np.maximum(demand.mean[period] * reputation, 0.0)
        drawn = mean + demand.noise * (poisson.ppf(uniform[:, period], mean) - mean) if demand.noise else mean
        due = waiting + drawn
        asked[:, period] = met + due
        stock = stock + arrivals[period]
        sold = np.minimum(due, stock)
        stock, short = stock - sold, due - sold
        met = met + sold
        waiting = short if is_backlog else np.zeros(n_paths)
        if demand.goodwill is not None:
            growth, decay, floor, cap = demand.goodwill
            reputation = np.clip(reputation * np.where(short > 0, decay, growth), floor, cap)
    return asked


def shop_rows(chain: Chain, paths: Floats, *, extra_penalty: float) -> tuple[Ints, Floats]:
    """Breakpoints and slopes of the shop's cost of cumulative supply, (H, K) tenths and (H, K + 1) [money/tenth].

    Where demand waits, a unit short costs its penalty each period and its price at the end; where it is lost, price and
    penalty at once.
    """
    horizon = paths.shape[1]
    breaks = np.ceil(np.quantile(paths, LEVELS, axis=0).T * PARTS - 1e-9).astype(np.int64)
    middle = np.concatenate([[LEVELS[0] / 2], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])
    short = np.full(horizon, chain.penalty + extra_penalty)
    if chain.is_backlog:
        short[-1] += chain.price
    else:
        short += chain.price
    slopes = chain.holding[chain.shop] * middle - short[:, None] * (1.0 - middle)
    return np.maximum.accumulate(breaks, axis=1), slopes / PARTS


def rows_without_waste(breaks: Ints, slopes: Floats, base: Ints) -> Rows:
    """Convex costs of goods that do not expire."""
    n, horizon, size = breaks.shape
    return Rows(
        breaks=breaks,
        slopes=slopes,
        waste_day=np.full(n, horizon - 1),
        waste_breaks=np.zeros((n, size), dtype=np.int64),
        waste_slopes=np.zeros((n, size + 1)),
        base=base,
    )


def flow_problem(chain: Chain, state: State, *, breaks: Ints, slopes: Floats) -> SkuProblem:
    """Build the convex program of the periods left.

    The bound on what leaves a location in a period holds over all its lanes tonight, and for each lane alone later.
    """
    n, horizon = state.pipeline.shape
    lane, day = np.nonzero(np.arange(horizon) + chain.lead_time[:, None] < horizon)
    all_breaks = np.zeros((n, horizon, breaks.shape[1]), dtype=np.int64)
    all_slopes = np.zeros((n, horizon, slopes.shape[1]))
    all_slopes[:, :, :] = chain.holding[:, None, None] / PARTS
    all_breaks[chain.shop], all_slopes[chain.shop] = breaks, slopes
    free = np.floor(state.stock * PARTS + 1e-6).astype(np.int64)
    pipeline = np.floor(state.pipeline * PARTS + 1e-6).astype(np.int64)
    base = free[:, None] + np.cumsum(pipeline, axis=1)
    most = np.where(chain.origin >= 0, chain.capacity[chain.origin], np.inf)
    largest = int(all_breaks.max()) + 1
    return SkuProblem(
        points=rows_without_waste(all_breaks, all_slopes, base),
        echelons=rows_without_waste(all_breaks[:0], all_slopes[:0], base[:0]),
        roots=np.zeros(0, dtype=np.int64),
        free=free,
        sendable=np.minimum(free, np.minimum(chain.capacity * PARTS, largest * n)).astype(np.int64),
        giveable=np.zeros(n, dtype=np.int64),
        pipeline=pipeline,
        origin=chain.origin[lane],
        destination=chain.destination[lane],
        day=day,
        arrival=day + chain.lead_time[lane],
        cost=chain.cost[lane] / PARTS,
        most=np.minimum(most[lane] * PARTS, largest * n).astype(np.int64),
        is_protected=np.zeros(lane.size, dtype=bool),
        is_banned=np.zeros(lane.size, dtype=bool),
        lot=np.ones(lane.size, dtype=np.int64),
    )


def shop_arrivals(chain: Chain, state: State, problem: SkuProblem, quantity: Ints) -> Floats:
    """Units that reach the shop in each period under a plan, its stock in the first, (H,)."""
    arrivals: Floats = state.pipeline[chain.shop].copy()
    arrivals[0] += state.stock[chain.shop]
    at = problem.destination == chain.shop
    np.add.at(arrivals, problem.arrival[at], quantity[at] / PARTS)
    return arrivals


def orders(chain: Chain, state: State, demand: Demand, *, style: Style, random: np.random.Generator) -> Floats:
    """Plan the periods left and return what each lane should carry now, (k,)."""
    horizon = state.pipeline.shape[1]
    uniform = random.random((style.n_paths if demand.noise else 1, horizon))
    ample = np.full(horizon, 1e9)
    extra = style.goodwill_penalty if demand.goodwill is not None else 0.0
    arrivals, lanes = ample, np.zeros(chain.origin.size)
    for _ in range(style.rounds):
        paths = wanted(demand, state, arrivals, uniform=uniform, is_backlog=chain.is_backlog)
        breaks, slopes = shop_rows(chain, paths, extra_penalty=extra)
        problem = flow_problem(chain, state, breaks=breaks, slopes=slopes)
        quantity = solve_sku(problem, COST_STEPS).quantity
        arrivals = shop_arrivals(chain, state, problem, quantity)
    tonight = problem.day == 0
    lane = np.flatnonzero(chain.lead_time < horizon)
    lanes[lane] = quantity[tonight] / PARTS
    return lanes
