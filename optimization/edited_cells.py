"""The cells of a sheet that comes back, xlsx or CSV, by our column names."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from network.csv_text import read_csv_bytes
from optimization.export_language import original_name
from optimization.export_sheets import unguarded

MAX_BYTES = 64 * 1024 * 1024
MAX_UNPACKED = 1024 * 1024 * 1024  # a sheet of a million lines unpacks to a third of this
MAX_ERRORS_SHOWN = 20
_ZIP = b"PK\x03\x04"
_BLANK = " \t\r\n\u00a0\u3000\ufeff"


@dataclass(frozen=True)
class SheetRowError:
    """What is wrong with one cell.

    Parameters
    ----------
    row
        Row of the sheet, as the spreadsheet numbers it; 1 is the header, 0 the file.
    column
        Our name of the column; empty for the whole row.
    value
        What the cell holds.
    message
        What is wrong, and what to do.
    """

    row: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "the sheet"
        shown = f" {self.value[:60]!r}" if self.value else ""
        return f"{place}: {f'{self.column}' if self.column else ''}{shown} {self.message}".replace(":  ", ": ")


class SheetError(Exception):
    """A sheet that cannot be taken; nothing of it was.

    Parameters
    ----------
    errors
        Every row that is wrong.
    """

    def __init__(self, errors: tuple[SheetRowError, ...]) -> None:
        self.errors = errors
        shown = "; ".join(str(error) for error in errors[:MAX_ERRORS_SHOWN])
        more = f"; and {len(errors) - MAX_ERRORS_SHOWN} more" if len(errors) > MAX_ERRORS_SHOWN else ""
        super().__init__(f"the sheet was not taken: {shown}{more}")


@dataclass(frozen=True)
class SheetRow:
    """One row: cells as text, by our column names.

    Parameters
    ----------
    number
        Row of the sheet, from 1.
    cells
        Texts.
    formulas
        Columns whose cell is a formula.
    """

    number: int
    cells: Mapping[str, str]
    formulas: frozenset[str] = frozenset()

    def text(self, column: str) -> str:
        """Text of a cell; empty where the sheet has no such column."""
        return self.cells.get(column, "")

    def is_formula(self, column: str) -> bool:
        """Whether a cell is a formula."""
        return column in self.formulas


def sheet_rows(data: bytes, *, needed: Sequence[str]) -> tuple[SheetRow, ...]:
    """Read the rows of a sheet; rows without any text are passed over.

    Parameters
    ----------
    data
        Content of the file, xlsx or CSV.
    needed
        Columns that must be there.

    Raises
    ------
    SheetError
        If the file is none, or lacks a column, or has one twice.
    """
    if len(data) > MAX_BYTES:
        raise _file_error(f"has {len(data):,} bytes, more than {MAX_BYTES:,}: send only the lines that were changed")
    rows = tuple(_xlsx_rows(data)) if data.startswith(_ZIP) else tuple(_csv_rows(data))
    header = rows[0] if rows else SheetRow(1, {})
    missing = [name for name in needed if name not in header.cells]
    if missing:
        words = f"has no column {' and none '.join(missing)}: keep the header as exported"
        raise SheetError((SheetRowError(1, "", "", words),))
    return tuple(row for row in rows[1:] if any(row.cells.values()))


def _file_error(words: str) -> SheetError:
    return SheetError((SheetRowError(0, "", "", words),))


def _csv_rows(data: bytes) -> Iterator[SheetRow]:
    """Rows of a CSV file, the header first."""
    read = read_csv_bytes("sheet", data)
    if read.frame is None or read.findings:
        raise SheetError(
            tuple(
                SheetRowError(int(row), "", "", f"{item.rule}: {item.action}")
                for item in read.findings
                for row in (item.rows if len(item.rows) else [0])
            )
        )
    names = _column_names([unguarded(str(name)) for name in read.frame.columns])
    yield SheetRow(1, dict(zip(names, names, strict=True)))
    for number, *cells in read.frame.itertuples(name=None):
        yield SheetRow(int(number), _texts(names, [unguarded(str(cell)) for cell in cells]))


def _xlsx_rows(data: bytes) -> Iterator[SheetRow]:
    """Rows of the first sheet of a workbook, the header first."""
    try:
        rows = _workbook_cells(data)
    except SheetError:
        raise
    except Exception as error:  # a damaged file makes the parser stumble in any way: zlib, KeyError, TypeError, ...
        raise _file_error(f"is no workbook that can be read ({type(error).__name__}): save it again") from error
    if not rows:
        return
    titles = [_cell_text(value) for value, _ in rows[0]]
    while titles and not titles[-1]:
        titles.pop()
    names = _column_names(titles)
    yield SheetRow(1, dict(zip(names, names, strict=True)))
    for number, row in enumerate(rows[1:], start=2):
        cells = row[: len(names)] + [(None, False)] * (len(names) - len(row))
        formulas = frozenset(name for name, (_, is_formula) in zip(names, cells, strict=True) if is_formula)
        yield SheetRow(number, _texts(names, [_cell_text(value) for value, _ in cells]), formulas)


def _workbook_cells(data: bytes) -> list[list[tuple[Any, bool]]]:
    """Value and whether it is a formula, of every cell of the first sheet."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(item.file_size for item in packed.infolist()) > MAX_UNPACKED:
            raise _file_error(f"unpacks to more than {MAX_UNPACKED:,} bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and filters, which are not read
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            return [[(cell.value, cell.data_type == "f") for cell in row] for row in sheet.iter_rows()]
        finally:
            book.close()


def _texts(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return {name: cell.strip(_BLANK) for name, cell in zip(names, cells, strict=True)}


def _column_names(titles: Sequence[str]) -> list[str]:
    """Our name of each column.

    Raises
    ------
    SheetError
        If two columns are one.
    """
    names = [original_name(title.strip(_BLANK)) for title in titles]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise SheetError(tuple(SheetRowError(1, name, "", "is there twice: keep one column") for name in twice))
    return names


def _cell_text(value: Any) -> str:
    """A cell as text; whole numbers without a point, days as ISO dates."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return f"{value:%Y-%m-%d}" if is_day else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
