"""The history of the synthetic chain as contract tables: sales, stock, orders, receipts, lots, returns, counts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from experiments.world_config import CHANNELS, Floats, Ints, WorldConfig
from experiments.world_goods import Goods
from experiments.world_places import Places
from experiments.world_rule import OrderLines
from experiments.world_supply import History

TRANSFER_HISTORY_DAYS = 60
"""Closed transfers older than this are not kept; closed purchases are all kept."""
SECOND_SOURCE_EVERY = 6
SECOND_SOURCE_MARKUP = 1.06


def labels(names: Sequence[str], codes: Ints) -> ExtensionArray:
    """Return names by their index as a text column."""
    return pd.array(list(names), dtype="str").take(codes)


def dates_of(config: WorldConfig, days: Ints) -> pd.DatetimeIndex:
    """Return day indexes as dates."""
    return config.first_day + pd.to_timedelta(days, unit="D")


def sales_table(config: WorldConfig, places: Places, goods: Goods, *, history: History, price: Floats) -> pd.DataFrame:
    """Return the contract table `sales`.

    A point that was not on the shelf all day and sold nothing has one row of 0 units without a zone.

    Parameters
    ----------
    price : relative price, (D, S, R, 4).
    """
    day, sku, location, slot, units, hundredths = history.sales.T
    is_nothing = slot < 0
    channel = np.where(is_nothing, np.where(places.tier[location] == 1, 2, 0), slot % len(CHANNELS))
    zone = np.where(is_nothing, len(places.zone_names), slot // len(CHANNELS))
    region = np.where(is_nothing, places.region[location], np.append(places.zone_region, 0)[zone])
    factor = price[day, sku, region, channel]
    order = np.lexsort((zone, channel, location, sku, day))
    return pd.DataFrame(
        {
            "date": dates_of(config, day[order]),
            "sku": labels(goods.names, sku[order]),
            "location": labels(places.names, location[order]),
            "channel": labels(CHANNELS, channel[order]),
            "zone": labels([*places.zone_names, ""], zone[order]),
            "units": units[order],
            "price": np.round(goods.price[sku] * factor, 2)[order],
            "is_promotion": (factor < 1)[order],
            "availability": (hundredths / 100)[order],
        }
    )


def stock_table(config: WorldConfig, places: Places, goods: Goods, *, history: History) -> pd.DataFrame:
    """Return the contract table `stock`: weekly records of every stock point, and damaged goods on the last day."""
    sku, location = np.nonzero(history.is_carried)
    parts = [
        pd.DataFrame(
            {
                "as_of": dates_of(config, np.full(len(sku), day)), "sku": labels(goods.names, sku),
                "location": labels(places.names, location), "on_hand": np.maximum(record[sku, location], 0),
                "allocated": 0, "stock_type": "free",
            }
        )
        for day, record in history.weekly
    ]  # fmt: skip
    returns = history.returns[(history.returns[:, 0] >= config.n_days - 30) & (history.returns[:, 4] == 0)]
    broken = np.zeros(history.is_carried.shape, dtype=np.int64)
    np.add.at(broken, (returns[:, 1], returns[:, 2]), returns[:, 3])
    sku, location = np.nonzero(broken)
    last = dates_of(config, np.full(len(sku), config.n_days - 1))
    damaged = {"as_of": last, "sku": labels(goods.names, sku), "location": labels(places.names, location)}
    parts.append(pd.DataFrame(damaged | {"on_hand": broken[sku, location], "allocated": 0, "stock_type": "damaged"}))
    return pd.concat(parts, ignore_index=True).sort_values(
        ["as_of", "sku", "location", "stock_type"], ignore_index=True
    )


def order_tables(
    config: WorldConfig, places: Places, goods: Goods, *, orders: OrderLines
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the contract tables `open_orders` and `receipts`, and the truth of when open orders will arrive.

    Closed lines stay in `open_orders`, so that receipts have the day on which their order shipped.
    """
    is_open = orders.arrival >= config.n_days
    is_purchase = orders.origin < 0
    keep = np.flatnonzero(is_open | is_purchase | (orders.ship >= config.n_days - TRANSFER_HISTORY_DAYS))
    keep = keep[np.lexsort((orders.destination[keep], orders.sku[keep], orders.origin[keep], orders.ship[keep]))]
    names = [*places.names, *reversed(places.suppliers)]
    number = np.arange(1, len(keep) + 1)
    prefix = np.where(is_purchase[keep], "PO", "TO")
    table = pd.DataFrame(
        {
            "order_id": pd.array([f"{p}{n:07d}" for p, n in zip(prefix, number, strict=True)], dtype="str"),
            "origin": labels(names, orders.origin[keep] % len(names)),
            "destination": labels(places.names, orders.destination[keep]),
            "sku": labels(goods.names, orders.sku[keep]),
            "quantity": orders.quantity[keep],
            "ship_date": dates_of(config, orders.ship[keep]),
            "due_date": dates_of(config, orders.due[keep]),
            "status": np.where(is_open[keep], np.where(is_purchase[keep], "confirmed", "released"), "closed"),
        }
    )
    arrival = pd.DataFrame(
        {"order_id": table["order_id"], "sku": table["sku"], "date": dates_of(config, orders.arrival[keep]),
         "quantity": orders.received[keep]}
    )  # fmt: skip
    is_known = ~is_open[keep]
    receipts = arrival[is_known & (arrival["quantity"] > 0)].sort_values(["order_id", "sku"], ignore_index=True)
    ahead = arrival[~is_known].sort_values("order_id", ignore_index=True)
    return table.sort_values("order_id", ignore_index=True), receipts, ahead


def lots_table(config: WorldConfig, places: Places, goods: Goods, *, history: History) -> pd.DataFrame:
    """Return the contract table `lots` of the perishables: remaining days at sites, full life at central warehouses."""
    perishable = np.flatnonzero(goods.shelf_life)
    row, location, left = np.nonzero(history.shelf.lots)
    quantity = history.shelf.lots[row, location, left]
    fresh_row, central = np.nonzero(history.shelf.true[perishable] * (places.tier == 0))
    sku = perishable[np.concatenate([row, fresh_row])]
    site = np.concatenate([location, central])
    days = np.concatenate([left + 1, goods.shelf_life[perishable[fresh_row]] - 1])
    units = np.concatenate([quantity, history.shelf.true[perishable[fresh_row], central]])
    table = pd.DataFrame(
        {
            "sku": labels(goods.names, sku), "location": labels(places.names, site),
            "expiry_date": dates_of(config, config.n_days - 1 + days), "quantity": units,
        }
    )  # fmt: skip
    return table.sort_values(["sku", "location", "expiry_date"], ignore_index=True)


def returns_table(config: WorldConfig, places: Places, goods: Goods, *, history: History) -> pd.DataFrame:
    """Return the contract table `returns`."""
    day, sku, location, units, is_good = history.returns.T
    table = pd.DataFrame(
        {
            "date": dates_of(config, day), "sku": labels(goods.names, sku), "location": labels(places.names, location),
            "channel": np.where(places.tier[location] == 2, "walk_in", "delivery"), "units": units,
            "resalable_share": is_good.astype(float),
        }
    )  # fmt: skip
    return table.sort_values(["date", "sku", "location"], ignore_index=True)


def counts_table(config: WorldConfig, places: Places, goods: Goods, *, history: History) -> pd.DataFrame:
    """Return the contract table `counts`."""
    day, sku, location, recorded, counted = history.counts.T
    table = pd.DataFrame(
        {
            "date": dates_of(config, day), "sku": labels(goods.names, sku), "location": labels(places.names, location),
            "recorded": recorded, "counted": counted, "reason": "random",
        }
    )  # fmt: skip
    return table.sort_values(["date", "sku", "location"], ignore_index=True)


def sourcing_table(config: WorldConfig, places: Places, goods: Goods) -> pd.DataFrame:
    """Return the contract table `sourcing`: the supplier of each SKU, and a dearer second one for every sixth."""
    rng = config.stream("sourcing")
    n = len(goods.names)
    first = pd.DataFrame(
        {
            "sku": goods.names, "origin": labels(places.suppliers, goods.supplier), "destination": "tier:central",
            "priority": 1, "unit_cost": goods.cost, "order_multiple": goods.case_pack, "min_order_quantity": goods.moq,
            "cases_per_pallet": rng.integers(20, 80, n),
        }
    )  # fmt: skip
    other = (goods.supplier + 1) % len(places.suppliers)
    second = first.assign(
        origin=labels(places.suppliers, other), priority=2, unit_cost=np.round(goods.cost * SECOND_SOURCE_MARKUP, 2)
    )
    table = pd.concat([first, second[np.arange(n) % SECOND_SOURCE_EVERY == 0]], ignore_index=True)
    table["supplier_item_code"] = table["origin"] + "-" + table["sku"].str[1:]
    ordered: pd.DataFrame = table.sort_values(["sku", "priority"], ignore_index=True)
    return ordered


def suppliers_table(places: Places, *, daily_units: float) -> pd.DataFrame:
    """Return the contract table `suppliers`; each could deliver the whole chain's usual weekly demand."""
    return pd.DataFrame(
        {
            "supplier": places.suppliers,
            "weekly_capacity": float(np.ceil(daily_units * 7 / 100) * 100),
            "min_order_value": [800.0, 1500.0, 2000.0, 1000.0],
            "commit_fence_days": [2, 3, 5, 4],
        }
    )
