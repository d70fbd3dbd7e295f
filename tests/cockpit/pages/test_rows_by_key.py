"""Rows asked by a key are those that a filter finds."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.pages.rows_by_key import rows_by_key


def test_rows_of_a_key_keep_their_order() -> None:
    table = pd.DataFrame({"sku": ["b", "a", "b", None], "n": [1, 2, 3, 4]})
    found = rows_by_key(table, "sku")
    assert found.of("b")["n"].tolist() == [1, 3]
    assert found.of("")["n"].tolist() == [4]
    assert found.of("z").empty
    assert rows_by_key(table.iloc[:0], "sku").of("b").empty


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", ""])), st.sampled_from(["a", "b", "c", "", "d"]))
def test_a_filter_finds_the_same(values: list[str], value: str) -> None:
    table = pd.DataFrame({"sku": pd.Series(values, dtype="str"), "n": range(len(values))})
    assert rows_by_key(table, "sku").of(value)["n"].tolist() == table.loc[table["sku"] == value, "n"].tolist()
