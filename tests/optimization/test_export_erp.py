"""Import files of Odoo and ERPNext against golden ones; nobody has imported them into a live system."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from optimization.export_erp import FILES, ErpSystem, erp_tables, write_erp

GOLDEN = Path(__file__).parents[1] / "data" / "exchange"


@pytest.fixture
def orders() -> pd.DataFrame:
    """Two purchases in one document, one in another, a transfer and a message."""
    n = 5
    return pd.DataFrame(
        {
            "document_id": ["DOC-2", "DOC-1", "DOC-2", "DOC-3", "DOC-9"],
            "order_id": [f"L-{i}" for i in range(n)],
            "run_id": "20251103-aa",
            "action": ["new"] * 4 + ["cancel"],
            "kind": ["purchase", "purchase", "purchase", "transfer", "purchase"],
            "origin": ["SUP2", "SUP1", "SUP2", "DC", "SUP1"],
            "destination": ["DC", "DC", "DC", "S1", "DC"],
            "sku": ["K02", 'K,"1"', "K01", "K01", "K01"],
            "quantity": [24, 12, 36, 6, 6],
            "ship_date": pd.Timestamp("2025-11-04"),
            "due_date": pd.Timestamp("2025-11-08"),
            "unit_cost": [1.25, 2.0, 3.5, 3.5, 3.5],
            "reason": "out of stock",
        }
    )


@pytest.mark.parametrize("system", list(ErpSystem))
def test_the_import_files_are_as_written_down(orders: pd.DataFrame, tmp_path: Path, system: ErpSystem) -> None:
    for path in write_erp(orders, tmp_path, system):
        assert path.read_bytes() == (GOLDEN / system / path.name).read_bytes()


@pytest.mark.parametrize("system", list(ErpSystem))
def test_each_line_is_there_once_under_its_document(orders: pd.DataFrame, system: ErpSystem) -> None:
    purchases, moves = erp_tables(orders, system).values()
    quantity = next(name for name in purchases if "qty" in name or "Quantity" in name)
    # by document: DOC-1 has 12, DOC-2 has 24 and 36
    assert purchases[quantity].tolist() == [12, 24, 36]
    assert (purchases[purchases.columns[0]] != "").tolist() == [True, True, False]
    assert len(moves) == 1


@pytest.mark.parametrize("system", list(ErpSystem))
def test_no_orders_give_headers(orders: pd.DataFrame, tmp_path: Path, system: ErpSystem) -> None:
    paths = write_erp(orders.head(0), tmp_path, system)
    assert [path.name for path in paths] == list(FILES[system])
    assert all(len(path.read_text("utf-8").splitlines()) == 1 for path in paths)
