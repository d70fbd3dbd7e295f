"""Sheets for people: no text of ours is ever a formula, a link or a number to the program that opens them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_MAX_WIDTH = 60
_WIDTH_SAMPLE = 200  # rows looked at to choose a column width
# A text that a spreadsheet may take for a formula, at its start or after what another locale takes for a separator.
# The apostrophe is in the set so that a guarded text can be read back without doubt.
_LIVE = r"[=+\-@|%'\uff1d\uff0b\uff0d\uff20\u2212\u0009\u000d]"
_BLANKS = '[\\s\u0000-\u001f\u00a0\u200b\u3000\ufeff"]*'
_UNGUARDED = re.compile(rf"(\A|[;\t|\r\n])({_BLANKS}?)(?={_LIVE})")
_GUARDED = re.compile(rf"(\A|[;\t|\r\n])({_BLANKS}?)'(?={_LIVE})")
# Digits that a spreadsheet would change: leading zeros, more than it shows, or an exponent.
_SPOILT_NUMBER = re.compile(r"\A(0\d+|\d{12,}|\d+(\.\d+)?[eE]\d+)\Z")
_GUARDED_NUMBER = re.compile(r"\A'(0\d+|\d{12,}|\d+(\.\d+)?[eE]\d+)\Z")


def guarded(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would take for a formula, or spoil as a number."""
    if _SPOILT_NUMBER.match(text):
        return f"'{text}"
    return _UNGUARDED.sub(r"\1\2'", text)


def unguarded(text: str) -> str:
    """Take the apostrophes of `guarded` out again."""
    if _GUARDED_NUMBER.match(text):
        return text[1:]
    return _GUARDED.sub(r"\1\2", text)


def sheet_csv(orders: pd.DataFrame) -> str:
    """Orders as CSV text for a spreadsheet: every cell quoted, text guarded; numbers and ISO dates as they are."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guarded(str(name)) for name in orders.columns])
    columns = [_sheet_cells(orders[name]) for name in orders.columns]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _sheet_cells(values: pd.Series) -> list[str]:
    cells = ["" if value is None else str(value) for value in plain_values(values)]
    return [guarded(cell) for cell in cells] if sheet_kind(values) == "text" else cells


def write_sheet_csv(orders: pd.DataFrame, path: Path) -> None:
    """Write `sheet_csv` in UTF-8 with a byte order mark, by which spreadsheets know the encoding."""
    path.write_bytes(b"\xef\xbb\xbf" + sheet_csv(orders).encode("utf-8"))


def write_xlsx(orders: pd.DataFrame, path: Path) -> None:
    """Write one sheet ``orders`` with a frozen header, dates and numbers as such and everything else as text."""
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
    plain = plain_values(values)
    kind = sheet_kind(values)
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


def sheet_kind(values: pd.Series) -> str:
    """How a column stands in a sheet: date, text, whole or number."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "text"
    return "whole" if pd.api.types.is_integer_dtype(values) else "number"


def _width(name: str, plain: list[object]) -> float:
    longest = max((len(str(value)) for value in plain[:_WIDTH_SAMPLE] if value is not None), default=0)
    return float(min(max(longest, len(name)) + 2, _MAX_WIDTH))


def plain_json(table: pd.DataFrame) -> str:
    """Rows as a JSON list of objects, null for the unknown."""
    plain = {name: plain_values(table[name]) for name in table.columns}
    records = [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plain_values(values: pd.Series) -> list[object]:
    """Values a file format understands: ISO text for dates, ``None`` for missing and for infinite numbers."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    plain = values.astype(object)
    is_missing = plain.isna().to_numpy()
    if pd.api.types.is_float_dtype(values):
        is_missing = is_missing | ~np.isfinite(values.to_numpy(dtype=float))
    return [None if missing else value for value, missing in zip(plain.tolist(), is_missing, strict=True)]
