"""Cut a chain into parts of whole SKUs; what SKUs share is kept aside, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.economics import MONEY_COLUMNS, sku_economics
from network.lead_time import lead_times
from network.snapshot import FrozenTables, Snapshot
from optimization.config import PlanConfig
from optimization.service_class import service_classes
from optimization.switch import Switch

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork

Ints = npt.NDArray[np.int64]
# Stock points of a part: large enough that array operations pay, small enough that its curves take some 50 MB. It must
# not depend on the number of workers, or their results would differ in the last bits.
PART_POINTS = 8_192
# Tables that only forecasts, lead times and prices are learnt from; what is learnt is passed on, not the rows.
LEARNT_FROM = frozenset({"sales", "receipts", "signals", "promotions", "returns", "counts"})


@dataclass(frozen=True, eq=False)
class SharedInput:
    """What every part needs and no part changes.

    Parameters
    ----------
    snapshot
        Settings, cutoff and the tables without SKUs.
    network
        Lanes and calendar, without sourcing rules.
    lead_times
        Of each lane, as `network.lead_time.lead_times` learns them.
    classes
        Of each SKU, as `service_class.service_classes` computes them from the sales of all.
    config
        Settings.
    switch
        Other settings for some locations; None where all have the same.
    """

    snapshot: Snapshot
    network: SupplyNetwork
    lead_times: pd.DataFrame
    classes: pd.Series
    config: PlanConfig
    switch: Switch | None = None


@dataclass(frozen=True, eq=False)
class SkuPart:
    """The rows of some whole SKUs.

    Parameters
    ----------
    tables
        Rows of the contract's tables by name.
    sourcing
        Rows of `SupplyNetwork.sourcing`.
    forecast
        Their series.
    positions
        Their stock points, sorted.
    """

    tables: Mapping[str, pd.DataFrame]
    sourcing: pd.DataFrame
    forecast: Forecast
    positions: pd.DataFrame

    def snapshot(self, shared: SharedInput) -> Snapshot:
        """Snapshot of the part; its hash still is that of the chain."""
        return replace(shared.snapshot, tables=FrozenTables({**shared.snapshot.tables, **self.tables}))

    def network(self, shared: SharedInput) -> SupplyNetwork:
        """Network with the part's sourcing rules."""
        return replace(shared.network, sourcing=self.sourcing)


@dataclass(frozen=True, eq=False)
class ChainCut:
    """A chain laid out by SKU.

    Parameters
    ----------
    shared
        What all parts need.
    tables, sourcing
        Rows that belong to SKUs.
    forecast
        All series, sorted by SKU.
    positions
        All stock points, sorted by SKU.
    sku
        (n_skus,) names, sorted.
    """

    shared: SharedInput
    tables: Mapping[str, pd.DataFrame]
    sourcing: pd.DataFrame
    forecast: Forecast
    positions: pd.DataFrame
    sku: npt.NDArray[np.object_]

    @cached_property
    def point_start(self) -> Ints:
        """(n_skus + 1,) first row of each SKU in the positions."""
        return np.searchsorted(self.sku_of_point, np.arange(self.sku.size + 1)).astype(np.int64)

    @cached_property
    def sku_of_point(self) -> Ints:
        """(n,) SKU of each stock point."""
        return self._codes(self.positions["sku"])

    def parts(self, size: int = PART_POINTS) -> list[Ints]:
        """Cut the SKUs, in their order, into runs of at most so many stock points each, a single SKU at least."""
        start = self.point_start
        cuts = [0]
        while cuts[-1] < self.sku.size:
            last = int(np.searchsorted(start, start[cuts[-1]] + size, side="right")) - 1
            cuts.append(max(last, cuts[-1] + 1))
        return [np.arange(first, last) for first, last in pairwise(cuts)]

    def rows(self, skus: Ints) -> Ints:
        """Rows of the positions that belong to some SKUs, ascending."""
        start = self.point_start
        return _ranges(start[skus], start[skus + 1])

    def take(self, skus: Ints) -> SkuPart:
        """Return the rows of some SKUs; `skus` ascend."""
        order = {name: rows[_ranges(at[skus], at[skus + 1])] for name, (rows, at) in self._by_sku.items()}
        series = order.pop("forecast")
        sourcing = self.sourcing.iloc[order.pop("sourcing")].reset_index(drop=True)
        return SkuPart(
            tables={name: self.tables[name].iloc[rows].reset_index(drop=True) for name, rows in order.items()},
            sourcing=sourcing,
            forecast=self.forecast.take(series).replace(adjustments=None),
            positions=self.positions.iloc[self.rows(skus)].reset_index(drop=True),
        )

    @cached_property
    def _by_sku(self) -> dict[str, tuple[Ints, Ints]]:
        """Rows of each table in the order of the SKUs, and where each SKU begins; rows of unknown SKUs are left out."""
        frames = {**self.tables, "sourcing": self.sourcing, "forecast": self.forecast.series}
        found = {}
        for name, frame in frames.items():
            code = self._codes(frame["sku"])
            rows = np.argsort(code, kind="stable")
            found[name] = (rows, np.searchsorted(code[rows], np.arange(self.sku.size + 1)).astype(np.int64))
        return found

    def _codes(self, names: pd.Series[str]) -> Ints:
        """Position of each name among the SKUs; -1 where unknown."""
        known = pd.Index(self.sku, dtype="str")
        codes, distinct = pd.factorize(names)
        at = np.append(known.get_indexer(pd.Index(distinct, dtype="str")), -1)
        return np.asarray(at[codes], dtype=np.int64)


def cut_chain(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    positions: pd.DataFrame,
    config: PlanConfig,
    switch: Switch | None = None,
) -> ChainCut:
    """Lay a chain out by SKU; what SKUs learn from the whole chain (prices, lead times) is learnt here.

    Parameters
    ----------
    snapshot, network, forecast
        The chain.
    positions
        Result of `inventory_positions`.
    config, switch
        Settings, and others for some locations.
    """
    names = [name for name in snapshot.tables if "sku" in snapshot.tables[name].columns and name not in LEARNT_FROM]
    tables = {name: snapshot.table(name) for name in names}
    money = sku_economics(snapshot).set_index("sku")[list(MONEY_COLUMNS)].reindex(tables["skus"]["sku"])
    tables["skus"] = tables["skus"].assign(**{name: money[name].to_numpy() for name in MONEY_COLUMNS})
    emptied = {name: snapshot.table(name).iloc[:0] for name in (*names, *LEARNT_FROM)}
    # Views of mappings cannot be sent to another process, and no part asks for these two.
    bare = replace(snapshot, tables=FrozenTables({**snapshot.tables, **emptied}), excluded={}, table_hashes={})
    learnt = lead_times(network, snapshot)
    classes = service_classes(snapshot, config)
    shared = SharedInput(bare, replace(network, sourcing=network.sourcing.iloc[:0]), learnt, classes, config, switch)
    sku = positions["sku"].unique()
    return ChainCut(shared, tables, network.sourcing, forecast, positions, np.asarray(sku, dtype=object))


def _ranges(first: Ints, stop: Ints) -> Ints:
    """Concatenate first[i]..stop[i]-1 over all i."""
    length = stop - first
    shift = np.repeat(first - (np.cumsum(length) - length), length)
    rows: Ints = shift + np.arange(int(length.sum()))
    return rows
