"""Day-by-day replay of a policy on known demand: the simplest honest loop.

Order of a day: arrivals; demand of every zone and channel, sourced by `serving` priority, lost where nobody can serve;
expiry, first expired first out; the decision at the end of the day, which sees sales and stock but never demand; dispatch.
An order decided at the end of day t on a lane with lead time L is usable from the start of t + max(L, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.economics import sku_economics
from network.graph import SupplyNetwork
from network.snapshot import Snapshot

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOVE_COLUMNS = ("sku", "origin", "destination", "mode", "ship_date", "due_date", "quantity")


@dataclass(frozen=True)
class Night:
    """What a policy may look at when it decides: everything up to the end of `date`, nothing after.

    Parameters
    ----------
    date
        The day that has just ended.
    stock
        Columns sku, location, on_hand [units] at the end of the day; suppliers excluded.
    open_orders
        Moves under way: the columns of `MOVE_COLUMNS` and `order_id`.
    sales
        What the replay sold since it began: date, sku, location, channel, zone, units, availability.
    """

    date: pd.Timestamp
    stock: pd.DataFrame
    open_orders: pd.DataFrame
    sales: pd.DataFrame


Policy = Callable[[Night], pd.DataFrame]


@dataclass(frozen=True)
class Replay:
    """Daily money and service of one policy; `summary` adds it up.

    Parameters
    ----------
    days
        One row a day: date, latent_units, served_first_units, served_units, holding_cost, lost_margin, logistics_cost,
        waste_cost, received_cost, stock_value, cost_of_goods_sold, demand_points, short_points, trucks, truck_cost,
        truck_fill_cost.
    moves
        Every move dispatched.
    service
        latent, first-choice and total served units by sku and first-choice location.
    """

    days: pd.DataFrame
    moves: pd.DataFrame
    service: pd.DataFrame

    def summary(self) -> dict[str, float]:
        """Add the days up to the KPIs of DESIGN section 7 that a replay without returns has.

        `total_cost` is purchase-neutral: with purchases = cost of goods sold + waste + change of stock at cost, stock left at the
        end is worth its cost to every policy alike, so holding, lost margin, logistics and waste are what remains.
        """
        d = self.days.drop(columns="date").sum()
        return {
            "total_cost": float(d["holding_cost"] + d["lost_margin"] + d["logistics_cost"] + d["waste_cost"]),
            "holding_cost": float(d["holding_cost"]),
            "lost_margin": float(d["lost_margin"]),
            "logistics_cost": float(d["logistics_cost"]),
            "waste_cost": float(d["waste_cost"]),
            "stockout_rate": _ratio(d["short_points"], d["demand_points"]),
            "fill_rate": _ratio(d["served_first_units"], d["latent_units"]),
            "network_fill": _ratio(d["served_units"], d["latent_units"]),
            "turnover_days": _ratio(d["stock_value"], d["cost_of_goods_sold"]),
            "truck_fill": _ratio(d["truck_fill_cost"], d["truck_cost"]),
            "ending_stock_value": float(self.days["stock_value"].iloc[-1]),
        }


def _ratio(part: float, whole: float) -> float:
    """Part of whole; NaN where there is no whole."""
    return float(part / whole) if whole else float("nan")


@dataclass
class _Stock:
    """Physical stock by SKU, location and days of life left; the last bucket never ages."""

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
class _Chain:
    """Index maps and economics shared by all days of a replay."""

    skus: pd.Index
    locations: pd.Index
    zones: pd.Index
    cost: FloatArray
    margin: FloatArray
    holding: FloatArray
    volume: FloatArray
    weight: FloatArray
    lanes: pd.DataFrame
    servers: dict[tuple[str, str], IntArray]


def _chain(snapshot: Snapshot, network: SupplyNetwork, zones: pd.Index) -> _Chain:
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
    e = economics.loc[skus]
    return _Chain(
        skus,
        locations,
        zones,
        cost=e["unit_cost"].to_numpy(float),
        margin=e["shortage_cost"].to_numpy(float),
        holding=e["holding_cost"].to_numpy(float),
        volume=physical["volume_m3"].fillna(0).to_numpy(float),
        weight=physical["weight_kg"].fillna(0).to_numpy(float),
        lanes=network.lanes.set_index(["origin", "destination", "mode"]).sort_index(),
        servers=servers,
    )


def _opening(chain: _Chain, snapshot: Snapshot) -> _Stock:
    shelf = snapshot.tables["skus"].set_index("sku").loc[chain.skus, "shelf_life_days"].to_numpy(float)
    longest = int(np.nanmax(shelf, initial=0)) + 1
    life = np.where(np.isfinite(shelf), shelf - 1, longest).astype(np.int64)
    lots = np.zeros((len(chain.skus), len(chain.locations), longest + 1), dtype=np.int64)
    stock = _Stock(lots, life)
    free = snapshot.tables["stock"]
    free = free[free["stock_type"].eq("free") & free["location"].isin(chain.locations)]
    stock.receive(*_indexes(chain, free["sku"], free["location"]), _whole(free["on_hand"]))
    orders = snapshot.tables["open_orders"]
    orders = orders[orders["status"].isin(["released", "confirmed"]) & orders["destination"].isin(chain.locations)]
    for date, rows in orders.groupby(orders["due_date"].clip(lower=snapshot.cutoff + pd.Timedelta(days=1))):
        stock.in_transit.setdefault(pd.Timestamp(str(date)), []).append(rows)
    return stock


def _indexes(chain: _Chain, sku: pd.Series, location: pd.Series) -> tuple[IntArray, IntArray]:
    return (
        np.asarray(chain.skus.get_indexer(sku), dtype=np.int64),
        np.asarray(chain.locations.get_indexer(location), dtype=np.int64),
    )


def _whole(quantity: pd.Series) -> IntArray:
    return np.asarray(quantity.to_numpy(float).round(), dtype=np.int64)


def replay(snapshot: Snapshot, network: SupplyNetwork, *, demand: pd.DataFrame, policy: Policy, n_days: int) -> Replay:
    """Let a policy run a chain for some days from the snapshot's closing stock.

    Parameters
    ----------
    snapshot
        State at the end of the cutoff; its stock and open orders start the replay.
    network
        Lanes, serving and calendar of that snapshot.
    demand
        Latent demand after the cutoff: date, sku, zone, channel, units. Only the replay reads it.
    policy
        From a `Night` to the moves that leave the next day.
    n_days
        Days to replay, at least 1.
    """
    chain = _chain(snapshot, network, pd.Index(sorted(demand["zone"].unique())))
    stock = _opening(chain, snapshot)
    days, moves, sales, service = [], [], [], []
    for offset in range(1, n_days + 1):
        today = snapshot.cutoff + pd.Timedelta(days=offset)
        night = Night(
            today - pd.Timedelta(days=1),
            _stock_table(chain, stock),
            _under_way(stock),
            pd.concat(sales, ignore_index=True) if sales else pd.DataFrame(columns=list(_SALES)),
        )
        decided = policy(night)
        logistics = _dispatch(chain, stock, decided)
        received = _arrive(chain, stock, today)
        rows = demand[demand["date"].eq(today)]
        sold, served = _serve_day(chain, stock, rows, today)
        gone = stock.expire()
        days.append(_day_row(chain, stock, served, gone, received, logistics, today))
        moves.append(decided.assign(decided_on=night.date))
        sales.append(sold)
        service.append(served)
    return Replay(pd.DataFrame(days), pd.concat(moves, ignore_index=True), pd.concat(service, ignore_index=True))


_SALES = ("date", "sku", "location", "channel", "zone", "units", "availability")


def _stock_table(chain: _Chain, stock: _Stock) -> pd.DataFrame:
    on_hand = stock.on_hand()
    return pd.DataFrame(
        {
            "sku": np.repeat(chain.skus, len(chain.locations)),
            "location": np.tile(chain.locations, len(chain.skus)),
            "on_hand": on_hand.ravel(),
        }
    )


def _under_way(stock: _Stock) -> pd.DataFrame:
    waiting = [rows for batches in stock.in_transit.values() for rows in batches]
    columns = ["order_id", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]
    return pd.concat([w[columns] for w in waiting], ignore_index=True) if waiting else pd.DataFrame(columns=columns)


def _dispatch(chain: _Chain, stock: _Stock, moves: pd.DataFrame) -> dict[str, float]:
    """Take moves off their origins' shelves, put them under way, and charge trucks, parcels and freight."""
    out = {"logistics_cost": 0.0, "trucks": 0.0, "truck_cost": 0.0, "truck_fill_cost": 0.0}
    if moves.empty:
        return out
    inside = moves[moves["origin"].isin(chain.locations)]
    for location, rows in inside.groupby("origin"):
        wanted = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(wanted, chain.skus.get_indexer(rows["sku"]), _whole(rows["quantity"]))
        taken = stock.take(int(chain.locations.get_loc(location)), wanted)
        if (taken < wanted).any():
            raise ValueError(f"a policy shipped more than {location} had: {chain.skus[taken < wanted].tolist()[:5]}")
    tagged = moves.assign(order_id=[f"{d:%Y%m%d}-{i}" for i, d in enumerate(moves["ship_date"])])
    for due, rows in tagged.groupby("due_date"):
        stock.in_transit.setdefault(pd.Timestamp(str(due)), []).append(rows)
    sku = chain.skus.get_indexer(moves["sku"])
    volume = moves["quantity"].to_numpy(float) * chain.volume[sku]
    weight = moves["quantity"].to_numpy(float) * chain.weight[sku]
    loads = (
        moves.assign(volume=volume, weight=weight)
        .groupby(["origin", "destination", "mode"])[["volume", "weight", "quantity"]]
        .sum()
    )
    lane = chain.lanes.loc[loads.index]
    share = np.maximum(
        loads["volume"] / lane["truck_volume_m3"].fillna(np.inf),
        loads["weight"] / lane["truck_weight_kg"].fillna(np.inf),
    )
    trucks = np.maximum(np.ceil(share - 1e-9), 1) * lane["truck_cost"].fillna(0).gt(0)
    truck_cost = trucks * lane["truck_cost"].fillna(0)
    fill_cost = (share * lane["truck_cost"].fillna(0)).sum()
    freight = (
        loads["quantity"] * lane["unit_cost"].fillna(0) * ~loads.index.get_level_values("mode").isin(["purchase"])
    ).sum()
    parcels = lane["parcel_cost"].fillna(0).where(trucks.eq(0), 0).sum()
    return {
        "logistics_cost": float(truck_cost.sum() + freight + parcels),
        "trucks": float(trucks.sum()),
        "truck_cost": float(truck_cost.sum()),
        "truck_fill_cost": float(fill_cost),
    }


def _arrive(chain: _Chain, stock: _Stock, today: pd.Timestamp) -> float:
    """Receive what is due; returns its value at cost, purchases only."""
    rows = pd.concat(stock.in_transit.pop(today, []) or [pd.DataFrame(columns=["sku", "destination", "quantity"])])
    if rows.empty:
        return 0.0
    sku, location = _indexes(chain, rows["sku"], rows["destination"])
    quantity = _whole(rows["quantity"])
    at = location >= 0
    stock.receive(sku[at], location[at], quantity[at])
    return float((quantity * chain.cost[sku])[at & ~rows["origin"].isin(chain.locations).to_numpy()].sum())


def _serve_day(
    chain: _Chain, stock: _Stock, rows: pd.DataFrame, today: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Serve a day's demand zone by zone and channel by channel in serving order; what nobody has is lost."""
    opened = stock.on_hand()
    sold, service = [], []
    for (zone, channel), group in rows.groupby(["zone", "channel"]):
        wanted = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(wanted, chain.skus.get_indexer(group["sku"]), _whole(group["units"]))
        left = wanted.copy()
        order = chain.servers.get((str(zone), str(channel)), np.empty(0, dtype=np.int64))
        first = np.zeros_like(wanted)
        for rank, location in enumerate(order):
            units = stock.take(int(location), left)
            left = left - units
            first = units if rank == 0 else first
            hit = units > 0
            sold.append(
                pd.DataFrame(
                    {
                        "sku": chain.skus[hit],
                        "location": chain.locations[location],
                        "channel": channel,
                        "zone": zone,
                        "units": units[hit],
                    }
                )
            )
        asked = wanted > 0
        service.append(
            pd.DataFrame(
                {
                    "sku": chain.skus[asked],
                    "location": chain.locations[order[0]] if len(order) else "",
                    "latent": wanted[asked],
                    "first": first[asked],
                    "served": (wanted - left)[asked],
                }
            )
        )
    table = pd.concat(sold, ignore_index=True).assign(date=today)
    closed = stock.on_hand()
    table["availability"] = np.where(closed[_indexes(chain, table["sku"], table["location"])] > 0, 1.0, 0.5)
    empty = _empty_points(chain, opened, table)
    return pd.concat([table, empty.assign(date=today)], ignore_index=True), pd.concat(service, ignore_index=True)


def _empty_points(chain: _Chain, opened: IntArray, sold: pd.DataFrame) -> pd.DataFrame:
    """Rows of zero availability for points that opened with nothing and sold nothing."""
    sku, location = np.nonzero(opened == 0)
    table = pd.DataFrame({"sku": chain.skus[sku], "location": chain.locations[location]})
    keys = pd.MultiIndex.from_frame(table)
    table = table[~keys.isin(pd.MultiIndex.from_frame(sold[["sku", "location"]]))]
    return table.assign(channel="walk_in", zone="", units=0, availability=0.0)


def _day_row(
    chain: _Chain,
    stock: _Stock,
    served: pd.DataFrame,
    gone: IntArray,
    received: float,
    logistics: dict[str, float],
    today: pd.Timestamp,
) -> dict[str, object]:
    on_hand = stock.on_hand()
    sku = chain.skus.get_indexer(served["sku"])
    lost = (served["latent"] - served["served"]).to_numpy(float)
    points = served.groupby(["sku", "location"])[["latent", "served"]].sum()
    moving = np.zeros(len(chain.skus))
    for batches in stock.in_transit.values():
        for rows in batches:
            own = rows[rows["origin"].isin(chain.locations)]
            np.add.at(moving, chain.skus.get_indexer(own["sku"]), own["quantity"].to_numpy(float))
    return {
        "date": today,
        "latent_units": float(served["latent"].sum()),
        "served_first_units": float(served["first"].sum()),
        "served_units": float(served["served"].sum()),
        "holding_cost": float(((on_hand.sum(axis=1) + moving) * chain.holding).sum()),
        "lost_margin": float((lost * chain.margin[sku]).sum()),
        "waste_cost": float((gone.sum(axis=1) * chain.cost).sum()),
        "received_cost": received,
        "stock_value": float(((on_hand.sum(axis=1) + moving) * chain.cost).sum()),
        "cost_of_goods_sold": float((served["served"].to_numpy(float) * chain.cost[sku]).sum()),
        "demand_points": float(len(points)),
        "short_points": float((points["served"] < points["latent"]).sum()),
        **logistics,
    }
