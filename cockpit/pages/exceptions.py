"""Exceptions ranked by money, and what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cockpit.pages.searching import with_words
from cockpit.report_tables import exceptions_by_kind, rows_of

STOCK_KINDS = {
    "slow": ("slow mover", "excess after promotion", "excess"),
    "stockout": ("stock-out coming", "unreachable stock point"),
    "phantom": ("phantom stock", "count requested"),
    "ageing": ("ageing",),
}
"""Kinds of exceptions that the stock page shows, by its sections."""


@dataclass(frozen=True, eq=False)
class Exceptions:
    """Some exceptions of a run.

    Parameters
    ----------
    rows
        rank, kind, severity, sku, location, date, money, message, suggestion; dearest first.
    found
        All of them, of every page.
    asked, everything
        Those of the severity asked for, and of the whole run.
    """

    rows: list[dict[str, Any]]
    found: pd.DataFrame
    asked: pd.DataFrame
    everything: pd.DataFrame

    @property
    def n(self) -> int:
        """How many there are in all."""
        return len(self.found)

    @property
    def money(self) -> float:
        """Of all of them."""
        return float(self.found["money"].sum())

    @cached_property
    def kinds(self) -> list[dict[str, Any]]:
        """kind, n, n_critical, money of the whole run, or of the severity asked for, in the order of rank."""
        return rows_of(exceptions_by_kind(self.asked))

    @property
    def n_critical(self) -> int:
        """Critical ones of the whole run."""
        return int((self.everything["severity"] == "critical").sum())


def ranked_exceptions(
    exceptions: pd.DataFrame, *, kind: str = "", severity: str = "", search: str = "", first: int = 0, n: int = 20
) -> Exceptions:
    """Return `n` exceptions from place `first` on, ranked by money, of one kind or severity, or naming some words."""
    table = exceptions.sort_values("rank", kind="stable")
    if severity:
        table = table[table["severity"] == severity]
    asked = table
    if kind:
        table = table[table["kind"] == kind]
    table = with_words(table, search, ("sku", "location", "message"))
    return Exceptions(
        rows=[_plain(row) for row in rows_of(table.iloc[first : first + n])],
        found=table,
        asked=asked,
        everything=exceptions,
    )


def n_points(parts: Sequence[Exceptions]) -> int:
    """Return how many stock points some exceptions are about; one with two kinds of them counts once."""
    points = pd.concat([part.found[["sku", "location"]] for part in parts])
    return len(points.drop_duplicates())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: "" if value is None or pd.isna(value) else value for name, value in row.items()}
