"""Values of the plan as bytes and back, to the bit: records, tables, arrays and plain values, and nothing else.

No code is ever read from the bytes: they name kinds of records, and only those that the reader allows are made. What
this does not know is refused when it is written, so that nothing comes back as something else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# Arrays begin at multiples of this, as array libraries like them [bytes].
ALIGNMENT = 64
_HEADER_BYTES = 8
_PLAIN = (type(None), bool, int, float, str)
_SEQUENCES: dict[str, type[Any]] = {"list": list, "tuple": tuple}
_ARRAY_KINDS = "biufmMU"


def encoded(value: Any) -> bytes:
    """Write a value as bytes.

    Raises
    ------
    TypeError
        If there is something in it that would not come back as it was.
    """
    header, arrays = _taken_apart(value)
    start = len(header) + _HEADER_BYTES
    pieces: list[bytes | memoryview] = [len(header).to_bytes(_HEADER_BYTES, "little"), header]
    for array in arrays:
        gap = -start % ALIGNMENT
        pieces += [bytes(gap), array.data]
        start += gap + array.size
    return b"".join(pieces)


def decoded(content: bytes, kinds: Mapping[str, type[Any]]) -> Any:
    """Read what `encoded` wrote.

    Parameters
    ----------
    content
        The bytes.
    kinds
        Records and enumerations that may come back, by name.

    Raises
    ------
    KeyError
        If the bytes name another kind.
    """
    return _Reader(content, kinds).value()


def digest(value: Any) -> str:
    """Hash of a value (sha256, 64 hex digits): equal for two values exactly if their bytes are; errors as `encoded`."""
    header, arrays = _taken_apart(value)
    found = hashlib.sha256(header)
    for array in arrays:
        found.update(array.data)
    return found.hexdigest()


def _taken_apart(value: Any) -> tuple[bytes, list[npt.NDArray[np.uint8]]]:
    """The structure of a value as JSON, and the content of its arrays."""
    arrays: list[npt.NDArray[np.uint8]] = []
    return json.dumps(_node(value, arrays), separators=(",", ":")).encode(), arrays


def _node(value: Any, arrays: list[npt.NDArray[np.uint8]]) -> Any:
    """Describe a value: plain ones as they are, others as a list that begins with a tag."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind.__name__ in _SEQUENCES and kind is _SEQUENCES[kind.__name__]:
        return [kind.__name__, [_node(each, arrays) for each in value]]
    if kind is dict:
        return ["dict", [[_node(key, arrays), _node(each, arrays)] for key, each in value.items()]]
    if kind is np.ndarray:
        return _array_node(value, arrays)
    if isinstance(value, np.generic):
        return ["scalar", _array_node(np.asarray(value), arrays)]
    if kind is pd.Timestamp and value.tz is None:
        return ["timestamp", value.unit, int(value.asm8.astype(np.int64))]
    if kind is pd.DataFrame:
        return _frame_node(value, arrays)
    if isinstance(value, StrEnum):
        return ["enum", kind.__name__, value.value]
    if (names := _field_names(value)) is not None:
        return ["record", kind.__name__, [[name, _node(getattr(value, name), arrays)] for name in names]]
    raise TypeError(f"a value of type {kind.__name__} cannot be kept to the bit")


def _field_names(value: Any) -> list[str] | None:
    """Fields of a dataclass or a named tuple, None of anything else."""
    if is_dataclass(value):
        return [each.name for each in fields(value)]
    return list(value._fields) if isinstance(value, tuple) and hasattr(value, "_fields") else None


def _array_node(array: npt.NDArray[Any], arrays: list[npt.NDArray[np.uint8]]) -> Any:
    if array.dtype.kind == "O":
        return ["objects", list(array.shape), [_node(each, arrays) for each in array.ravel().tolist()]]
    if array.dtype.kind not in _ARRAY_KINDS:
        raise TypeError(f"an array of {array.dtype} cannot be kept to the bit")
    # Sums depend on the order in memory; other layouts become that of C, as they do on their way from a worker.
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    arrays.append(np.ascontiguousarray(array.T if is_fortran else array).reshape(-1).view(np.uint8))
    return ["array", array.dtype.str, list(array.shape), is_fortran]


def _frame_node(frame: pd.DataFrame, arrays: list[npt.NDArray[np.uint8]]) -> Any:
    index, names = frame.index, list(frame.columns)
    is_plain_index = isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(frame))) and index.name is None
    are_plain_names = len(set(names)) == len(names) > 0 and frame.columns.equals(pd.Index(names))
    if not is_plain_index or not are_plain_names or {type(name) for name in names} != {str} or frame.attrs:
        raise TypeError("a table with an index, attributes or unusual names of columns cannot be kept to the bit")
    return ["frame", len(frame), [[name, _column_node(frame[name], arrays)] for name in names]]


def _column_node(column: pd.Series[Any], arrays: list[npt.NDArray[np.uint8]]) -> Any:
    dtype: Any = column.dtype
    if isinstance(dtype, np.dtype):
        return _array_node(column.to_numpy(), arrays)
    if isinstance(dtype, pd.StringDtype) and dtype.na_value is np.nan:
        values = column.astype(object).where(column.notna(), None).tolist()
        return ["text", dtype.storage, values]
    raise TypeError(f"a column of {dtype} cannot be kept to the bit")


class _Reader:
    """Puts a value together again; arrays are read in the order in which they were written."""

    def __init__(self, content: bytes, kinds: Mapping[str, type[Any]]) -> None:
        self._content, self._kinds = content, kinds
        self._at = _HEADER_BYTES + int.from_bytes(content[:_HEADER_BYTES], "little")

    def value(self) -> Any:
        return self._made(json.loads(self._content[_HEADER_BYTES : self._at]))

    def _made(self, node: Any) -> Any:
        if not isinstance(node, list):
            return node
        tag, *rest = node
        if tag in _SEQUENCES:
            return _SEQUENCES[tag](self._made(each) for each in rest[0])
        makers: dict[str, Callable[..., Any]] = {
            "dict": self._dict, "array": self._array, "objects": self._objects, "scalar": self._scalar,
            "timestamp": self._timestamp, "frame": self._frame, "text": self._text, "enum": self._enum,
            "record": self._record,
        }  # fmt: skip
        return makers[tag](*rest)

    def _dict(self, items: list[Any]) -> dict[Any, Any]:
        return {self._made(key): self._made(each) for key, each in items}

    def _array(self, dtype: str, shape: list[int], is_fortran: bool) -> npt.NDArray[Any]:
        kind, count = np.dtype(dtype), int(np.prod(shape, dtype=np.int64))
        self._at += -self._at % ALIGNMENT
        flat = np.frombuffer(self._content, dtype=kind, count=count, offset=self._at).copy()
        self._at += count * kind.itemsize
        return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)

    def _objects(self, shape: list[int], items: list[Any]) -> npt.NDArray[Any]:
        array = np.empty(len(items), dtype=object)
        for place, each in enumerate(items):
            array[place] = self._made(each)
        return array.reshape(shape)

    def _scalar(self, node: Any) -> Any:
        return self._made(node)[()]

    def _timestamp(self, unit: str, value: int) -> pd.Timestamp:
        return pd.Timestamp(np.datetime64(value, unit))  # type: ignore[call-overload]

    def _frame(self, n_rows: int, columns: list[Any]) -> pd.DataFrame:
        return pd.DataFrame({name: self._made(node) for name, node in columns}, index=pd.RangeIndex(n_rows))

    def _text(self, storage: Any, values: list[str | None]) -> Any:
        return pd.array(values, dtype=pd.StringDtype(storage, na_value=np.nan))

    def _enum(self, kind: str, value: str) -> Any:
        return self._kinds[kind](value)

    def _record(self, kind: str, items: list[Any]) -> Any:
        return self._kinds[kind](**{name: self._made(node) for name, node in items})
