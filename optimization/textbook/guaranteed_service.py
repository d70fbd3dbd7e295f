"""Guaranteed service: where in a network to hold safety stock, when every stage promises its customers a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Stands for "no promise asked for": longer than any lead time.
NO_LIMIT = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class ServiceNetwork:
    """Stages of an acyclic network; each passes demand on at once and serves it within its service time.

    Parameters
    ----------
    processing_time
        (n,) T, whole [periods], >= 0: from having all inputs to having the good.
    holding_cost
        (n,) h [money/unit/period], >= 0, of the good that the stage makes.
    demand_bound
        (n,) B, so that B sqrt(t) is the demand above its mean that safety stock must cover over t periods [units]; see
        `pooled_demand_bound`.
    arcs
        (m, 2) supplier and customer, rows of the stages.
    max_service_time
        (n,) longest S that may be promised [periods]; `NO_LIMIT` where none is asked for. Stages without customers of
        their own promise to the market and need one.
    inbound_time
        (n,) least SI, the wait for supply from outside [periods].
    """

    processing_time: Ints
    holding_cost: Floats
    demand_bound: Floats
    arcs: Ints
    max_service_time: Ints
    inbound_time: Ints

    @property
    def n_stages(self) -> int:
        """Number of stages."""
        return int(self.processing_time.size)

    @cached_property
    def longest(self) -> Ints:
        """Longest time in which each stage can be replenished, no stage promising longer than it may, (n,)."""
        inbound = self.inbound_time.copy()
        longest = np.zeros(self.n_stages, dtype=np.int64)
        for stage in suppliers_first(self.n_stages, self.arcs):
            longest[stage] = inbound[stage] + self.processing_time[stage]
            customers = self.arcs[self.arcs[:, 0] == stage, 1]
            promised = min(longest[stage], self.max_service_time[stage])
            inbound[customers] = np.maximum(inbound[customers], promised)
        return longest

    def net_times(self, service_time: Ints) -> Ints:
        """Periods that each stage's stock must cover, SI + T - S, (n,), SI the longest wait for an input."""
        inbound = self.inbound_time.copy()
        np.maximum.at(inbound, self.arcs[:, 1], service_time[self.arcs[:, 0]])
        net: Ints = inbound + self.processing_time - service_time
        return net

    def cost(self, service_time: Ints) -> float:
        """Holding cost of safety stock, sum of h B sqrt(SI + T - S) [money/period]; infinite where S is too long."""
        net = self.net_times(service_time)
        if (net < 0).any() or (service_time < 0).any() or (service_time > self.max_service_time).any():
            return float("inf")
        return float(self.holding_cost * self.demand_bound @ np.sqrt(net))


@dataclass(frozen=True, eq=False)
class ServicePlan:
    """Service times and what they cost.

    Parameters
    ----------
    service_time
        (n,) S promised by each stage [periods].
    net_time
        (n,) periods covered by its safety stock.
    safety_stock
        (n,) B sqrt(net time) [units].
    cost
        Holding cost of all safety stock [money/period].
    bound
        No service times cost less; equal to the cost where the plan is proven best.
    n_trees
        Trees solved on the way.
    """

    service_time: Ints
    net_time: Ints
    safety_stock: Floats
    cost: float
    bound: float
    n_trees: int


def pooled_demand_bound(
    sd: npt.ArrayLike, arcs: npt.ArrayLike, *, factor: npt.ArrayLike, units: npt.ArrayLike | None = None
) -> Floats:
    """Bound on demand of each stage from those of its customers: B_i^2 = (z_i sigma_i)^2 + sum of (u_ij B_j)^2.

    Demands of different customers are independent, so bounds add in squares. Source: Graves and Willems
    (2000); Snyder and Shen (2019), section 6.3. Example: a stage that feeds bounds 3 and 4 has bound 5.

    Parameters
    ----------
    sd
        (n,) sigma of the market's demand on each stage over a period [units]; 0 where it has none.
    arcs
        (m, 2) supplier and customer.
    factor
        z, deviations to be covered; broadcasts to (n,).
    units
        (m,) units of the supplier's good in one of the customer's; none: 1.

    Raises
    ------
    ValueError
        If the arcs form a cycle.
    """
    links = np.asarray(arcs, dtype=np.int64).reshape(-1, 2)
    each = np.ones(len(links)) if units is None else np.asarray(units, dtype=np.float64)
    square = (np.asarray(sd, dtype=np.float64) * np.asarray(factor, dtype=np.float64)) ** 2
    for stage in suppliers_first(square.size, links)[::-1]:
        inward = links[:, 1] == stage
        np.add.at(square, links[inward, 0], each[inward] ** 2 * square[stage])
    bound: Floats = np.sqrt(square)
    return bound


def suppliers_first(n_stages: int, arcs: Ints) -> list[int]:
    """Stages in an order in which every supplier comes before its customers.

    Raises
    ------
    ValueError
        If the arcs form a cycle.
    """
    waiting = np.bincount(arcs[:, 1], minlength=n_stages)
    ready = [int(stage) for stage in np.flatnonzero(waiting == 0)]
    for stage in ready:
        for customer in arcs[arcs[:, 0] == stage, 1]:
            waiting[customer] -= 1
            if waiting[customer] == 0:
                ready.append(int(customer))
    if len(ready) < n_stages:
        raise ValueError(f"stages {np.flatnonzero(waiting > 0).tolist()} lie on or behind a cycle; remove an arc of it")
    return ready
