"""What happens in one day of a replay: goods leave and arrive, customers are served, money is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.twin_stock import ChainIndex, IntArray, PhysicalStock, indexes, whole

# Share of the day that goods were on the shelf where they sold out: the hour is not recorded, so half.
SOLD_OUT_AVAILABILITY = 0.5

_SOLD = {"sku": "str", "units": "int64", "location": "str", "channel": "str", "zone": "str"}
_SERVICE = {"sku": "str", "location": "str", "latent": "int64", "first": "int64", "served": "int64"}


def dispatch(chain: ChainIndex, stock: PhysicalStock, moves: pd.DataFrame) -> dict[str, float]:
    """Take moves off their origins' shelves and put them under way; returns what their transport costs.

    Raises
    ------
    ValueError
        If a policy ships more than a location has.
    """
    if moves.empty:
        return {"logistics_cost": 0.0, "trucks": 0.0, "truck_cost": 0.0, "truck_fill_cost": 0.0}
    for origin, rows in moves[moves["origin"].isin(chain.locations)].groupby("origin"):
        wanted = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(wanted, chain.skus.get_indexer(pd.Index(rows["sku"])), whole(rows["quantity"]))
        taken = stock.take(_position(chain, str(origin)), wanted)
        if (taken < wanted).any():
            raise ValueError(f"a policy shipped more than {origin} had: {chain.skus[taken < wanted].tolist()[:5]}")
    tagged = moves.assign(order_id=[f"{d:%Y%m%d}-{i}" for i, d in enumerate(moves["ship_date"])])
    for due, rows in tagged.groupby("due_date"):
        stock.in_transit.setdefault(pd.Timestamp(str(due)), []).append(rows)
    return _transport(chain, moves)


def _position(chain: ChainIndex, location: str) -> int:
    return int(chain.locations.get_indexer(pd.Index([location]))[0])


def _transport(chain: ChainIndex, moves: pd.DataFrame) -> dict[str, float]:
    """Whole trucks where a lane has them, else a parcel a lane; freight by the unit on own lanes."""
    sku = chain.skus.get_indexer(pd.Index(moves["sku"]))
    units = moves["quantity"].to_numpy(float)
    sized = moves.assign(volume=units * chain.volume[sku], weight=units * chain.weight[sku])
    loads = sized.groupby(["origin", "destination", "mode"])[["volume", "weight", "quantity"]].sum()
    lane = chain.lanes.loc[loads.index]
    cost = lane["truck_cost"].to_numpy(float)
    by_volume = loads["volume"].to_numpy(float) / lane["truck_volume_m3"].to_numpy(float)
    share = np.maximum(by_volume, loads["weight"].to_numpy(float) / lane["truck_weight_kg"].to_numpy(float))
    trucks = np.where(cost > 0, np.maximum(np.ceil(share - 1e-9), 1), 0)
    is_own = loads.index.get_level_values("mode") != "purchase"
    freight = np.where(is_own, loads["quantity"].to_numpy(float) * lane["unit_cost"].to_numpy(float), 0).sum()
    parcels = np.where(trucks == 0, lane["parcel_cost"].to_numpy(float), 0).sum()
    truck_cost = float((trucks * cost).sum())
    return {
        "logistics_cost": truck_cost + float(freight + parcels),
        "trucks": float(trucks.sum()),
        "truck_cost": truck_cost,
        "truck_fill_cost": float((np.minimum(share, trucks) * cost).sum()),
    }


def arrive(chain: ChainIndex, stock: PhysicalStock, today: pd.Timestamp) -> dict[str, float]:
    """Receive what is due; returns the value at cost of what came from suppliers."""
    batches = stock.in_transit.pop(today, [])
    if not batches:
        return {"received_cost": 0.0}
    rows = pd.concat(batches, ignore_index=True)
    sku, location = indexes(chain, rows["sku"], rows["destination"])
    quantity = whole(rows["quantity"])
    at = location >= 0
    stock.receive(sku[at], location[at], quantity[at])
    bought = at & ~rows["origin"].isin(chain.locations).to_numpy()
    return {"received_cost": float((quantity * chain.cost[sku])[bought].sum())}


def serve_day(
    chain: ChainIndex, stock: PhysicalStock, rows: pd.DataFrame, *, today: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Serve a day's demand zone by zone and channel by channel in serving order; what nobody has is lost.

    Returns
    -------
    Sales of the day as the chain would record them, with availability; and latent, first-choice and total served
    units by SKU and first-choice location.
    """
    opened = stock.on_hand()
    sold = [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _SOLD.items()})]
    service = [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _SERVICE.items()})]
    for (zone, channel), group in rows.groupby(["zone", "channel"]):
        wanted = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(wanted, chain.skus.get_indexer(pd.Index(group["sku"])), whole(group["units"]))
        order = chain.servers.get((str(zone), str(channel)), np.empty(0, dtype=np.int64))
        by_rank = _serve_in_order(stock, wanted, order)
        for units, location in zip(by_rank, order, strict=True):
            hit = units > 0
            place = {"location": chain.locations[location], "channel": channel, "zone": zone}
            sold.append(pd.DataFrame({"sku": chain.skus[hit], "units": units[hit], **place}))
        asked = wanted > 0
        first = by_rank[0] if len(order) else np.zeros_like(wanted)
        total = np.sum(by_rank, axis=0) if len(order) else np.zeros_like(wanted)
        home = chain.locations[order[0]] if len(order) else ""
        counts = {"latent": wanted[asked], "first": first[asked], "served": total[asked]}
        service.append(pd.DataFrame({"sku": chain.skus[asked], "location": home, **counts}))
    table = pd.concat(sold, ignore_index=True)
    closed = stock.on_hand()[indexes(chain, table["sku"], table["location"])]
    table["availability"] = np.where(closed > 0, 1.0, SOLD_OUT_AVAILABILITY)
    empty = _empty_points(chain, opened, table)
    return pd.concat([table, empty], ignore_index=True).assign(date=today), pd.concat(service, ignore_index=True)


def _serve_in_order(stock: PhysicalStock, wanted: IntArray, order: IntArray) -> list[IntArray]:
    """Units served by each location in turn."""
    left, served = wanted, []
    for location in order:
        units = stock.take(int(location), left)
        left = left - units
        served.append(units)
    return served


def _empty_points(chain: ChainIndex, opened: IntArray, sold: pd.DataFrame) -> pd.DataFrame:
    """Rows of zero availability for points that opened with nothing and sold nothing."""
    sku, location = np.nonzero(opened == 0)
    table = pd.DataFrame({"sku": chain.skus[sku], "location": chain.locations[location]})
    keys = pd.MultiIndex.from_frame(table)
    table = table[~keys.isin(pd.MultiIndex.from_frame(sold[["sku", "location"]]))]
    return table.assign(channel="walk_in", zone="", units=0, availability=0.0)


def day_row(chain: ChainIndex, stock: PhysicalStock, *, served: pd.DataFrame, expired: IntArray) -> dict[str, object]:
    """Service and money of a day; stock under way between own locations is held too."""
    held = stock.on_hand().sum(axis=1) + _under_way_inside(chain, stock)
    sku = chain.skus.get_indexer(pd.Index(served["sku"]))
    lost = (served["latent"] - served["served"]).to_numpy(float)
    points = served.groupby(["sku", "location"])[["latent", "served"]].sum()
    return {
        "latent_units": float(served["latent"].sum()),
        "served_first_units": float(served["first"].sum()),
        "served_units": float(served["served"].sum()),
        "holding_cost": float((held * chain.holding).sum()),
        "lost_margin": float((lost * chain.margin[sku]).sum()),
        "waste_cost": float((expired.sum(axis=1) * chain.cost).sum()),
        "stock_value": float((held * chain.cost).sum()),
        "cost_of_goods_sold": float((served["served"].to_numpy(float) * chain.cost[sku]).sum()),
        "demand_points": float(len(points)),
        "short_points": float((points["served"] < points["latent"]).sum()),
    }


def _under_way_inside(chain: ChainIndex, stock: PhysicalStock) -> IntArray:
    """Units (n_skus,) that left one of our locations and have not arrived."""
    moving = np.zeros(len(chain.skus), dtype=np.int64)
    for batches in stock.in_transit.values():
        for rows in batches:
            own = rows[rows["origin"].isin(chain.locations)]
            np.add.at(moving, chain.skus.get_indexer(pd.Index(own["sku"])), whole(own["quantity"]))
    return moving
