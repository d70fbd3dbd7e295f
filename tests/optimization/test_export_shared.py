"""What a supplier is told is its own, and what it answers is taken whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.contracts import empty
from optimization.confirmations import read_confirmations
from optimization.edited_cells import SheetError
from optimization.export_shared import supplier_forecast, supplier_orders, write_shared
from optimization.export_sheets import sheet_csv

MONDAY = pd.Timestamp("2025-11-03")


@pytest.fixture
def orders() -> pd.DataFrame:
    return made_orders()


def made_orders() -> pd.DataFrame:
    n = 4
    return pd.DataFrame(
        {
            "document_id": "DOC", "order_id": [f"PO-{i}" for i in range(n)], "action": "new",
            "kind": ["purchase", "purchase", "transfer", "purchase"], "origin": ["A", "A", "DC", "B/1"],
            "destination": "DC", "sku": ["K2", "K1", "K1", "=K3"], "barcode": "",
            "supplier_item_code": ["c2", "", "", ""],
            "quantity": [24, 12, 6, 48], "cases": [2, 1, 1, 4], "ship_date": MONDAY + pd.Timedelta(days=1),
            "due_date": MONDAY + pd.Timedelta(days=4), "unit_cost": 1.5, "value": 36.0, "target": 99.0,
            "on_hand": 7, "net_benefit": 5.0, "reason": "out of stock",
        }
    )  # fmt: skip


def made_planned() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sku": ["K1", "K1", "K1", "K9"], "origin": ["A", "A", "B/1", "DC"], "destination": ["DC", "DC", "DC", "S1"],
            "mode": ["purchase", "purchase", "purchase", "transfer"],
            "ship_date": [MONDAY + pd.Timedelta(days=day) for day in (6, 7, 8, 9)], "quantity": [10, 20, 30, 40],
        }
    )  # fmt: skip


def test_a_supplier_sees_its_orders_and_nothing_of_ours(orders: pd.DataFrame) -> None:
    told = supplier_orders(orders, "A")
    assert told["order_id"].tolist() == ["PO-1", "PO-0"]
    assert not {"target", "on_hand", "net_benefit", "reason", "priority"} & set(told.columns)
    assert told[["confirmed_quantity", "date"]].eq("").to_numpy().all()


def test_a_forecast_sums_orders_and_plans_by_week(orders: pd.DataFrame) -> None:
    told = supplier_forecast(orders, made_planned(), "A")
    # K1: 12 ordered and 10 planned (Sunday) leave in the week of the 3rd, 20 planned on Monday the 10th; K2: 24 ordered
    found = [tuple(row) for row in told[["sku", "week", "quantity", "is_ordered"]].itertuples(index=False, name=None)]
    second = MONDAY + pd.Timedelta(days=7)
    assert found == [("K1", MONDAY, 10, False), ("K1", MONDAY, 12, True), ("K1", second, 20, False),
                     ("K2", MONDAY, 24, True)]  # fmt: skip
    assert told["supplier_item_code"].tolist() == ["", "", "", "c2"]


def test_each_supplier_gets_files_of_its_own(orders: pd.DataFrame, tmp_path: Path) -> None:
    paths = write_shared(orders, made_planned(), tmp_path)
    assert [path.name for path in paths[:4]] == [
        "A-orders.csv", "A-orders.json", "A-forecast.csv", "A-forecast.json"
    ]  # fmt: skip
    assert all(path.parent == tmp_path for path in paths)
    assert len(paths) == 8
    told = "".join(path.read_text("utf-8") for path in paths if path.name.startswith("A-"))
    assert "PO-3" not in told
    assert "K3" not in told
    other = json.loads(next(path for path in paths if path.name.startswith("B_1") and "orders.json" in path.name)
                       .read_text("utf-8"))  # fmt: skip
    assert [line["sku"] for line in other] == ["=K3"]


def _answer(orders: pd.DataFrame, quantities: list[object], dates: list[str]) -> bytes:
    told = supplier_orders(orders, "A").assign(confirmed_quantity=quantities, date=dates)
    return sheet_csv(told).encode("utf-8")


def test_an_answer_becomes_rows_of_the_contract(orders: pd.DataFrame) -> None:
    taken = read_confirmations(_answer(orders, [12, 20], ["", "2025-11-09"]), orders, supplier="A")
    assert taken.dtypes.to_dict() == empty("confirmations").dtypes.to_dict()
    assert taken["order_id"].tolist() == ["PO-0", "PO-1"]
    assert taken["confirmed_quantity"].tolist() == [20, 12]
    assert taken["date"].isna().tolist() == [False, True]


def test_rows_without_an_answer_wait(orders: pd.DataFrame) -> None:
    assert read_confirmations(_answer(orders, ["", 24], ["", ""]), orders, supplier="A")["order_id"].tolist() == [
        "PO-0"
    ]


@pytest.mark.parametrize(
    ("quantity", "date", "column"),
    [(25, "", "confirmed_quantity"), (-1, "", "confirmed_quantity"), ("x", "", "confirmed_quantity"),
     (24, "soon", "date"), (24, "2025-13-01", "date"), ("", "2025-11-09", "confirmed_quantity")],
)  # fmt: skip
def test_one_bad_row_refuses_the_whole_answer(orders: pd.DataFrame, quantity: object, date: str, column: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_confirmations(_answer(orders, [12, quantity], ["", date]), orders, supplier="A")
    assert [(error.row, error.column) for error in caught.value.errors] == [(3, column)]


def test_a_supplier_confirms_its_own_orders_once(orders: pd.DataFrame) -> None:
    with pytest.raises(SheetError, match="is no order to A"):
        read_confirmations(b"order_id,confirmed_quantity\nPO-3,48\n", orders, supplier="A")
    with pytest.raises(SheetError, match="is there twice"):
        read_confirmations(b"order_id,confirmed_quantity\nPO-0,1\nPO-0,2\n", orders, supplier="A")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_answer_confirms_no_more_than_was_ordered(data: st.DataObject) -> None:
    orders = made_orders()
    content = bytearray(_answer(orders, [12, 24], ["", "2025-11-09"]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        taken = read_confirmations(bytes(content), orders, supplier="A")
    except SheetError as error:
        assert error.errors
    else:
        ordered = orders.set_index("order_id")["quantity"]
        assert (taken["confirmed_quantity"].to_numpy() <= ordered[taken["order_id"]].to_numpy()).all()
