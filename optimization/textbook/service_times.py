"""Guaranteed service times of any acyclic network: trees exactly, others by branching on what a tree leaves out."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt

from optimization.textbook.guaranteed_service import NO_LIMIT, ServiceNetwork, ServicePlan, suppliers_first
from optimization.textbook.service_tree import TreeTimes, spanning_tree

Ints = npt.NDArray[np.int64]


def guaranteed_service_times(network: ServiceNetwork, *, max_trees: int = 5_000) -> ServicePlan:
    """Service times that hold safety stock at least cost: min sum of h_i B_i sqrt(SI_i + T_i - S_i), S_i <= SI_j.

    A spanning tree is solved by dynamic programming. An arc (i, j) that it leaves out and breaks, S_i > SI_j, is
    branched on: either S_i <= v or SI_j >= v + 1, v between the two, each again a tree with limits; the branch of
    lowest cost comes first. Stages with the same several suppliers meet them in one stage without time or stock, which
    changes no cost and leaves fewer arcs out. Source: Graves and Willems (2000, 2003) for trees; Humair and Willems
    (2011) for other networks; Snyder and Shen (2019), section 6.3. Example 6.5 there: 3 feeds 2 and 4, fed by 1;
    T = 2, 1, 1, 1, h = 1, 3, 2, 3, B = sqrt 2, 1, sqrt 2, 1, supply from outside takes 1, markets are promised 0 at 2
    and 1 at 4: S = 0, 0, 0, 1 at sqrt 6 + 2 sqrt 2 + 3 = 8.2779.

    Parameters
    ----------
    network
        Stages and arcs.
    max_trees
        Trees to solve at most; then the best plan found is returned with the bound reached.

    Raises
    ------
    ValueError
        If the arcs form a cycle, or no service times are within the limits.
    """
    joined = _with_hubs(network)
    tree, left_out = spanning_tree(joined)
    first = tree.best_times(joined.max_service_time, joined.inbound_time)
    if not np.isfinite(first.cost):
        raise ValueError("no service times are within the limits; raise max_service_time where it is below 0")
    ticket, n_trees = count(), 1
    heap = [(first.cost, next(ticket), first, joined.max_service_time, joined.inbound_time)]
    best, least, bound = first.service_time, float("inf"), first.cost
    while heap and heap[0][0] < least * (1.0 - 1e-9) and n_trees < max_trees:
        bound, _, times, most, fewest = heapq.heappop(heap)
        mended = _mended(joined, times)
        if (cost := joined.cost(mended)) < least:
            best, least = mended, cost
        if (arc := _worst_break(times, left_out)) is None:
            continue
        for limits in _branches(arc, times, most=most, fewest=fewest):
            found = tree.best_times(*limits)
            n_trees += 1
            if found.cost < least:
                heapq.heappush(heap, (found.cost, next(ticket), found, *limits))
    bound = min(heap[0][0], least) if heap else least
    times_of_ours = best[: network.n_stages]
    net = network.net_times(times_of_ours)
    stock = network.demand_bound * np.sqrt(net)
    return ServicePlan(times_of_ours, net, stock, network.cost(times_of_ours), bound, n_trees)


def _worst_break(times: TreeTimes, left_out: Ints) -> tuple[int, int] | None:
    """Left-out arc whose supplier promises the most periods more than its customer allows for; none if all fit."""
    over = times.service_time[left_out[:, 0]] - times.inbound_time[left_out[:, 1]]
    if not over.size or over.max() <= 0:
        return None
    supplier, customer = left_out[int(over.argmax())]
    return int(supplier), int(customer)


def _branches(arc: tuple[int, int], times: TreeTimes, *, most: Ints, fewest: Ints) -> list[tuple[Ints, Ints]]:
    """Limits of the two branches of a broken arc; every plan that keeps the arc is in one of them, this one in none."""
    supplier, customer = arc
    middle = int(times.service_time[supplier] + times.inbound_time[customer]) // 2
    earlier, later = most.copy(), fewest.copy()
    earlier[supplier] = middle
    later[customer] = middle + 1
    return [(earlier, fewest), (most, later)]


def _mended(network: ServiceNetwork, times: TreeTimes) -> Ints:
    """Service times near those of the tree that every arc allows: promises are cut to what customers allow for."""
    service, inbound = times.service_time.copy(), network.inbound_time.copy()
    np.minimum.at(service, network.arcs[:, 0], times.inbound_time[network.arcs[:, 1]])
    for stage in suppliers_first(network.n_stages, network.arcs):
        service[stage] = min(service[stage], inbound[stage] + network.processing_time[stage])
        customers = network.arcs[network.arcs[:, 0] == stage, 1]
        inbound[customers] = np.maximum(inbound[customers], service[stage])
    return service


def _with_hubs(network: ServiceNetwork) -> ServiceNetwork:
    """Put one stage without time or stock between each group of customers and the several suppliers they all share."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for customer in range(network.n_stages):
        suppliers = tuple(sorted(network.arcs[network.arcs[:, 1] == customer, 0].tolist()))
        groups.setdefault(suppliers, []).append(customer)
    shared = {who: whom for who, whom in groups.items() if len(who) > 1 and len(whom) > 1}
    if not shared:
        return network
    served = {customer for customers in shared.values() for customer in customers}
    arcs = [arc for arc in network.arcs.tolist() if arc[1] not in served]
    for hub, (suppliers, customers) in enumerate(shared.items(), start=network.n_stages):
        arcs += [[supplier, hub] for supplier in suppliers] + [[hub, customer] for customer in customers]
    zeros = np.zeros(len(shared), dtype=np.int64)
    # Stock at such a stage would cost more than all other stock together, so it promises what it is promised.
    too_dear = 1.0 + float(network.holding_cost * network.demand_bound @ np.sqrt(network.longest))
    return replace(
        network,
        processing_time=np.append(network.processing_time, zeros),
        holding_cost=np.append(network.holding_cost, zeros + too_dear),
        demand_bound=np.append(network.demand_bound, zeros + 1.0),
        arcs=np.array(arcs, dtype=np.int64),
        max_service_time=np.append(network.max_service_time, zeros + NO_LIMIT),
        inbound_time=np.append(network.inbound_time, zeros),
    )
