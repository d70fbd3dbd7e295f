"""Orders in the import columns of Odoo and ERPNext.

Both read a CSV file in which a document's own cells stand in its first row and are empty in its further lines. The
column names are those that their documentation and importers name; the files are compared with golden ones and were
never imported into a live system.

Odoo: ``id`` is the external id, so that a file imported twice changes nothing. A product is found by its internal
reference, a supplier and a place by name. ERPNext: ids of new documents are its own, so our ids stand in the
description of each line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import pandas as pd

from network.contracts import Mode
from optimization.actions import new_lines
from optimization.export_files import write_bytes_atomically


class ErpSystem(StrEnum):
    """Systems whose import columns we know."""

    ODOO = "odoo"
    ERPNEXT = "erpnext"


Column = Callable[[pd.DataFrame], pd.Series]


def _day(name: str, time: str = "") -> Column:
    return lambda lines: lines[name].dt.strftime(f"%Y-%m-%d{time}")


def _copy(name: str) -> Column:
    return lambda lines: lines[name]


def _always(text: str) -> Column:
    return lambda lines: pd.Series(text, index=lines.index, dtype="str")


def _operation(place: str, name: str) -> Column:
    """What Odoo calls an operation type: a warehouse and what is done there, such as ``DC: Receipts``."""
    return lambda lines: lines[place].astype("str") + f": {name}"


def _described(lines: pd.DataFrame) -> pd.Series:
    """Our order id and the reason, by which a line is found again."""
    return lines["order_id"].astype("str") + ": " + lines["reason"].astype("str")


_NOON = " 12:00:00"  # Odoo keeps moments in UTC: at noon the day is the same almost everywhere
_PURCHASE_DOCUMENT: Mapping[ErpSystem, Mapping[str, Column]] = {
    ErpSystem.ODOO: {
        "id": _copy("document_id"),
        "partner_id": _copy("origin"),
        "picking_type_id": _operation("destination", "Receipts"),
        "origin": _copy("run_id"),
        "date_planned": _day("due_date", _NOON),
    },
    ErpSystem.ERPNEXT: {
        "Supplier": _copy("origin"),
        "Date": _day("ship_date"),
        "Required By": _day("due_date"),
    },
}
_PURCHASE_LINE: Mapping[ErpSystem, Mapping[str, Column]] = {
    ErpSystem.ODOO: {
        "order_line/id": _copy("order_id"),
        "order_line/product_id": _copy("sku"),
        "order_line/name": _described,
        "order_line/product_qty": _copy("quantity"),
        "order_line/price_unit": _copy("unit_cost"),
        "order_line/date_planned": _day("due_date", _NOON),
    },
    ErpSystem.ERPNEXT: {
        "Item Code (Items)": _copy("sku"),
        "Description (Items)": _described,
        "Quantity (Items)": _copy("quantity"),
        "Rate (Items)": _copy("unit_cost"),
        "Required By (Items)": _day("due_date"),
        "Target Warehouse (Items)": _copy("destination"),
    },
}
_MOVE_DOCUMENT: Mapping[ErpSystem, Mapping[str, Column]] = {
    ErpSystem.ODOO: {
        "id": _copy("document_id"),
        "picking_type_id": _operation("origin", "Internal Transfers"),
        "location_id": _copy("origin"),
        "location_dest_id": _copy("destination"),
        "origin": _copy("run_id"),
        "scheduled_date": _day("ship_date", _NOON),
    },
    ErpSystem.ERPNEXT: {
        "Purpose": _always("Material Transfer"),
        "Transaction Date": _day("ship_date"),
        "Required By": _day("due_date"),
    },
}
_MOVE_LINE: Mapping[ErpSystem, Mapping[str, Column]] = {
    ErpSystem.ODOO: {
        "move_ids/id": _copy("order_id"),
        "move_ids/product_id": _copy("sku"),
        "move_ids/name": _described,
        "move_ids/product_uom_qty": _copy("quantity"),
    },
    ErpSystem.ERPNEXT: {
        "Item Code (Items)": _copy("sku"),
        "Description (Items)": _described,
        "Quantity (Items)": _copy("quantity"),
        "Required By (Items)": _day("due_date"),
        "Source Warehouse (Items)": _copy("origin"),
        "Target Warehouse (Items)": _copy("destination"),
    },
}
FILES: Mapping[ErpSystem, tuple[str, str]] = {
    ErpSystem.ODOO: ("purchase_order.csv", "stock_picking.csv"),
    ErpSystem.ERPNEXT: ("purchase_order.csv", "material_request.csv"),
}
"""Names of the files for purchases and for moves between own sites, after the document they are imported as."""


def erp_tables(orders: pd.DataFrame, system: ErpSystem) -> dict[str, pd.DataFrame]:
    """Return the rows of each import file by its name; messages about published lines have none.

    Parameters
    ----------
    orders
        The orders table.
    system
        Whose columns.
    """
    lines = new_lines(orders)
    is_bought = lines["kind"].astype("str") == str(Mode.PURCHASE)
    purchases, moves = FILES[system]
    return {
        purchases: _with_documents(lines[is_bought], _PURCHASE_DOCUMENT[system], _PURCHASE_LINE[system]),
        moves: _with_documents(lines[~is_bought], _MOVE_DOCUMENT[system], _MOVE_LINE[system]),
    }


def write_erp(orders: pd.DataFrame, folder: Path, system: ErpSystem | str) -> tuple[Path, ...]:
    """Write the import files of a system, each whole or not at all; a file without rows holds its header.

    Parameters
    ----------
    orders
        The orders table.
    folder
        Where; made if absent.
    system
        odoo or erpnext.

    Returns
    -------
    The files: purchases, then moves.
    """
    tables = erp_tables(orders, ErpSystem(system))
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        text = str(table.to_csv(index=False, lineterminator="\n"))
        write_bytes_atomically(folder / name, text.encode("utf-8"))
    return tuple(folder / name for name in tables)


def _with_documents(lines: pd.DataFrame, document: Mapping[str, Column], line: Mapping[str, Column]) -> pd.DataFrame:
    """Rows by document and line; the cells of the document stand in its first row only."""
    ordered = lines.sort_values(["document_id", "order_id"], kind="stable").reset_index(drop=True)
    is_first = ~ordered.duplicated("document_id")
    head = {name: column(ordered).astype(object).where(is_first, "") for name, column in document.items()}
    return pd.DataFrame({**head, **{name: column(ordered) for name, column in line.items()}})
