"""A supplier's answer taken in: confirmed quantities and dates, all of them or none."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from network.contracts import empty
from optimization.edited_cells import SheetError, SheetRow, SheetRowError, sheet_rows
from optimization.edited_sheet import whole_number

NEEDED = ("order_id", "confirmed_quantity")
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def read_confirmations(
    data: bytes, orders: pd.DataFrame, *, supplier: str, known_at: datetime | None = None
) -> pd.DataFrame:
    """Read a supplier's answer, csv or xlsx, such as the shared order file with its last two columns filled in.

    Parameters
    ----------
    data
        Content of the file: order_id, confirmed_quantity and, if it differs from the order's, the date of arrival.
        Rows without a confirmed quantity and date are not answered yet and passed over.
    orders
        The orders that were shared: order_id, origin, sku, quantity, due_date.
    supplier
        Who answers; it cannot confirm the orders of another.
    known_at
        When the answer came: nights planned again as of an earlier day do not know it. None = known all along.

    Returns
    -------
    Rows of the table `confirmations`, sorted by order id.

    Raises
    ------
    SheetError
        With every row that cannot be taken; then nothing of the file is.
    """
    lines = {str(line["order_id"]): line for line in orders.to_dict("records")}
    errors: list[SheetRowError] = []
    taken: dict[str, tuple[int, datetime | None]] = {}
    for row in sheet_rows(data, needed=NEEDED):
        if not (row.text("confirmed_quantity") or row.text("date")):
            continue
        order_id = row.text("order_id")
        fault = _fault(row, lines, supplier)
        if order_id in taken and fault is None:
            fault = ("order_id", "is there twice: keep one row")
        if fault is not None:
            column, words = fault
            errors.append(SheetRowError(row.number, column, row.text(column), words))
            continue
        taken[order_id] = (int(whole_number(row.text("confirmed_quantity")) or 0), _date(row.text("date")))
    if errors:
        raise SheetError(tuple(errors))
    rows = [(order_id, quantity, day, known_at) for order_id, (quantity, day) in sorted(taken.items())]
    table = empty("confirmations")
    return pd.DataFrame(rows, columns=list(table.columns)).astype(table.dtypes.to_dict())


def _fault(row: SheetRow, lines: Mapping[str, Mapping[Hashable, Any]], supplier: str) -> tuple[str, str] | None:
    """Column and fault of a row that cannot be taken."""
    line = lines.get(row.text("order_id"))
    if line is None or str(line["origin"]) != supplier:
        return "order_id", f"is no order to {supplier}: keep the ids as sent"
    if "sku" in row.cells and row.text("sku") != str(line["sku"]):
        return "sku", f"was {str(line['sku'])!r}: keep the rows as sent"
    quantity = whole_number(row.text("confirmed_quantity"))
    if quantity is None or quantity < 0 or row.is_formula("confirmed_quantity"):
        return "confirmed_quantity", "is not a whole number of units from 0"
    if quantity > int(line["quantity"]):
        return "confirmed_quantity", f"is more than the {int(line['quantity'])} ordered"
    if row.text("date") and _date(row.text("date")) is None:
        return "date", "is not a date such as 2026-11-22"
    return None


def _date(text: str) -> datetime | None:
    """A day; None where the text is none."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None
