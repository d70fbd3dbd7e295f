import json
from io import StringIO
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from optimization import export
from optimization.export import ExportError, ExportFormat, write_orders

NASTY = [
    "=1+1",
    "@cmd",
    "+1",
    "-1",
    "https://example.org/x",
    '=HYPERLINK("http://a")',
    "0012",
    "6901234567892",
    '漢字,"x"',
]


@pytest.fixture
def orders() -> pd.DataFrame:
    n = len(NASTY)
    return pd.DataFrame(
        {
            "order_id": [f"PO-{i:012x}" for i in range(n)],
            "sku": NASTY,
            "quantity": np.arange(1, n + 1),
            "ship_date": pd.Timestamp("2025-11-04"),
            "stockout_date_without": [pd.NaT] + [pd.Timestamp("2025-11-06")] * (n - 1),
            "unit_cost": [np.nan] + [1.25] * (n - 1),
        }
    )


def test_a_spreadsheet_never_gets_a_formula_or_a_link(orders: pd.DataFrame, tmp_path: Path) -> None:
    path = write_orders(orders, tmp_path, "xlsx")
    sheet = openpyxl.load_workbook(path)["orders"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink is not None]
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == NASTY
    assert all(row[1].data_type == "s" for row in sheet.iter_rows(min_row=2))


def test_a_spreadsheet_has_a_frozen_header_numbers_and_dates(orders: pd.DataFrame, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write_orders(orders, tmp_path, ExportFormat.XLSX))["orders"]
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]] == [*orders.columns[:3], "change_reason", *orders.columns[3:]]
    assert sheet["C3"].value == 2
    assert sheet["E3"].is_date
    assert sheet["E3"].number_format == "yyyy-mm-dd"
    assert sheet["F2"].value is None
    assert sheet["G2"].value is None
    assert sheet["G3"].value == 1.25
    assert sheet.column_dimensions["B"].width > 15


def test_csv_is_raw_for_machines(orders: pd.DataFrame, tmp_path: Path) -> None:
    raw = write_orders(orders, tmp_path, "csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    text = raw.decode("utf-8")
    assert text.splitlines()[1] == "PO-000000000000,=1+1,1,2025-11-04,,"
    back = pd.read_csv(StringIO(text), dtype={"sku": "str"})
    assert back["sku"].tolist() == NASTY


def test_json_is_a_list_of_records_with_null_for_the_unknown(orders: pd.DataFrame, tmp_path: Path) -> None:
    records = json.loads(write_orders(orders, tmp_path, "json").read_text(encoding="utf-8"))
    assert [record["sku"] for record in records] == NASTY
    assert records[0]["unit_cost"] is None
    assert records[0]["stockout_date_without"] is None
    assert records[1]["ship_date"] == "2025-11-04"
    assert records[1]["quantity"] == 2


FILES = [format for format in ExportFormat if format not in export.SYSTEMS]


@pytest.mark.parametrize("format", FILES)
def test_the_same_orders_give_the_same_bytes(orders: pd.DataFrame, tmp_path: Path, format: ExportFormat) -> None:
    first = write_orders(orders, tmp_path / "a", format).read_bytes()
    assert write_orders(orders, tmp_path / "b", format).read_bytes() == first


@pytest.mark.parametrize("format", FILES)
def test_no_orders_give_a_file_with_no_rows(orders: pd.DataFrame, tmp_path: Path, format: ExportFormat) -> None:
    path = write_orders(orders.head(0), tmp_path, format)
    assert path.stat().st_size > 0


def test_a_write_that_fails_leaves_the_old_file_and_no_leftovers(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_orders(orders, tmp_path, "csv")
    before = path.read_bytes()

    def broken(_: pd.DataFrame, partial: Path) -> None:
        partial.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setitem(export._WRITERS, ExportFormat.CSV, broken)
    with pytest.raises(OSError, match="disk full"):
        write_orders(orders.head(1), tmp_path, "csv")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]


def test_more_orders_than_a_sheet_holds_are_refused(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_SHEET_ROWS", 3)
    with pytest.raises(ExportError, match="export csv"):
        write_orders(orders, tmp_path, "xlsx")


def test_an_unknown_format_is_refused(orders: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pdf"):
        write_orders(orders, tmp_path, "pdf")


def test_the_form_of_another_system_is_a_folder_of_files(orders: pd.DataFrame, tmp_path: Path) -> None:
    lines = orders.assign(
        document_id="DOC-1", run_id="r", kind="purchase", origin="A", destination="B", reason="",
        due_date=orders["ship_date"],
    )  # fmt: skip
    place = write_orders(lines, tmp_path, "odoo", name="orders-r")
    assert place == tmp_path / "orders-r.odoo"
    assert sorted(path.name for path in place.iterdir()) == ["purchase_order.csv", "stock_picking.csv"]
    with pytest.raises(ExportError, match="need a header"):
        write_orders(lines, tmp_path, "ubl")
