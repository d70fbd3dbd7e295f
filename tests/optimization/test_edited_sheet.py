"""A planner's sheet taken back: changes with reasons, every fault told, and nothing half applied."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.edited_sheet import Override, SheetError, read_edited_sheet, whole_number
from optimization.export import write_orders

N = 6


@pytest.fixture
def orders() -> pd.DataFrame:
    """Six lines of ten cases of 12, but for the fourth, a transshipment of 120 single units."""
    return pd.DataFrame(
        {
            "order_id": [f"PO-{i}" for i in range(N)],
            "action": ["new"] * 5 + ["cancel"],
            "kind": ["purchase", "purchase", "transfer", "transshipment", "purchase", "purchase"],
            "origin": "SUP",
            "destination": [f"S{i}" for i in range(N)],
            "sku": ["=1+1", "0012", "6901234567892", "漢字", "a;=b", "x"],
            "quantity": 120,
            "cases": 10,
            "ship_date": pd.Timestamp("2025-11-04"),
            "status": ["proposed", "approved", "proposed", "proposed", "released", "proposed"],
            "reason": "out of stock",
        }
    )


def _edited(orders: pd.DataFrame, folder: Path, changes: dict[str, object], *, language: str = "en") -> bytes:
    """The exported workbook with some cells changed."""
    book = openpyxl.load_workbook(write_orders(orders, folder, "xlsx", language=language))
    for cell, value in changes.items():
        book["orders"][cell] = value
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _faults(data: bytes, orders: pd.DataFrame) -> list[tuple[int, str]]:
    with pytest.raises(SheetError) as caught:
        read_edited_sheet(data, orders)
    return [(error.row, error.column) for error in caught.value.errors]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("format", ["xlsx", "sheet-csv", "csv"])
def test_a_sheet_sent_back_unchanged_changes_nothing(
    orders: pd.DataFrame, tmp_path: Path, format: str, language: str
) -> None:
    data = write_orders(orders, tmp_path, format, language=language).read_bytes()
    assert read_edited_sheet(data, orders) == ()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_changed_quantities_come_back_with_their_reasons(orders: pd.DataFrame, tmp_path: Path, language: str) -> None:
    changes = {"G2": 144, "H2": "school is back", "G3": 0, "H3": "shop is closed", "G5": 119, "H5": "停售"}
    data = _edited(orders, tmp_path, changes, language=language)
    assert read_edited_sheet(data, orders) == (
        Override("PO-0", 144, "school is back"),
        Override("PO-1", 0, "shop is closed"),
        Override("PO-3", 119, "停售"),
    )


def test_a_changed_csv_comes_back_too(orders: pd.DataFrame, tmp_path: Path) -> None:
    text = write_orders(orders, tmp_path, "sheet-csv").read_text(encoding="utf-8-sig")
    changed = text.replace('"\'=1+1","120",""', '"\'=1+1","1,200","fair"')
    assert changed != text
    assert read_edited_sheet(changed.encode("gb18030"), orders) == (Override("PO-0", 1200, "fair"),)


def test_every_fault_of_every_row_is_told_and_nothing_is_taken(orders: pd.DataFrame, tmp_path: Path) -> None:
    changes: dict[str, object] = {
        "G2": 144,  # without a reason
        "G3": 100, "H3": "fewer",  # 100 is not in cases of 12
        "A4": "PO-9", "G4": 24, "H4": "x",  # no such order
        "H5": "why not",  # a reason without a change
        "G6": 12, "H6": "late",  # released
        "G7": 12, "H7": "late",  # a message
    }  # fmt: skip
    assert _faults(_edited(orders, tmp_path, changes), orders) == [
        (2, "change_reason"), (3, "quantity"), (4, "order_id"), (5, "change_reason"), (6, "quantity"), (7, "quantity"),
    ]  # fmt: skip


def test_the_nearest_whole_cases_are_named(orders: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"row 3: quantity '100' is not in whole cases of 12: use 96 or 108"):
        read_edited_sheet(_edited(orders, tmp_path, {"G3": 100, "H3": "fewer"}), orders)


@pytest.mark.parametrize("value", ["=12*2", "-12", 12.5, "many", "1e3", "1 2", 10**8, "٣", True, None, "12,00"])
def test_a_quantity_that_is_none_is_refused(orders: pd.DataFrame, tmp_path: Path, value: object) -> None:
    assert _faults(_edited(orders, tmp_path, {"G5": value, "H5": "why"}), orders) == [(5, "quantity")]


def test_one_column_sorted_alone_is_noticed(orders: pd.DataFrame, tmp_path: Path) -> None:
    swapped = _edited(orders, tmp_path, {"F2": "0012", "F3": "=1+1"})
    assert _faults(swapped, orders) == [(2, "sku"), (3, "sku")]


def test_rows_may_be_left_out_but_not_doubled(orders: pd.DataFrame, tmp_path: Path) -> None:
    few = orders.iloc[[3, 1]]
    assert read_edited_sheet(write_orders(few, tmp_path, "xlsx").read_bytes(), orders) == ()
    twice = pd.concat([orders.iloc[[3]], orders.iloc[[3]]])
    assert _faults(write_orders(twice, tmp_path, "xlsx").read_bytes(), orders) == [(3, "order_id")]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"PK\x03\x04", b"PK\x03\x04" + b"x" * 99, b"order_id;quantity\n1;2\n", b"%PDF-1.4", b"\x00\x01"],
)
def test_what_is_no_sheet_is_refused(orders: pd.DataFrame, data: bytes) -> None:
    with pytest.raises(SheetError):
        read_edited_sheet(data, orders)


def test_a_missing_or_doubled_column_is_told(orders: pd.DataFrame, tmp_path: Path) -> None:
    assert _faults(b"order_id\nPO-1\n", orders) == [(1, "")]
    assert _faults(b"order_id,quantity,quantity\nPO-1,1,2\n", orders) == [(1, "quantity")]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), (" 12 ", 12), ("12.0", 12), ("1,200", 1200), ("+3", 3), ("-3", -3), ("12,00", None), ("1.5", None),
     ("", None), ("9" * 30, None), ("0x10", None), ("1_000", None), ("１２", 12)],
)  # fmt: skip
def test_whole_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_workbooks_end_in_overrides_of_this_run_or_in_errors(
    orders: pd.DataFrame, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(write_orders(orders, tmp_path, "xlsx").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    try:
        taken = read_edited_sheet(bytes(content), orders)
    except SheetError as error:
        assert error.errors
    else:
        assert {override.order_id for override in taken} <= set(orders["order_id"])
