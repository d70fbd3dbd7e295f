"""What a supplier is told: its orders, and the purchases that the plan expects, and nothing of anybody else.

Neither table holds stock, targets, costs of other sources, reasons or money beyond the agreed price.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from network.contracts import Mode
from optimization.actions import new_lines
from optimization.export_files import file_stem, write_bytes_atomically
from optimization.export_sheets import plain_json, sheet_csv

ORDER_COLUMNS = (
    *("order_id", "document_id", "sku", "supplier_item_code", "barcode", "destination", "quantity", "cases"),
    *("ship_date", "due_date", "unit_cost", "value"),
)
"""Columns of a supplier's orders; two empty ones to confirm in follow."""
CONFIRMED = ("confirmed_quantity", "date")
FORECAST_COLUMNS = ("sku", "supplier_item_code", "barcode", "destination", "week", "quantity", "is_ordered")
"""Columns of a supplier's forecast: units per week of shipment, ordered and expected beyond."""


def supplier_orders(orders: pd.DataFrame, supplier: str) -> pd.DataFrame:
    """Return a supplier's purchase lines with empty cells to confirm in, sorted by due date and SKU.

    Parameters
    ----------
    orders
        The orders table.
    supplier
        Location of tier supplier.
    """
    lines = _purchases(new_lines(orders), supplier, "kind")
    lines = lines.sort_values(["due_date", "sku", "order_id"], kind="stable").reset_index(drop=True)
    empty = pd.Series("", index=lines.index, dtype="str")
    return lines[list(ORDER_COLUMNS)].assign(**dict.fromkeys(CONFIRMED, empty))


def supplier_forecast(orders: pd.DataFrame, planned: pd.DataFrame, supplier: str) -> pd.DataFrame:
    """Return what a supplier is asked for now and may expect to be asked for, by SKU, destination and week.

    Parameters
    ----------
    orders
        The orders table.
    planned
        Moves that the plan expects on later days: sku, origin, destination, mode, ship_date, quantity.
    supplier
        Location of tier supplier.

    Returns
    -------
    `FORECAST_COLUMNS`; `week` is the Monday of the week in which the goods are to leave.
    """
    now = _purchases(new_lines(orders), supplier, "kind").assign(is_ordered=True)
    later = _purchases(planned, supplier, "mode").assign(is_ordered=False)
    names = now.drop_duplicates("sku").set_index("sku")[["supplier_item_code", "barcode"]]
    columns = ["sku", "destination", "ship_date", "quantity", "is_ordered"]
    lines = pd.concat([now[columns], later[columns]], ignore_index=True)
    monday = lines["ship_date"] - pd.to_timedelta(lines["ship_date"].dt.day_of_week, unit="D")
    key = ["sku", "destination", "week", "is_ordered"]
    weeks = lines.assign(week=monday).groupby(key, as_index=False)[["quantity"]].sum()
    named = weeks.join(names, on="sku").fillna({"supplier_item_code": "", "barcode": ""})
    return named[list(FORECAST_COLUMNS)].reset_index(drop=True)


def write_shared(orders: pd.DataFrame, planned: pd.DataFrame, folder: Path) -> tuple[Path, ...]:
    """Write, for each supplier with orders or planned purchases, both tables as csv for spreadsheets and as json.

    Parameters
    ----------
    orders, planned
        As for `supplier_forecast`.
    folder
        Where; made if absent. Files are named by the supplier's id, ``SUPPLIER-orders.csv`` and so on.

    Returns
    -------
    The files, by supplier.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bought = new_lines(orders)
    origins = (bought.loc[_is_purchase(bought, "kind"), "origin"], planned.loc[_is_purchase(planned, "mode"), "origin"])
    written: list[Path] = []
    for supplier in sorted(set(pd.concat(origins).astype("str"))):
        tables = {
            "orders": supplier_orders(orders, supplier),
            "forecast": supplier_forecast(orders, planned, supplier),
        }
        for name, table in tables.items():
            texts = {"csv": "\ufeff" + sheet_csv(table), "json": plain_json(table)}
            for ending, text in texts.items():
                path = folder / f"{file_stem(supplier)}-{name}.{ending}"
                write_bytes_atomically(path, text.encode("utf-8"))
                written.append(path)
    return tuple(written)


def _is_purchase(lines: pd.DataFrame, mode: str) -> pd.Series:
    return lines[mode].astype("str") == str(Mode.PURCHASE)


def _purchases(lines: pd.DataFrame, supplier: str, mode: str) -> pd.DataFrame:
    return lines[_is_purchase(lines, mode) & (lines["origin"].astype("str") == supplier)]
