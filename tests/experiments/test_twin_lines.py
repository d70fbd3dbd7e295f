"""What holds in every game of the twin that moves line by line: laterals, emergencies, rows, carrying on, the bound."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.array_chain import ArrayChain, array_chain, demand_by_day, serving_of
from experiments.baselines import (
    Family,
    WeeksOfCover,
    base_stock,
    echelon_base_stock,
    min_max,
    newsvendor,
    reorder_up_to,
)
from experiments.clairvoyant import clairvoyant
from experiments.kpis import summary
from experiments.twin import MOVE_COLUMNS, Night, Replay, replay
from experiments.twin_arrays import ArrayNight, ArrayPolicy, replay_arrays, shared_out
from network.graph import build_network
from network.snapshot import Snapshot
from tests.experiments.test_clairvoyant import CUTOFF, SKUS, chain, demand

FAMILIES: dict[str, tuple[Callable[[ArrayChain], Family], tuple[float, float]]] = {
    "base_stock": (base_stock, (1.5, 1.0)),
    "echelon_base_stock": (echelon_base_stock, (1.5, 1.0)),
    "min_max": (min_max, (1.0, 3.0)),
    "reorder_up_to": (reorder_up_to, (1.0, 3.0)),
    "newsvendor": (newsvendor, (1.0, 1.0)),
}
# Chains are slow to build on a busy machine; that says nothing of the draws.
SLOW = [HealthCheck.too_slow]
LANES = [("SUP", "CEN", "purchase", 2), ("CEN", "S1", "transfer", 2), ("CEN", "S2", "transfer", 1),
         ("S1", "S2", "transshipment", 1), ("CEN", "S2", "emergency", 0)]  # fmt: skip
COLUMNS = ["latent_units", "served_first_units", "served_units", "holding_cost", "lost_margin",
                      "waste_cost", "stock_value", "cost_of_goods_sold", "demand_points", "short_points",
                      "logistics_cost", "trucks", "truck_cost", "truck_fill_cost", "co2_kg"]  # fmt: skip


# A chain as drawn: stock by (SKU, place), the price of a truck, the shelf life, demand by (SKU, zone).
Drawn = tuple[dict[tuple[str, str], int], float, float, dict[tuple[str, str], list[int]]]


def states(*, lives: tuple[float, ...] = (float("nan"), 2.0, 4.0)) -> st.SearchStrategy[Drawn]:
    """Stock and four days of demand of a warehouse and two stores that help each other."""
    points = list(itertools.product(SKUS, ("CEN", "S1", "S2")))
    groups = list(itertools.product(SKUS, ("Z1", "Z2")))
    return st.tuples(
        st.fixed_dictionaries({point: st.integers(0, 9) for point in points}),
        st.sampled_from([0.0, 3.0]),
        st.sampled_from(lives),
        st.fixed_dictionaries({group: st.lists(st.integers(0, 6), min_size=4, max_size=4) for group in groups}),
    )


def built(drawn: Drawn) -> tuple[Snapshot, pd.DataFrame]:
    """The chain, with an emergency lane beside the others, and its demand."""
    stock, truck_cost, life, wanted = drawn
    snapshot = chain(stock=stock, truck_cost=truck_cost, shelf_life=life)
    lanes = snapshot.table("lanes")
    hurry = lanes[lanes["mode"].eq("transfer") & lanes["destination"].eq("S2")]
    hurry = hurry.assign(mode="emergency", lead_time_days=0.0)
    return snapshot.replace(lanes=pd.concat([lanes, hurry], ignore_index=True)), demand(wanted)


def careless(seed: int, *, buys: bool = True) -> Callable[[Night], pd.DataFrame]:
    """Ships random parts of what is there on every lane; what it does on a day depends on the seed and day alone."""

    def decide(night: Night) -> pd.DataFrame:
        random = np.random.default_rng([seed, (night.date - CUTOFF).days])
        has = night.stock.set_index(["sku", "location"])["on_hand"].to_dict()
        leaves, rows = night.date + pd.Timedelta(days=1), []
        for sku, (origin, destination, mode, lead) in itertools.product(SKUS, LANES):
            most = has.get((sku, origin), 0) if origin != "SUP" else 5 * buys
            quantity = int(np.floor(random.random() * (most + 1)))
            due = leaves + pd.Timedelta(days=max(lead, 1) - 1)
            rows.append((sku, origin, destination, mode, leaves, due, quantity))
            if origin != "SUP":
                has[sku, origin] = most - quantity
        table = pd.DataFrame(rows, columns=list(MOVE_COLUMNS))
        return table[table["quantity"] > 0]

    return decide


def run(snapshot: Snapshot, wanted: pd.DataFrame, policy: Callable[[Night], pd.DataFrame], n_days: int = 4) -> Replay:
    return replay(snapshot, build_network(snapshot), demand=wanted, policy=policy, n_days=n_days)


def scripted(chain_arrays: ArrayChain, wanted: np.ndarray, sent: list[np.ndarray]) -> ArrayPolicy:
    """Wants what was drawn, and notes what leaves."""

    def policy(night: ArrayNight) -> np.ndarray:
        units = wanted[night.day]
        sent.append(shared_out(units, chain_arrays, on_hand=night.on_hand, may_ship=night.may_ship))
        return units

    return policy


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(states(), st.integers(0, 1000))
def test_all_points_at_once_or_line_by_line_is_the_same(drawn: Drawn, seed: int) -> None:
    snapshot, wanted = built(drawn)
    network = build_network(snapshot)
    arrays, index = array_chain(snapshot, network, 4)
    groups, units = demand_by_day(index, wanted, CUTOFF + pd.Timedelta(days=1), 4)
    orders = np.random.default_rng(seed).integers(0, 6, (4, arrays.origin.size, len(SKUS))).astype(float)
    sent: list[np.ndarray] = []
    policy = scripted(arrays, orders, sent)
    fast, trace = replay_arrays(arrays, serving_of(index, groups), lambda day: units[day], policy=policy, n_days=4)
    names = [*index.locations, "SUP"]

    def repeated(night: Night) -> pd.DataFrame:
        day = (night.date - CUTOFF).days
        lane, sku = np.nonzero(sent[day])
        table: dict[str, Any] = {
            "sku": index.skus[sku],
            "origin": [names[row] for row in arrays.origin[lane]],
            "destination": [names[row] for row in arrays.destination[lane]],
            "mode": np.where(arrays.origin[lane] < 0, "purchase", "transfer"),
            "ship_date": night.date + pd.Timedelta(days=1),
            "due_date": CUTOFF + pd.to_timedelta(arrays.arrival[lane, day] + 1, unit="D"),
            "quantity": sent[day][lane, sku],
        }
        return pd.DataFrame(table)[list(MOVE_COLUMNS)]

    slow = run(snapshot, wanted, repeated)
    np.testing.assert_allclose(fast[COLUMNS], slow.days[COLUMNS], atol=1e-9)
    np.testing.assert_array_equal(trace.on_hand, slow.trace.on_hand)
    np.testing.assert_array_equal(trace.sold, slow.trace.sold)


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(states(lives=(float("nan"),)), st.integers(0, 1000))
def test_laterals_and_emergencies_make_and_lose_nothing(drawn: Drawn, seed: int) -> None:
    """Every SKU costs 10: with nothing bought, stock and goods between places less what was sold stay as they were."""
    snapshot, wanted = built(drawn)
    result = run(snapshot, wanted, careless(seed, buys=False))
    opening = 10.0 * snapshot.table("stock")["on_hand"].sum()
    kept = result.days["stock_value"] + result.days["cost_of_goods_sold"].cumsum()
    assert kept.tolist() == pytest.approx([opening] * 4)
    assert set(result.moves["mode"]) <= {"transfer", "transshipment", "emergency"}


@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
@given(states(), st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(drawn: Drawn, seed: int) -> None:
    snapshot, wanted = built(drawn)
    policy = careless(seed)

    def mixed(night: Night) -> pd.DataFrame:
        return policy(night).sample(frac=1.0, random_state=seed)

    tables = {name: snapshot.table(name).sample(frac=1.0, random_state=seed).reset_index(drop=True)
              for name in ("stock", "lanes", "serving", "zones")}  # fmt: skip
    one = run(snapshot, wanted, policy)
    other = run(snapshot.replace(tables=tables), wanted.sample(frac=1.0, random_state=seed), mixed)
    pd.testing.assert_frame_equal(one.days, other.days, check_exact=False, rtol=1e-12)
    np.testing.assert_array_equal(one.trace.on_hand, other.trace.on_hand)


@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
@given(states(lives=(float("nan"),)), st.integers(0, 1000), st.integers(1, 3))
def test_a_replay_cut_in_two_and_carried_on_gives_the_same_days(drawn: Drawn, seed: int, first: int) -> None:
    snapshot, wanted = built(drawn)
    seen: list[Night] = []

    def watched(night: Night) -> pd.DataFrame:
        seen.append(night)
        return careless(seed)(night)

    whole = run(snapshot, wanted, watched)
    night = seen[first]
    blank = snapshot.table("open_orders")
    under_way = night.open_orders.assign(status="confirmed", external_ref="", order_id=lambda rows: [
        f"{row}-{number}" for number, row in enumerate(rows["order_id"])])  # fmt: skip
    stock = night.stock.assign(as_of=night.date, allocated=0, stock_type="free")
    later = snapshot.replace(
        cutoff=snapshot.cutoff,
        stock=stock.reindex(columns=snapshot.table("stock").columns).astype(snapshot.table("stock").dtypes.to_dict())
        .assign(as_of=CUTOFF),
        open_orders=under_way.assign(
            **{name: under_way[name] - pd.Timedelta(days=first) for name in ("ship_date", "due_date")}
        ).reindex(columns=blank.columns).astype(blank.dtypes.to_dict()),
    )  # fmt: skip

    def shifted(night: Night) -> pd.DataFrame:
        ahead = pd.Timedelta(days=first)
        moved = careless(seed)(Night(night.date + ahead, night.stock, night.lots, night.open_orders, night.sales))
        return moved.assign(ship_date=moved["ship_date"] - ahead, due_date=moved["due_date"] - ahead)

    rest = run(later, wanted.assign(date=wanted["date"] - pd.Timedelta(days=first)), shifted, n_days=4 - first)
    columns = [name for name in whole.days if name not in ("date", "received_cost")]
    np.testing.assert_allclose(rest.days[columns], whole.days[columns].iloc[first:], atol=1e-9)
    np.testing.assert_array_equal(rest.trace.on_hand, whole.trace.on_hand[first:])


@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
@given(states(), st.sampled_from([*FAMILIES, "weeks_of_cover"]), st.integers(0, 3))
def test_the_clairvoyant_never_costs_more_than_a_rule(drawn: Drawn, name: str, weekday: int) -> None:
    snapshot, wanted = built(drawn)
    network = build_network(snapshot)
    arrays, index = array_chain(snapshot, network, 4)
    groups, units = demand_by_day(index, wanted, CUTOFF + pd.Timedelta(days=1), 4)
    if name == "weeks_of_cover":
        shape = (arrays.origin.size, len(SKUS))
        rule: ArrayPolicy = WeeksOfCover(arrays, np.ones(shape[0]), np.ones(shape), np.full(shape[0], weekday))
    else:
        make, factors = FAMILIES[name]
        rule = make(arrays)(*factors)
    days = replay_arrays(arrays, serving_of(index, groups), lambda day: units[day], policy=rule, n_days=4)[0]
    least = clairvoyant(snapshot, network, demand=wanted, n_days=4).total_cost
    assert summary(days)["total_cost"] >= least - 1e-6


def test_emergencies_and_laterals_do_move_in_these_games() -> None:
    snapshot, wanted = chain(stock={("A", "CEN"): 9, ("A", "S1"): 9}), demand({("A", "Z1"): [0, 0, 0, 0]})
    lanes = snapshot.table("lanes")
    hurry = lanes[lanes["mode"].eq("transfer") & lanes["destination"].eq("S2")].assign(mode="emergency")
    snapshot = snapshot.replace(lanes=pd.concat([lanes, hurry], ignore_index=True))
    assert {"transshipment", "emergency"} <= set(run(snapshot, wanted, careless(1)).moves["mode"])
