"""What whole lots cost at least, against the enumeration of all quantities in whole lots; node prices, arc by arc."""

from dataclasses import replace

import numpy as np
import pytest

from optimization.flow.arcs import flow_network
from optimization.flow.model import _min_cost_flow, solve_sku
from optimization.flow.node_prices import node_prices
from optimization.flow.objective import integer_costs
from optimization.flow.problem import SkuProblem
from tests.oracles.test_flow_exact import STEPS, enumerated, random_problem

MOST = 4


def in_lots(rng: np.random.Generator, problem: SkuProblem) -> SkuProblem:
    """Tonight's moves that are not protected go in lots of two or three, but never against their limit of life."""
    lot = np.where((problem.day == 0) & ~problem.is_protected, rng.integers(2, 4, problem.day.size), 1)
    return replace(problem, lot=lot, most=np.where(lot > 1, 10**6, problem.most))


def fed_by_one(rng: np.random.Generator, *, n_moves: int) -> SkuProblem:
    """A warehouse with stock and a shop: tonight's move in lots, later ones in units, some shops giving stock back."""
    problem = random_problem(rng, n_points=2, horizon=3, n_moves=n_moves, top=6)
    back = (np.arange(n_moves) == n_moves - 1) & (rng.random() < 0.4)
    day = np.where(back, 0, np.concatenate([[0], rng.integers(1, 3, n_moves - 1)]))
    free = np.array([6, int(rng.integers(0, 3))])
    base = free[:, None] + np.cumsum(problem.pipeline, axis=1)
    return replace(
        problem, points=replace(problem.points, base=base), free=free, sendable=free, giveable=free,
        echelons=replace(problem.echelons, base=base.sum(axis=0)[None, :][: problem.roots.size]),
        origin=np.where(back, 1, 0), destination=np.where(back, 0, 1), day=day, arrival=day,
        is_protected=back, is_banned=np.zeros(n_moves, dtype=bool),
    )  # fmt: skip


def fed_by_two(rng: np.random.Generator) -> SkuProblem:
    """A shop fed by two warehouses, of which the second may send few units tonight, for later and cheaper."""
    base = random_problem(rng, n_points=3, horizon=3, n_moves=3, top=6)
    free = np.array([6, 6, int(rng.integers(0, 3))])
    supply = free[:, None] + np.cumsum(base.pipeline, axis=1)
    return replace(
        base, points=replace(base.points, base=supply), free=free, sendable=free, giveable=free,
        echelons=replace(base.echelons, base=supply.sum(axis=0)[None, :][: base.roots.size]),
        origin=np.array([0, 1, 0]), destination=np.array([2, 2, 2]), day=np.array([0, 0, 1]),
        arrival=np.array([0, 1, 2]), cost=np.array([0.5, 0.05, 0.5]) + rng.uniform(0.0, 0.3, 3),
        most=np.array([10**6, int(rng.integers(1, 3)), 10**6]), is_protected=np.zeros(3, dtype=bool),
        is_banned=np.zeros(3, dtype=bool), lot=np.array([int(rng.integers(2, 5)), 1, 1]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_a_move_at_its_own_limit_makes_whole_lots_no_dearer_than_they_are(seed: int) -> None:
    """Thirty instances each: taken for unlimited, the second way in would cost less than nothing."""
    for each in range(30):
        problem = fed_by_two(np.random.default_rng((seed, each)))
        found = solve_sku(problem, STEPS, with_lots=True)
        assert found.bound + found.lot_cost <= in_whole_lots(problem) + 1e-6


def in_whole_lots(problem: SkuProblem) -> float:
    """Least cost over all quantities of which tonight's are whole lots."""
    grid = [[quantity for quantity in range(max(MOST, 2 * int(lot)) + 1) if quantity % lot == 0] for lot in problem.lot]
    return enumerated(problem, grid)


@pytest.mark.parametrize("seed", range(60))
def test_whole_lots_cost_at_least_so_much_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    make = fed_by_one(rng, n_moves=4) if seed % 2 else random_problem(rng, n_points=2, horizon=3, n_moves=4, top=4)
    problem = in_lots(rng, make)
    found = solve_sku(problem, STEPS, with_lots=True)
    assert found.lot_cost >= 0
    assert found.bound + found.lot_cost <= in_whole_lots(problem) + 1e-6


def test_the_cost_of_whole_lots_is_found_and_sometimes_exact() -> None:
    """With one source the best whole lots are those beside the flow's quantity, where the warehouse's price holds."""
    n_some = n_exact = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        problem = in_lots(rng, fed_by_one(rng, n_moves=3))
        found = solve_sku(problem, STEPS, with_lots=True)
        if found.lot_cost > 1e-3:
            n_some += 1
            n_exact += in_whole_lots(problem) - found.bound - found.lot_cost < 1e-3
    assert n_some >= 10
    assert n_exact >= 3


def test_no_arc_is_cheaper_than_the_node_prices_at_its_ends() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        problem = random_problem(rng, n_points=4, horizon=5, n_moves=14, top=12)
        network = flow_network(problem)
        arcs = network.arcs
        costs, _ = integer_costs(arcs.cost, STEPS)
        flows, optimum = _min_cost_flow(network, costs)
        price = node_prices(network, costs, flows)
        reduced = costs + price[arcs.tail] - price[arcs.head]
        assert (reduced[flows < arcs.capacity] >= 0).all()
        assert (reduced[flows > 0] <= 0).all()
        # Strong duality: least reduced costs of all arcs and what the supplies are worth make the optimum.
        dual = (np.minimum(reduced, 0) * arcs.capacity).sum() - (price * network.supply).sum()
        assert int(dual) == optimum
