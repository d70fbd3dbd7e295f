"""Guaranteed service times: the published trees, loops by hand, and what a search that is cut short may claim."""

import numpy as np
import pytest

from optimization.textbook.guaranteed_service import NO_LIMIT, ServiceNetwork, pooled_demand_bound
from optimization.textbook.service_times import guaranteed_service_times

Z95 = 1.6448536269514722
CAMERA_ARCS = [(1, 2), (2, 3), (3, 5), (4, 5), (5, 6), (6, 10), (7, 10), (8, 10), (9, 10)]


def network(times, costs, arcs, *, sd, factor, promises, inbound=None) -> ServiceNetwork:
    """A network whose stages count from 1, as the textbook's do; promises by stage."""
    links = np.array(arcs) - 1
    limits = [promises.get(stage, NO_LIMIT) for stage in range(1, len(times) + 1)]
    return ServiceNetwork(
        processing_time=np.array(times),
        holding_cost=np.array(costs, dtype=float),
        demand_bound=pooled_demand_bound(sd, links, factor=factor),
        arcs=links,
        max_service_time=np.array(limits),
        inbound_time=np.zeros(len(times), dtype=np.int64) if inbound is None else np.array(inbound),
    )


def test_example_6_5_of_snyder_and_shen():
    tree = network(
        [2, 1, 1, 1],
        [1, 3, 2, 3],
        [(1, 3), (3, 2), (3, 4)],
        sd=[0, 1, 0, 1],
        factor=1,
        promises={2: 0, 4: 1},
        inbound=[1, 0, 0, 0],
    )
    plan = guaranteed_service_times(tree)
    assert plan.service_time.tolist() == [0, 0, 0, 1]
    assert plan.cost == pytest.approx(6**0.5 + 2 * 2**0.5 + 3)
    assert plan.bound == plan.cost
    assert plan.safety_stock == pytest.approx([6**0.5, 1, 2**0.5, 0])


@pytest.mark.parametrize(
    ("promised", "cost"), [(2, 18.8240044726), (5, 12.4686888061), (8, 3.257882364), (12, 0.2326174307)]
)
def test_the_digital_camera_of_figure_6_14(promised, cost):
    costs = [0.01, 0.03, 0.04, 0.06, 0.12, 0.13, 0.20, 0.08, 0.04, 0.50]
    sd = [0] * 9 + [10]
    tree = network([2, 3, 2, 4, 2, 3, 6, 4, 3, 2], costs, CAMERA_ARCS, sd=sd, factor=Z95, promises={10: promised})
    assert guaranteed_service_times(tree).cost == pytest.approx(cost, abs=1e-9)


@pytest.mark.parametrize(
    ("promises", "cost"), [((3, 3), 15.6495302495), ((0, 7), 13.1212402387), ((21, 5), 10.5811190104)]
)
def test_problem_6_9_of_snyder_and_shen(promises, cost):
    values = np.array([220, 140, 90, 5, 20, 7.5]) * 0.2 / 365
    arcs = [(6, 5), (4, 3), (5, 3), (3, 1), (3, 2)]
    tree = network(
        [7, 7, 21, 3, 8, 2], values, arcs, sd=[4.1, 6.2, 0, 0, 0, 0], factor=4, promises=dict(enumerate(promises, 1))
    )
    assert guaranteed_service_times(tree).cost == pytest.approx(cost, abs=1e-9)


def test_a_serial_chain_keeps_all_stock_at_its_end_as_in_problem_6_7():
    chain = network([2, 1, 1], [4, 3, 2], [(3, 2), (2, 1)], sd=[10, 0, 0], factor=4, promises={1: 0}, inbound=[0, 0, 1])
    plan = guaranteed_service_times(chain)
    assert plan.service_time.tolist() == [0, 3, 2]
    assert plan.cost == pytest.approx(160 * 5**0.5)


def test_suppliers_shared_by_all_customers_are_solved_as_one_tree():
    # 1 and 2 each feed 3 and 4: a loop that a stage between the pairs removes
    loop = network(
        [4, 9, 1, 2], [1, 2, 5, 6], [(1, 3), (2, 3), (1, 4), (2, 4)], sd=[0, 0, 3, 4], factor=1, promises={3: 0, 4: 0}
    )
    plan = guaranteed_service_times(loop)
    assert plan.n_trees == 1
    assert plan.bound == plan.cost == loop.cost(plan.service_time)


def test_a_search_cut_short_returns_a_plan_that_can_be_kept_and_an_honest_bound():
    loop = network(
        [9, 5, 4, 1, 2],
        [1, 3, 4, 8, 9],
        [(1, 2), (1, 3), (2, 4), (3, 4), (3, 5), (2, 5), (1, 4)],
        sd=[0, 0, 0, 3, 4],
        factor=1,
        promises={4: 0, 5: 1},
    )
    best = guaranteed_service_times(loop)
    short = guaranteed_service_times(loop, max_trees=1)
    assert best.bound == pytest.approx(best.cost)
    assert np.isfinite(short.cost)
    assert short.bound <= best.cost <= short.cost


def test_limits_that_nothing_meets_are_named():
    with pytest.raises(ValueError, match="max_service_time"):
        guaranteed_service_times(network([1], [1.0], np.zeros((0, 2), int), sd=[1], factor=1, promises={1: -1}))
