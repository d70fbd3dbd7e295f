from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from optimization.explain import LINE_KEY, TERMS, line_terms, net_benefit, order_terms, transport_share
from optimization.lots import kept_rounding

CUTOFF = "2025-11-03"
DAY = pd.Timestamp("2025-11-04")
CHAIN: dict[str, list[dict[str, Any]]] = {
    "locations": [
        {"location": "SUP", "tier": "supplier"},
        {"location": "C1", "tier": "central"},
        {"location": "S1", "tier": "store"},
        {"location": "S2", "tier": "store"},
    ],
    "skus": [
        {"sku": "A", "unit_cost": 2.0, "unit_price": 5.0, "volume_m3": 0.1, "weight_kg": 1.0},
        {"sku": "B", "unit_cost": 2.0, "unit_price": 5.0, "volume_m3": 0.01, "weight_kg": 10.0},
        {"sku": "Z", "unit_cost": 2.0, "unit_price": 5.0},
    ],
    "lanes": [
        {"origin": "SUP", "destination": "C1", "mode": "purchase", "lead_time_days": 7},
        {"origin": "C1", "destination": "tier:store", "mode": "transfer", "lead_time_days": 2, "unit_cost": 0.05,
         "truck_cost": 60.0, "truck_volume_m3": 10.0, "truck_weight_kg": 1000.0},
    ],
    "stock": [
        {"as_of": CUTOFF, "sku": sku, "location": place, "on_hand": held}
        for sku in ("A", "B", "Z") for place, held in (("C1", 100), ("S1", 1), ("S2", 1))
    ],
}  # fmt: skip
RATES = {(sku, place): 2.0 for sku in ("A", "B") for place in ("S1", "S2")}


def move(sku: str, quantity: int, load: str = "L1", destination: str = "S1") -> dict[str, Any]:
    return {"sku": sku, "origin": "C1", "destination": destination, "mode": "transfer", "ship_date": DAY,
            "due_date": DAY + pd.Timedelta(days=1), "arrival_day": 1, "quantity": quantity, "cases": quantity,
            "load_id": load, "flow_quantity": quantity, "note": ""}  # fmt: skip


LOADS = [
    {"load_id": "L1", "origin": "C1", "destination": "S1", "mode": "transfer", "trucks": 1, "cost": 60.0},
    {"load_id": "L2", "origin": "C1", "destination": "S2", "mode": "transfer", "trucks": 1, "cost": 60.0},
]


@pytest.fixture(scope="module")
def snapshot(make_snapshot: Callable[..., Snapshot]) -> Snapshot:
    return make_snapshot(CUTOFF, **CHAIN)


@pytest.fixture(scope="module")
def network(snapshot: Snapshot) -> SupplyNetwork:
    return build_network(snapshot)


def test_a_load_is_paid_by_the_larger_of_volume_and_weight_share(snapshot: Snapshot, network: SupplyNetwork) -> None:
    # A: 10 x 0.1 / 10 = 0.10 of a truck by volume, 0.01 by weight; B: 0.01 by volume, 20 x 10 / 1000 = 0.20 by weight
    moves = pd.DataFrame([move("A", 10), move("B", 20)])
    share = transport_share(moves, pd.DataFrame(LOADS), skus=snapshot.table("skus"), network=network)
    assert share == pytest.approx([20.0, 40.0])


def test_goods_without_size_share_by_units_and_lines_without_a_load_pay_nothing(
    snapshot: Snapshot, network: SupplyNetwork
) -> None:
    moves = pd.DataFrame([move("Z", 1), move("Z", 3, destination="S1"), move("A", 5, load="")])
    share = transport_share(moves, pd.DataFrame(LOADS), skus=snapshot.table("skus"), network=network)
    assert share == pytest.approx([15.0, 45.0, 0.0])


@settings(max_examples=10, deadline=None)
@given(quantities=st.lists(st.integers(1, 500), min_size=1, max_size=12), cost=st.floats(0.01, 5000.0))
def test_the_shares_of_a_load_sum_to_its_cost(
    snapshot: Snapshot, network: SupplyNetwork, quantities: list[int], cost: float
) -> None:
    moves = pd.DataFrame([move("ABZ"[i % 3], quantity) for i, quantity in enumerate(quantities)])
    loads = pd.DataFrame([{**LOADS[0], "cost": cost}])
    share = transport_share(moves, loads, skus=snapshot.table("skus"), network=network)
    assert share.sum() == pytest.approx(cost)
    assert (share >= 0).all()


@pytest.fixture(scope="module")
def terms(snapshot: Snapshot, plan_night: Callable[..., Any]) -> tuple[Any, pd.DataFrame]:
    moves = [move("A", 10), move("B", 20), move("A", 7, load="L2", destination="S2"), move("Z", 4, load="")]
    night = plan_night(snapshot, RATES, moves, loads=[{"vehicle": "truck", **load} for load in LOADS])
    return night, line_terms(night.decisions, snapshot, network=night.network)


def test_a_line_to_an_empty_shelf_avoids_shortage_and_pays_its_truck(terms: tuple[Any, pd.DataFrame]) -> None:
    table = terms[1].set_index(["sku", "destination"])
    line = table.loc[("A", "S1")]
    assert line["shortage_avoided"] > 0
    assert line["holding"] <= 0
    assert line["transport_share"] == -20.0
    assert line["unit_freight"] == -0.5  # 10 units at 0.05
    # nobody wants Z: it only costs
    assert table.loc[("Z", "S1"), "shortage_avoided"] == 0
    assert net_benefit(terms[1]).set_index("sku").loc["Z", "net_benefit"] < 0


def test_every_term_is_whole_cents_and_they_sum_to_the_net_benefit(terms: tuple[Any, pd.DataFrame]) -> None:
    table = terms[1]
    cents = table[list(TERMS)].to_numpy() * 100
    assert np.abs(cents - np.rint(cents)).max() < 1e-6
    assert table["rounding"].abs().max() <= 0.005 * len(TERMS) + 1e-9


def test_the_ledger_sums_to_each_order(terms: tuple[Any, pd.DataFrame]) -> None:
    table = terms[1]
    orders = table[LINE_KEY].rename(columns={"mode": "kind"}).iloc[::-1].reset_index(drop=True)
    orders = orders.assign(order_id=[f"TR-{i}" for i in range(len(orders))])
    ledger = order_terms(table, orders)
    assert ledger.columns.tolist() == ["order_id", "term", "amount"]
    assert set(ledger["term"]) <= set(TERMS)
    summed = ledger.groupby("order_id")["amount"].sum().round(2)
    expected = net_benefit(table)["net_benefit"].iloc[::-1].tolist()
    assert summed.reindex(orders["order_id"]).tolist() == expected
    assert ledger["order_id"].drop_duplicates().tolist() == orders["order_id"].tolist()


@settings(max_examples=12, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=len(TERMS), max_size=len(TERMS)))
def test_any_amounts_sum_exactly_in_cents(values: list[float]) -> None:
    key = pd.DataFrame([["A", "C1", "S1", "transfer", DAY]], columns=LINE_KEY)
    wide = pd.concat([key, pd.DataFrame([np.round(values, 2)], columns=list(TERMS))], axis=1)
    orders = key.rename(columns={"mode": "kind"}).assign(order_id="TR-1")
    ledger = order_terms(wide, orders)
    cents = np.rint(ledger["amount"].to_numpy() * 100).astype("int64").sum()
    assert cents == round(net_benefit(wide)["net_benefit"].iloc[0] * 100)


def test_an_order_worth_nothing_still_has_a_line_in_the_ledger() -> None:
    key = pd.DataFrame([["A", "C1", "S1", "transfer", DAY]], columns=LINE_KEY)
    wide = key.assign(**dict.fromkeys(TERMS, 0.0))
    ledger = order_terms(wide, key.rename(columns={"mode": "kind"}).assign(order_id="TR-1"))
    assert ledger.to_numpy().tolist() == [["TR-1", TERMS[0], 0.0]]


def test_whole_cases_and_the_minimum_order_are_told_apart_from_the_goods(
    snapshot: Snapshot, plan_night: Callable[..., Any]
) -> None:
    # Of 40 units of A 25 were wanted, whole cases made them 28 and the minimum order 40. Two a day sell over 14 days:
    # the last 12 units avoid next to nothing and are held.
    line = {**move("A", 40), "flow_quantity": 25, "rounded": 3, "raised": 12}
    kinds = {"plain": {**line, "rounded": 0, "raised": 0}, "told": line}
    found = {}
    for name, each in kinds.items():
        night = plan_night(snapshot, RATES, [each], loads=[{"vehicle": "truck", **LOADS[0]}])
        found[name] = line_terms(night.decisions, snapshot, network=night.network).iloc[0]
    goods = ["shortage_avoided", "holding", "origin_release", "case_rounding", "minimum_order"]
    assert found["plain"][goods].sum() == pytest.approx(found["told"][goods].sum(), abs=0.03)
    assert net_benefit(pd.DataFrame([found["plain"]]))["net_benefit"].tolist() == pytest.approx(
        net_benefit(pd.DataFrame([found["told"]]))["net_benefit"].tolist(), abs=0.03
    )
    assert found["told"]["minimum_order"] != 0
    assert found["told"]["holding"] > found["plain"]["holding"]  # fewer units are held for the goods' own sake


def test_what_is_cut_later_comes_off_the_minimum_order_first() -> None:
    # wanted 7, lots of 5, at least 20: 3 rounded, 10 raised
    lines = pd.DataFrame({"flow_quantity": 7, "rounded": 3, "raised": 10, "quantity": [20, 12, 8, 0, 30],
                          "is_trucked": False})  # fmt: skip
    kept = kept_rounding(lines)
    assert kept["raised"].tolist() == [10, 2, 0, 0, 10]
    assert kept["rounded"].tolist() == [3, 3, 1, 0, 3]
    assert kept_rounding(lines.assign(is_trucked=True))[["rounded", "raised"]].sum().sum() == 0
