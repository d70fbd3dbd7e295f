"""Exported orders: the only writer of the files that leave the house.

Every file is written beside its final name, synced, and renamed into place, so a reader sees the old file or the whole
new one. A spreadsheet never gets a formula or a link out of our data: all text is written as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pandas as pd

from optimization.export_files import ExportError, checked_name, write_atomically
from optimization.export_language import Language, in_language, with_change_reason
from optimization.export_sheets import plain_values, write_sheet_csv, write_xlsx

__all__ = ["ExportError", "ExportFormat", "Language", "orders_csv", "write_orders"]

MAX_SHEET_ROWS = 1_048_576  # a limit of the xlsx format


class ExportFormat(StrEnum):
    """csv and json are raw, for machines; xlsx and sheet-csv are for people, who may change and send them back."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    SHEET_CSV = "sheet-csv"


FOR_PEOPLE = frozenset({ExportFormat.XLSX, ExportFormat.SHEET_CSV})
_ENDINGS = {ExportFormat.SHEET_CSV: "sheet.csv"}


def write_orders(
    orders: pd.DataFrame,
    folder: Path,
    format: ExportFormat | str,
    *,
    name: str = "orders",
    language: Language | str = Language.ENGLISH,
) -> Path:
    """Write orders to ``folder/name.format`` (``name.sheet.csv`` for sheet-csv), whole or not at all.

    Parameters
    ----------
    orders
        The orders table; columns are kept as they are, in their order. Formats for people have one more, for the
        reason of a change, where there are quantities to change.
    folder
        Where; made if absent.
    format
        csv, json, xlsx or sheet-csv.
    name
        File name without ending.
    language
        Language of headers, choices and reasons.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ExportError
        If the orders do not fit into a sheet, or the name is none.
    ValueError
        If the format or the language is none of ours.
    """
    chosen = ExportFormat(format)
    if chosen in FOR_PEOPLE and len(orders) >= MAX_SHEET_ROWS:
        raise ExportError(f"{len(orders)} orders do not fit into a sheet of {MAX_SHEET_ROWS} rows: export csv")
    path = folder / f"{checked_name(name)}.{_ENDINGS.get(chosen, chosen)}"
    shown = in_language(with_change_reason(orders) if chosen in FOR_PEOPLE else orders, language)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda partial: _WRITERS[chosen](shown, partial))
    return path


def orders_csv(orders: pd.DataFrame) -> str:
    """Orders as raw CSV text: UTF-8, comma, ISO dates, an empty cell for the unknown, ``\\n`` line ends."""
    return str(orders.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"))


def orders_json(orders: pd.DataFrame) -> str:
    """Orders as a JSON list of objects, null for the unknown."""
    plain = {name: plain_values(orders[name]) for name in orders.columns}
    records = [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write_csv(orders: pd.DataFrame, path: Path) -> None:
    path.write_bytes(orders_csv(orders).encode("utf-8"))


def _write_json(orders: pd.DataFrame, path: Path) -> None:
    path.write_bytes(orders_json(orders).encode("utf-8"))


_WRITERS: dict[ExportFormat, Callable[[pd.DataFrame, Path], None]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON: _write_json,
    ExportFormat.XLSX: write_xlsx,
    ExportFormat.SHEET_CSV: write_sheet_csv,
}
