"""The truck program on cases small enough to work out by hand, and against trying everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from optimization.trucks.docks import share_docks
from optimization.trucks.fill import fill_trucks, load_cost
from optimization.trucks.intervals import best_gain, interval_costs, stacked
from optimization.trucks.patterns import cheapest_patterns
from optimization.trucks.problem import LaneCosts, LaneTrucks
from optimization.trucks.program import plan_trucks
from tests.oracles.truck_enumeration import best_load, best_plan


def lane_of(cost: list[list[list[float]]], size: list[float]) -> LaneCosts:
    """A lane whose lots take these shares of a truck, without a price of their own or a limit."""
    table = np.array(cost, dtype=float)
    k, horizon, n_lots = table.shape
    return LaneCosts(
        cost=table,
        end_cost=np.zeros_like(table),
        size=np.stack([np.array(size), np.zeros(k)], axis=1),
        price=np.zeros((k, horizon)),
        limit=np.full((k, horizon), n_lots - 1),
        most=np.full((k, horizon), n_lots - 1),
    )


def trucks_of(
    n_lanes: int, horizon: int, *, cost: float, docks: int | None = None, overtime: float = np.inf
) -> LaneTrucks:
    """One truck a lane and day, usable from every day; with docks, so many trucks a day over all lanes."""
    day = np.arange(horizon) if docks is not None else np.full(horizon, -1)
    return LaneTrucks(
        is_open=np.ones((n_lanes, horizon), dtype=bool),
        capacity=np.ones((n_lanes, 1), dtype=np.int64),
        cost=np.full((n_lanes, 1), cost),
        dock=np.tile(day, (n_lanes, 1))[:, :, None],
        dock_use=np.ones((n_lanes, 1, 1)),
        dock_limit=np.full(0 if docks is None else horizon, float(docks or 0)),
        overtime=np.full(0 if docks is None else horizon, overtime),
    )


def drawn(seed: int) -> tuple[list[LaneCosts], LaneTrucks]:
    """Two lanes, two SKUs, three days, three lots, one dock: small enough to try everything."""
    rng = np.random.default_rng(seed)
    lanes = []
    for _ in range(2):
        falling = np.sort(rng.uniform(-1, 20, (2, 3, 3)), axis=2)[:, :, ::-1]
        saved = np.concatenate([np.zeros((2, 3, 1)), np.cumsum(falling, axis=2)], axis=2)
        cost = rng.uniform(20, 60, (2, 3, 1)) - saved
        size = np.stack([rng.uniform(0.2, 0.7, 2), rng.uniform(0.0, 0.7, 2)], axis=1)
        price = np.tile(rng.uniform(0, 2, (2, 1)), 3)
        limit = rng.integers(1, 4, (2, 1)).repeat(3, axis=1)
        end_cost = 30.0 - 0.4 * saved
        lanes.append(LaneCosts(cost=cost, end_cost=end_cost, size=size, price=price, limit=limit, most=limit))
    trucks = trucks_of(2, 3, cost=float(rng.uniform(5, 40)), docks=1)
    return lanes, trucks


def test_room_is_given_to_what_gains_most_per_truck() -> None:
    # Lots of half a truck gaining 30 and 20, and of a whole truck gaining 40: per truck 60, 40, 40. One truck: 50.
    gain = np.array([[30.0, 20.0], [40.0, 0.0]])
    best = best_gain(gain, np.array([0.5, 1.0]), 4)
    assert best[0] == 0.0
    assert best[1] == pytest.approx(50.0, rel=0.025)
    assert best[2:] == pytest.approx([90.0, 90.0], rel=0.025)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_gain_is_never_below_the_linear_program_of_the_knapsack(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain = np.sort(rng.gamma(1.0, 10.0, (4, 3)), axis=1)[:, ::-1] - 2.0
    size = rng.uniform(0.05, 0.6, 4)
    best = best_gain(gain, size, 4)
    for room in range(4):
        program = linprog(-gain.ravel(), A_ub=[np.repeat(size, 3)], b_ub=[room], bounds=(0, 1))
        exact = -float(program.fun or 0.0)
        assert exact - 1e-9 <= best[room] <= exact * 1.025 + 1e-9


def test_a_truck_goes_when_waiting_costs_more_than_it() -> None:
    # One SKU, 3 days. Without a lot each day costs 30, with one lot 5. A truck costs 40, its lot saves 25 a day.
    # Day 0: 40 + 3 x 5 = 55; day 1: 30 + 40 + 10 = 80; never: 90.
    lane = lane_of([[[30.0, 5.0], [30.0, 5.0], [30.0, 5.0]]], [1.0])
    plan = plan_trucks([lane], trucks_of(1, 3, cost=40.0))
    assert plan.pattern.tolist() == [[1, 0, 0]]
    assert plan.objective == pytest.approx(55.0)
    assert plan.bound == pytest.approx(55.0)
    # At a price of 80 the truck does not pay: never costs 90, day 0 costs 95.
    assert plan_trucks([lane], trucks_of(1, 3, cost=80.0)).pattern.tolist() == [[0, 0, 0]]


def test_a_full_dock_sends_the_lane_that_needs_it_more() -> None:
    # Two lanes, one dock vehicle a day. A day without costs 30 in the first and 50 in the second, with a lot 5 in both.
    # Second first: 40 + 3 x 5 = 55; first a day later: 30 + 40 + 2 x 5 = 80. The other way round it is 55 + 100 = 155.
    first = lane_of([[[30.0, 5.0]] * 3], [1.0])
    second = lane_of([[[50.0, 5.0]] * 3], [1.0])
    plan = plan_trucks([first, second], trucks_of(2, 3, cost=40.0, docks=1))
    assert plan.pattern.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert plan.objective == pytest.approx(135.0)
    assert plan.bound <= plan.objective


def test_overtime_is_bought_when_waiting_costs_more() -> None:
    # As above: a second vehicle on day 0 at 10 saves the 25 by which the first lane would wait.
    first = lane_of([[[30.0, 5.0]] * 3], [1.0])
    second = lane_of([[[50.0, 5.0]] * 3], [1.0])
    plan = plan_trucks([first, second], trucks_of(2, 3, cost=40.0, docks=1, overtime=10.0))
    assert plan.pattern.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert plan.objective == pytest.approx(55.0 + 55.0 + 10.0)


def test_a_lot_is_taken_early_only_while_it_pays() -> None:
    # Day 0: the first lot saves 20, the second costs 1 to hold. Day 1 and 2: both save. Trucks go on day 0 and 1.
    cost = [[[20.0, 0.0, 1.0], [20.0, 10.0, 0.0], [20.0, 10.0, 0.0]]]
    load = fill_trucks(lane_of(cost, [0.4]), np.array([1.0, 1.0, 0.0]))
    assert load.lots.tolist() == [[1, 1, 0]]
    # With one truck only, the second lot earns 10 + 10 later for 1 today.
    assert fill_trucks(lane_of(cost, [0.4]), np.array([1.0, 0.0, 0.0])).lots.tolist() == [[2, 0, 0]]


def test_what_was_lost_is_counted_once_at_the_end_of_each_wait() -> None:
    # Nothing by day; 10 are lost by day 0, 20 by day 1, 30 by day 2, and none of it once a lot is there.
    ends = np.array([[[10.0, 0.0], [20.0, 0.0], [30.0, 0.0]]])
    lane = replace(lane_of([[[0.0, 0.0]] * 3], [1.0]), end_cost=ends)
    # Never a truck: 30 at the end, not 10 + 20 + 30. A truck of 25 on day 0 saves it all; one of 35 does not pay.
    assert plan_trucks([lane], trucks_of(1, 3, cost=35.0)).objective == pytest.approx(30.0)
    assert plan_trucks([lane], trucks_of(1, 3, cost=25.0)).objective == pytest.approx(25.0)


def test_trucks_go_while_each_saves_more_than_it_costs_however_many() -> None:
    # A lot is wanted each day, and 50 lost for each that is short at the end of a wait; a lot held costs 0.01 a day.
    # All the need shows in what is lost, none in the daily costs. Six trucks of one lot at 1 each.
    short = np.maximum(np.arange(1, 7)[:, None] - np.arange(7), 0) * 50.0
    lane = replace(lane_of([np.tile(np.arange(7.0) * 0.01, (6, 1)).tolist()], [1.0]), end_cost=short[None])
    plan = plan_trucks([lane], trucks_of(1, 6, cost=1.0))
    assert plan.pattern.tolist() == [[1, 1, 1, 1, 1, 1]]
    # Six trucks and 0.01 x (1 + 2 + ... + 6) of holding.
    assert plan.objective == pytest.approx(6.21)
    assert plan.bound <= plan.objective


def test_nothing_leaves_beyond_what_the_origin_has() -> None:
    lane = lane_of([[[30.0, 20.0, 5.0]] * 3], [0.4])
    limited = replace(lane, limit=np.array([[1, 1, 2]]))
    assert fill_trucks(limited, np.array([1.0, 0.0, 1.0])).lots.tolist() == [[1, 0, 1]]


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_table_is_never_above_a_real_load(seed: int) -> None:
    lanes, trucks = drawn(seed)
    table = stacked([interval_costs(lane, 4, is_open=trucks.is_open[0], is_bound=True) for lane in lanes])
    rng = np.random.default_rng(seed)
    for lane, costs in enumerate(lanes):
        pattern = rng.integers(0, 2, 3)
        room = pattern.astype(float)
        closed = np.where(pattern[None, :, None] > 0, 0.0, np.inf)
        least, _ = cheapest_patterns(table.lane(lane), trucks.lane(lane), closed)
        load = fill_trucks(costs, room)
        assert load.cost == pytest.approx(load_cost(costs, load.lots, room > 0))
        assert least[0] <= best_load(costs, room) + 1e-9 <= load.cost + 2e-9


@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_lies_between_bound_and_objective(seed: int) -> None:
    lanes, trucks = drawn(seed)
    plan = plan_trucks(lanes, trucks)
    best = best_plan(lanes, trucks)
    assert plan.bound <= best + 1e-6 <= plan.objective + 2e-6


def test_docks_are_kept_and_the_same_input_gives_the_same_plan() -> None:
    lanes = drawn(3)[0]
    both = lanes * 4
    wide = trucks_of(8, 3, cost=20.0, docks=3)
    plan, again = plan_trucks(both, wide), plan_trucks(both, wide)
    assert (plan.pattern.sum(axis=0) <= 3).all()
    assert plan.pattern.tobytes() == again.pattern.tobytes()
    assert plan.objective == again.objective
    assert plan.bound <= plan.objective


def test_prices_of_an_earlier_run_give_the_same_bound() -> None:
    lanes = drawn(5)[0]
    wide = trucks_of(6, 3, cost=15.0, docks=2)
    table = stacked([interval_costs(lane, 4, is_open=wide.is_open[0], is_bound=True) for lane in lanes * 3])
    cold = share_docks(table, wide)
    warm = share_docks(table, wide, warm=cold.price)
    assert warm.bound == pytest.approx(cold.bound, rel=1e-3)
    assert (warm.price >= 0).all()
