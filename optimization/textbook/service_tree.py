"""Service times of a tree by dynamic programming, each stage within given limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.textbook.guaranteed_service import ServiceNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TreeTimes:
    """Best service times of a tree: S and SI, (n,) [periods], and the cost; infinite where no times are allowed."""

    service_time: Ints
    inbound_time: Ints
    cost: float


@dataclass(frozen=True, eq=False)
class ServiceTree:
    """A spanning forest of a network, rooted, with each stage's cost of every pair of times.

    Parameters
    ----------
    parent
        (n,) neighbour towards the root; -1 at a root.
    is_supplier
        (n,) whether the stage supplies its parent, rather than being supplied by it.
    leaves_first
        The stages, children before parents.
    costs
        (n, t, t) h B sqrt(SI + T - S) by S and SI; infinite where S is longer than SI + T.
    """

    parent: Ints
    is_supplier: npt.NDArray[np.bool_]
    leaves_first: list[int]
    costs: Floats

    def best_times(self, most_service: Ints, least_inbound: Ints) -> TreeTimes:
        """Service times of least cost with S <= most_service and SI >= least_inbound at every stage.

        A stage tells its parent the cost of its whole branch: a supplier for each SI of the parent, over all own S up
        to it; a customer for each S of the parent, over all own SI from it. Source: Graves and Willems (2000), with
        limits of either time.

        Parameters
        ----------
        most_service, least_inbound
            (n,) [periods].
        """
        times = np.arange(self.costs.shape[1])
        tables, own = {}, {}
        told: dict[int, list[tuple[int, Floats]]] = {stage: [] for stage in self.leaves_first}
        for stage in self.leaves_first:
            table = self.costs[stage].copy()
            table[times > most_service[stage], :] = np.inf
            table[:, times < least_inbound[stage]] = np.inf
            for child, message in told[stage]:
                table += message[None, :] if self.is_supplier[child] else message[:, None]
            tables[stage] = table
            if self.parent[stage] < 0:
                continue
            along = table.min(axis=1) if self.is_supplier[stage] else table.min(axis=0)
            own[stage] = along
            reached = np.minimum.accumulate(along) if self.is_supplier[stage] else _from_above(along)
            told[int(self.parent[stage])].append((stage, reached))
        return self._read_off(tables, own)

    def _read_off(self, tables: dict[int, Floats], own: dict[int, Floats]) -> TreeTimes:
        """Follow the best choices from the roots to the leaves."""
        n = len(self.parent)
        service, inbound, cost = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), 0.0
        for stage in reversed(self.leaves_first):
            parent = int(self.parent[stage])
            if parent < 0:
                service[stage], inbound[stage] = np.unravel_index(int(tables[stage].argmin()), tables[stage].shape)
                cost += float(tables[stage].min())
            elif self.is_supplier[stage]:
                service[stage] = int(own[stage][: inbound[parent] + 1].argmin())
                inbound[stage] = int(tables[stage][service[stage]].argmin())
            else:
                inbound[stage] = service[parent] + int(own[stage][service[parent] :].argmin())
                service[stage] = int(tables[stage][:, inbound[stage]].argmin())
        return TreeTimes(service, inbound, cost)


def spanning_tree(network: ServiceNetwork) -> tuple[ServiceTree, Ints]:
    """Span the network by a forest; the arcs that it leaves out, (k, 2), come beside it."""
    kept, left = _forest(network)
    neighbours: dict[int, list[tuple[int, bool]]] = {stage: [] for stage in range(network.n_stages)}
    for supplier, customer in kept:
        neighbours[supplier].append((customer, False))
        neighbours[customer].append((supplier, True))
    parent = np.full(network.n_stages, -1, dtype=np.int64)
    is_supplier = np.zeros(network.n_stages, dtype=bool)
    seen: set[int] = set()
    order: list[int] = []
    for root in range(network.n_stages):
        if root in seen:
            continue
        seen.add(root)
        stack = [root]
        while stack:
            stage = stack.pop()
            order.append(stage)
            for other, supplies in neighbours[stage]:
                if other not in seen:
                    seen.add(other)
                    parent[other], is_supplier[other] = stage, supplies
                    stack.append(other)
    return ServiceTree(parent, is_supplier, order[::-1], _stage_costs(network)), left


def _forest(network: ServiceNetwork) -> tuple[list[tuple[int, int]], Ints]:
    """Arcs of a spanning forest, in the order given, and those that would close a loop."""
    group = np.arange(network.n_stages)
    kept, left = [], []
    for supplier, customer in network.arcs.tolist():
        if group[supplier] == group[customer]:
            left.append((supplier, customer))
            continue
        kept.append((supplier, customer))
        group[group == group[supplier]] = group[customer]
    return kept, np.array(left, dtype=np.int64).reshape(-1, 2)


def _stage_costs(network: ServiceNetwork) -> Floats:
    """Cost of each stage by S and SI, up to its longest times, (n, t, t)."""
    times = np.arange(int(network.longest.max()) + 1)
    costs = np.full((network.n_stages, times.size, times.size), np.inf)
    for stage in range(network.n_stages):
        net = times[None, :] + network.processing_time[stage] - times[:, None]
        rate = network.holding_cost[stage] * network.demand_bound[stage]
        is_allowed = (net >= 0) & (times[None, :] <= network.longest[stage] - network.processing_time[stage])
        costs[stage] = np.where(is_allowed, rate * np.sqrt(np.maximum(net, 0)), np.inf)
    return costs


def _from_above(cost: Floats) -> Floats:
    """Least cost at this place or a later one."""
    least: Floats = np.minimum.accumulate(cost[::-1])[::-1]
    return least
