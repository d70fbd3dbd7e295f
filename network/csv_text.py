"""From the bytes of a CSV file to a frame of text, with the line number of every row and all that is wrong with it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from network.findings import Finding

_ROWS_AT_ONCE = 200_000
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class CsvText:
    """A CSV file, read.

    Parameters
    ----------
    frame
        Cells as text, empty ones as the empty text, indexed by ``row``, the line in the file; None if unreadable.
    findings
        What is wrong with the file.
    warnings
        What was recognised.
    """

    frame: pd.DataFrame | None
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()


def read_csv_bytes(table: str, data: bytes) -> CsvText:
    """Read a CSV file: comma-separated, one header line, UTF-8 (with or without BOM), UTF-16 with BOM, or GB18030.

    Parameters
    ----------
    table
        Name of its table, for the findings.
    data
        Content of the file.
    """
    try:
        data, warnings = _as_utf8(table, data)
    except UnicodeDecodeError:
        return CsvText(None, (_wrong(table, "unknown encoding", "Save the file as UTF-8."),))
    data, findings = _without_nul(table, data)
    if not data.strip():
        return CsvText(None, (*findings, _wrong(table, "empty file", "Write at least the header line.")), warnings)
    header = _header(data)
    if len(header) == 1:
        for delimiter, name in _DELIMITERS.items():
            if delimiter in header[0]:
                rule = "not separated by commas"
                return CsvText(None, (*findings, _wrong(table, rule, f"Replace its {name} by commas.")), warnings)
    frame = _read_fast(data, len(header))
    if frame is None:
        try:
            frame, ragged = _read_slowly(table, data, len(header))
        except csv.Error as error:
            return CsvText(None, (*findings, _wrong(table, "not readable", f"Mend the quotes: {error}.")), warnings)
        findings += ragged
    return CsvText(frame.set_axis(header, axis=1), tuple(findings), warnings)


def _wrong(table: str, rule: str, action: str) -> Finding:
    return Finding(table, "", rule, action, is_structural=True)


def _as_utf8(table: str, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The content in UTF-8 with plain line ends, and a warning where it was in another encoding."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, name = data.decode("utf-16"), "UTF-16"
    else:
        try:
            text, name = data.decode("utf-8-sig"), ""
        except UnicodeDecodeError:
            text, name = data.decode("gb18030").removeprefix("\ufeff"), "GB18030"
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    return text.encode().rstrip(b"\r\n"), ((f"{table}: read as {name}",) if name else ())


def _without_nul(table: str, data: bytes) -> tuple[bytes, list[Finding]]:
    if b"\0" not in data:
        return data, []
    octets = np.frombuffer(data, dtype=np.uint8)
    lines = np.searchsorted(np.flatnonzero(octets == ord("\n")), np.flatnonzero(octets == 0)) + 1
    rows = np.unique(lines).astype(np.int64)
    values = np.full(len(rows), "NUL", dtype=object)
    action = "The file is damaged: export it again."
    return data.replace(b"\0", b""), [Finding(table, "", "NUL byte", action, rows, values, is_structural=True)]


def _header(data: bytes) -> list[str]:
    line = data.lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r").decode()
    # a lone carriage return inside the line would end a record there: it is a blank of a damaged name
    return [name.strip() for name in next(csv.reader([line.replace("\r", " ")]), [""])]


def _read_fast(data: bytes, n_columns: int) -> pd.DataFrame | None:
    """The rows by a multi-threaded reader; None where rows and lines do not match one to one."""
    n_lines = data.count(b"\n")
    n_skipped = 0

    def skip(_row: object) -> str:
        nonlocal n_skipped
        n_skipped += 1
        return "skip"

    names = [str(number) for number in range(n_columns)]
    if n_lines == 0:
        return _framed(pd.DataFrame({name: pd.Series(dtype="str") for name in names}), np.empty(0, dtype=np.int64))
    if data.startswith((b"\n", b"\r")):
        return None
    try:
        table = pacsv.read_csv(
            pa.py_buffer(data),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 24),
            parse_options=pacsv.ParseOptions(invalid_row_handler=skip, newlines_in_values=b'"' in data),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:
        return None
    if n_skipped or table.num_rows != n_lines:
        return None
    return _framed(table.to_pandas(), np.arange(2, table.num_rows + 2))


def _framed(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    return frame.set_axis(pd.Index(rows, name="row"), axis=0)


def _read_slowly(table: str, data: bytes, n_columns: int) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows one by one, with their true lines; blank lines are passed over, ragged ones found."""
    parts: list[pd.DataFrame] = []
    ragged: list[tuple[int, str]] = []
    names = [str(number) for number in range(n_columns)]
    for chunk in _chunks(_numbered_rows(data)):
        whole = [(line, cells) for line, cells in chunk if len(cells) == n_columns]
        ragged += [
            (line, f"{len(cells)} cells instead of {n_columns}") for line, cells in chunk if len(cells) != n_columns
        ]
        cells = pd.DataFrame([cells for _, cells in whole], columns=names, dtype="str")
        parts.append(_framed(cells, np.array([line for line, _ in whole], dtype=np.int64)))
    if not ragged:
        return pd.concat(parts), []
    rows = np.array([line for line, _ in ragged], dtype=np.int64)
    values = np.array([text for _, text in ragged], dtype=object)
    action = "Give every row as many cells as the header; put quotes around a cell with a comma."
    return pd.concat(parts), [Finding(table, "", "ragged row", action, rows, values, is_structural=True)]


def _numbered_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    line = 1
    is_header = True
    for cells in reader:
        if cells and not is_header:
            yield line, cells
        is_header = is_header and not cells
        line = reader.line_num + 1


def _chunks(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    chunk: list[tuple[int, list[str]]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _ROWS_AT_ONCE:
            yield chunk
            chunk = []
    yield chunk
