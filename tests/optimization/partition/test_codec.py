"""What is written comes back to the bit, with its types; what would not is refused when it is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import hypothesis.extra.numpy as arrays_of
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.vehicles import VehicleType
from optimization.partition.codec import decoded, digest, encoded


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, eq=False)
class Leaf:
    values: npt.NDArray[Any]
    table: pd.DataFrame
    colour: Colour = Colour.RED


@dataclass(frozen=True, eq=False)
class Tree:
    leaf: Leaf
    bound: float | None
    more: tuple[Any, ...] = ()


KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Colour, Leaf, Tree, VehicleType)}
DTYPES = st.one_of(
    arrays_of.boolean_dtypes(), arrays_of.integer_dtypes(), arrays_of.floating_dtypes(),
    arrays_of.datetime64_dtypes(), arrays_of.unicode_string_dtypes(min_len=1),
)  # fmt: skip
ARRAYS = DTYPES.flatmap(lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, min_side=0)))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
NESTED = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner))
)


def again(value: Any) -> Any:
    return decoded(encoded(value), KINDS)


def table() -> pd.DataFrame:
    return pd.DataFrame({
        "sku": pd.Series(["a", None, "ü\n\"'"], dtype="str"), "units": [1, 2, 3], "share": [0.1, np.nan, -0.0],
        "is_new": [True, False, True], "small": np.array([1, 2, 3], dtype=np.int32),
        "day": pd.to_datetime(["2024-03-10", None, "2024-03-11"]).astype("datetime64[ns]"),
        "fleet": pd.Series([(), (VehicleType("van", 1.5, np.inf, 2.0, 3.0),), ()], dtype=object),
    })  # fmt: skip


@given(ARRAYS)
def test_arrays_come_back_to_the_bit(array: npt.NDArray[Any]) -> None:
    back = again(array)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.writeable


@given(NESTED)
def test_plain_values_come_back_with_their_types(value: Any) -> None:
    assert repr(again(value)) == repr(value)


@given(arrays_of.arrays(np.float32, (3, 4)))
def test_the_order_in_memory_comes_back(array: npt.NDArray[np.float32]) -> None:
    back = again(np.asfortranarray(array))
    assert back.flags.f_contiguous and not back.flags.c_contiguous
    assert back.tobytes() == array.tobytes()
    assert again(array[:, ::2]).tobytes() == array[:, ::2].tobytes()


def test_tables_come_back_with_their_types_and_their_gaps() -> None:
    for frame in (table(), table().iloc[:0]):
        back = again(frame)
        pd.testing.assert_frame_equal(back, frame, check_exact=True)
        assert back.dtypes.tolist() == frame.dtypes.tolist()
        assert encoded(back) == encoded(frame)
    assert np.signbit(again(table())["share"].iloc[2])


def test_records_in_records_come_back() -> None:
    tree = Tree(Leaf(np.arange(6).reshape(2, 3), table()), None, (np.float64(0.1), pd.Timestamp("2024-03-10"), [1]))
    back = again(tree)
    assert isinstance(back, Tree) and isinstance(back.leaf, Leaf) and back.leaf.colour is Colour.RED
    assert encoded(back) == encoded(tree)
    assert [type(each) for each in back.more] == [np.float64, pd.Timestamp, list]
    assert back.more[1].unit == tree.more[1].unit


def test_only_the_kinds_that_are_allowed_come_back() -> None:
    content = encoded(Leaf(np.arange(2), table()))
    with pytest.raises(KeyError, match="Leaf"):
        decoded(content, {})


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        b"bytes",
        object(),
        pd.Timestamp("2024-03-10", tz="UTC"),
        pd.NaT,
        pd.Series([1]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.ma.masked_array([1, 2], [True, False]),
        np.array([{1}], dtype=object),
        pd.DataFrame({"a": [1, 2]}, index=[1, 2]),
        pd.DataFrame({0: [1]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": pd.Categorical(["x"])}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"a": pd.to_datetime(["2024-03-10"]).tz_localize("UTC")}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_come_back_is_refused(value: Any) -> None:
    for nested in (value, (value,), {"a": [value]}):
        with pytest.raises(TypeError, match="cannot be kept to the bit"):
            encoded(nested)
        with pytest.raises(TypeError, match="cannot be kept to the bit"):
            digest(nested)


@given(ARRAYS, st.integers(min_value=0))
def test_a_digest_differs_as_soon_as_one_byte_does(array: npt.NDArray[Any], at: int) -> None:
    assert digest((array, 1)) == digest((array.copy(), 1)) != digest((array, 2))
    if array.nbytes:
        content = bytearray(array.tobytes())
        content[at % len(content)] ^= 1
        changed = np.ndarray(array.shape, array.dtype, bytes(content))
        assert digest((changed, 1)) != digest((array, 1))


def test_a_digest_tells_types_and_shapes_apart() -> None:
    values = [np.zeros(4), np.zeros((2, 2)), np.zeros(4, dtype=np.int64), [0.0] * 4, (0.0,) * 4, [0] * 4, [False] * 4]
    assert len({digest(each) for each in values}) == len(values)
