"""What a unit is worth at each node of a solved network: dual values of the min-cost flow, in its integer costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.flow.arcs import FlowNetwork

Ints = npt.NDArray[np.int64]


def node_prices(network: FlowNetwork, costs: Ints, flows: Ints) -> Ints:
    """Shortest distances in the residual network: no arc that could carry more is cheaper than the prices at its ends.

    With them the optimum is the sum over arcs of the least reduced cost, so any part of the network may be solved
    anew at these prices and the sum still bounds the whole from below (Ahuja, Magnanti and Orlin 1993, chapter 9).

    Parameters
    ----------
    network
        The network.
    costs
        (m,) integer unit costs.
    flows
        (m,) an optimal flow at these costs.

    Returns
    -------
    (n_nodes,) price, up to a constant: for every arc with room left, price[head] <= price[tail] + cost; for every arc
    with a flow, price[head] >= price[tail] + cost.
    """
    arcs = network.arcs
    has_room, is_used = flows < arcs.capacity, flows > 0
    tail = np.concatenate([arcs.tail[has_room], arcs.head[is_used]])
    head = np.concatenate([arcs.head[has_room], arcs.tail[is_used]])
    cost = np.concatenate([costs[has_room], -costs[is_used]])
    # Of parallel arcs the cheapest counts; sorted by head.
    order = np.lexsort((cost, tail, head))
    tail, head, cost = tail[order], head[order], cost[order]
    is_cheapest = np.append(True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1]))
    tail, head, cost = tail[is_cheapest], head[is_cheapest], cost[is_cheapest]
    first = np.flatnonzero(np.append(True, head[1:] != head[:-1]))
    reached = head[first]
    price = np.zeros(network.supply.size, dtype=np.int64)
    while True:
        nearer = np.minimum(np.minimum.reduceat(price[tail] + cost, first), price[reached])
        if (nearer == price[reached]).all():
            return price
        price[reached] = nearer
