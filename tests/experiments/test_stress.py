"""Stress by hand, and that both twins meet the same stress."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.array_chain import ArrayChain, array_chain, demand_by_day, serving_of
from experiments.stress import (
    LEAST_ERROR_UNITS,
    Delays,
    found,
    late_lanes,
    record_errors,
    supplier_delays,
    with_array_rejections,
    with_late_suppliers,
    with_rejections,
    with_wrong_records,
    without_feeds,
)
from experiments.twin import MOVE_COLUMNS, Night, Policy, replay
from experiments.twin_arrays import ArrayNight, replay_arrays
from experiments.twin_stock import ChainIndex
from experiments.world import World, WorldConfig, build_world, write_world
from network.contracts import empty
from network.graph import SupplyNetwork, build_network
from network.ingest import load_chain
from network.snapshot import Snapshot, snapshot_at

START = pd.Timestamp("2024-01-31")
N_DAYS = 6


@cache
def small() -> tuple[World, Snapshot, SupplyNetwork, ArrayChain, ChainIndex]:
    world = build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120, seed=3))
    with TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        loaded = load_chain(Path(folder))
    snapshot = snapshot_at(loaded.tables, loaded.settings, world.last_day)
    network = build_network(snapshot)
    return world, snapshot, network, *array_chain(snapshot, network, N_DAYS)


def moves(*lines: tuple[str, str, int]) -> pd.DataFrame:
    """Lines (sku, origin, quantity) that leave on the day after the start and arrive three days later."""
    leaves = START + pd.Timedelta(days=1)
    rows = [
        (sku, origin, "S", "transfer", leaves, leaves + pd.Timedelta(days=3), units) for sku, origin, units in lines
    ]
    return pd.DataFrame(rows, columns=list(MOVE_COLUMNS))


def night(open_orders: pd.DataFrame | None = None) -> Night:
    stock = pd.DataFrame({"sku": ["A"], "location": ["C"], "on_hand": [5]})
    orders = moves().assign(order_id=[]) if open_orders is None else open_orders
    return Night(START, stock, pd.DataFrame(), orders, pd.DataFrame())


def test_what_is_not_there_is_left_behind_last_lines_first() -> None:
    # 5 of A in C: of 4 and 3 leave 4 and 1, of the third line nothing; the supplier has everything
    asked = moves(("A", "C", 4), ("A", "C", 3), ("A", "V", 9), ("A", "C", 2))
    assert found(asked, night().stock)["quantity"].tolist() == [4, 1, 9]


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(0, 20))
def test_no_more_is_shipped_than_there_is_nor_than_was_asked(asked: list[int], there: int) -> None:
    stock = pd.DataFrame({"sku": ["A"], "location": ["C"], "on_hand": [there]})
    cut = found(moves(*(("A", "C", units) for units in asked)), stock)
    assert cut["quantity"].sum() == min(sum(asked), there)


def test_a_late_shipment_comes_late_and_is_expected_on_the_promised_day() -> None:
    # V is 5 days late on its first day: promised for day 4, it comes on day 9; what C ships is in time
    delays = Delays(pd.Index(["V"]), np.array([[5, 0]]), START)
    seen: list[pd.DataFrame] = []

    def policy(now: Night) -> pd.DataFrame:
        seen.append(now.open_orders)
        return moves(("A", "V", 9), ("A", "C", 4))

    late = with_late_suppliers(policy, delays)
    sent = late(night())
    assert (sent["due_date"] - START).dt.days.tolist() == [9, 4]
    late(night(sent.assign(order_id=["1", "2"])))
    assert (seen[1]["due_date"] - START).dt.days.tolist() == [4, 4]


def test_orders_from_before_the_replay_are_not_late() -> None:
    delays = Delays(pd.Index(["V"]), np.array([[5]]), START + pd.Timedelta(days=3))
    assert delays.of(moves(("A", "V", 9))).dt.days.tolist() == [0]


@pytest.mark.parametrize(("share", "left"), [(0.0, 200), (1.0, 0)])
def test_all_or_nothing_is_rejected(share: float, left: int) -> None:
    def policy(now: Night) -> pd.DataFrame:
        return moves(*[("A", "V", 1)] * 200)

    assert len(with_rejections(policy, START, share=share, seed=1)(night())) == left


def test_rejections_are_drawn_from_the_seed_and_near_their_share() -> None:
    def policy(now: Night) -> pd.DataFrame:
        return moves(*[("A", "V", units) for units in range(1, 1001)])

    one, again = (with_rejections(policy, START, share=0.15, seed=1)(night()) for _ in range(2))
    pd.testing.assert_frame_equal(one, again)
    assert 800 < len(one) < 900  # binomial: 850 with a deviation of 11
    other = with_rejections(policy, START, share=0.15, seed=2)(night())
    assert one["quantity"].tolist() != other["quantity"].tolist()


def test_a_rule_of_arithmetic_is_struck_out_too() -> None:
    chain = small()[3]
    shape = (chain.origin.size, chain.cost.size)
    rule = with_array_rejections(lambda now: np.ones(shape), share=0.5, seed=1)
    zero = np.zeros(chain.on_hand.shape)
    wanted = rule(ArrayNight(0, chain.on_hand, chain.on_hand, zero, zero, zero, chain.ships[:, 0]))
    assert set(np.unique(wanted)) == {0.0, 1.0}


def test_wrong_records_are_as_many_as_asked_for_and_wrong_enough() -> None:
    chain = small()[3]
    errors = record_errors(chain, 60, share=0.08, seed=1)
    assert not errors[:, ~chain.is_assorted].any()
    assert 0.05 < (errors[:, chain.is_assorted] != 0).mean() < 0.11
    assert np.abs(errors[errors != 0]).min() >= LEAST_ERROR_UNITS
    assert not record_errors(chain, 60, share=0.0, seed=1).any()
    # a record stays wrong until it is counted: at most two counts fall into 60 days after the first
    changes = (np.diff(errors, axis=0) != 0).sum(axis=0)
    assert changes.max() <= 3


def idle(seen: list[pd.DataFrame], sales: list[pd.DataFrame]) -> Policy:
    def policy(now: Night) -> pd.DataFrame:
        seen.append(now.stock)
        sales.append(now.sales)
        return pd.DataFrame(columns=list(MOVE_COLUMNS))

    return policy


def test_both_twins_show_the_same_wrong_records() -> None:
    world, snapshot, network, chain, index = small()
    demand = world.truth["latent_demand"]
    ahead = demand[demand["date"] > world.last_day]
    groups, units = demand_by_day(index, ahead, world.last_day + pd.Timedelta(days=1), N_DAYS)
    errors = record_errors(chain, N_DAYS, share=0.5, seed=1)
    fast: list[np.ndarray] = []

    def nothing(now: ArrayNight) -> np.ndarray:
        fast.append(now.on_hand)
        return np.zeros((chain.origin.size, chain.cost.size))

    replay_arrays(
        chain, serving_of(index, groups), lambda day: units[day], policy=nothing, n_days=N_DAYS, record_errors=errors
    )
    slow: list[pd.DataFrame] = []
    sales: list[pd.DataFrame] = []
    stressed = with_wrong_records(idle(slow, sales), index, world.last_day, errors=errors)
    replay(snapshot, network, demand=ahead, policy=stressed, n_days=N_DAYS)
    for array, table in zip(fast, slow, strict=True):
        shown = np.zeros(chain.on_hand.shape)
        shown[index.locations.get_indexer(table["location"]), index.skus.get_indexer(table["sku"])] = table["on_hand"]
        np.testing.assert_array_equal(shown, np.where(chain.is_assorted, array, 0))
    last = sales[-1]
    place, sku = index.locations.get_indexer(last["location"]), index.skus.get_indexer(last["sku"])
    ghosts = errors[(last["date"] - world.last_day).dt.days - 1, place, sku] > 0
    assert ghosts.any()
    assert (last["availability"][ghosts] == 1.0).all()
    assert (last["units"][ghosts] > 0).all()


def test_the_same_shipments_are_late_in_both_twins() -> None:
    world, _, network, chain, index = small()
    places = network.locations
    suppliers = places.loc[places["tier"] == "supplier", "location"].tolist()
    delays = supplier_delays(suppliers, world.last_day, N_DAYS, share=0.5, seed=1)
    late = late_lanes(chain, index, network, delays)
    assert (late.arrival[chain.origin >= 0] == chain.arrival[chain.origin >= 0]).all()
    more = (late.arrival - chain.arrival)[chain.origin < 0]
    assert more.any()
    assert all(any((row == one).all() for one in delays.days) for row in more)


def test_a_feed_that_is_down_tells_nothing_more() -> None:
    rows = [("s", "sku", "A", START, START), ("s", "sku", "A", START, START + pd.Timedelta(days=1))]
    table = pd.DataFrame(rows, columns=["signal", "key_type", "key", "date", "known_at"])
    blank = empty("signals")
    table = table.reindex(columns=blank.columns).astype(blank.dtypes.to_dict())
    assert len(without_feeds(table, START)) == 1
