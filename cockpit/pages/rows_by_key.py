"""Rows of a large table by the value of one column, found without looking at all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, eq=False)
class RowsByKey:
    """A table that is asked by one column.

    Parameters
    ----------
    table
        The table.
    keys
        Values of the column, each once.
    order, starts
        Rows by key in their order in the table, and where those of each key begin, with the end of the last.
    """

    table: pd.DataFrame
    keys: pd.Index = field(repr=False)
    order: npt.NDArray[np.int64] = field(repr=False)
    starts: npt.NDArray[np.int64] = field(repr=False)

    def of(self, value: str) -> pd.DataFrame:
        """Return the rows of one value, in the order of the table."""
        place = self.keys.get_indexer(pd.Index([value]))[0]
        if place < 0:
            return self.table.iloc[:0]
        return self.table.iloc[self.order[self.starts[place] : self.starts[place + 1]]]


def rows_by_key(table: pd.DataFrame, column: str) -> RowsByKey:
    """Prepare a table to be asked by a column of text; a missing value is an empty one."""
    codes, keys = pd.factorize(table[column].astype("str").where(table[column].notna(), ""))
    order = np.argsort(codes, kind="stable").astype(np.int64)
    starts = np.searchsorted(codes[order], np.arange(len(keys) + 1)).astype(np.int64)
    return RowsByKey(table, pd.Index(keys), order, starts)
