"""Snapshot: everything that was known at one cutoff, frozen, in canonical order, with a content hash."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.content_hash import canonical_json, combined_hash, row_hashes, table_hash
from network.contracts import TABLES, empty
from network.known import known_tables
from network.settings import ChainSettings

# Below this many combinations the rank of a row fits one signed 64-bit integer.
_MAX_KEY = 2**62


class FrozenTables(Mapping[str, pd.DataFrame]):
    """Tables by name that hand out copies, so that nobody can write into what others read.

    Copies are shallow and cost microseconds: pandas copies on write.

    Parameters
    ----------
    frames
        Table by name.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self._frames = dict(frames)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frames[name].copy(deep=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """What is known about one chain at the end of the cutoff day; made by `snapshot_at`, changed by `replace`.

    Parameters
    ----------
    tables
        Every table of the contract, canonical, sorted by key, RangeIndex; no row dated or known after the cutoff.
        `stock` holds the last count of each stock point and stock type only.
    settings
        The chain's settings.
    cutoff
        Last day whose data may be used, inclusive, midnight.
    excluded
        Number of rows left out because they are dated or known after the cutoff, by table.
    table_hashes
        Content hash of each table.
    content_hash
        Hash of the tables, the settings (but the chain's id) and the cutoff; never of a path or of the order of rows.
    stock_days
        Every day up to the cutoff on which stock was recorded, sorted: the rhythm of counting. It decides no plan.
    """

    tables: Mapping[str, pd.DataFrame]
    settings: ChainSettings
    cutoff: pd.Timestamp
    excluded: Mapping[str, int]
    table_hashes: Mapping[str, str]
    content_hash: str
    stock_days: pd.DatetimeIndex

    def table(self, name: str) -> pd.DataFrame:
        """Return one table.

        Parameters
        ----------
        name
            Name in the contract.

        Returns
        -------
        A copy; changing it changes nothing here.

        Raises
        ------
        KeyError
            If the contract has no such table.
        """
        return self.tables[name]

    def replace(
        self,
        *,
        tables: Mapping[str, pd.DataFrame] | None = None,
        settings: ChainSettings | None = None,
        cutoff: pd.Timestamp | date | None = None,
        **table_by_name: pd.DataFrame,
    ) -> Snapshot:
        """Return a new snapshot with some tables, the settings or the cutoff changed, and its own hash.

        Parameters
        ----------
        tables
            The changed tables by name; all others stay.
        settings
            New settings.
        cutoff
            New cutoff; only an earlier one makes sense, because later rows are gone.
        **table_by_name
            Changed tables as keywords: `snapshot.replace(sales=fewer)`.

        Returns
        -------
        A snapshot of the changed tables, cut at the cutoff like any other.

        Raises
        ------
        KeyError
            If a changed table is not in the contract.
        """
        changed = {**(tables or {}), **table_by_name}
        reusable = {} if cutoff is not None else {k: v for k, v in self.table_hashes.items() if k not in changed}
        return _snapshot(
            {**self.tables, **changed},
            self.settings if settings is None else settings,
            cutoff=self.cutoff if cutoff is None else pd.Timestamp(cutoff),
            excluded=self.excluded,
            hashes=reusable,
            stock_days=self.stock_days,
        )

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(self.tables[name]):,}" for name in self.tables if len(self.tables[name]))
        return f"Snapshot({self.settings.id} at {self.cutoff:%Y-%m-%d}, {self.content_hash[:12]}: {rows})"


def snapshot_at(tables: Mapping[str, pd.DataFrame], settings: ChainSettings, cutoff: pd.Timestamp | date) -> Snapshot:
    """Freeze what was known at the end of the cutoff day.

    Parameters
    ----------
    tables
        Canonical, checked tables; missing ones count as empty, tables outside the contract are ignored.
    settings
        The chain's settings.
    cutoff
        Last day whose data may be used, inclusive.

    Returns
    -------
    The snapshot; what was left out is counted in `excluded`.
    """
    complete = {name: tables[name] if name in tables else _empty(name) for name in TABLES}
    no_days = pd.DatetimeIndex([])
    return _snapshot(complete, settings, cutoff=pd.Timestamp(cutoff), excluded={}, hashes={}, stock_days=no_days)


def default_cutoff(tables: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    """Return the last day with both sales and stock.

    Where no day has both, it is the last day by which both have begun to be known: the earlier of the last day of
    sales and the last day of stock. A chain without any stock row ends with its sales.

    Parameters
    ----------
    tables
        Canonical tables with `sales` and `stock`.

    Returns
    -------
    A midnight.

    Raises
    ------
    ValueError
        If `sales` has no row.
    """
    sold = pd.DatetimeIndex(tables["sales"]["date"].unique()).normalize()
    if sold.empty:
        raise ValueError("no day has sales, so there is no last day to plan from: give a cutoff or a table `sales`")
    counted = pd.DatetimeIndex(tables["stock"]["as_of"].unique()).normalize() if "stock" in tables else sold
    both = sold.intersection(counted)
    if len(both):
        return pd.Timestamp(both.max())
    return pd.Timestamp(min(sold.max(), counted.max()) if len(counted) else sold.max())


def sorted_by_key(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
    """Sort a table by its key; rows with equal keys follow the hash of their values, so the order is always the same.

    Parameters
    ----------
    frame
        Any table that has the key's columns.
    key
        Names of the key columns; missing values come first.

    Returns
    -------
    The sorted table with a RangeIndex; the given one if it is sorted already.
    """
    if len(frame) > 1:
        ranks = _key_ranks(frame, key)
        if not bool(np.all(ranks[1:] > ranks[:-1])):
            order = np.argsort(ranks, kind="stable")
            ordered = ranks[order]
            if bool(np.any(ordered[1:] == ordered[:-1])):
                order = np.lexsort((row_hashes(frame), ranks))
            frame = frame.take(order)
    return frame if frame.index.equals(pd.RangeIndex(len(frame))) else frame.reset_index(drop=True)


def _snapshot(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    *,
    cutoff: pd.Timestamp,
    excluded: Mapping[str, int],
    hashes: Mapping[str, str],
    stock_days: pd.DatetimeIndex,
) -> Snapshot:
    """Cut, sort and hash; `hashes` are of tables known to be unchanged, `stock_days` come on top of `stock`."""
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise KeyError(f"no table {min(unknown)!r} in the contract")
    cutoff = cutoff.normalize()
    recorded = stock_days.union(pd.DatetimeIndex(tables["stock"]["as_of"].unique()).normalize()).unique()
    known, left_out = known_tables(tables, cutoff)
    frozen = {name: sorted_by_key(known[name], TABLES[name].key) for name in TABLES}
    # A changed receipt can change the state of an order.
    stale = {"open_orders"} if "receipts" not in hashes else set()
    reusable = {name: text for name, text in hashes.items() if name not in stale}
    table_hashes = {name: reusable.get(name) or table_hash(frame) for name, frame in frozen.items()}
    # The id may be no more than the folder's name, and order ids carry it on their own; the others decide no plan.
    about = {
        "settings": canonical_json(dataclasses.replace(settings, id="", approval={}, quality={})),
        "cutoff": f"{cutoff:%Y-%m-%d}",
    }
    return Snapshot(
        tables=FrozenTables(frozen),
        settings=settings,
        cutoff=cutoff,
        excluded=MappingProxyType(_added(excluded, left_out)),
        table_hashes=MappingProxyType(table_hashes),
        content_hash=combined_hash({**table_hashes, **about}),
        stock_days=recorded[recorded <= cutoff].sort_values(),
    )


@cache
def _empty(name: str) -> pd.DataFrame:
    """Return the table without rows; shared, because nobody but `FrozenTables` hands it out."""
    return empty(name)


def _added(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in sorted({*first, *second})}


def _key_ranks(frame: pd.DataFrame, key: tuple[str, ...]) -> NDArray[np.int64]:
    """Return one integer a row that orders the rows by their key."""
    ranks = np.zeros(len(frame), dtype=np.int64)
    n_ranks = 1
    for name in key:
        codes, levels = pd.factorize(frame[name], sort=True)
        if n_ranks * (len(levels) + 1) > _MAX_KEY:  # start again from the ranks that occur
            ranks = np.unique(ranks, return_inverse=True)[1].astype(np.int64)
            n_ranks = int(ranks.max()) + 1
        ranks = ranks * (len(levels) + 1) + codes + 1
        n_ranks *= len(levels) + 1
    return ranks
