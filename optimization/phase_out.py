"""A SKU's days at a place: the first and last on which it sells, and the display that stands there between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def last_sale_day(positions: pd.DataFrame, snapshot: Snapshot) -> Ints:
    """Last day index on which each SKU is sold at each place: its end, its delisting or the place's last day."""
    dates = _dates(positions, snapshot, sku="end_date", location="closes", pair="to")
    return _day_index(dates.min(axis=1), snapshot.cutoff, without=np.iinfo(np.int32).max)


def first_sale_day(positions: pd.DataFrame, snapshot: Snapshot) -> Ints:
    """First day index on which each SKU is sold at each place: its launch, its listing or the place's first day."""
    dates = _dates(positions, snapshot, sku="launch_date", location="opens", pair="from")
    return _day_index(dates.max(axis=1), snapshot.cutoff, without=np.iinfo(np.int32).min)


def _dates(positions: pd.DataFrame, snapshot: Snapshot, *, sku: str, location: str, pair: str) -> pd.DataFrame:
    """Dates of each point's SKU, location and assortment, by the names of their columns."""
    skus = snapshot.table("skus").set_index("sku")[sku]
    locations = snapshot.table("locations").set_index("location")[location]
    pairs = snapshot.table("assortment").set_index(["sku", "location"])[pair]
    found = {
        "sku": skus.reindex(positions["sku"]).to_numpy(),
        "location": locations.reindex(positions["location"]).to_numpy(),
        "pair": pairs.reindex(pd.MultiIndex.from_frame(positions[["sku", "location"]])).to_numpy(),
    }
    return pd.DataFrame(found).astype("datetime64[ns]")


def _day_index(dates: pd.Series[pd.Timestamp], cutoff: pd.Timestamp, *, without: int) -> Ints:
    """Day index of dates, `without` where there is none."""
    days: Ints = np.asarray(((dates - cutoff).dt.days - 1).fillna(without).to_numpy(dtype=np.int64))
    return days


def display_share(first_day: Ints, last_day: Ints, protection_days: Ints, day: npt.ArrayLike) -> Floats:
    """Share of its display that a point keeps at the end of a day: 1, then linearly down to 0 on the last day.

    It is there from the evening before the first day of sale on. The way down takes one protection interval, so that
    the last order already leaves the display to be sold. Example: first day 2, last day 6 and a protection interval of
    4 days: 0 on day 0, 1 on days 1 and 2, then 0.75, 0.5, 0.25, and 0 from day 6 on.

    Parameters
    ----------
    first_day, last_day
        (n,) first and last day index of sale, as `first_sale_day` and `last_sale_day` give them.
    protection_days
        (n,) days that an order must cover, at least 1.
    day
        Day indexes that broadcast with (n,).
    """
    left = np.clip((last_day - np.asarray(day)) / np.maximum(protection_days, 1), 0.0, 1.0)
    share: Floats = np.where(np.asarray(day) >= first_day - 1, left, 0.0)
    return share


def shelf_floor(positions: pd.DataFrame, targets: pd.DataFrame, snapshot: Snapshot, *, horizon: int) -> Ints:
    """Units asked for before any demand, (n, T): display or minimum stock, backorders, and promises beyond the stock.

    Parameters
    ----------
    positions, targets
        Results of `inventory_positions` and `stock_targets`, row by row the same points.
    snapshot
        First days of sale, before which nothing is shown, and last days, towards which the display goes down to 0.
    horizon
        Days planned T.
    """
    missing = np.maximum((positions["allocated"] - positions["on_hand"]).to_numpy(dtype=np.int64), 0)
    display = targets[["presentation_stock", "min_stock"]].max(axis=1).to_numpy(dtype=np.float64)
    protection = targets["protection_days"].to_numpy(dtype=np.float64)
    first, last = first_sale_day(positions, snapshot), last_sale_day(positions, snapshot)
    days = np.maximum(protection, 1).astype(np.int64)
    share = display_share(first[:, None], last[:, None], days[:, None], np.arange(horizon))
    promised = missing + positions["backorders"].to_numpy(dtype=np.int64)
    floor: Ints = np.ceil(display[:, None] * share - 1e-9).astype(np.int64) + promised[:, None]
    return floor
