"""Rules over all stock points at once: against the twin that moves one line at a time, by hand, and as properties."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.array_chain import ArrayChain, Serving, array_chain, demand_by_day, serving_levels, serving_of
from experiments.baselines import (
    Family,
    WeeksOfCover,
    base_stock,
    echelon_base_stock,
    min_max,
    newsvendor,
    reorder_up_to,
    tuned,
)
from experiments.kpis import PlaceService, Trace, slow_mover_days, summary
from experiments.silos import siloed
from experiments.twin import MOVE_COLUMNS, Night, replay
from experiments.twin_arrays import ArrayNight, ArrayPolicy, replay_arrays, shared_out
from experiments.twin_stock import ChainIndex
from experiments.world import World, WorldConfig, build_world, write_world
from network.graph import SupplyNetwork, build_network
from network.ingest import load_chain
from network.snapshot import Snapshot, snapshot_at

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
N_DAYS = 14
FAMILIES: dict[str, Callable[[ArrayChain], Family]] = {
    "base_stock": base_stock,
    "echelon_base_stock": echelon_base_stock,
    "min_max": min_max,
    "reorder_up_to": reorder_up_to,
    "newsvendor": newsvendor,
}
LANE_MONEY = ("logistics_cost", "trucks", "truck_cost", "truck_fill_cost", "co2_kg")
FACTORS = {"min_max": (2.0, 7.0), "reorder_up_to": (1.0, 7.0), "newsvendor": (1.0, 1.0)}


@cache
def small_world() -> tuple[World, Snapshot, SupplyNetwork]:
    world = build_world(WorldConfig(n_skus=12, n_stores=4, n_days=120, seed=3))
    with TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        chain = load_chain(Path(folder))
    snapshot = snapshot_at(chain.tables, chain.settings, world.last_day)
    return world, snapshot, build_network(snapshot)


@cache
def small_chain() -> tuple[ArrayChain, ChainIndex, Serving, Ints, pd.DataFrame]:
    world, snapshot, network = small_world()
    chain, index = array_chain(snapshot, network, N_DAYS)
    demand = world.truth["latent_demand"]
    ahead = demand[demand["date"] > world.last_day]
    groups, units = demand_by_day(index, ahead, world.last_day + pd.Timedelta(days=1), N_DAYS)
    return chain, index, serving_of(index, groups), units, ahead


def weeks_of_cover(chain: ArrayChain) -> WeeksOfCover:
    m, n_skus = chain.origin.size, chain.case_pack.size
    return WeeksOfCover(chain, np.full(m, 7.0), np.ones((m, n_skus)), np.arange(m) % 7)


def policy_of(name: str, chain: ArrayChain) -> ArrayPolicy:
    return FAMILIES[name](chain)(*FACTORS.get(name, (1.5, 1.0)))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_moves_cost_the_same_in_the_twin_that_moves_line_by_line(name: str) -> None:
    world, snapshot, network = small_world()
    chain, index, serving, units, ahead = small_chain()
    sent: list[Ints] = []

    def recorded(night: ArrayNight) -> Floats:
        wanted = policy_of(name, chain)(night)
        sent.append(shared_out(wanted, chain, on_hand=night.on_hand, may_ship=night.may_ship))
        return sent[-1].astype(np.float64)

    fast, trace = replay_arrays(chain, serving, lambda day: units[day], policy=recorded, n_days=N_DAYS)
    lanes = network.lanes.set_index(["origin", "destination", "mode"]).index
    names = [*index.locations, "supplier"]

    def repeated(night: Night) -> pd.DataFrame:
        day = (night.date - world.last_day).days
        lane, sku = np.nonzero(sent[day])
        leaves = night.date + pd.Timedelta(days=1)
        due = world.last_day + pd.to_timedelta(chain.arrival[lane, day] + 1, unit="D")
        origin = [names[row] for row in chain.origin[lane]]
        destination = [names[row] for row in chain.destination[lane]]
        bought = {end: start for start, end, mode in lanes if mode == "purchase"}
        mode = ["purchase" if start == "supplier" else "transfer" for start in origin]
        start = [bought[end] if start == "supplier" else start for start, end in zip(origin, destination, strict=True)]
        table = {"sku": index.skus[sku], "origin": start, "destination": destination, "mode": mode,
                 "ship_date": leaves, "due_date": due, "quantity": sent[day][lane, sku]}  # fmt: skip
        return pd.DataFrame(table)[list(MOVE_COLUMNS)]

    slow = replay(snapshot, network, demand=ahead, policy=repeated, n_days=N_DAYS)
    assert sum(each.sum() for each in sent) > 0
    columns = [column for column in fast if column not in LANE_MONEY]
    np.testing.assert_allclose(fast[columns], slow.days[columns], rtol=1e-12)
    for each in ("points", "short", "latent", "first"):
        np.testing.assert_array_equal(getattr(trace.service, each), getattr(slow.trace.service, each))
    if (network.lanes.loc[network.lanes["mode"] == "purchase", "destination"].value_counts() == 1).all():
        np.testing.assert_allclose(fast["logistics_cost"], slow.days["logistics_cost"], rtol=1e-12)


@pytest.mark.parametrize("name", [*FAMILIES, "weeks_of_cover"])
def test_no_unit_is_made_or_lost(name: str) -> None:
    chain, _, serving, units, _ = small_chain()
    policy = weeks_of_cover(chain) if name == "weeks_of_cover" else policy_of(name, chain)
    bought: list[float] = []

    def counted(night: ArrayNight) -> Floats:
        sent = shared_out(policy(night), chain, on_hand=night.on_hand, may_ship=night.may_ship)
        lands = chain.arrival[:, night.day] < N_DAYS
        bought.append(float(sent[(chain.origin < 0) & lands].sum()))
        still = chain.origin >= 0
        under_way.append(float(sent[still & ~lands].sum()))
        return sent.astype(np.float64)

    under_way: list[float] = []
    days, trace = replay_arrays(chain, serving, lambda day: units[day], policy=counted, n_days=N_DAYS)
    opening = chain.on_hand.sum() + chain.opening_orders[:N_DAYS].sum()
    # What expired is what is missing; it must be what the waste of perishables says, and never less than nothing.
    missing = opening + sum(bought) - sum(under_way) - trace.sold.sum() - trace.on_hand[-1].sum()
    perishable = np.zeros(chain.cost.size, dtype=bool)
    perishable[chain.perishable] = True
    assert missing >= 0
    assert (missing == 0) == (days["waste_cost"].sum() == 0)
    assert days["served_units"].sum() == trace.sold.sum()
    assert (trace.on_hand >= 0).all()


@settings(max_examples=15, deadline=None)
@given(day=st.integers(1, N_DAYS - 1), name=st.sampled_from([*FAMILIES]))
def test_demand_after_a_day_never_changes_an_order_placed_by_it(day: int, name: str) -> None:
    chain, _, serving, units, _ = small_chain()
    seen: list[list[Floats]] = [[], []]

    def watched(run: int) -> ArrayPolicy:
        def policy(night: ArrayNight) -> Floats:
            seen[run].append(policy_of(name, chain)(night))
            return seen[run][-1]

        return policy

    changed = units.copy()
    changed[day:] = changed[day:] * 3 + 5
    for run, demand in enumerate((units, changed)):
        replay_arrays(chain, serving, lambda at, demand=demand: demand[at], policy=watched(run), n_days=N_DAYS)
    # Orders decided in the evening before day d have seen the days before d only.
    for before, after in zip(seen[0][: day + 1], seen[1][: day + 1], strict=True):
        np.testing.assert_array_equal(before, after)


def test_scarce_cases_go_by_largest_remainder() -> None:
    """Three cases for places that want 2, 2 and 1: shares of 1.2, 1.2 and 0.6, so one each."""
    chain = small_chain()[0]
    own = np.flatnonzero(chain.origin == chain.origin.max())[:3]
    wanted, on_hand = np.zeros((chain.origin.size, chain.case_pack.size)), np.zeros_like(chain.on_hand)
    wanted[own, 0] = np.array([2, 2, 1]) * chain.case_pack[0]
    on_hand[chain.origin.max(), 0] = 3 * chain.case_pack[0]
    ships = np.ones(chain.origin.size, dtype=bool)
    sent = shared_out(wanted, chain, on_hand=on_hand, may_ship=ships)
    assert (sent[own, 0] / chain.case_pack[0]).tolist() == [1, 1, 1]
    assert shared_out(wanted, chain, on_hand=on_hand, may_ship=~ships).sum() == 0


def test_customers_who_share_a_place_are_served_one_after_the_other() -> None:
    """Groups 0 and 2 share place 0, 1 and 2 share place 1: 0 and 1 at once, then 2; nobody serves group 3."""
    orders = [np.array([0]), np.array([1]), np.array([0, 1]), np.array([], dtype=np.int64)]
    serving = serving_levels(orders, 2)
    assert [groups.tolist() for groups, _ in serving.levels] == [[0, 1], [2]]
    assert [rank.tolist() for rank in serving.levels[1][1]] == [[0], [1]]
    assert serving.home.tolist() == [0, 1, 0, -1]


def test_two_stocks_hold_what_one_held_and_serve_their_own_customers_only() -> None:
    chain, index, _, units, ahead = small_chain()
    groups = demand_by_day(index, ahead, ahead["date"].min(), 1)[0]
    share = np.full(chain.on_hand.shape, 0.5)
    apart, serving = siloed(chain, index, groups, share)
    assert apart.on_hand.sum() == chain.on_hand.sum()
    assert apart.opening_orders.sum() == chain.opening_orders.sum()
    np.testing.assert_allclose(apart.history[0].sum(axis=1), chain.history[0].sum(axis=1))
    assert all(len(ranks) == 1 for _, ranks in serving.levels)
    policy = weeks_of_cover(apart)
    days, _ = replay_arrays(apart, serving, lambda day: units[day], policy=policy, n_days=N_DAYS)
    assert (days["served_first_units"] == days["served_units"]).all()
    whole = replay_arrays(chain, serving_of(index, groups), lambda day: units[day], policy=weeks_of_cover(chain),
                          n_days=N_DAYS)[0]  # fmt: skip
    assert days["latent_units"].sum() == whole["latent_units"].sum()
    assert days["demand_points"].sum() == whole["demand_points"].sum()


def test_the_search_takes_the_pair_that_costs_least() -> None:
    chain, _, serving, units, _ = small_chain()

    def cost(policy: ArrayPolicy) -> float:
        return summary(replay_arrays(chain, serving, lambda day: units[day], policy=policy, n_days=N_DAYS)[0])[
            "total_cost"
        ]

    grid = [(0.0, 0.0), (2.0, 2.0), (9.0, 9.0)]
    family = base_stock(chain)
    best = tuned(family, cost, grid)
    assert cost(family(*best)) == min(cost(family(*pair)) for pair in grid)


def trace_of(on_hand: list[list[int]], sold: list[list[int]], moves: list[tuple[int, int, int, int]]) -> Trace:
    columns = [np.array([move[at] for move in moves], dtype=np.int64) for at in range(4)]
    sku = np.zeros(len(moves), dtype=np.int64)
    nobody = PlaceService(*np.zeros((4, len(on_hand), len(on_hand[0])), dtype=np.int64))
    return Trace(nobody, np.array(on_hand)[:, :, None], np.array(sold)[:, :, None], *columns[:3], sku, columns[3])


def test_the_clock_of_a_slow_mover_stops_when_its_excess_is_sold_wherever_that_is() -> None:
    """28 days without a sale: 10 units are all excess from day 28 on. Sold 5 on day 30 and 5 on day 33: five days.

    Moved on day 29 to another place and sold there on day 33: five days as well, not four.
    """
    n, protection, sells = 40, np.array([3.0, 3.0]), np.array([True, False])
    on_hand = [[10, 0]] * 30 + [[5, 0]] * 3 + [[0, 0]] * (n - 33)
    sold = [[5 if day in (30, 33) else 0, 0] for day in range(n)]
    stays = trace_of(on_hand, sold, [])
    assert slow_mover_days(stays, protection=protection, sells=sells, first_day=28) == 5
    on_hand = [[10, 0]] * 29 + [[0, 10]] * 4 + [[0, 0]] * (n - 33)
    sold = [[0, 10 if day == 33 else 0] for day in range(n)]
    moved = trace_of(on_hand, sold, [(29, 0, 1, 10)])
    assert slow_mover_days(moved, protection=protection, sells=sells, first_day=28) == 5
    assert np.isnan(slow_mover_days(trace_of([[0, 0]] * n, sold, []), protection=protection, sells=sells, first_day=28))


def test_a_chain_that_ships_what_it_does_not_have_is_a_fault() -> None:
    chain, _, serving, units, _ = small_chain()
    empty = replace(chain, on_hand=np.zeros_like(chain.on_hand))
    days, trace = replay_arrays(empty, serving, lambda day: units[day], policy=policy_of("base_stock", empty), n_days=3)
    assert (trace.on_hand >= 0).all()
    assert len(days) == 3
