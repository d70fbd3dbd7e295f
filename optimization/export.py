"""Exported orders: the only writer of the files that leave the house.

Every file is written beside its final name, synced, and renamed into place, so a reader sees the old file or the whole
new one. A spreadsheet never gets a formula or a link out of our data: all text is written as text.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pandas as pd

from optimization.export_erp import write_erp
from optimization.export_files import ExportError, checked_name, write_atomically
from optimization.export_language import Language, in_language, with_change_reason
from optimization.export_sheets import plain_json, write_sheet_csv, write_xlsx
from optimization.export_ubl import DocumentHeader, write_ubl

__all__ = ["DocumentHeader", "ExportError", "ExportFormat", "Language", "name_in", "orders_csv", "write_orders"]

MAX_SHEET_ROWS = 1_048_576  # a limit of the xlsx format


class ExportFormat(StrEnum):
    """What orders are written as.

    csv and json are raw, for machines; xlsx and sheet-csv are for people, who may change and send them back; ubl, odoo
    and erpnext are folders of files in the form of other systems.
    """

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    SHEET_CSV = "sheet-csv"
    UBL = "ubl"
    ODOO = "odoo"
    ERPNEXT = "erpnext"


FOR_PEOPLE = frozenset({ExportFormat.XLSX, ExportFormat.SHEET_CSV})
SYSTEMS = frozenset({ExportFormat.UBL, ExportFormat.ODOO, ExportFormat.ERPNEXT})
_ENDINGS = {ExportFormat.SHEET_CSV: "sheet.csv"}


def write_orders(
    orders: pd.DataFrame,
    folder: Path,
    format: ExportFormat | str,
    *,
    name: str = "orders",
    language: Language | str = Language.ENGLISH,
    header: DocumentHeader | None = None,
) -> Path:
    """Write orders to ``folder/name.format`` (``name.sheet.csv`` for sheet-csv), each file whole or not at all.

    Parameters
    ----------
    orders
        The orders table; columns are kept as they are, in their order. Formats for people have one more, for the
        reason of a change, where there are quantities to change.
    folder
        Where; made if absent.
    format
        One of `ExportFormat`.
    name
        File name without ending.
    language
        Language of headers, choices and reasons; the forms of other systems have their own words.
    header
        What UBL documents say beyond their lines.

    Returns
    -------
    pathlib.Path
        The file; for ubl, odoo and erpnext the folder with the files.

    Raises
    ------
    ExportError
        If the orders do not fit into a sheet, the name is none, or a document lacks its header or cannot be written.
    ValueError
        If the format or the language is none of ours.
    """
    chosen = ExportFormat(format)
    if chosen in FOR_PEOPLE and len(orders) >= MAX_SHEET_ROWS:
        raise ExportError(f"{len(orders)} orders do not fit into a sheet of {MAX_SHEET_ROWS} rows: export csv")
    path = folder / f"{checked_name(name)}.{_ENDINGS.get(chosen, chosen)}"
    shown = in_language(with_change_reason(orders) if chosen in FOR_PEOPLE else orders, language)
    if chosen in SYSTEMS:
        _write_for_system(orders, path, chosen, header=header)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda partial: _WRITERS[chosen](shown, partial))
    return path


def name_in(name: str, format: ExportFormat | str, language: Language | str) -> str:
    """Return the name of a file with the language of its words: `orders.zh`.

    A file for people always says it; one for programs where it is not the raw one; the forms of other systems have
    their own words.
    """
    chosen = ExportFormat(format)
    is_raw = chosen not in FOR_PEOPLE and Language(language) is Language.ENGLISH
    return name if is_raw or chosen in SYSTEMS else f"{name}.{Language(language)}"


def _write_for_system(
    orders: pd.DataFrame, folder: Path, system: ExportFormat, *, header: DocumentHeader | None
) -> None:
    """Write the files of another system's form into a folder."""
    if system is not ExportFormat.UBL:
        write_erp(orders, folder, str(system))
    elif header is None:
        raise ExportError("UBL documents need a header: who orders, on which day, in which currency")
    else:
        write_ubl(orders, folder, header)


def orders_csv(orders: pd.DataFrame) -> str:
    """Orders as raw CSV text: UTF-8, comma, ISO dates, an empty cell for the unknown, ``\\n`` line ends."""
    return str(orders.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"))


def _write_csv(orders: pd.DataFrame, path: Path) -> None:
    path.write_bytes(orders_csv(orders).encode("utf-8"))


def _write_json(orders: pd.DataFrame, path: Path) -> None:
    path.write_bytes(plain_json(orders).encode("utf-8"))


_WRITERS: dict[ExportFormat, Callable[[pd.DataFrame, Path], None]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON: _write_json,
    ExportFormat.XLSX: write_xlsx,
    ExportFormat.SHEET_CSV: write_sheet_csv,
}
