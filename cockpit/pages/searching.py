"""Words searched for in the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def searched_text(table: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return what a search looks through, (n,): the columns in lower case, each on a line of its own."""
    columns = [table[name].fillna("").astype("str").str.lower().tolist() for name in names if name in table]
    return np.array(["\n".join(parts) for parts in zip(*columns, strict=True)], dtype=object)


def with_words(table: pd.DataFrame, words: str, names: Sequence[str]) -> pd.DataFrame:
    """Return the rows in which every word stands in one of the columns."""
    wanted = words.lower().split()
    if not wanted or table.empty:
        return table
    return table[[all(word in text for word in wanted) for text in searched_text(table, names)]]
