from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.snapshot import Snapshot
from optimization.explain import LINE_KEY, TERMS
from optimization.orders import ORDER_COLUMNS, build_orders

CUTOFF = "2025-11-03"  # a Monday
DESIGN_COLUMNS = [
    "document_id", "order_id", "run_id", "action", "amends_order_id", "kind", "origin", "destination", "sku",
    "barcode", "supplier_item_code", "quantity", "cases", "pallets", "ship_date", "due_date", "load_id", "unit_cost",
    "value", "status", "priority", "on_hand", "on_order", "expected_demand", "target", "cover_before", "cover_after",
    "stockout_date_without", "reason", "proposed_quantity", "net_benefit",
]  # fmt: skip
CHAIN: dict[str, list[dict[str, Any]]] = {
    "locations": [
        {"location": "SUP", "tier": "supplier"},
        {"location": "C1", "tier": "central"},
        {"location": "S1", "tier": "store", "region": "EAST"},
        {"location": "S2", "tier": "store", "region": "WEST"},
    ],
    "skus": [
        {"sku": "A", "category": "tea", "unit_cost": 2.0, "unit_price": 5.0, "case_pack": 6, "barcode": "0690"},
        {"sku": "B", "category": "tea", "unit_cost": 3.0, "unit_price": 5.0, "case_pack": 4, "temperature": "chilled"},
    ],
    "lanes": [
        {"origin": "SUP", "destination": "C1", "mode": "purchase", "lead_time_days": 7},
        {"origin": "C1", "destination": "tier:store", "mode": "transfer", "lead_time_days": 2},
        {"origin": "tier:store", "destination": "tier:store", "mode": "transshipment", "lead_time_days": 1},
        {"origin": "C1", "destination": "S1", "mode": "emergency", "lead_time_days": 0},
    ],
    "sourcing": [
        {"sku": "A", "origin": "SUP", "destination": "C1", "unit_cost": 1.5, "order_multiple": 6,
         "cases_per_pallet": 20, "supplier_item_code": "X-1"},
    ],
    "stock": [
        {"as_of": CUTOFF, "sku": "A", "location": "C1", "on_hand": 18},
        {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 8},
        {"as_of": CUTOFF, "sku": "A", "location": "S2", "on_hand": 40},
        {"as_of": CUTOFF, "sku": "B", "location": "S1", "on_hand": 0},
        {"as_of": CUTOFF, "sku": "B", "location": "C1", "on_hand": 50},
    ],
    "promotions": [
        {"promotion": "P1", "sku": "A", "region": "EAST", "from": "2025-11-07", "to": "2025-11-11",
         "known_at": "2025-11-01"},
    ],
}  # fmt: skip
RATES = {("A", "S1"): 3.0, ("A", "S2"): 0.1, ("B", "S1"): 1.0}


def move(sku: str, origin: str, destination: str, mode: str, **more: Any) -> dict[str, Any]:
    lead = {"purchase": 7, "transfer": 2, "transshipment": 1, "emergency": 1}[mode]
    ship = pd.Timestamp(CUTOFF) + pd.Timedelta(days=1)
    due = ship + pd.Timedelta(days=lead - 1)
    return {"sku": sku, "origin": origin, "destination": destination, "mode": mode, "ship_date": ship, "due_date": due,
            "arrival_day": lead - 1, "load_id": "", "note": "", "cases": 0, **more}  # fmt: skip


MOVES = [
    move("B", "C1", "S1", "transfer", quantity=8, cases=2),
    move("A", "SUP", "C1", "purchase", quantity=120, cases=20),
    move("A", "C1", "S1", "transfer", quantity=12, cases=2),
    move("A", "S2", "S1", "transshipment", quantity=12),
    move("A", "C1", "S1", "emergency", quantity=2),
]


def terms_of(moves: pd.DataFrame) -> pd.DataFrame:
    values = np.zeros((len(moves), len(TERMS)))
    values[:, 0] = np.arange(len(moves)) * 10 + 0.1
    values[:, 1] = -0.03
    return pd.concat([moves[LINE_KEY], pd.DataFrame(values, columns=list(TERMS))], axis=1)


@pytest.fixture(scope="module")
def night(make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]) -> Any:
    return plan_night(make_snapshot(CUTOFF, **CHAIN), RATES, MOVES)


def orders_of(night: Any, *, version: str = "v1", run_id: str = "20251103-abc") -> pd.DataFrame:
    return build_orders(
        night.decisions,
        terms_of(night.decisions.moves),
        projection=night.projection,
        targets=night.targets,
        positions=night.positions,
        snapshot=night.snapshot,
        network=night.network,
        run_id=run_id,
        plan_version=version,
    )


@pytest.fixture(scope="module")
def orders(night: Any) -> pd.DataFrame:
    return orders_of(night)


def line(orders: pd.DataFrame, sku: str, kind: str) -> pd.Series:
    return orders.loc[(orders["sku"] == sku) & (orders["kind"] == kind)].iloc[0]


def test_orders_have_exactly_the_columns_of_the_design(orders: pd.DataFrame) -> None:
    assert orders.columns.tolist() == DESIGN_COLUMNS == list(ORDER_COLUMNS)
    assert {name: str(dtype) for name, dtype in orders.dtypes.items()} == ORDER_COLUMNS


def test_a_plan_without_moves_gives_the_same_columns(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    empty = orders_of(plan_night(make_snapshot(CUTOFF, **CHAIN), RATES))
    assert empty.empty
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == ORDER_COLUMNS


def test_a_store_that_runs_out_before_a_promotion_is_told_so(orders: pd.DataFrame) -> None:
    # 8 units at 3 a day: 3, 6, 9 > 8 on the third day, Thursday. Tonight 12 + 12 + 2 come: 34 / 3 = 11.3 days.
    transfer = line(orders, "A", "transfer")
    assert transfer["stockout_date_without"] == pd.Timestamp("2025-11-06")
    assert transfer["cover_before"] == pytest.approx(2.7)
    assert transfer["cover_after"] == pytest.approx(11.3)
    assert transfer["reason"] == "runs out Thursday 6 Nov, promotion from Friday 7 Nov, 11 days' cover after"


def test_a_lateral_says_who_can_spare_it(orders: pd.DataFrame) -> None:
    # 40 units at 0.1 a day are 400 days
    text = line(orders, "A", "transshipment")["reason"]
    assert text.startswith("S2 has over a year of cover, sells here: runs out Thursday 6 Nov")


def test_an_emergency_says_that_nothing_else_comes_in_time(orders: pd.DataFrame) -> None:
    assert line(orders, "A", "emergency")["reason"].startswith("no regular delivery comes in time: runs out Thursday")


def test_a_store_without_stock_is_called_out_of_stock(orders: pd.DataFrame) -> None:
    transfer = line(orders, "B", "transfer")
    assert transfer["stockout_date_without"] == pd.Timestamp("2025-11-04")
    assert transfer["reason"] == "out of stock, 8 days' cover after"


def test_a_purchase_says_how_far_the_cover_of_the_whole_region_falls(orders: pd.DataFrame) -> None:
    # Echelon of C1: 18 + 8 + 40 = 66 units, 3.1 a day. Due on day index 6 (Mon 10 Nov): six days use 18.6,
    # (66 - 18.6) / 3.1 = 15.3 days are left.
    purchase = line(orders, "A", "purchase")
    assert purchase["reason"].startswith("cover falls to 15 days before the delivery on Monday 10 Nov")
    assert purchase["cover_before"] == pytest.approx(66 / 3.1, abs=0.06)
    assert purchase["cover_after"] == pytest.approx(186 / 3.1, abs=0.06)


def test_a_sourcing_rule_gives_cost_code_and_pallets(orders: pd.DataFrame) -> None:
    purchase, transfer = line(orders, "A", "purchase"), line(orders, "A", "transfer")
    assert (purchase["unit_cost"], purchase["value"], purchase["supplier_item_code"]) == (1.5, 180.0, "X-1")
    assert purchase["pallets"] == 1.0
    assert (transfer["unit_cost"], transfer["value"], transfer["supplier_item_code"]) == (2.0, 24.0, "")
    assert np.isnan(transfer["pallets"])
    assert transfer["barcode"] == "0690"


def test_priority_follows_the_stock_out_date_and_then_the_money(orders: pd.DataFrame) -> None:
    ranked = orders.sort_values("priority")
    assert ranked["priority"].tolist() == [1, 2, 3, 4, 5]
    # B is out tomorrow; then three lines for Thursday, most money (last in the plan) first; the purchase has no date
    assert list(zip(ranked["sku"], ranked["kind"], strict=True)) == [
        ("B", "transfer"), ("A", "emergency"), ("A", "transshipment"), ("A", "transfer"), ("A", "purchase"),
    ]  # fmt: skip


def test_order_ids_are_unique_stable_and_never_depend_on_the_order_of_the_plan(
    night: Any, orders: pd.DataFrame
) -> None:
    assert orders["order_id"].is_unique
    assert orders["order_id"].str.fullmatch(r"(PO|TR|LT|EM|RT)-[0-9a-f]{12}").all()
    reversed_moves = night.decisions.moves.iloc[::-1].reset_index(drop=True)
    again = build_orders(
        night.decisions.replace(moves=reversed_moves),
        terms_of(night.decisions.moves).iloc[::-1].reset_index(drop=True),
        projection=night.projection,
        targets=night.targets,
        positions=night.positions,
        snapshot=night.snapshot,
        network=night.network,
        run_id="20251103-abc",
        plan_version="v1",
    )
    pd.testing.assert_frame_equal(again, orders)


def test_another_plan_version_gives_other_ids_and_another_run_id_does_not(night: Any, orders: pd.DataFrame) -> None:
    assert not set(orders_of(night, version="v2")["order_id"]) & set(orders["order_id"])
    assert orders_of(night, run_id="other")["order_id"].tolist() == orders["order_id"].tolist()


def test_goods_of_one_lane_day_and_temperature_share_a_document(orders: pd.DataFrame) -> None:
    documents = orders.set_index(["sku", "kind"])["document_id"]
    assert documents["A", "transfer"] == documents["A", "emergency"]
    assert documents["A", "transfer"] != documents["B", "transfer"]  # ambient and chilled
    assert orders["document_id"].nunique() == 4


def test_every_order_is_new_proposed_and_carries_its_money(orders: pd.DataFrame) -> None:
    assert set(orders["action"]) == {"new"}
    assert set(orders["status"]) == {"proposed"}
    assert orders["proposed_quantity"].tolist() == orders["quantity"].tolist()
    assert line(orders, "A", "purchase")["net_benefit"] == 10.07  # 10.10 - 0.03


def test_a_purchase_for_a_warehouse_without_demand_of_its_own_says_whom_it_is_for(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    purchase = move("B", "SUP", "C1", "purchase", quantity=8, cases=2)
    orders = orders_of(plan_night(make_snapshot(CUTOFF, **CHAIN), {("A", "S1"): 3.0}, [purchase]))
    assert orders["reason"].tolist() == ["bought for the locations it supplies"]
