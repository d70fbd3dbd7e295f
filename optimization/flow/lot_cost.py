"""What whole lots cost beyond the flow at least: the flow sends units, lines of tonight are whole lots.

At the node prices of the flow's optimum a stock point that sends nothing on is a problem of its own: what it pays for a
unit of each move into it, and its convex cost. With L whole lots of tonight's move, and units of all later ones, its
least cost is a convex function of L's units, so whole lots cost the better of the two beside the flow's quantity.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.flow.arcs import FlowNetwork
from optimization.flow.problem import Rows, SkuProblem

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Larger lots are left out: their units are looked at one by one.
MAX_LOT = 64


def lot_cost(problem: SkuProblem, network: FlowNetwork, *, price: Floats, quantity: Ints) -> float:
    """Least cost of whole lots beyond the flow, at least 0 [money].

    Left out, so that it stays a lower bound: points that are bought for, or that others are served from by moves that
    are not protected; points that could be served before tonight's lots come, or may give stock away before they come;
    all but one of several moves in lots into one point; lots of more than `MAX_LOT` units; minimum orders.

    Parameters
    ----------
    problem
        The SKU, with `lot`.
    network
        Its network.
    price
        (n_nodes,) node prices of its optimum, the sink's being 0 [money].
    quantity
        (k,) units of each move in the optimum.
    """
    paid = _paid(problem, network, price)
    move = _lot_moves(problem, paid, quantity)
    if not move.size:
        return 0.0
    point, arrival, lot = problem.destination[move], problem.arrival[move], problem.lot[move]
    given, worth = _given_away(problem, network, price)
    least = quantity[move] // lot * lot
    units = least[:, None] + 1 + np.arange(int(lot.max()))
    other = _other_ways(problem, paid, move)
    kept = _marginal_cost(problem.points, point, arrival, units=units, other=other)
    short = _marginal_cost(problem.points, point, arrival, units=units - given[point, None], other=other)
    # A unit more is kept, or lets one of those on hand go to where it is worth more, as long as there are some.
    marginal = np.maximum(short, np.minimum(kept, -worth[point, None]))
    marginal = np.where(given[point, None] > 0, marginal, kept) + paid[move, None]
    cost = np.cumsum(np.where(np.arange(units.shape[1]) < lot[:, None], marginal, 0.0), axis=1)
    found = np.minimum(cost[np.arange(move.size), lot - 1], 0.0) - np.minimum(cost.min(axis=1), 0.0)
    return float(found.sum())


def _paid(problem: SkuProblem, network: FlowNetwork, price: Floats) -> Floats:
    """What a unit of each move pays: its cost and the price where it comes from; infinity where it may not be made.

    A move that is at its own limit pays what a unit is worth where it arrives: the limit has a price too.
    """
    arcs = network.arcs
    rows = np.flatnonzero(arcs.move >= 0)
    paid = np.full(problem.origin.size, np.inf)
    paid[arcs.move[rows]] = np.maximum(arcs.cost[rows] + price[arcs.tail[rows]], price[arcs.head[rows]])
    return paid


def _lot_moves(problem: SkuProblem, paid: Floats, quantity: Ints) -> Ints:
    """Tonight's moves in lots, one a point, whose quantity is no whole lot and whose point is a problem of its own."""
    n_points = len(problem.points.base)
    is_open = np.isfinite(paid)
    own = problem.origin >= 0
    sends_on = np.zeros(n_points, dtype=bool)
    sends_on[problem.origin[own & is_open & ((problem.day > 0) | ~problem.is_protected)]] = True
    sends_on[problem.roots] = True
    gives = np.zeros(n_points, dtype=bool)
    gives[problem.origin[own & is_open]] = True
    earliest = np.full(n_points, problem.horizon)
    np.minimum.at(earliest, problem.destination[is_open], problem.arrival[is_open])
    end = problem.destination
    fits = is_open & own & (problem.day == 0) & (problem.lot > 1) & (problem.lot <= MAX_LOT)
    fits &= (quantity % problem.lot > 0) & ~sends_on[end] & (problem.arrival == earliest[end])
    fits &= ~gives[end] | (problem.arrival == 0)
    # A whole lot more must be possible, or the flow's limit is no lot.
    fits &= quantity // problem.lot * problem.lot + problem.lot <= problem.most
    rows = np.flatnonzero(fits)
    return rows[np.unique(end[rows], return_index=True)[1]]


def _given_away(problem: SkuProblem, network: FlowNetwork, price: Floats) -> tuple[Ints, Floats]:
    """Units that each point may give tonight, and what one is worth where protected moves leave, (n_points,) each."""
    arcs = network.arcs
    rows = np.flatnonzero(arcs.move >= 0)
    rows = rows[problem.is_protected[arcs.move[rows]]]
    given = np.zeros(len(problem.points.base), dtype=np.int64)
    worth = np.zeros(given.size)
    origin = problem.origin[arcs.move[rows]]
    given[origin] = np.minimum(problem.giveable, problem.sendable)[origin]
    worth[origin] = price[arcs.tail[rows]]
    return given, worth


def _other_ways(problem: SkuProblem, paid: Floats, move: Ints) -> Floats:
    """Least that a unit costs each point by another move, by the day from which it is usable, (m, T)."""
    cost = np.where(np.isin(np.arange(paid.size), move), np.inf, paid)
    least = np.full(problem.pipeline.shape, np.inf)
    np.minimum.at(least, (problem.destination, problem.arrival), cost)
    return least[problem.destination[move]]


def _marginal_cost(rows: Rows, point: Ints, arrival: Ints, *, units: Ints, other: Floats) -> Floats:
    """What the next of tonight's units costs from its arrival on if later units come by the best other ways, (m, u).

    Going back through the days, a unit that is there saves at most what another way would bring it for.
    """
    found = np.zeros(units.shape)
    for day in range(rows.base.shape[1] - 1, -1, -1):
        there = rows.base[point, day][:, None] + units
        cost = found + _slope(rows.breaks[point, day], rows.slopes[point, day], there)
        wasted = rows.waste_day[point] == day
        if wasted.any():
            cost[wasted] += _slope(rows.waste_breaks[point], rows.waste_slopes[point], there)[wasted]
        found = np.where(day >= arrival[:, None], np.maximum(cost, -other[:, day, None]), found)
    return found


def _slope(breaks: Ints, slopes: Floats, supply: Ints) -> Floats:
    """Cost of the last of these units, (m, u); nothing where there is none."""
    segment = (breaks[:, None, :] < supply[:, :, None]).sum(axis=2)
    found: Floats = np.take_along_axis(slopes, segment, axis=1)
    return found
