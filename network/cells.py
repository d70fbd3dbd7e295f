"""From the cells of a file to canonical values: one column at a time, by its distinct values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from network.columns import Column

_BLANK = " \t\r\n\u00a0\u3000\ufeff"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_FULL_WIDTH_DIGIT = "[\uff10-\uff19]"
_UNKNOWN_WORD = "(?i)^(|nan|null|none|nat|na|n/a|#n/a)$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?)?$"
_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$"
_DAMAGED = r"^\d(\.\d+)?[eE]\+\d+$"
_FIRST_DAY, _LAST_DAY = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-12-31")
_LARGEST_WHOLE = 2.0**53
_TRUE = "(?i)^(true|1|1.0|yes|y|t|是)$"
_FALSE = "(?i)^(false|0|0.0|no|n|f|否)$"

NOT_A = {
    "number": ("not a number", "Write digits with a point, such as 12.5, without thousands separators or units."),
    "share": ("not a number", "Write a share between 0 and 1, such as 0.95, without a percent sign."),
    "whole": ("not a whole number", "Write a whole number; scale fractional sales with unit_factor in chain.toml."),
    "date": ("not a date", "Write an ISO date from 1900 to 2200, such as 2026-11-22; leave it empty for no end."),
    "timestamp": ("not a timestamp", "Write 2026-11-22 or 2026-11-22T18:30, with a zone such as +08:00 if need be."),
    "flag": ("not a flag", "Write true or false."),
    "id": ("damaged by a spreadsheet", "Export the column again as text: the spreadsheet has lost its last digits."),
}
"""Rule and advice for a cell that cannot be read, by kind of column."""


@dataclass(frozen=True)
class Cells:
    """One column, read.

    Parameters
    ----------
    values
        Canonical values (n,); unknown where missing or wrong, so that whole numbers are still float64.
    is_missing, is_wrong
        Cells without a value, cells that cannot be read (n,).
    n_full_width
        Cells whose full-width digits were read as plain ones.
    """

    values: pd.Series
    is_missing: np.ndarray
    is_wrong: np.ndarray
    n_full_width: int = 0


def read_cells(raw: pd.Series, column: Column, *, time_zone: str) -> Cells:
    """Read the cells of one column.

    Parameters
    ----------
    raw
        Cells as text, or typed as a Parquet file or database holds them (n,).
    column
        Declaration of the column.
    time_zone
        Zone of the chain, to which timestamps with a zone are converted.
    """
    if column.kind in ("number", "share", "whole") and _is_number(raw):
        return _typed_numbers(raw, column)
    if column.kind == "flag" and pd.api.types.is_bool_dtype(raw.dtype):
        values, is_missing = raw.fillna(False).astype("bool"), raw.isna().to_numpy()
        return Cells(values, is_missing, np.zeros(len(raw), dtype=bool))
    if column.kind in ("date", "timestamp") and pd.api.types.is_datetime64_any_dtype(raw.dtype):
        return _typed_times(raw, column, time_zone=time_zone)
    return _text_cells(_as_text(raw), column, time_zone=time_zone)


def _is_number(raw: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(raw.dtype) and not pd.api.types.is_bool_dtype(raw.dtype)


def _typed_numbers(raw: pd.Series, column: Column) -> Cells:
    values = pd.Series(raw.to_numpy(dtype="float64", na_value=np.nan), index=raw.index)
    is_missing = values.isna().to_numpy()
    is_wrong = ~_is_readable_number(values.to_numpy(), column) & ~is_missing
    return Cells(values.mask(is_wrong), is_missing, is_wrong)


def _is_readable_number(values: np.ndarray, column: Column) -> np.ndarray:
    readable: np.ndarray = np.isfinite(values)
    if column.kind == "whole":
        readable &= (np.abs(values) <= _LARGEST_WHOLE) & (np.floor(np.where(readable, values, 0.0)) == values)
    return readable


def _typed_times(raw: pd.Series, column: Column, *, time_zone: str) -> Cells:
    times = raw.dt.tz_convert(time_zone).dt.tz_localize(None) if raw.dt.tz is not None else raw
    is_missing = times.isna().to_numpy()
    is_wrong = ~_is_readable_day(times) & ~is_missing
    if column.kind == "date":
        is_wrong |= (times != times.dt.normalize()).to_numpy() & ~is_missing
    if column.is_end_of_day and (is_missing | (times == times.dt.normalize()).to_numpy()).all():
        times = times.astype("datetime64[us]") + pd.Timedelta("23:59:59")
    return Cells(times.mask(is_wrong).astype("datetime64[ns]"), is_missing, is_wrong)


def _is_readable_day(times: pd.Series) -> np.ndarray:
    return times.between(_FIRST_DAY, _LAST_DAY + pd.Timedelta(days=1), inclusive="left").to_numpy()


def _as_text(raw: pd.Series) -> pd.Series:
    """Cells as text; whole floats, which integers with gaps become, lose their ``.0``."""
    if pd.api.types.is_string_dtype(raw.dtype) and raw.dtype != object:
        return raw.astype("str")
    if pd.api.types.is_float_dtype(raw.dtype):
        known = raw.dropna()
        if len(known) and (known == np.floor(known)).all() and (known.abs() <= _LARGEST_WHOLE).all():
            return raw.astype("Int64").astype("string").astype("str")
    return raw.map(str, na_action="ignore").astype("str")


def _text_cells(raw: pd.Series, column: Column, *, time_zone: str) -> Cells:
    """Read text by its distinct values: a column of millions of cells has few."""
    codes, distinct = pd.factorize(raw)
    texts = pc.utf8_trim(pa.array(np.asarray(distinct, dtype=object), pa.large_string()), characters=_BLANK)
    is_full_width = np.zeros(len(texts), dtype=bool)
    if (column.kind != "text" or column.choices is not None) and not pc.all(pc.string_is_ascii(texts)).as_py():
        is_full_width = _matches(texts, _FULL_WIDTH_DIGIT)
        plain = [text.as_py().translate(_FULL_WIDTH) if wide else text.as_py()
                 for text, wide in zip(texts, is_full_width, strict=True)]  # fmt: skip
        texts = pa.array(plain, pa.large_string())
    is_blank = _matches(texts, "^$" if column.kind in ("id", "text") else _UNKNOWN_WORD)
    values, is_readable = _PARSERS[column.kind](texts, column, time_zone)
    is_wrong = ~is_readable & ~is_blank
    taken = _take(values, codes, is_void=is_blank | is_wrong)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return Cells(
        taken.set_axis(raw.index),
        _spread(is_blank, codes, missing=True),
        _spread(is_wrong, codes, missing=False),
        int(counts[is_full_width].sum()),
    )


def _matches(texts: Any, pattern: str) -> np.ndarray:
    flags: np.ndarray = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _take(values: Any, codes: np.ndarray, *, is_void: np.ndarray) -> pd.Series:
    """Values of the codes (n,); unknown for the code -1 and where void."""
    if isinstance(values, np.ndarray):
        unknown: Any = {"f": np.nan, "M": np.datetime64("NaT"), "b": False}[values.dtype.kind]
        return pd.Series(np.append(np.where(is_void, unknown, values), np.array([unknown], dtype=values.dtype))[codes])
    void = np.append(is_void, True)[codes]
    return pd.Series(values.take(pa.array(np.where(void, 0, codes), mask=void)).to_pandas(), dtype="str")


def _spread(flags: np.ndarray, codes: np.ndarray, *, missing: bool) -> np.ndarray:
    spread: np.ndarray = np.append(flags, missing)[codes]
    return spread


def _numbers(texts: Any, column: Column, _zone: str) -> tuple[np.ndarray, np.ndarray]:
    looks_right = _matches(texts, _NUMBER)
    values = np.full(len(texts), np.nan)
    values[looks_right] = np.array(texts.filter(looks_right).to_pylist(), dtype="float64")
    return values, looks_right & _is_readable_number(values, column)


def _dates(texts: Any, _column: Column, _zone: str) -> tuple[np.ndarray, np.ndarray]:
    looks_right = _matches(texts, _DATE)
    days = [text[:10] for text in texts.filter(looks_right).to_pylist()]
    return _times(pd.to_datetime(pd.Series(days, dtype="str"), format="%Y-%m-%d", errors="coerce"), looks_right)


def _timestamps(texts: Any, column: Column, zone: str) -> tuple[np.ndarray, np.ndarray]:
    looks_right = _matches(texts, _TIMESTAMP)
    words = pd.Series(texts.filter(looks_right).to_pylist(), dtype="str")
    has_zone = words.str.contains(r":.*(?:Z|[+-]\d{2}:?\d{2})$", regex=True).to_numpy(dtype=bool)
    times = pd.to_datetime(words.where(~has_zone), format="ISO8601", errors="coerce").astype("datetime64[us]")
    if has_zone.any():
        zoned = pd.to_datetime(words[has_zone].str.replace(" +", "+"), format="ISO8601", errors="coerce", utc=True)
        times[has_zone] = zoned.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[us]")
    if column.is_end_of_day:
        times = times.where(words.str.len() > len("2026-11-22"), times + pd.Timedelta("23:59:59"))
    return _times(times, looks_right)


def _times(times: pd.Series, looks_right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times of the texts that look right, spread over all; readable where they are real days in our range."""
    readable = _is_readable_day(times)
    values = np.full(len(looks_right), np.datetime64("NaT"), dtype="datetime64[ns]")
    values[looks_right] = times.where(readable).astype("datetime64[ns]").to_numpy()
    return values, ~np.isnat(values)


def _flags(texts: Any, _column: Column, _zone: str) -> tuple[np.ndarray, np.ndarray]:
    is_true = _matches(texts, _TRUE)
    return is_true, is_true | _matches(texts, _FALSE)


def _ids(texts: Any, _column: Column, _zone: str) -> tuple[Any, np.ndarray]:
    return texts, ~_matches(texts, _DAMAGED)


def _words(texts: Any, _column: Column, _zone: str) -> tuple[Any, np.ndarray]:
    return texts, np.ones(len(texts), dtype=bool)


_PARSERS: dict[str, Callable[[Any, Column, str], tuple[Any, np.ndarray]]] = {
    "number": _numbers,
    "share": _numbers,
    "whole": _numbers,
    "date": _dates,
    "timestamp": _timestamps,
    "flag": _flags,
    "id": _ids,
    "text": _words,
}
