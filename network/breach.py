"""A breach of the contract, and the one error that carries all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 20
"""Offending rows that a breach keeps for the screen; all are in the rejects."""

REJECT_COLUMNS = ("table", "column", "row", "value", "rule", "action")


@dataclass(frozen=True)
class Breach:
    """One rule that one column of one table breaks.

    Parameters
    ----------
    table
        Table of the contract, or the file when it is none.
    column
        Column; empty when the whole table is meant.
    rule
        What is wrong, in a few words.
    n_rows
        Rows that break it; 0 when it is not about rows.
    rows
        (row number in the file, value) of the first 20; the header is row 1.
    action
        What to do.
    """

    table: str
    column: str
    rule: str
    n_rows: int
    rows: tuple[tuple[int, str], ...] = ()
    action: str = ""

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        count = "" if self.n_rows == 0 else f" ({self.n_rows} row{'s' if self.n_rows > 1 else ''})"
        shown = ", ".join(f"row {row}: {value!r}" for row, value in self.rows)
        return f"{where}: {self.rule}{count}{'; ' + shown if shown else ''}{'. ' + self.action if self.action else ''}"


class ContractError(Exception):
    """The input breaks its contract; nothing may be published from it.

    Parameters
    ----------
    breaches
        Every breach of every table.
    rejects
        All offending cells (table, column, row, value, rule, action); by default those the breaches show.
    """

    def __init__(self, breaches: Iterable[Breach], rejects: pd.DataFrame | None = None) -> None:
        self.breaches = tuple(breaches)
        self.rejects = rejects_of(self.breaches) if rejects is None else rejects
        super().__init__("\n".join(str(breach) for breach in self.breaches))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.breaches, self.rejects)


def rejects_of(breaches: Iterable[Breach]) -> pd.DataFrame:
    """The shown rows of breaches as a frame, one line a cell; a breach without rows is one line with row 0.

    Parameters
    ----------
    breaches
        Breaches, in the order in which they are listed.
    """
    import pandas as pd

    lines = [
        (breach.table, breach.column, row, value, breach.rule, breach.action)
        for breach in breaches
        for row, value in (breach.rows or ((0, ""),))
    ]
    frame = pd.DataFrame(lines, columns=list(REJECT_COLUMNS))
    return frame.astype({name: "int64" if name == "row" else "str" for name in REJECT_COLUMNS})


def nearest(name: str, known: Iterable[str]) -> str:
    """Sentence that points to the nearest known name, or empty when none is near.

    Parameters
    ----------
    name
        What was written.
    known
        What could have been meant.
    """
    lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower().strip(), list(lower), n=1, cutoff=0.6)
    return f"Did you mean {lower[found[0]]!r}?" if found else ""
