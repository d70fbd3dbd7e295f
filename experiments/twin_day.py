"""What happens in one day of a replay: goods leave and arrive, customers are served, money is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.twin_stock import ChainIndex, IntArray, PhysicalStock, indexes, whole
from network.contracts import Channel

# Share of the day that goods were on the shelf where they sold out: the hour is not recorded, so half.
SOLD_OUT_AVAILABILITY = 0.5

_CHANNELS = pd.Index([str(channel) for channel in Channel])
_NO_ROWS = np.zeros((0, 7), dtype=np.int64)


def dispatch(chain: ChainIndex, stock: PhysicalStock, moves: pd.DataFrame) -> dict[str, float]:
    """Take moves off their origins' shelves and put them under way; returns what their transport costs.

    Raises
    ------
    ValueError
        If a policy ships more than a location has.
    """
    if moves.empty:
        return {"logistics_cost": 0.0, "trucks": 0.0, "truck_cost": 0.0, "truck_fill_cost": 0.0, "co2_kg": 0.0}
    for origin, rows in moves[moves["origin"].isin(chain.locations)].groupby("origin"):
        wanted = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(wanted, chain.skus.get_indexer(pd.Index(rows["sku"])), whole(rows["quantity"]))
        taken = stock.take(_row(chain.locations, str(origin)), wanted)
        if (taken < wanted).any():
            raise ValueError(f"a policy shipped more than {origin} had: {chain.skus[taken < wanted].tolist()[:5]}")
    tagged = moves.assign(order_id=[f"{d:%Y%m%d}-{i}" for i, d in enumerate(moves["ship_date"])])
    for due, rows in tagged.groupby("due_date"):
        stock.in_transit.setdefault(pd.Timestamp(str(due)), []).append(rows)
    return _transport(chain, moves)


def _row(index: pd.Index[Any], value: str) -> int:
    return int(index.get_indexer(pd.Index([value]))[0])


def _transport(chain: ChainIndex, moves: pd.DataFrame) -> dict[str, float]:
    """Whole trucks or parcels, and freight by the unit on own lanes; fill is that of trucks."""
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
    is_truck = (lane["vehicle"] == "truck").to_numpy()
    truck_cost = float((trucks * cost)[is_truck].sum())
    return {
        "logistics_cost": float((trucks * cost).sum() + freight),
        "trucks": float(trucks[is_truck].sum()),
        "truck_cost": truck_cost,
        "truck_fill_cost": float((np.minimum(share, trucks) * cost)[is_truck].sum()),
        "co2_kg": float((trucks * lane["co2_kg_per_truck"].to_numpy(float))[is_truck].sum()),
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


@dataclass(frozen=True)
class Asked:
    """What the customers of one zone and channel ask for on one day.

    Parameters
    ----------
    zone, channel
        Rows of the chain's zones and of the channels.
    units
        (n_skus,) latent demand.
    order
        Locations that serve them, first choice first.
    """

    zone: int
    channel: int
    units: IntArray
    order: IntArray


def asked_by_day(chain: ChainIndex, demand: pd.DataFrame) -> dict[pd.Timestamp, list[Asked]]:
    """Turn a table of latent demand (date, sku, zone, channel, units) into arrays by day."""
    rows = demand.assign(sku_row=chain.skus.get_indexer(pd.Index(demand["sku"])), whole_units=whole(demand["units"]))
    nobody = np.empty(0, dtype=np.int64)
    zone_row = {str(zone): row for row, zone in enumerate(chain.zones)}
    channel_row = {str(channel): row for row, channel in enumerate(_CHANNELS)}
    days: dict[pd.Timestamp, list[Asked]] = {}
    for key, group in rows.groupby(["date", "zone", "channel"]):
        date, zone, channel = pd.Timestamp(str(key[0])), str(key[1]), str(key[2])
        units = np.zeros(len(chain.skus), dtype=np.int64)
        np.add.at(units, group["sku_row"].to_numpy(), group["whole_units"].to_numpy())
        order = chain.servers.get((zone, channel), nobody)
        days.setdefault(date, []).append(Asked(zone_row[zone], channel_row[channel], units, order))
    return days


def serve_day(
    chain: ChainIndex, stock: PhysicalStock, asked: list[Asked], *, today: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Serve a day's demand zone by zone and channel by channel in serving order; what nobody has is lost.

    Returns
    -------
    Sales of the day as the chain would record them, with availability; and latent, first-choice and total served
    units by SKU and first-choice location.
    """
    opened = stock.on_hand()
    sold, service = [_NO_ROWS], [_NO_ROWS]
    for group in asked:
        by_rank = _serve_in_order(stock, group.units, group.order)
        for units, location in zip(by_rank, group.order, strict=True):
            sold.append(_filled(units > 0, (int(location), group.zone, group.channel), (units,)))
        none = np.zeros_like(group.units)
        first, total = (by_rank[0], np.sum(by_rank, axis=0)) if by_rank else (none, none)
        home = int(group.order[0]) if len(group.order) else -1
        service.append(_filled(group.units > 0, (home, group.zone, group.channel), (group.units, first, total)))
    sales = _sales_table(chain, np.concatenate(sold), opened=opened, closed=stock.on_hand(), today=today)
    return sales, _service_table(chain, np.concatenate(service))


def _filled(mask: npt.NDArray[np.bool_], places: tuple[int, ...], values: tuple[IntArray, ...]) -> IntArray:
    """Rows (SKU, location, zone, channel, up to three values) of the SKUs in a mask."""
    rows = np.zeros((int(mask.sum()), 7), dtype=np.int64)
    rows[:, 0] = np.flatnonzero(mask)
    rows[:, 1:4] = places
    for column, value in enumerate(values, start=4):
        rows[:, column] = value[mask]
    return rows


def _sales_table(
    chain: ChainIndex, sold: IntArray, *, opened: IntArray, closed: IntArray, today: pd.Timestamp
) -> pd.DataFrame:
    """Sales of a day with availability, and rows of zero for points that opened with nothing and sold nothing."""
    has_sold = np.zeros(opened.shape, dtype=bool)
    has_sold[sold[:, 0], sold[:, 1]] = True
    sku, location = np.nonzero((opened == 0) & ~has_sold & chain.is_assorted)
    n_empty = len(sku)
    left = closed[sold[:, 0], sold[:, 1]] > 0
    return pd.DataFrame({
        "date": today,
        "sku": chain.skus[np.r_[sold[:, 0], sku]],
        "location": chain.locations[np.r_[sold[:, 1], location]],
        "channel": np.r_[np.asarray(_CHANNELS)[sold[:, 3]], np.full(n_empty, str(Channel.WALK_IN))],
        "zone": np.r_[np.asarray(chain.zones)[sold[:, 2]], np.full(n_empty, "")],
        "units": np.r_[sold[:, 4], np.zeros(n_empty, dtype=np.int64)],
        "availability": np.r_[np.where(left, 1.0, SOLD_OUT_AVAILABILITY), np.zeros(n_empty)],
    })  # fmt: skip


def _service_table(chain: ChainIndex, service: IntArray) -> pd.DataFrame:
    home = np.where(service[:, 1] >= 0, np.asarray(chain.locations)[service[:, 1]], "")
    values = {"latent": service[:, 4], "first": service[:, 5], "served": service[:, 6]}
    return pd.DataFrame({"sku": chain.skus[service[:, 0]], "location": home, **values})


def _serve_in_order(stock: PhysicalStock, wanted: IntArray, order: IntArray) -> list[IntArray]:
    """Units served by each location in turn."""
    left, served = wanted, []
    for location in order:
        units = stock.take(int(location), left)
        left = left - units
        served.append(units)
    return served


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


def place_service(chain: ChainIndex, served: pd.DataFrame) -> IntArray:
    """Customers of each first-choice place on a day, rows as the fields of `kpis.PlaceService`, (4, n_locations)."""
    points = served.groupby(["sku", "location"], as_index=False)[["latent", "first", "served"]].sum()
    at = np.asarray(chain.locations.get_indexer(pd.Index(points["location"])), dtype=np.int64)
    latent, first, total = (points[name].to_numpy(np.int64)[at >= 0] for name in ("latent", "first", "served"))
    sums = np.zeros((4, len(chain.locations)), dtype=np.int64)
    for row, values in enumerate(((latent > 0).astype(np.int64), (total < latent).astype(np.int64), latent, first)):
        np.add.at(sums[row], at[at >= 0], values)
    return sums


def _under_way_inside(chain: ChainIndex, stock: PhysicalStock) -> IntArray:
    """Units (n_skus,) that left one of our locations and have not arrived."""
    moving = np.zeros(len(chain.skus), dtype=np.int64)
    for batches in stock.in_transit.values():
        for rows in batches:
            own = rows[rows["origin"].isin(chain.locations)]
            np.add.at(moving, chain.skus.get_indexer(pd.Index(own["sku"])), whole(own["quantity"]))
    return moving
