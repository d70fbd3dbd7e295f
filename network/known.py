"""What was known at the end of a day: for each table, the rows a planner could have seen by the cutoff.

Every rule looks at the row itself and at nothing dated or known later, so that rows added after the cutoff can never
change what a plan made at the cutoff sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# The column that dates a row of history: it is known at the end of that day.
DATED_BY = {"sales": "date", "stock": "as_of", "receipts": "date", "returns": "date", "counts": "date"}

# The column that says when a row was announced, and the one that stands in where it is empty.
ANNOUNCED_BY = {
    "signals": ("known_at", "date"),
    "promotions": ("known_at", "from"),
    "presales": ("known_at", "ship_from"),
    "adjustments": ("known_at", "from"),
}

# An order that leaves after the cutoff was surely placed before it only in one of these states.
PLACED_STATES = frozenset({"approved", "released", "confirmed"})

STOCK_KEY = ("sku", "location", "stock_type")


def known_mask(name: str, frame: pd.DataFrame, cutoff: pd.Timestamp) -> NDArray[np.bool_]:
    """Say which rows of a table are known at the end of the cutoff day.

    Parameters
    ----------
    name
        Name of the table in the contract.
    frame
        Its canonical rows.
    cutoff
        Last day whose data may be used, inclusive.

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
    if name == "open_orders":
        shipped = frame["ship_date"].isna().to_numpy(dtype=bool) | _before(frame["ship_date"], limit)
        placed = frame["status"].isin(list(PLACED_STATES)).to_numpy(dtype=bool)
        return np.asarray(shipped | placed, dtype=bool)
    return np.ones(len(frame), dtype=bool)


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


def orders_as_known(orders: pd.DataFrame, receipts: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Give every order the state it had at the end of the cutoff day, from what had been received by then.

    An order of which exactly the open quantity has arrived is complete: closed (a partial delivery lowers the open
    quantity instead). An order that later data call closed, of which nothing had arrived and which was not yet due,
    was still on its way: released. This lets a past day be planned again. Without receipts the given state stands.

    Parameters
    ----------
    orders
        Known rows of `open_orders`.
    receipts
        Known rows of `receipts`.
    cutoff
        Last day whose data may be used, inclusive.

    Returns
    -------
    The same rows with `status` as it stood at the cutoff.
    """
    if orders.empty or receipts.empty:
        return orders
    received = receipts.groupby(["order_id", "sku"], observed=True)["quantity"].sum()
    lines = pd.MultiIndex.from_frame(orders[["order_id", "sku"]])
    arrived = received.reindex(lines).to_numpy(dtype=float)
    is_complete = arrived == orders["quantity"].to_numpy(dtype=float)
    is_under_way = (orders["status"] == "closed") & np.isnan(arrived) & (orders["due_date"] > cutoff)
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
    for name, frame in tables.items():
        if frame.empty:
            kept[name] = frame
            continue
        mask = known_mask(name, frame, cutoff)
        kept[name] = frame if mask.all() else frame[mask]
        if not mask.all():
            excluded[name] = int((~mask).sum())
    if len(kept["stock"]):
        kept["stock"] = latest_stock(kept["stock"])
    kept["open_orders"] = orders_as_known(kept["open_orders"], kept["receipts"], cutoff)
    return kept, excluded


def _before(times: pd.Series[Any], limit: pd.Timestamp) -> NDArray[np.bool_]:
    """Return True where the time is given and earlier than the limit; an undated row is never known."""
    return np.asarray((times < limit).to_numpy(dtype=bool), dtype=bool)
