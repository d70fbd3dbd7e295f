"""Turn the convex program of one SKU into a network: nodes, arcs, capacities and unit costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.flow.problem import Rows, SkuProblem

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NO_MOVE = -1


@dataclass(frozen=True, eq=False)
class Arcs:
    """Parallel arrays of arcs.

    Parameters
    ----------
    tail, head
        (m,) node numbers.
    capacity
        (m,) whole units.
    cost
        (m,) [money/unit].
    move
        (m,) index of the move that an arc stands for; `NO_MOVE` otherwise.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Floats
    move: Ints


@dataclass(frozen=True, eq=False)
class FlowNetwork:
    """A balanced network whose min-cost flow is the SKU's optimal plan.

    Parameters
    ----------
    arcs
        All arcs with a capacity.
    supply
        (n_nodes,) units that enter (+) or leave (-).
    """

    arcs: Arcs
    supply: Ints


@dataclass(frozen=True, eq=False)
class Nodes:
    """Node numbers.

    Parameters
    ----------
    morning
        (n_points, T) stock on a day, after arrivals; the inventory arc of the day leaves from here.
    evening
        (n_points, T) stock of the evening before, from which goods leave; the morning itself where nothing can leave.
    leaving
        (n_points,) what tonight's moves may take.
    giving
        (n_points,) what protected moves may take.
    expiring
        (n_points,) between holding and waste cost; the next node itself where nothing expires.
    chain
        (n_roots, T) what has not been bought yet, by day of arrival.
    chain_expiring
        (n_roots,) between the chain's shortage and waste cost.
    source, sink
        Purchases of places that feed no others; where everything ends.
    n
        Number of nodes.
    """

    morning: Ints
    evening: Ints
    leaving: Ints
    giving: Ints
    expiring: Ints
    chain: Ints
    chain_expiring: Ints
    source: int
    sink: int
    n: int


def flow_network(problem: SkuProblem) -> FlowNetwork:
    """Build the network of one SKU.

    Parameters
    ----------
    problem
        The convex program.
    """
    nodes = _nodes(problem)
    bought = problem.most_bought
    supply = np.zeros(nodes.n, dtype=np.int64)
    supply[nodes.evening[:, 0]] = problem.free
    supply[nodes.morning.ravel()] += problem.pipeline.ravel()
    supply[nodes.chain[:, 0]] = bought
    supply[nodes.source] = bought
    total = int(supply.sum())
    supply[nodes.sink] = -total
    blocks = [
        *_supply_arcs(problem, nodes, total=total),
        *_chain_arcs(problem, nodes, bought=bought),
        _carry_arcs(problem, nodes, total=total),
        *_leaving_arcs(problem, nodes),
        _move_arcs(problem, nodes, total=total),
        _arcs(np.array([nodes.source]), np.array([nodes.sink]), np.array([bought])),
    ]
    return _compressed(_stacked(blocks), supply)


def _compressed(arcs: Arcs, supply: Ints) -> FlowNetwork:
    """Number only the nodes that some arc or some supply touches."""
    is_used = supply != 0
    is_used[arcs.tail] = True
    is_used[arcs.head] = True
    number = np.cumsum(is_used) - 1
    renumbered = Arcs(number[arcs.tail], number[arcs.head], arcs.capacity, arcs.cost, arcs.move)
    return FlowNetwork(renumbered, supply[is_used])


def _nodes(problem: SkuProblem) -> Nodes:
    """Number the nodes; evenings only where goods may leave."""
    n_points, horizon = problem.pipeline.shape
    n_roots = problem.roots.size
    morning = np.arange(n_points * horizon).reshape(n_points, horizon)
    ships = np.zeros((n_points, horizon), dtype=bool)
    ships[:, 0] = True
    own = problem.origin >= 0
    ships[problem.origin[own], problem.day[own]] = True
    used = morning.size
    evening = morning.copy()
    evening[ships] = used + np.arange(int(ships.sum()))
    used += int(ships.sum())
    leaving = used + np.arange(n_points)
    used += n_points
    giving = used + np.arange(n_points)
    used += n_points
    expiring = used + np.arange(n_points)
    used += n_points
    chain = used + np.arange(n_roots * horizon).reshape(n_roots, horizon)
    used += chain.size
    chain_expiring = used + np.arange(n_roots)
    used += n_roots
    return Nodes(
        morning, evening, leaving, giving, expiring, chain, chain_expiring, source=used, sink=used + 1, n=used + 2
    )


def _supply_arcs(problem: SkuProblem, nodes: Nodes, *, total: int) -> list[Arcs]:
    """Inventory arcs (p, u) -> (p, v) between days on which something can come or go, by segments of their cost."""
    rows = problem.points
    after = np.concatenate([nodes.evening[:, 1:], np.full((len(nodes.morning), 1), nodes.sink)], axis=1)
    starts = (nodes.evening != nodes.morning) | (problem.pipeline > 0)
    starts[problem.destination, problem.arrival] = True
    span = _spans(rows, starts)
    blocks = [
        _segments(
            nodes.morning[span.row, span.first],
            _heads(rows, span, after=after, expiring=nodes.expiring),
            width=_widths(rows.breaks[span.row, span.first], total),
            slopes=span.slopes,
        )
    ]
    wasting, at = _expiring(rows, span)
    if wasting.size:
        width = _widths(rows.waste_breaks[wasting], total)
        slopes = rows.waste_slopes[wasting]
        blocks.append(_segments(nodes.expiring[wasting], after[wasting, at], width=width, slopes=slopes))
    return blocks


def _chain_arcs(problem: SkuProblem, nodes: Nodes, *, bought: int) -> list[Arcs]:
    """Source chain s(u) -> s(v): flow R has not been bought yet, so the echelon has base + bought - R.

    The convex cost of the echelon's supply, read from above, is a convex cost of R.
    """
    if not nodes.chain.size:
        return []
    rows = problem.echelons
    after = np.concatenate([nodes.chain[:, 1:], np.full((len(nodes.chain), 1), nodes.sink)], axis=1)
    starts = np.diff(rows.base, axis=1, prepend=rows.base[:, :1]) != 0
    chain_of = np.full(len(nodes.morning), -1)
    chain_of[problem.roots] = np.arange(problem.roots.size)
    is_bought = (problem.origin < 0) & (chain_of[problem.destination] >= 0)
    starts[chain_of[problem.destination[is_bought]], problem.arrival[is_bought]] = True
    span = _spans(rows, starts)
    base = rows.base[span.row, span.first]
    blocks = [
        _segments(
            nodes.chain[span.row, span.first],
            _heads(rows, span, after=after, expiring=nodes.chain_expiring),
            width=_widths_between(rows.breaks[span.row, span.first], low=base, high=base + bought),
            slopes=-span.slopes,
        )
    ]
    wasting, at = _expiring(rows, span)
    if wasting.size:
        base = rows.base[wasting, at]
        width = _widths_between(rows.waste_breaks[wasting], low=base, high=base + bought)
        slopes = -rows.waste_slopes[wasting]
        blocks.append(_segments(nodes.chain_expiring[wasting], after[wasting, at], width=width, slopes=slopes))
    return blocks


@dataclass(frozen=True, eq=False)
class Spans:
    """Runs of days over which a row's supply cannot change and its breakpoints are the same.

    Parameters
    ----------
    row, first, last
        (m,) row, first and last day.
    slopes
        (m, K + 1) sum of the days' slopes.
    """

    row: Ints
    first: Ints
    last: Ints
    slopes: Floats


def _spans(rows: Rows, starts: npt.NDArray[np.bool_]) -> Spans:
    """Cut each row's days at `starts` (n, T) and wherever the breakpoints change."""
    n, horizon = starts.shape
    changes = (rows.breaks[:, 1:] != rows.breaks[:, :-1]).any(axis=2)
    is_first = np.concatenate([np.ones((n, 1), dtype=bool), starts[:, 1:] | changes], axis=1)
    flat = np.flatnonzero(is_first)
    slopes = np.add.reduceat(rows.slopes.reshape(n * horizon, -1), flat, axis=0) if n else rows.slopes.reshape(0, 1)
    ends = np.append(flat[1:], n * horizon) - 1
    return Spans(flat // horizon, flat % horizon, ends % horizon, slopes)


def _heads(rows: Rows, span: Spans, *, after: Ints, expiring: Ints) -> Ints:
    """Where each span's arcs end: the next node, or the one where goods expire."""
    wasted = rows.waste_day[span.row]
    is_wasting = rows.has_waste[span.row] & (span.first <= wasted) & (wasted <= span.last)
    return np.where(is_wasting, expiring[span.row], after[span.row, span.last])


def _expiring(rows: Rows, span: Spans) -> tuple[Ints, Ints]:
    """Rows whose goods may expire, and the last day of the span in which waste is charged."""
    wasted = rows.waste_day[span.row]
    hit = rows.has_waste[span.row] & (span.first <= wasted) & (wasted <= span.last)
    return span.row[hit], span.last[hit]


def _carry_arcs(problem: SkuProblem, nodes: Nodes, *, total: int) -> Arcs:
    """What does not leave in the evening is there in the morning."""
    point, day = np.nonzero(nodes.evening != nodes.morning)
    capacity = np.full(point.size, total)
    return _arcs(nodes.evening[point, day], nodes.morning[point, day], capacity)


def _leaving_arcs(problem: SkuProblem, nodes: Nodes) -> list[Arcs]:
    """Tonight's moves leave through an arc of what lives long enough; protected ones through one more."""
    return [
        _arcs(nodes.evening[:, 0], nodes.leaving, problem.sendable),
        _arcs(nodes.leaving, nodes.giving, problem.giveable),
    ]


def _move_arcs(problem: SkuProblem, nodes: Nodes, *, total: int) -> Arcs:
    """One arc a move, from the evening it leaves (or the purchase chain) to the morning it is usable."""
    from_own = nodes.evening[problem.origin, problem.day]
    from_own = np.where(problem.day == 0, nodes.leaving[problem.origin], from_own)
    from_own = np.where(problem.is_protected, nodes.giving[problem.origin], from_own)
    chain_of = np.full(len(nodes.morning), -1)
    chain_of[problem.roots] = np.arange(problem.roots.size)
    chain = chain_of[problem.destination]
    bought = np.full(problem.origin.size, nodes.source)
    is_chained = chain >= 0
    bought[is_chained] = nodes.chain[chain[is_chained], problem.arrival[is_chained]]
    is_open = ~problem.is_banned & (problem.most > 0)
    return Arcs(
        tail=np.where(problem.origin >= 0, from_own, bought)[is_open],
        head=nodes.morning[problem.destination, problem.arrival][is_open],
        capacity=np.minimum(problem.most, total)[is_open],
        cost=problem.cost[is_open],
        move=np.flatnonzero(is_open),
    )


def _widths(breaks: Ints, total: int) -> Ints:
    """Lengths of the segments (..., K + 1); the last takes all the rest."""
    starts = np.concatenate([np.zeros_like(breaks[..., :1]), breaks], axis=-1)
    return np.diff(starts, axis=-1, append=starts[..., -1:] + total)


def _widths_between(breaks: Ints, *, low: Ints, high: Ints) -> Ints:
    """Lengths of the parts of the segments that lie between two levels, (..., K + 1)."""
    starts = np.concatenate([np.zeros_like(breaks[..., :1]), breaks], axis=-1)
    ends = np.concatenate([breaks, high[..., None] + breaks[..., -1:]], axis=-1)
    inside: Ints = np.minimum(ends, high[..., None]) - np.maximum(starts, low[..., None])
    return np.maximum(inside, 0)


def _segments(tail: Ints, head: Ints, *, width: Ints, slopes: Floats) -> Arcs:
    """Parallel arcs for the segments of convex costs; empty segments are left out."""
    shape = width.shape
    is_open = width > 0
    tails = np.broadcast_to(tail[..., None], shape)[is_open]
    heads = np.broadcast_to(head[..., None], shape)[is_open]
    return Arcs(tails, heads, width[is_open], slopes[is_open], np.full(tails.size, NO_MOVE))


def _arcs(tail: Ints, head: Ints, capacity: Ints) -> Arcs:
    """Arcs without cost; those without capacity are left out."""
    is_open = capacity > 0
    n = int(is_open.sum())
    return Arcs(tail[is_open], head[is_open], capacity[is_open], np.zeros(n), np.full(n, NO_MOVE))


def _stacked(blocks: list[Arcs]) -> Arcs:
    return Arcs(
        tail=np.concatenate([block.tail for block in blocks]),
        head=np.concatenate([block.head for block in blocks]),
        capacity=np.concatenate([block.capacity for block in blocks]),
        cost=np.concatenate([block.cost for block in blocks]),
        move=np.concatenate([block.move for block in blocks]),
    )
