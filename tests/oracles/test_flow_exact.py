"""The flow against two slow oracles that share no code with it: enumeration, and the same convex program as an LP."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from optimization.flow.arcs import flow_network
from optimization.flow.model import solve_sku
from optimization.flow.objective import integer_costs, plan_cost
from optimization.flow.problem import Rows, SkuProblem

STEPS = 4_000_000
ARCS_A_DAY = 3  # carry, holding, waste
SUPPLIER, CENTRAL, FORWARD, STORE = -1, 0, 1, 2


def convex_rows(rng: np.random.Generator, base: np.ndarray, n_breaks: int, *, holding: float, top: int) -> Rows:
    """Random convex costs: falling probabilities of need, shortage on some days, waste on some rows."""
    n, horizon = base.shape
    breaks = np.sort(rng.integers(0, top + 1, (n, 1 if rng.random() < 0.5 else horizon, n_breaks)), axis=2)
    breaks = np.broadcast_to(breaks, (n, horizon, n_breaks)).copy()
    cdf = np.sort(rng.random((n, horizon, n_breaks)), axis=2)
    cdf = np.concatenate([cdf, np.ones((n, horizon, 1))], axis=2)
    shortage = rng.uniform(1.0, 9.0, (n, 1)) * (rng.random((n, horizon)) < 0.6)
    slopes = holding * cdf - shortage[:, :, None] * (1.0 - cdf)
    waste_breaks = np.sort(rng.integers(0, top + 1, (n, n_breaks)), axis=1)
    waste_cdf = np.concatenate([np.sort(rng.random((n, n_breaks)), axis=1), np.ones((n, 1))], axis=1)
    waste = rng.uniform(0.0, 2.0, (n, 1)) * (rng.random((n, 1)) < 0.4)
    return Rows(breaks, slopes, rng.integers(0, horizon, n), waste_breaks, waste * waste_cdf, base)


def random_problem(rng: np.random.Generator, *, n_points: int, horizon: int, n_moves: int, top: int) -> SkuProblem:
    """A random SKU: point 0 is bought for and feeds others; moves run between any two points and from the supplier."""
    free = rng.integers(0, top // 2 + 1, n_points)
    pipeline = rng.integers(0, 3, (n_points, horizon)) * (rng.random((n_points, horizon)) < 0.3)
    base = free[:, None] + np.cumsum(pipeline, axis=1)
    has_root = rng.random() < 0.7
    origin = rng.integers(-1, n_points, n_moves)
    destination = (np.maximum(origin, 0) + rng.integers(1, n_points, n_moves)) % n_points
    destination = np.where(origin < 0, rng.integers(0, n_points, n_moves), destination)
    day = rng.integers(0, horizon, n_moves)
    arrival = np.minimum(day + rng.integers(0, 3, n_moves), horizon - 1)
    return SkuProblem(
        points=convex_rows(rng, base, 3, holding=0.3, top=top),
        echelons=convex_rows(rng, base.sum(axis=0)[None, :][: int(has_root)], 3, holding=0.0, top=top),
        roots=np.arange(int(has_root)),
        free=free,
        sendable=np.minimum(np.where(rng.random(n_points) < 0.6, free, rng.integers(0, top, n_points)), free),
        giveable=np.minimum(rng.integers(0, top, n_points), free),
        pipeline=pipeline,
        origin=origin,
        destination=destination,
        day=day,
        arrival=arrival,
        cost=rng.uniform(0.01, 1.0, n_moves),
        most=np.where(rng.random(n_moves) < 0.8, 10**6, rng.integers(0, top, n_moves)),
        is_protected=(origin >= 0) & (day == 0) & (rng.random(n_moves) < 0.5),
        is_banned=rng.random(n_moves) < 0.05,
        lot=np.ones(n_moves, dtype=np.int64),
    )


def unit_by_unit(breaks: np.ndarray, slopes: np.ndarray, supply: int) -> float:
    """Cost of supply, adding one unit after the other."""
    return float(sum(slopes[np.searchsorted(breaks, unit, side="right")] for unit in range(supply)))


def simulated_cost(problem: SkuProblem, quantity: np.ndarray) -> float | None:
    """Walk through the days by hand; None if something leaves that is not there."""
    n_points, horizon = problem.pipeline.shape
    stock = problem.free.copy()
    bought = np.zeros(n_points, dtype=np.int64)
    cost = float((problem.cost * quantity).sum())
    for point in range(n_points):
        given = quantity[problem.is_protected & (problem.origin == point)].sum()
        left = quantity[(problem.day == 0) & (problem.origin == point)].sum()
        if given > problem.giveable[point] or left > problem.sendable[point]:
            return None
    if (quantity > problem.most).any():
        return None
    for day in range(horizon):
        for move in np.flatnonzero((problem.day == day) & (problem.origin >= 0)):
            stock[problem.origin[move]] -= quantity[move]
        if (stock < 0).any():
            return None
        stock = stock + problem.pipeline[:, day]
        for move in np.flatnonzero(problem.arrival == day):
            stock[problem.destination[move]] += quantity[move]
            bought[problem.destination[move]] += quantity[move] * (problem.origin[move] < 0)
        echelon = [int(problem.echelons.base[i, day] + bought[root]) for i, root in enumerate(problem.roots)]
        for rows, supply in ((problem.points, stock), (problem.echelons, echelon)):
            for row, units in enumerate(supply):
                cost += unit_by_unit(rows.breaks[row, day], rows.slopes[row, day], int(units))
                if rows.waste_day[row] == day:
                    cost += unit_by_unit(rows.waste_breaks[row], rows.waste_slopes[row], int(units))
    return cost


def enumerated(problem: SkuProblem, most: int | list[list[int]]) -> float:
    """Least cost over all whole quantities 0..most of every move, or over those that each may have."""
    best = np.inf
    grid = [list(range(most + 1))] * problem.origin.size if isinstance(most, int) else most
    for chosen in itertools.product(*grid):
        quantity = np.array(chosen, dtype=np.int64)
        if (quantity[problem.is_banned] > 0).any():
            continue
        cost = simulated_cost(problem, quantity)
        best = best if cost is None else min(best, cost)
    return float(best)


class LinearProgram:
    """Rows of the convex program, one variable a move and one a segment."""

    def __init__(self, problem: SkuProblem) -> None:
        self.problem = problem
        self.cost = list(problem.cost)
        self.upper: list[float | None] = [
            0.0 if banned else float(most) for banned, most in zip(problem.is_banned, problem.most, strict=True)
        ]
        self.equal: list[tuple[dict[int, float], float]] = []
        self.below: list[tuple[dict[int, float], float]] = []

    def supply(self, point: int, day: int) -> tuple[dict[int, float], float]:
        """Supply of a point as coefficients of the moves and a constant."""
        p, terms = self.problem, {}
        for move in range(p.origin.size):
            came = float(p.destination[move] == point and p.arrival[move] <= day)
            left = float(p.origin[move] == point and p.day[move] <= day)
            if came - left:
                terms[move] = came - left
        return terms, float(p.free[point] + p.pipeline[point, : day + 1].sum())

    def charge(self, breaks: np.ndarray, slopes: np.ndarray, supply: tuple[dict[int, float], float]) -> None:
        """Supply is the sum of its segments, each at its slope; convexity fills them in order."""
        terms, constant = supply
        row = {move: -value for move, value in terms.items()}
        edges = [0, *breaks.tolist(), None]
        for low, high, slope in zip(edges[:-1], edges[1:], slopes, strict=True):
            row[len(self.cost)] = 1.0
            self.cost.append(float(slope))
            self.upper.append(None if high is None else float(high - low))
        self.equal.append((row, constant))

    def build(self) -> None:
        p = self.problem
        n_points, horizon = p.pipeline.shape
        for day in range(horizon):
            for point in range(n_points):
                supply = self.supply(point, day)
                self.charge(p.points.breaks[point, day], p.points.slopes[point, day], supply)
                if p.points.waste_day[point] == day:
                    self.charge(p.points.waste_breaks[point], p.points.waste_slopes[point], supply)
                before = self.supply(point, day - 1) if day else ({}, float(p.free[point]))
                leaving = {m: 1.0 for m in range(p.origin.size) if p.origin[m] == point and p.day[m] == day}
                if leaving:
                    row = {m: leaving.get(m, 0.0) - before[0].get(m, 0.0) for m in {*leaving, *before[0]}}
                    self.below.append((row, before[1]))
            for row_number, root in enumerate(p.roots):
                moves = [m for m in range(p.origin.size) if p.origin[m] < 0 and p.destination[m] == root]
                bought = {m: 1.0 for m in moves if p.arrival[m] <= day}
                supply = (bought, float(p.echelons.base[row_number, day]))
                self.charge(p.echelons.breaks[row_number, day], p.echelons.slopes[row_number, day], supply)
                if p.echelons.waste_day[row_number] == day:
                    self.charge(p.echelons.waste_breaks[row_number], p.echelons.waste_slopes[row_number], supply)
        for point in range(n_points):
            given = {m: 1.0 for m in range(p.origin.size) if p.is_protected[m] and p.origin[m] == point}
            if given:
                self.below.append((given, float(p.giveable[point])))
            left = {m: 1.0 for m in range(p.origin.size) if p.origin[m] == point and p.day[m] == 0}
            if left:
                self.below.append((left, float(p.sendable[point])))

    def solve(self) -> float:
        self.build()

        def matrix(rows: list[tuple[dict[int, float], float]]) -> tuple[Any, Any]:
            if not rows:
                return None, None
            dense = np.zeros((len(rows), len(self.cost)))
            for index, (terms, _) in enumerate(rows):
                for column, value in terms.items():
                    dense[index, column] = value
            return dense, np.array([constant for _, constant in rows])

        equal, equal_to = matrix(self.equal)
        below, at_most = matrix(self.below)
        bounds = [(0.0, upper) for upper in self.upper]
        found = linprog(self.cost, A_eq=equal, b_eq=equal_to, A_ub=below, b_ub=at_most, bounds=bounds)
        assert found.status == 0, found.message
        return float(found.fun)


def allowance(problem: SkuProblem) -> float:
    """Most that rounding the unit costs can change the cost of any flow: a step on every arc that a unit passes."""
    network = flow_network(problem)
    scale = integer_costs(network.arcs.cost, STEPS)[1]
    units = float(network.supply[network.supply > 0].sum())
    return units / scale * ARCS_A_DAY * (problem.horizon + 3)


@pytest.mark.parametrize("sku", [0, 1])
def test_on_four_locations_and_five_days_the_flow_equals_enumeration(sku: int) -> None:
    """Supplier, central, forward and store; two SKUs: one that must be bought, one that idles in the wrong place."""
    rng = np.random.default_rng(sku)
    free = np.array([[1, 0, 0], [0, 0, 3]])[sku]
    pipeline = np.zeros((3, 5), dtype=np.int64)
    pipeline[FORWARD, 1] = 1
    base = free[:, None] + np.cumsum(pipeline, axis=1)
    moves = [
        (SUPPLIER, CENTRAL, 0, 1),
        (SUPPLIER, CENTRAL, 2, 3),
        (CENTRAL, FORWARD, 0, 0),
        (CENTRAL, FORWARD, 2, 2),
        (CENTRAL, STORE, 2, 3),
        (STORE, FORWARD, 0, 0),
    ]
    origin, destination, day, arrival = np.array(moves).T
    problem = SkuProblem(
        points=convex_rows(rng, base, 2, holding=0.2, top=2),
        echelons=convex_rows(rng, base.sum(axis=0)[None, :], 2, holding=0.0, top=6),
        roots=np.array([CENTRAL]),
        free=free,
        sendable=free,
        giveable=np.array([0, 0, 2]),
        pipeline=pipeline,
        origin=origin,
        destination=destination,
        day=day,
        arrival=arrival,
        cost=np.array([0.05, 0.05, 0.1, 0.1, 0.1, 0.3]),
        most=np.full(6, 10**6),
        is_protected=origin == STORE,
        is_banned=np.zeros(6, dtype=bool),
        lot=np.ones(6, dtype=np.int64),
    )
    found = solve_sku(problem, STEPS)
    assert found.quantity.max() < 4, "the enumeration must reach past the optimum"
    assert found.objective == pytest.approx(enumerated(problem, 3), abs=1e-6)
    assert found.bound <= found.objective + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_on_tiny_random_networks_the_flow_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n_points=2, horizon=3, n_moves=4, top=4)
    found = solve_sku(problem, STEPS)
    most = max(4, int(found.quantity.max()) + 1)
    assert found.objective == pytest.approx(enumerated(problem, most), abs=allowance(problem))


def test_on_200_random_networks_the_flow_equals_the_linear_program() -> None:
    rng = np.random.default_rng(7)
    n_moved = 0
    for _ in range(200):
        problem = random_problem(
            rng,
            n_points=int(rng.integers(2, 6)),
            horizon=int(rng.integers(2, 8)),
            n_moves=int(rng.integers(1, 25)),
            top=int(rng.integers(2, 30)),
        )
        found = solve_sku(problem, STEPS)
        optimum = LinearProgram(problem).solve()
        slack = allowance(problem) + 1e-6
        assert found.bound - 1e-6 <= optimum <= found.objective + 1e-6
        assert found.objective == pytest.approx(optimum, abs=slack)
        assert found.objective == pytest.approx(simulated_cost(problem, found.quantity), abs=1e-6)
        assert plan_cost(problem, found.quantity) == pytest.approx(found.objective)
        n_moved += int(found.quantity.sum())
    assert n_moved > 1000, "the instances must ask for moves"


def with_one_more(problem: SkuProblem, point: int) -> SkuProblem:
    """Put one more unit on hand at a point."""
    free, base = problem.free.copy(), problem.points.base.copy()
    free[point] += 1
    base[point] += 1
    echelons = replace(problem.echelons, base=problem.echelons.base + 1)
    return replace(problem, free=free, points=replace(problem.points, base=base), echelons=echelons)


def test_one_more_unit_never_costs_more_than_keeping_it() -> None:
    """Whoever has it may leave it where it is: it costs at most the steepest slopes of its point and echelon."""
    rng = np.random.default_rng(11)
    for _ in range(60):
        problem = random_problem(rng, n_points=3, horizon=5, n_moves=10, top=8)
        point = int(rng.integers(0, 3))
        kept = problem.points.slopes[point, :, -1].sum() + problem.points.waste_slopes[point, -1]
        kept += problem.echelons.slopes[:, :, -1].sum() + problem.echelons.waste_slopes[:, -1].sum()
        before, after = solve_sku(problem, STEPS), solve_sku(with_one_more(problem, point), STEPS)
        assert after.objective <= before.objective + kept + allowance(problem)
