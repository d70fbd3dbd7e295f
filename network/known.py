"""What was known at the end of a day: for each table, the rows a planner could have seen by the cutoff.

Every rule looks at the row itself and at no value dated or known later, so that rows added after the cutoff can never
change what a plan made at the cutoff sees. One thing is asked of later days: whether there are any, because only then
may an order that leaves after the cutoff have been placed after it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.orders_to_come import COMING_STATES, received_units

# The column that dates a row of history: it is known at the end of that day.
DATED_BY = {"sales": "date", "stock": "as_of", "receipts": "date", "returns": "date", "counts": "date"}

# The column that says when a row was announced, and the one that stands in where it is empty.
ANNOUNCED_BY = {
    "signals": ("known_at", "date"),
    "promotions": ("known_at", "from"),
    "presales": ("known_at", "ship_from"),
    "adjustments": ("known_at", "from"),
}

# An order that leaves after the cutoff and does not say when it was placed was placed by then only in one of these.
PLACED_STATES = frozenset(str(state) for state in COMING_STATES)

STOCK_KEY = ("sku", "location", "stock_type")


def known_mask(name: str, frame: pd.DataFrame, cutoff: pd.Timestamp, *, is_past: bool = False) -> NDArray[np.bool_]:
    """Say which rows of a table are known at the end of the cutoff day.

    Parameters
    ----------
    name
        Name of the table in the contract.
    frame
        Its canonical rows.
    cutoff
        Last day whose data may be used, inclusive.
    is_past
        Whether the tables tell of later days too, so that an open order in them may have been placed since.

    Returns
    -------
    True where the row may be used, shape (n_rows,).
    """
    limit = cutoff + pd.Timedelta(days=1)
    if name in DATED_BY:
        return _before(frame[DATED_BY[name]], limit)
    if name in ANNOUNCED_BY:
        known_at, stand_in = ANNOUNCED_BY[name]
        announced = frame[known_at]
        if stand_in in frame.columns:
            announced = announced.fillna(frame[stand_in])
        return _before(announced, limit)
    if name == "confirmations":  # one that does not say when it was told has always been known
        return frame["known_at"].isna().to_numpy(dtype=bool) | _before(frame["known_at"], limit)
    if name == "open_orders":
        return _placed(frame, limit, is_past=is_past)
    return np.ones(len(frame), dtype=bool)


def _placed(orders: pd.DataFrame, limit: pd.Timestamp, *, is_past: bool) -> NDArray[np.bool_]:
    """Orders placed before the limit.

    One that does not say when it was placed counts from the day it ships; tonight, an order on its way to be shipped
    counts too, which a past night cannot tell from one that was placed since.
    """
    shipped = orders["ship_date"].isna().to_numpy(dtype=bool) | _before(orders["ship_date"], limit)
    living = orders["status"].isin(list(PLACED_STATES)).to_numpy(dtype=bool)
    is_dated = orders["placed_on"].notna().to_numpy(dtype=bool)
    assumed = shipped if is_past else shipped | living
    return np.asarray(np.where(is_dated, _before(orders["placed_on"], limit), assumed), dtype=bool)


def is_past_night(tables: Mapping[str, pd.DataFrame], cutoff: pd.Timestamp) -> bool:
    """Say whether the tables tell of a whole day after the cutoff: one with both sales and stock.

    Stock counted at an hour of the day after the cutoff does not end that day: a second run inside it is still tonight.

    Parameters
    ----------
    tables
        Canonical tables by name.
    cutoff
        Last day whose data may be used, inclusive.
    """
    if "sales" not in tables or "stock" not in tables:
        return False
    tomorrow, counted = cutoff + pd.Timedelta(days=1), tables["stock"]["as_of"]
    days = counted.dt.normalize()
    later = days[(days > tomorrow) | ((days == tomorrow) & (counted == days))].unique()
    return bool(len(later)) and bool(tables["sales"]["date"].dt.normalize().isin(later).any())


def latest_stock(stock: pd.DataFrame) -> pd.DataFrame:
    """Keep the last known row of every (sku, location, stock type).

    Parameters
    ----------
    stock
        Rows of `stock`, none after the cutoff.

    Returns
    -------
    At most one row a stock point and stock type: the latest, where a bare date means the end of its day.
    """
    as_of = stock["as_of"]
    counted = as_of.mask(as_of == as_of.dt.normalize(), as_of + pd.Timedelta(days=1))
    ordered = stock.iloc[np.argsort(counted.to_numpy(dtype="datetime64[ns]"), kind="stable")]
    return ordered.drop_duplicates(list(STOCK_KEY), keep="last")


def orders_as_known(
    orders: pd.DataFrame, receipts: pd.DataFrame, cutoff: pd.Timestamp, *, is_past: bool = False
) -> pd.DataFrame:
    """Give every order the state it had at the end of the cutoff day, from what had been received by then.

    An order of which all that was ordered has arrived is complete: closed. An order that is called closed, of which
    nothing had arrived and which was not yet due, was still on its way: released; on a past night, so was one of which
    a part had arrived. This lets a past day be planned again. Without receipts the given state stands.

    Parameters
    ----------
    orders
        Known rows of `open_orders`.
    receipts
        Known rows of `receipts`.
    cutoff
        Last day whose data may be used, inclusive.
    is_past
        Whether the tables tell of later days too.

    Returns
    -------
    The same rows with `status` as it stood at the cutoff.
    """
    if orders.empty or receipts.empty:
        return orders
    arrived, ordered = received_units(orders, receipts), orders["quantity"].to_numpy(dtype=np.float64)
    is_complete = (arrived > 0) & (arrived >= ordered)
    is_under_way = (orders["status"] == "closed") & (orders["due_date"] > cutoff) & (is_past | (arrived == 0))
    status = orders["status"].mask(is_under_way, "released").mask(is_complete, "closed")
    return orders.assign(status=status)


def known_tables(
    tables: Mapping[str, pd.DataFrame], cutoff: pd.Timestamp
) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Cut every table down to what was known at the end of the cutoff day.

    Parameters
    ----------
    tables
        Canonical tables by name.
    cutoff
        Last day whose data may be used, inclusive.

    Returns
    -------
    The known rows by table, and how many rows were left out by table (only tables that lost rows).
    """
    kept: dict[str, pd.DataFrame] = {}
    excluded: dict[str, int] = {}
    is_past = is_past_night(tables, cutoff)
    for name, frame in tables.items():
        if frame.empty:
            kept[name] = frame
            continue
        mask = known_mask(name, frame, cutoff, is_past=is_past)
        kept[name] = frame if mask.all() else frame[mask]
        if not mask.all():
            excluded[name] = int((~mask).sum())
    if len(kept["stock"]):
        kept["stock"] = latest_stock(kept["stock"])
    kept["open_orders"] = orders_as_known(kept["open_orders"], kept["receipts"], cutoff, is_past=is_past)
    return kept, excluded


def _before(times: pd.Series[Any], limit: pd.Timestamp) -> NDArray[np.bool_]:
    """Return True where the time is given and earlier than the limit; an undated row is never known."""
    return np.asarray((times < limit).to_numpy(dtype=bool), dtype=bool)
