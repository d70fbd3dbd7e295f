"""Inventory position and available to promise: the one place where either is defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from network.columns import Channel, Mode, Tier
from network.orders_to_come import orders_to_come

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

KEY = ["sku", "location"]
POSITION_COLUMNS = (
    *("sku", "location", "on_hand", "allocated", "backorders", "on_order", "in_transit", "inventory_position"),
)
PROMISE_COLUMNS = ("sku", "channel", "zone", "day", "quantity")
# Level of tomorrow's walk-in demand that is kept for those who come to the shop.
WALK_IN_LEVEL = 0.9
# Sales this recent tell how much of a place's demand walks in [days].
CHANNEL_WINDOW_DAYS = 56
_LINE_COLUMNS = ["order_id", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]


def inventory_positions(
    snapshot: Snapshot,
    network: SupplyNetwork,
    released: pd.DataFrame | None = None,
    *,
    series: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Inventory position = on_hand + on_order - backorders - allocated, for every own stock point.

    `on_order` includes `in_transit`; what has been received or was never confirmed is not in it. Goods that open orders
    will still take out of a location count as allocated there. Nothing is ordered twice: a line of ours counts from the
    night it is released, and as soon as `open_orders.external_ref` names it, the system of record counts instead.

    Parameters
    ----------
    snapshot
        What is known at the cutoff.
    network
        Locations and lanes of the same snapshot.
    released
        Lines of earlier runs, released and perhaps not yet acknowledged: order_id, origin, destination, sku,
        quantity, ship_date, due_date.
    series
        More stock points (sku, location), such as those of a forecast.

    Returns
    -------
    `POSITION_COLUMNS`, whole units, sorted by (sku, location): the stock points of stock, assortment, open orders and
    `series`, and the central warehouses that can feed them; suppliers are left out.
    """
    coming = coming_lines(snapshot, released)
    free = snapshot.table("stock").query("stock_type == 'free'")
    points = _stock_points(snapshot, network, coming=coming, series=series)
    recorded = _summed(free.assign(on_hand=free["on_hand"].fillna(0), allocated=free["allocated"].fillna(0)), points)
    inbound = coming.rename(columns={"destination": "location"})
    is_moving = inbound["ship_date"] <= snapshot.cutoff
    on_order = _quantity_at(inbound, points)
    in_transit = _quantity_at(inbound[is_moving], points)
    promised = coming[coming["ship_date"] > snapshot.cutoff].rename(columns={"origin": "location"})
    ours = promised["is_ours"].to_numpy(dtype=bool)
    # The record may already hold what its own orders take; it cannot hold ours, of which it does not know yet.
    allocated = np.maximum(recorded["allocated"], _quantity_at(promised[~ours], points))
    allocated = allocated + _quantity_at(promised[ours], points)
    on_hand = np.maximum(recorded["on_hand"], 0)
    backorders = np.maximum(-recorded["on_hand"], 0)
    values = (on_hand, allocated, backorders, on_order, in_transit, on_hand + on_order - backorders - allocated)
    return points.assign(**dict(zip(POSITION_COLUMNS[2:], values, strict=True)))


def coming_lines(snapshot: Snapshot, released: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the order lines that will bring goods: what is still to come of open orders, and unacknowledged lines.

    Parameters
    ----------
    snapshot
        What is known at the cutoff.
    released
        As for `inventory_positions`.

    Returns
    -------
    order_id, origin, destination, sku, quantity, ship_date, due_date, is_ours; only lines with a quantity.
    """
    parts = [orders_to_come(snapshot)[_LINE_COLUMNS].assign(is_ours=False)]
    if released is not None and len(released):
        acknowledged = set(snapshot.table("open_orders")["external_ref"].dropna().astype(str)) - {""}
        waiting = released.loc[~released["order_id"].astype(str).isin(acknowledged), _LINE_COLUMNS]
        parts.append(waiting.assign(is_ours=True))
    lines = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return lines[lines["quantity"].fillna(0) > 0].reset_index(drop=True)


def arrivals(
    snapshot: Snapshot, released: pd.DataFrame | None, network: SupplyNetwork, *, cutoff: pd.Timestamp, horizon: int
) -> pd.DataFrame:
    """Return what open and released orders bring, by day.

    Parameters
    ----------
    snapshot, released, network
        As for `inventory_positions`.
    cutoff
        Last day before the plan.
    horizon
        Days planned; later arrivals are left out.

    Returns
    -------
    sku, location, day (index 0 = cutoff + 1), quantity [units], sorted and summed. An order that should have arrived
    counts on day 0; one without a due date arrives after its lane's lead time.
    """
    lines = coming_lines(snapshot, released)
    quickest = network.lanes.groupby(["origin", "destination"], observed=True)["lead_time_days"].min()
    pairs = pd.MultiIndex.from_arrays([lines["origin"].astype("str"), lines["destination"].astype("str")])
    lead = pd.to_timedelta(quickest.reindex(pairs).fillna(1).clip(lower=1).to_numpy() - 1, unit="D")
    departs = lines["ship_date"].fillna(cutoff + pd.Timedelta(days=1))
    due = lines["due_date"].fillna(departs + pd.Series(lead, index=lines.index))
    day = ((due - cutoff).dt.days - 1).clip(lower=0)
    suppliers = network.locations.loc[network.locations["tier"] == Tier.SUPPLIER, "location"]
    kept = (day < horizon) & ~lines["destination"].isin(suppliers)
    rows = lines.assign(location=lines["destination"], day=day)[kept]
    summed = rows.groupby([*KEY, "day"], observed=True, as_index=False)["quantity"].sum()
    frame = pd.DataFrame({name: summed[name] for name in (*KEY, "day", "quantity")})
    return frame.astype({"sku": "str", "location": "str", "day": "int64", "quantity": "int64"})


def available_to_promise(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    positions: pd.DataFrame,
    arrivals: pd.DataFrame,
    days: tuple[int, ...] = (0,),
) -> pd.DataFrame:
    """Units that may be promised: free on hand - allocated - presale reserve - walk-in protection - display - buffer.

    Confirmed receipts up to the day are added; each location's result is floored at 0. A zone and channel may draw on
    every location that serves it; a zone without serving rules on those that stand in it. Customers who walk in are
    not kept from the units that are kept for them.

    Parameters
    ----------
    snapshot, network
        What is known; serving rules.
    forecast
        Demand, for the walk-in protection.
    positions, arrivals
        Results of `inventory_positions` and `arrivals`.
    days
        Day indexes wanted; 0 is the day after the cutoff.

    Returns
    -------
    `PROMISE_COLUMNS`, sorted; quantity in whole units. One location may stand behind several zones and channels.
    """
    free = positions["on_hand"] - positions["allocated"] - positions["backorders"]
    kept = _display(snapshot, positions) + _presale_reserve(snapshot, network, positions)
    kept = kept + _record_buffer(snapshot, positions)
    walk_in = _walk_in_protection(snapshot, forecast, positions)
    serving = _serving(network)
    frames = []
    for day in days:
        received = _quantity_at(arrivals[arrivals["day"] <= day], positions[KEY])
        base = positions[KEY].assign(shop=free - kept + received, other=free - kept + received - walk_in, day=day)
        rows = base.merge(serving, on="location")
        is_shop = rows["channel"] == Channel.WALK_IN
        frames.append(rows.assign(quantity=rows["shop"].where(is_shop, rows["other"]).clip(lower=0)))
    table = pd.concat(frames, ignore_index=True)
    summed = table.groupby(list(PROMISE_COLUMNS[:-1]), as_index=False)["quantity"].sum()
    return pd.DataFrame({name: summed[name] for name in PROMISE_COLUMNS}).astype({"quantity": "int64"})


def _serving(network: SupplyNetwork) -> pd.DataFrame:
    """Locations behind each zone and channel; without rules, each own location behind the zone it stands in."""
    rules = network.serving[["zone", "channel", "location"]].drop_duplicates()
    places = network.locations[network.locations["tier"].isin([str(Tier.STORE), str(Tier.FORWARD)])]
    alone = places[~places["zone"].isin(rules["zone"]) | ~places["location"].isin(rules["location"])]
    own = pd.DataFrame({"zone": alone["zone"].fillna(""), "location": alone["location"]})
    own = own.assign(channel=str(Channel.WALK_IN))
    return pd.concat([rules, own], ignore_index=True).drop_duplicates(["zone", "channel", "location"])


def _display(snapshot: Snapshot, positions: pd.DataFrame) -> pd.Series[int]:
    """Display stock of each point."""
    shown = snapshot.table("assortment").rename(columns={"presentation_stock": "quantity"})
    return _quantity_at(shown[[*KEY, "quantity"]], positions[KEY])


def _presale_reserve(snapshot: Snapshot, network: SupplyNetwork, positions: pd.DataFrame) -> pd.Series[int]:
    """Units with a deposit, kept where they are fetched, else at the first location that serves the zone."""
    presales = snapshot.table("presales")
    first = network.serving.drop_duplicates(["zone", "channel"]).set_index(["zone", "channel"])["location"]
    pairs = pd.MultiIndex.from_arrays([presales["zone"].fillna(""), presales["channel"]])
    serving = pd.Series(first.reindex(pairs).to_numpy(dtype=object), index=presales.index)
    place = presales["pickup_location"].where(presales["pickup_location"].fillna("") != "", serving)
    lines = pd.DataFrame({"sku": presales["sku"], "location": place, "quantity": np.ceil(presales["deposits"])})
    return _quantity_at(lines.dropna(subset=["location"]), positions[KEY])


def _record_buffer(snapshot: Snapshot, positions: pd.DataFrame) -> pd.Series[int]:
    """Units that may not be there: the place's error share in random counts, of what is on record."""
    counts = snapshot.table("counts").query("reason == 'random'")
    off = counts.assign(off=(counts["recorded"] - counts["counted"]).clip(lower=0))
    sums = off.groupby("location")[["off", "recorded"]].sum()
    share = (sums["off"] / sums["recorded"].where(sums["recorded"] > 0)).reindex(positions["location"]).fillna(0.0)
    return pd.Series(np.ceil(share.to_numpy() * positions["on_hand"].to_numpy() - 1e-9), index=positions.index)


def _walk_in_protection(snapshot: Snapshot, forecast: Forecast, positions: pd.DataFrame) -> pd.Series[int]:
    """Tomorrow's walk-in demand at the protected level: the quantile of all demand times the walk-in share."""
    sales = snapshot.table("sales")
    recent = sales[sales["date"] > snapshot.cutoff - pd.Timedelta(days=CHANNEL_WINDOW_DAYS)]
    walked = recent["units"].where(recent["channel"].fillna("") == Channel.WALK_IN, 0.0)
    total = recent.groupby("location")["units"].sum()
    share = walked.groupby(recent["location"]).sum() / total.where(total > 0)
    level = forecast.interval_quantiles(np.array([WALK_IN_LEVEL]), 0, 1)[:, 0]
    keys = pd.MultiIndex.from_frame(forecast.series[KEY])
    demand = pd.Series(level, index=keys).reindex(pd.MultiIndex.from_frame(positions[KEY])).fillna(0.0).to_numpy()
    shares = share.reindex(positions["location"]).fillna(0.0).to_numpy(dtype=np.float64)
    return pd.Series(np.ceil(demand * shares - 1e-9), index=positions.index)


def _stock_points(
    snapshot: Snapshot, network: SupplyNetwork, *, coming: pd.DataFrame, series: pd.DataFrame | None
) -> pd.DataFrame:
    """Every own (sku, location) that holds, carries, expects or may pass on goods, sorted."""
    parts = [snapshot.table("stock")[KEY], snapshot.table("assortment")[KEY]]
    parts.append(coming.rename(columns={"destination": "location"})[KEY])
    if series is not None:
        parts.append(series[KEY])
    points = pd.concat([part.astype("str") for part in parts], ignore_index=True).drop_duplicates()
    tier = network.locations.set_index("location")["tier"]
    lanes = network.lanes[network.lanes["mode"] == Mode.TRANSFER]
    feeds = lanes.loc[lanes["origin"].map(tier) == Tier.CENTRAL, ["origin", "destination"]].drop_duplicates()
    for _ in range(2):  # a central warehouse may be fed by another one
        passed = points.merge(feeds, left_on="location", right_on="destination")
        upstream = passed[["sku", "origin"]].rename(columns={"origin": "location"})
        points = pd.concat([points, upstream.astype("str")], ignore_index=True).drop_duplicates()
    own = set(tier.index[tier != Tier.SUPPLIER])
    return points[points["location"].isin(own)].sort_values(KEY).reset_index(drop=True)


def _summed(stock: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Recorded on hand and allocated of each point, whole units rounded down."""
    sums = stock.groupby(KEY, observed=True)[["on_hand", "allocated"]].sum()
    found = sums.reindex(pd.MultiIndex.from_frame(points)).fillna(0)
    return (found // 1).astype("int64").reset_index(drop=True)


def _quantity_at(lines: pd.DataFrame, points: pd.DataFrame) -> pd.Series:
    """Summed quantity of the lines at each point, whole units."""
    sums = lines.groupby(KEY, observed=True)["quantity"].sum()
    return sums.reindex(pd.MultiIndex.from_frame(points)).fillna(0).astype("int64").reset_index(drop=True)
