"""A planner's edited sheet taken back: changed quantities with their reasons, all of them or none.

A sheet exported as xlsx or sheet-csv, in any of our languages, comes back with some quantities changed. Nothing else of
it may differ from the run: a sheet of which one column was sorted alone would otherwise change the wrong lines.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from network.contracts import Mode, OrderState
from optimization.actions import Action
from optimization.edited_cells import SheetError, SheetRow, SheetRowError, sheet_rows
from optimization.export_language import CHANGE_REASON, original_choice

__all__ = ["Override", "SheetError", "SheetRowError", "read_edited_sheet"]

KEPT = ("kind", "origin", "destination", "sku", "ship_date", "due_date")
"""Columns that a sheet may leave out but not change."""
NEEDED = ("order_id", "quantity")
MAX_QUANTITY = 10_000_000  # units of one line; more is a slip of the keyboard
MAX_REASON = 500  # letters
_IN_CASES = (Mode.PURCHASE, Mode.TRANSFER)
_OPEN = (OrderState.PROPOSED, OrderState.APPROVED)
_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")
_IN_THOUSANDS = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+)(\.0*)?")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True)
class Override:
    """One changed line.

    Parameters
    ----------
    order_id
        The line.
    quantity
        Quantity wanted [units]; 0 rejects the line.
    reason
        Why, in the planner's words.
    """

    order_id: str
    quantity: int
    reason: str


def read_edited_sheet(data: bytes, orders: pd.DataFrame) -> tuple[Override, ...]:
    """Read the changes of an edited sheet.

    Parameters
    ----------
    data
        Content of the file: xlsx, or CSV as `write_orders` gives it for spreadsheets or machines.
    orders
        The run's orders as they were exported: order_id, action, status, quantity, cases and the columns of `KEPT`.

    Returns
    -------
    One override a changed line, in the order of the sheet; lines that are not in the sheet stay as they are.

    Raises
    ------
    SheetError
        With every row that cannot be taken; then nothing of the sheet is.
    """
    sheet = sheet_rows(data, needed=NEEDED)
    reading = _Reading({str(row["order_id"]): row for row in orders.to_dict("records")})
    for row in sheet:
        reading.take(row)
    if reading.errors:
        raise SheetError(tuple(reading.errors))
    return tuple(reading.overrides)


@dataclass
class _Reading:
    """Rows taken so far, and what was wrong."""

    lines: Mapping[str, Mapping[Hashable, Any]]
    overrides: list[Override] = field(default_factory=list)
    errors: list[SheetRowError] = field(default_factory=list)
    row_of: dict[str, int] = field(default_factory=dict)

    def take(self, row: SheetRow) -> None:
        """Take one row, or say all that is wrong with it."""
        order_id = row.text("order_id")
        line = self.lines.get(order_id)
        if line is None:
            self._say(row, "order_id", order_id, "is no order of this run: keep the ids as exported")
            return
        if order_id in self.row_of:
            self._say(row, "order_id", order_id, f"is in row {self.row_of[order_id]} too: keep one of them")
            return
        self.row_of[order_id] = row.number
        n_before = len(self.errors)
        for name in KEPT:
            self._refuse_change(row, name, line)
        quantity = self._quantity(row, line)
        if len(self.errors) == n_before and quantity is not None:
            self._add(row, line, quantity)

    def _refuse_change(self, row: SheetRow, name: str, line: Mapping[Hashable, Any]) -> None:
        if name not in row.cells or name not in line:
            return
        had, has = _as_text(line[name]), original_choice(name, row.text(name))
        if has != had:
            self._say(row, name, has, f"was {had!r}: only the quantity and its reason can be changed")

    def _quantity(self, row: SheetRow, line: Mapping[Hashable, Any]) -> int | None:
        """The quantity of a row that may have it; None with its fault told."""
        text = row.text("quantity")
        quantity = whole_number(text)
        words = "is a formula: paste its value" if row.is_formula("quantity") else ""
        if not words and quantity is None:
            words = "is not a whole number"
        if quantity is not None and not words:
            words = _quantity_fault(quantity, line)
        if words:
            self._say(row, "quantity", text, words)
        return None if words else quantity

    def _add(self, row: SheetRow, line: Mapping[Hashable, Any], quantity: int) -> None:
        reason, is_changed = row.text(CHANGE_REASON).strip(), quantity != int(line["quantity"])
        if is_changed and not reason:
            self._say(row, CHANGE_REASON, "", "is empty: say why the quantity was changed")
        elif reason and not is_changed:
            self._say(row, CHANGE_REASON, reason, "but the quantity is as before: change it, or clear the reason")
        elif len(reason) > MAX_REASON or row.is_formula(CHANGE_REASON):
            self._say(row, CHANGE_REASON, reason, f"is not a text of up to {MAX_REASON} letters")
        elif is_changed:
            self.overrides.append(Override(str(line["order_id"]), quantity, reason))

    def _say(self, row: SheetRow, column: str, value: str, words: str) -> None:
        self.errors.append(SheetRowError(row.number, column, value, words))


def whole_number(text: str) -> int | None:
    """Read a whole number, of full width too, with commas between thousands if at all; None if it is none."""
    text = text.strip().translate(_FULL_WIDTH)
    if _WHOLE.fullmatch(text) or _IN_THOUSANDS.fullmatch(text):
        digits = text.replace(",", "").partition(".")[0]
        return int(digits) if len(digits) <= 18 else None
    return None


def _quantity_fault(quantity: int, line: Mapping[Hashable, Any]) -> str:
    """What is wrong with a quantity on a line; nothing if it is as before."""
    if not 0 <= quantity <= MAX_QUANTITY:
        return f"is not between 0 and {MAX_QUANTITY:,}"
    if quantity == int(line["quantity"]):
        return ""
    return _not_open(line) or _not_in_cases(quantity, line)


def _not_open(line: Mapping[Hashable, Any]) -> str:
    if str(line.get("action", Action.NEW)) != Action.NEW:
        return "belongs to a message about a published line, which cannot be changed here"
    state = str(line.get("status", OrderState.PROPOSED))
    return "" if state in _OPEN else f"cannot be changed: the line is {state}"


def _not_in_cases(quantity: int, line: Mapping[Hashable, Any]) -> str:
    """Purchases and transfers stay in whole cases, of the size that the line has."""
    cases = line.get("cases")
    if str(line.get("kind")) not in _IN_CASES or not cases or pd.isna(cases) or int(line["quantity"]) % int(cases):
        return ""
    size = int(line["quantity"]) // int(cases)
    if size <= 1 or quantity % size == 0:
        return ""
    below = quantity - quantity % size
    return f"is not in whole cases of {size}: use {below} or {below + size}"


def _as_text(value: Any) -> str:
    """A value of the run as a sheet shows it."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
