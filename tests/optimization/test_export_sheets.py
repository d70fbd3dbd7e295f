"""Sheets for people: nothing in them is live, and what is guarded can be read back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.export import ExportError, ExportFormat, write_orders
from optimization.export_files import MAX_NAME, checked_name, file_stem, is_safe_name
from optimization.export_sheets import guarded, sheet_csv, unguarded
from tests.data.hostile import FORMULAS, TRAVERSALS

LIVE = re.compile(r"[\s\u0000-\u001f\u00a0\u200b\u3000\ufeff\"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20\u2212]")
TEXT = st.text(alphabet=st.sampled_from("=+-@|%'\"; \t\r\n\uff1d\u3000\u200bab019Ee."), max_size=9)


def _orders(texts: tuple[str, ...]) -> pd.DataFrame:
    sku = pd.Series(texts, dtype="str")
    return pd.DataFrame({"sku": sku, "quantity": -1, "reason": sku, "net_benefit": -0.5})


def test_there_are_sixty_payloads_and_fifty_ways_out() -> None:
    assert len(set(FORMULAS)) >= 60
    assert len(set(TRAVERSALS)) >= 50


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_spreadsheet_csv_holds_no_live_formula_in_any_locale(delimiter: str) -> None:
    rows = list(csv.reader(io.StringIO(sheet_csv(_orders(FORMULAS)), newline=""), delimiter=delimiter))
    live = [cell for row in rows for cell in row if LIVE.match(cell) and not re.fullmatch(r'"?-[\d.]+"?', cell.strip())]
    assert live == []


def test_an_xlsx_holds_no_live_formula_or_link(tmp_path: Path) -> None:
    path = write_orders(_orders(FORMULAS), tmp_path, ExportFormat.XLSX)
    cells = [cell for row in openpyxl.load_workbook(path)["orders"].iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink is not None] == []
    assert {cell.data_type for cell in cells if cell.column_letter in "AC"} == {"s"}


def test_a_spreadsheet_csv_keeps_numbers_dates_and_harmless_text_as_they_are(tmp_path: Path) -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["PO-1"],
            "sku": ["0012"],
            "quantity": [12],
            "barcode": ["6901234567892"],
            "ship_date": [pd.Timestamp("2025-11-04")],
            "net_benefit": [-1.5],
        }
    )
    data = write_orders(orders, tmp_path, "sheet-csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines()[1] == '"PO-1","\'0012","12","","\'6901234567892","2025-11-04","-1.5"'
    assert [file.name for file in tmp_path.iterdir()] == ["orders.sheet.csv"]


@given(TEXT)
def test_what_is_guarded_is_read_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not LIVE.match(guarded(text))


@pytest.mark.parametrize("name", TRAVERSALS)
def test_a_name_that_leads_elsewhere_is_refused_and_an_id_of_that_kind_gets_a_safe_one(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="no file name"):
        write_orders(_orders(("a",)), tmp_path / "out", "csv", name=name)
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / f"{file_stem(name)}.csv"
    assert path.resolve().parent == tmp_path.resolve()
    path.write_text("x", encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@given(st.lists(st.text(max_size=50), unique=True, max_size=6))
def test_ids_keep_apart_as_file_names(ids: list[str]) -> None:
    stems = [file_stem(identifier) for identifier in ids]
    assert len(set(stems)) == len(ids)
    assert all(is_safe_name(stem) for stem in stems)


def test_a_plain_id_names_its_file() -> None:
    assert file_stem("SUP-01") == "SUP-01"
    assert checked_name("orders-20251104-0123456789ab") == "orders-20251104-0123456789ab"
    assert not is_safe_name("a" * (MAX_NAME + 1))
