"""Parts of the guaranteed-service model by hand: bounds on demand, the order of stages, net times and costs."""

import numpy as np
import pytest

from optimization.textbook.guaranteed_service import (
    NO_LIMIT,
    ServiceNetwork,
    pooled_demand_bound,
    suppliers_first,
)


def chain_of_two(max_service_time: int = 0) -> ServiceNetwork:
    """Stage 0 (3 periods) supplies stage 1 (2 periods); outside supply takes 1."""
    return ServiceNetwork(
        processing_time=np.array([3, 2]),
        holding_cost=np.array([1.0, 4.0]),
        demand_bound=np.array([5.0, 5.0]),
        arcs=np.array([[0, 1]]),
        max_service_time=np.array([NO_LIMIT, max_service_time]),
        inbound_time=np.array([1, 0]),
    )


def test_bounds_of_independent_customers_add_in_squares():
    # stage 0 feeds 1 and 2; z sigma of 3 and 4 make 5; with 2 units in each of stage 2 it is sqrt(9 + 64)
    arcs = [[0, 1], [0, 2]]
    assert pooled_demand_bound([0, 3, 4], arcs, factor=1).tolist() == [5, 3, 4]
    assert pooled_demand_bound([0, 3, 4], arcs, factor=1, units=[1, 2])[0] == pytest.approx(73**0.5)
    assert pooled_demand_bound([0, 3, 4], arcs, factor=[9, 2, 1]).tolist() == [52**0.5, 6, 4]


def test_suppliers_come_before_their_customers():
    order = suppliers_first(4, np.array([[3, 0], [0, 1], [3, 1], [1, 2]]))
    assert order == [3, 0, 1, 2]


def test_a_cycle_is_named():
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        suppliers_first(3, np.array([[1, 2], [2, 1]]))


def test_net_times_and_cost_by_hand():
    # S = (1, 0): stage 0 covers 1 + 3 - 1 = 3, stage 1 covers 1 + 2 - 0 = 3: (1 + 4) x 5 x sqrt 3
    network = chain_of_two()
    times = np.array([1, 0])
    assert network.net_times(times).tolist() == [3, 3]
    assert network.cost(times) == pytest.approx(25 * 3**0.5)


def test_times_that_cannot_be_kept_cost_infinitely_much():
    network = chain_of_two()
    assert network.cost(np.array([5, 0])) == np.inf  # 1 + 3 periods are not enough
    assert network.cost(np.array([0, 1])) == np.inf  # the market is promised 0


def test_the_longest_times_respect_what_may_be_promised():
    assert chain_of_two().longest.tolist() == [4, 6]
