"""Content hashes of tables and settings: the same on every machine, whatever the order of rows, columns or files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Odd 64-bit constant of Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4): spreads neighbouring values over all bits.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_KIND_BY_CODE = {"M": "date", "b": "flag", "i": "whole", "u": "whole", "f": "number"}


def row_hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """Give every row one 64-bit hash of all its values, each mixed with the name of its column.

    Parameters
    ----------
    frame
        Any table; the index is ignored, the order of columns does not matter.

    Returns
    -------
    Hashes, shape (n_rows,).
    """
    total = np.zeros(len(frame), dtype=np.uint64)
    for name in sorted(map(str, frame.columns)):
        seed = np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))
        total += _mix(pd.util.hash_array(_canonical_values(frame[name])) ^ seed)
    return _mix(total)


def table_hash(frame: pd.DataFrame) -> str:
    """Hash one table: column names, kinds and the multiset of rows (sha256, 64 hex digits).

    Parameters
    ----------
    frame
        Any table with unique column names.

    Returns
    -------
    A text that differs as soon as one value, one row, one column name or one column kind differs.
    """
    kinds = {str(name): _kind(dtype) for name, dtype in frame.dtypes.items()}
    digest = hashlib.sha256(canonical_json(kinds).encode())
    digest.update(len(frame).to_bytes(8, "little"))
    if len(frame):
        digest.update(np.sort(row_hashes(frame)).astype("<u8", copy=False).tobytes())
    return digest.hexdigest()


def canonical_json(value: object) -> str:
    """Write nested plain values, dataclasses, sets and mappings as one JSON text with sorted keys.

    Parameters
    ----------
    value
        Dataclasses, mappings, sequences, sets, numbers, text, dates, None.

    Returns
    -------
    JSON without spaces; equal values give equal texts.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def combined_hash(parts: Mapping[str, str]) -> str:
    """Hash a mapping of names to hashes or texts into one sha256.

    Parameters
    ----------
    parts
        Text by name; the order does not matter.

    Returns
    -------
    64 hex digits.
    """
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def _kind(dtype: object) -> str:
    """Return what the values of a column are, whatever their width and storage."""
    return _KIND_BY_CODE.get(dtype.kind, "text") if isinstance(dtype, np.dtype) else "text"


def _canonical_values(column: pd.Series[Any]) -> Any:
    """Return values that hash alike on every machine."""
    kind = _kind(column.dtype)
    if kind == "date":
        return column.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    if kind == "flag":
        return column.to_numpy(dtype=np.uint8)
    if kind == "whole":
        return column.to_numpy(dtype=np.int64)
    if kind == "number":
        values = column.to_numpy(dtype=np.float64) + 0.0  # -0.0 + 0.0 is 0.0
        values[np.isnan(values)] = np.nan  # one bit pattern for every NaN
        return values
    return column.astype("str").array


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finalise 64-bit values (splitmix64: Steele, Lea and Flood 2014, figure 17)."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=canonical_json)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
