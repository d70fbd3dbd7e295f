"""Textbook formulas against slow oracles without shared code: enumeration, integration, Markov chain, MILP."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import Bounds, LinearConstraint, milp, minimize
from scipy.stats import norm

from optimization.textbook.fixed_quantity import fixed_quantity_normal
from optimization.textbook.guaranteed_service import NO_LIMIT, ServiceNetwork
from optimization.textbook.lot_sizes import wagner_whitin
from optimization.textbook.newsvendor import newsvendor_discrete, newsvendor_normal
from optimization.textbook.reorder_levels import reorder_levels_discrete
from optimization.textbook.serial import serial_echelon_levels
from optimization.textbook.service_times import guaranteed_service_times

COSTS = st.integers(1, 20)
WEIGHTS = st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(lambda w: sum(w[1:]) > 0)


def stock_cost(level: float, demand: np.ndarray, h: float, p: float) -> np.ndarray:
    """Holding or shortage cost of a level, demand by demand."""
    return h * np.maximum(level - demand, 0) + p * np.maximum(demand - level, 0)


@given(weights=WEIGHTS, h=COSTS, p=COSTS)
def test_the_newsvendor_is_the_best_of_all_levels(weights, h, p):
    chance, units = np.array(weights) / sum(weights), np.arange(len(weights))
    level, cost = newsvendor_discrete(chance, holding_cost=h, shortage_cost=p)
    costs = [float(stock_cost(s, units, h, p) @ chance) for s in range(len(weights))]
    assert cost == pytest.approx(min(costs))
    assert costs[level] == pytest.approx(min(costs))


@settings(max_examples=20, deadline=None)
@given(mean=st.floats(0, 100), sd=st.floats(0.1, 30), h=COSTS, p=COSTS, shift=st.floats(-3, 3))
def test_the_normal_newsvendor_costs_its_integral_and_no_other_level_less(mean, sd, h, p, shift):
    def integral(level: float) -> float:
        def of(d: float) -> float:
            return float(stock_cost(level, np.array(d), h, p)) * float(norm.pdf(d, mean, sd))

        return quad(of, mean - 9 * sd, level)[0] + quad(of, level, mean + 9 * sd)[0]

    level, cost = newsvendor_normal(mean, sd, holding_cost=h, shortage_cost=p)
    assert float(cost) == pytest.approx(integral(float(level)), rel=1e-6)
    assert integral(float(level) + shift * sd) >= float(cost) * (1 - 1e-6)


@given(demand=st.lists(st.integers(0, 9), min_size=1, max_size=7), fixed=st.integers(0, 40), holding=st.integers(0, 5))
def test_wagner_whitin_is_the_best_of_all_sets_of_order_periods(demand, fixed, holding):
    plan = wagner_whitin(demand, fixed_cost=fixed, holding_cost=holding)
    best = min(
        cost_of_periods(demand, [0, *chosen], fixed, holding)
        for n in range(len(demand))
        for chosen in itertools.combinations(range(1, len(demand)), n)
    )
    assert plan.cost == pytest.approx(best)
    left = np.cumsum(plan.orders - np.array(demand))
    assert (left >= 0).all()
    assert left[-1] == 0
    assert plan.cost == pytest.approx(fixed * np.count_nonzero(plan.orders) + holding * left.sum())


def cost_of_periods(demand: list[int], periods: list[int], fixed: float, holding: float) -> float:
    """Cost of ordering in these periods, each for all days until the next one; nothing is paid for no units."""
    cost = 0.0
    for first, last in itertools.pairwise([*periods, len(demand)]):
        lot = demand[first:last]
        cost += fixed * (sum(lot) > 0) + holding * sum(i * units for i, units in enumerate(lot))
    return cost


@settings(max_examples=30, deadline=None)
@given(weights=WEIGHTS, fixed=st.integers(0, 30), h=st.integers(1, 5), p=st.integers(1, 20))
def test_s_S_levels_are_the_best_of_all_pairs_on_the_markov_chain(weights, fixed, h, p):
    chance = np.array(weights) / sum(weights)
    found = reorder_levels_discrete(chance, fixed_cost=fixed, holding_cost=h, shortage_cost=p)
    lowest, highest = min(found.reorder_point, 0) - 4, found.order_up_to_level + 4
    costs = {
        (s, S): markov_cost(chance, s, S, fixed=fixed, h=h, p=p)
        for s in range(lowest, highest)
        for S in range(s + 1, highest + 1)
    }
    assert found.cost == pytest.approx(min(costs.values()))
    assert costs[found[:2]] == pytest.approx(found.cost)


def markov_cost(chance: np.ndarray, s: int, S: int, *, fixed: float, h: float, p: float) -> float:
    """Cost a period of (s, S) by the stationary distribution of the position after ordering, s + 1 .. S."""
    n = S - s
    moves = np.zeros((n, n))  # row and column i: position s + 1 + i
    ordering = np.zeros(n)
    for i in range(n):
        for demand, probability in enumerate(chance):
            if i - demand >= 0:
                moves[i, i - demand] += probability
            else:
                moves[i, n - 1] += probability
                ordering[i] += probability
    balance = np.vstack([moves.T - np.eye(n), np.ones(n)])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(n), 1.0), rcond=None)[0]
    units = np.arange(chance.size)
    stock = np.array([stock_cost(s + 1 + i, units, h, p) @ chance for i in range(n)])
    return float(stationary @ (stock + fixed * ordering))


@settings(max_examples=8, deadline=None)
@given(rate=st.integers(5, 50), spread=st.floats(0.1, 0.6), fixed=st.integers(5, 50), p=st.integers(2, 20))
def test_r_Q_is_the_best_of_a_numerical_search(rate, spread, fixed, p):
    mean, sd = rate * 0.5, rate * spread

    def cost(point: np.ndarray) -> float:
        r, q = point
        if q <= 0:
            return np.inf
        y = r + q * (np.arange(400) + 0.5) / 400
        z = (y - mean) / sd
        loss = sd * (norm.pdf(z) - z * norm.sf(z))
        return float(fixed * rate / q + np.mean(y - mean + (1 + p) * loss))

    policy = fixed_quantity_normal(mean, sd, rate=rate, fixed_cost=fixed, holding_cost=1, shortage_cost=p)
    start = [mean, (2 * fixed * rate) ** 0.5]
    found = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2_000})
    assert policy.cost == pytest.approx(found.fun, rel=1e-5)
    assert cost(np.array(policy[:2])) == pytest.approx(policy.cost, rel=1e-4)


@settings(max_examples=6, deadline=None)
@given(h1=st.integers(1, 5), h2=st.integers(1, 5), b=st.integers(5, 60), times=st.tuples(*[st.integers(1, 3)] * 2))
def test_two_stages_are_the_best_of_all_pairs_of_levels(h1, h2, b, times):
    chain = serial_echelon_levels([h1, h2], times, backorder_cost=b, mean=5, sd=1)
    ranks = (np.arange(400) + 0.5) / 400
    upper, lower = (norm.ppf(ranks) * np.sqrt(time) + 5 * time for time in times[::-1])

    def cost(levels: np.ndarray) -> float:
        reached = np.minimum(levels[0], levels[1] - upper)  # what stage 1 can raise its position to
        z = (reached - 5 * times[0]) / np.sqrt(times[0])
        waiting = np.sqrt(times[0]) * (norm.pdf(z) - z * norm.sf(z))
        held = h1 * (reached - lower.mean()) + (b + h1 + h2) * waiting
        return float(h2 * (levels[1] - upper.mean()) + held.mean())

    found = minimize(cost, chain.levels, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9})
    assert chain.cost == pytest.approx(found.fun, rel=5e-3)
    assert cost(chain.levels) == pytest.approx(found.fun, rel=1e-3)


@st.composite
def networks(draw, *, most_stages: int, longest: int) -> ServiceNetwork:
    """Random acyclic networks, loops included; stages without customers promise 0 to 2 periods."""
    n = draw(st.integers(2, most_stages))
    pairs = list(itertools.combinations(range(n), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=2 * n, unique=True))
    arcs = np.array(chosen)
    whole = st.integers(0, longest)
    limits = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    is_end = ~np.isin(np.arange(n), arcs[:, 0])
    return ServiceNetwork(
        processing_time=np.array(draw(st.lists(whole, min_size=n, max_size=n))),
        holding_cost=np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)), dtype=float),
        demand_bound=np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)), dtype=float),
        arcs=arcs,
        max_service_time=np.where(is_end, limits, NO_LIMIT),
        inbound_time=np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))),
    )


@settings(max_examples=60, deadline=None)
@given(network=networks(most_stages=5, longest=2))
def test_service_times_are_the_best_of_all(network):
    plan = guaranteed_service_times(network)
    most = np.minimum(network.max_service_time, network.longest)
    every = itertools.product(*(range(int(limit) + 1) for limit in most))
    best = min(network.cost(np.array(times)) for times in every)
    assert plan.cost == pytest.approx(best)
    assert plan.bound == pytest.approx(best)
    assert network.cost(plan.service_time) == plan.cost


@settings(max_examples=15, deadline=None)
@given(network=networks(most_stages=8, longest=6))
def test_service_times_equal_a_mixed_integer_program(network):
    plan = guaranteed_service_times(network)
    assert plan.cost == pytest.approx(milp_cost(network), rel=1e-6, abs=1e-6)
    assert plan.bound == pytest.approx(plan.cost)


def milp_cost(network: ServiceNetwork) -> float:
    """Least cost with one binary for each net time of each stage; columns S, SI, then the binaries."""
    n, times = network.n_stages, np.arange(int(network.longest.max()) + 1)
    unit = np.eye(2 * n + n * times.size)
    service, inbound = unit[:n], unit[n : 2 * n]
    steps = unit[2 * n :].reshape(n, times.size, -1)
    rate = network.holding_cost * network.demand_bound
    cost = np.concatenate([np.zeros(2 * n), np.outer(rate, np.sqrt(times)).ravel()])
    net = inbound - service
    rules = [
        LinearConstraint(service[network.arcs[:, 0]] - inbound[network.arcs[:, 1]], ub=0),
        LinearConstraint(net - np.tensordot(steps, times, axes=(1, 0)), ub=-network.processing_time),
        LinearConstraint(net, lb=-network.processing_time),
        LinearConstraint(steps.sum(axis=1), lb=1, ub=1),
    ]
    upper = np.minimum(network.max_service_time, network.longest)
    lower = np.concatenate([np.zeros(n), network.inbound_time, np.zeros(n * times.size)])
    bounds = Bounds(lower, np.concatenate([upper, np.full(n, times[-1]), np.ones(n * times.size)]))
    whole = np.concatenate([np.zeros(2 * n), np.ones(n * times.size)])
    result = milp(cost, constraints=rules, bounds=bounds, integrality=whole, options={"mip_rel_gap": 1e-9})
    assert result.success, result.message
    return float(result.fun)
