"""Physical state of a replay: what lies where by days of life left, what is under way, and the chain as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.economics import sku_economics
from network.graph import SupplyNetwork
from network.orders_to_come import orders_to_come
from network.snapshot import Snapshot

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass
class PhysicalStock:
    """Physical stock by SKU, location and days of life left; changes from day to day.

    Parameters
    ----------
    lots
        (n_skus, n_locations, n_buckets) units; bucket b expires after b more days, the last one never.
    life
        (n_skus,) bucket of fresh goods.
    in_transit
        Moves under way by the day on whose morning they are usable.
    """

    lots: IntArray
    life: IntArray
    in_transit: dict[pd.Timestamp, list[pd.DataFrame]] = field(default_factory=dict)

    def on_hand(self) -> IntArray:
        return np.asarray(self.lots.sum(axis=2), dtype=np.int64)

    def receive(self, sku: IntArray, location: IntArray, quantity: IntArray) -> None:
        np.add.at(self.lots, (sku, location, self.life[sku]), quantity)

    def take(self, location: int, wanted: IntArray) -> IntArray:
        """Serve `wanted` (n_skus,) from one location, first expired first out; returns what was served."""
        here = self.lots[:, location, :]
        before = np.cumsum(here, axis=1) - here
        used = np.clip(wanted[:, None] - before, 0, here)
        here -= used
        return np.asarray(used.sum(axis=1), dtype=np.int64)

    def expire(self) -> IntArray:
        """Age by one day and return the units (n_skus, n_locations) whose last day is over."""
        gone = self.lots[:, :, 0].copy()
        self.lots[:, :, :-2] = self.lots[:, :, 1:-1]
        self.lots[:, :, -2] = 0
        return gone


@dataclass(frozen=True)
class ChainIndex:
    """Index maps and economics shared by all days of a replay."""

    skus: pd.Index[Any]
    locations: pd.Index[Any]
    cost: FloatArray
    margin: FloatArray
    holding: FloatArray
    volume: FloatArray
    weight: FloatArray
    lanes: pd.DataFrame
    servers: dict[tuple[str, str], IntArray]
    zones: pd.Index[Any]
    is_assorted: npt.NDArray[np.bool_]


def chain_index(snapshot: Snapshot, network: SupplyNetwork) -> ChainIndex:
    """Index a chain's SKUs, own locations, lanes and servers."""
    economics = sku_economics(snapshot).set_index("sku")
    skus = pd.Index(snapshot.tables["skus"]["sku"])
    own = network.locations.loc[network.locations["tier"] != "supplier", "location"]
    locations = pd.Index(own)
    physical = snapshot.tables["skus"].set_index("sku").loc[skus]
    serving = network.serving[network.serving["location"].isin(locations)].sort_values(["zone", "channel", "priority"])
    servers = {
        (str(zone), str(channel)): np.asarray(locations.get_indexer(group["location"]), dtype=np.int64)
        for (zone, channel), group in serving.groupby(["zone", "channel"])
    }
    money = economics.loc[skus]
    kept = pd.concat([snapshot.table(name)[["sku", "location"]] for name in ("stock", "assortment")])
    kept = kept[kept["location"].isin(locations)]
    is_assorted = np.zeros((len(skus), len(locations)), dtype=bool)
    is_assorted[skus.get_indexer(pd.Index(kept["sku"])), locations.get_indexer(pd.Index(kept["location"]))] = True
    return ChainIndex(
        skus,
        locations,
        cost=money["unit_cost"].to_numpy(float),
        margin=money["shortage_cost"].to_numpy(float),
        holding=money["holding_cost"].to_numpy(float),
        volume=physical["volume_m3"].fillna(0).to_numpy(float),
        weight=physical["weight_kg"].fillna(0).to_numpy(float),
        lanes=network.lanes.set_index(["origin", "destination", "mode"]).sort_index(),
        servers=servers,
        zones=pd.Index(sorted({"", *snapshot.table("zones")["zone"], *serving["zone"]})),
        is_assorted=is_assorted,
    )


def opening_stock(chain: ChainIndex, snapshot: Snapshot) -> PhysicalStock:
    """Free stock at the cutoff, as fresh as its shelf life allows, and the orders that are under way."""
    shelf = snapshot.tables["skus"].set_index("sku").loc[chain.skus, "shelf_life_days"].to_numpy(float)
    longest = int(np.nanmax(shelf, initial=0)) + 1
    life = np.where(np.isfinite(shelf), shelf - 1, longest).astype(np.int64)
    lots = np.zeros((len(chain.skus), len(chain.locations), longest + 1), dtype=np.int64)
    stock = PhysicalStock(lots, life)
    free = snapshot.tables["stock"]
    free = free[free["stock_type"].eq("free") & free["location"].isin(chain.locations)]
    sku, location = indexes(chain, free["sku"], free["location"])
    stock.receive(sku, location, whole(free["on_hand"]))
    orders = orders_to_come(snapshot)
    orders = orders[
        orders["quantity"].gt(0)
        & orders["status"].isin(["released", "confirmed"])
        & orders["destination"].isin(chain.locations)
    ]
    tomorrow = snapshot.cutoff + pd.Timedelta(days=1)
    for date, rows in orders.groupby(orders["due_date"].where(orders["due_date"] > tomorrow, tomorrow)):
        stock.in_transit.setdefault(pd.Timestamp(str(date)), []).append(rows)
    return stock


def indexes(chain: ChainIndex, sku: pd.Series[Any], location: pd.Series[Any]) -> tuple[IntArray, IntArray]:
    """Positions of SKUs and locations, -1 where outside the chain."""
    return (
        np.asarray(chain.skus.get_indexer(pd.Index(sku)), dtype=np.int64),
        np.asarray(chain.locations.get_indexer(pd.Index(location)), dtype=np.int64),
    )


def whole(quantity: pd.Series[Any]) -> IntArray:
    """Quantities as whole units."""
    return np.asarray(quantity.to_numpy(float).round(), dtype=np.int64)
