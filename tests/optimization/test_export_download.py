"""Orders to be handed out: the bytes that a written file has, or a zip archive of the files of a folder."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from optimization.export import DocumentHeader, ExportFormat, Language, write_orders
from optimization.export_download import forms_here, orders_file

HEADER = DocumentHeader("lantern & co", date(2025, 11, 3), "CNY")


@pytest.fixture
def orders() -> pd.DataFrame:
    """One purchase of two lines."""
    return pd.DataFrame(
        {
            "document_id": "DOC-1", "order_id": ["PO-1", "PO-2"], "run_id": "R", "action": "new", "kind": "purchase",
            "origin": "SUP", "destination": "DC", "sku": ["K01", "K02"], "barcode": "", "supplier_item_code": "",
            "quantity": [24, 12], "cases": [2, 1], "ship_date": pd.Timestamp("2025-11-04"),
            "due_date": pd.Timestamp("2025-11-08"), "unit_cost": [1.25, 2.0], "value": [30.0, 24.0],
            "reason": "out of stock",
        }
    )  # fmt: skip


def test_a_download_is_the_file_that_is_written_elsewhere(orders: pd.DataFrame, tmp_path: Path) -> None:
    name, content = orders_file(orders, ExportFormat.CSV, name="orders-R", language=Language.CHINESE, header=HEADER)
    assert name == "orders-R.zh.csv"
    assert content == write_orders(orders, tmp_path, "csv", language="zh").read_bytes()


@pytest.mark.parametrize(
    ("format", "language", "name"),
    [
        ("csv", "en", "O.csv"), ("csv", "zh", "O.zh.csv"), ("json", "en", "O.json"), ("xlsx", "en", "O.en.xlsx"),
        ("xlsx", "zh", "O.zh.xlsx"), ("sheet-csv", "zh", "O.zh.sheet.csv"), ("odoo", "zh", "O.odoo.zip"),
        ("erpnext", "en", "O.erpnext.zip"),
    ],
)  # fmt: skip
def test_a_name_says_the_language_where_the_content_has_one(
    orders: pd.DataFrame, format: str, language: str, name: str
) -> None:
    said = orders_file(orders, ExportFormat(format), name="O", language=Language(language), header=HEADER)[0]
    assert said == name


def test_a_folder_of_documents_is_an_archive_of_the_same_bytes_each_time(orders: pd.DataFrame) -> None:
    if ExportFormat.UBL not in forms_here():
        pytest.skip("misses UBL: the extra edi is not installed")
    made = [orders_file(orders, ExportFormat.UBL, name="O", language=Language.ENGLISH, header=HEADER) for _ in range(2)]
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0][1])) as archive:
        assert archive.namelist() == ["O.ubl/order-DOC-1.xml"]
        assert b"lantern &amp; co" in archive.read("O.ubl/order-DOC-1.xml")
