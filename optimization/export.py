"""Exported orders: the only writer of the files that leave the house.

Every file is written beside its final name, synced, and renamed into place, so a reader sees the old file or the whole
new one. A spreadsheet never gets a formula or a link out of our data: all text is written as text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MAX_SHEET_ROWS = 1_048_576  # a limit of the xlsx format
_MAX_WIDTH = 60
_WIDTH_SAMPLE = 200  # rows looked at to choose a column width


class ExportFormat(StrEnum):
    """csv and json are raw, for machines; xlsx is for people."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


class ExportError(Exception):
    """Orders that the chosen format cannot hold."""


def write_orders(orders: pd.DataFrame, folder: Path, format: ExportFormat | str, *, name: str = "orders") -> Path:
    """Write orders to ``folder/name.format``, whole or not at all.

    Parameters
    ----------
    orders
        The orders table; columns are kept as they are, in their order.
    folder
        Where; made if absent.
    format
        csv, json or xlsx.
    name
        File name without ending.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ExportError
        If the orders do not fit into a sheet.
    ValueError
        If the format is none of ours.
    """
    chosen = ExportFormat(format)
    if chosen is ExportFormat.XLSX and len(orders) >= MAX_SHEET_ROWS:
        raise ExportError(f"{len(orders)} orders do not fit into a sheet of {MAX_SHEET_ROWS} rows: export csv")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{chosen}"
    _write_atomically(path, lambda partial: _WRITERS[chosen](orders, partial))
    return path


def orders_csv(orders: pd.DataFrame) -> str:
    """Orders as raw CSV text: UTF-8, comma, ISO dates, an empty cell for the unknown, ``\\n`` line ends."""
    return str(orders.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"))


def _write_csv(orders: pd.DataFrame, path: Path) -> None:
    path.write_bytes(orders_csv(orders).encode("utf-8"))


def _write_json(orders: pd.DataFrame, path: Path) -> None:
    plain = {name: _plain_values(orders[name]) for name in orders.columns}
    records = [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    text = json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_bytes((text + "\n").encode("utf-8"))


def _write_xlsx(orders: pd.DataFrame, path: Path) -> None:
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {**options, "in_memory": True}) as workbook:
        # A fixed creation date: the same orders give the same file.
        workbook.set_properties(
            {"title": "Replenishment orders", "created": pd.Timestamp("2000-01-01").to_pydatetime()}
        )
        sheet = workbook.add_worksheet("orders")
        header = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        formats = {
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "whole": workbook.add_format({"num_format": "#,##0"}),
            "number": workbook.add_format({"num_format": "#,##0.00"}),
        }
        for column, name in enumerate(orders.columns):
            sheet.write_string(0, column, str(name), header)
            _write_sheet_column(sheet, column, orders[name], formats=formats)
        sheet.freeze_panes(1, 0)
        if len(orders.columns):
            sheet.autofilter(0, 0, len(orders), len(orders.columns) - 1)


def _write_sheet_column(sheet: Any, column: int, values: pd.Series, *, formats: Mapping[str, object]) -> None:
    """One column: dates and numbers as such, everything else as text, the unknown as an empty cell."""
    plain = _plain_values(values)
    kind = _sheet_kind(values)
    sheet.set_column(column, column, _width(str(values.name), plain))
    for row, value in enumerate(plain, start=1):
        if value is None:
            continue
        if kind == "text":
            sheet.write_string(row, column, str(value))
        elif kind == "date":
            sheet.write_datetime(row, column, pd.Timestamp(str(value)).to_pydatetime(), formats["date"])
        else:
            sheet.write_number(row, column, value, formats[kind])


def _sheet_kind(values: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "text"
    return "whole" if pd.api.types.is_integer_dtype(values) else "number"


def _width(name: str, plain: list[object]) -> float:
    longest = max((len(str(value)) for value in plain[:_WIDTH_SAMPLE] if value is not None), default=0)
    return float(min(max(longest, len(name)) + 2, _MAX_WIDTH))


def _plain_values(values: pd.Series) -> list[object]:
    """Values a file format understands: ISO text for dates, ``None`` for missing and for infinite numbers."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    plain = values.astype(object)
    is_missing = plain.isna().to_numpy()
    if pd.api.types.is_float_dtype(values):
        is_missing = is_missing | ~np.isfinite(values.to_numpy(dtype=float))
    return [None if missing else value for value, missing in zip(plain.tolist(), is_missing, strict=True)]


_WRITERS: dict[ExportFormat, Callable[[pd.DataFrame, Path], None]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON: _write_json,
    ExportFormat.XLSX: _write_xlsx,
}


def _write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Temporary name in the same folder, sync the file, rename, sync the folder."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
