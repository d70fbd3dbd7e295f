"""Which stock points have demand of their own, and from which day to which they live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]

# Tiers whose stock meets customers even before their first sale; central needs a sale to count.
SELLING_TIERS = ("store", "forward")
# Day index of an end that is not in sight.
NO_END = 10**6


@dataclass(frozen=True, eq=False)
class SaleDays:
    """Rows of the sales table by series and day.

    Parameters
    ----------
    series, day
        (m,) row of the stock point and day index.
    is_sold
        (m,) whether any unit was sold.
    """

    series: Ints
    day: Ints
    is_sold: npt.NDArray[np.bool_]


def stock_points(sales: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> pd.DataFrame:
    """Return every pair that sold, is assorted or holds stock where customers buy, with its attributes.

    Parameters
    ----------
    sales
        Booked sales.
    snapshot
        For assortment, stock and SKU attributes.
    network
        For locations and their tiers.

    Returns
    -------
    sku, location, category, brand, unit_price [money/unit], tier, region, zone; sorted by (sku, location), RangeIndex.
    """
    locations = network.locations[["location", "tier", "region", "zone"]]
    selling = locations.loc[locations["tier"].isin(SELLING_TIERS), "location"]
    kept = [snapshot.table("assortment")[["sku", "location"]], snapshot.table("stock")[["sku", "location"]]]
    extra = pd.concat(kept, ignore_index=True)
    own = locations.loc[locations["tier"] != "supplier", "location"]
    sold = sales.loc[sales["location"].isin(own), ["sku", "location"]].drop_duplicates()
    pairs = pd.concat([sold, extra[extra["location"].isin(selling)]], ignore_index=True).drop_duplicates()
    skus = snapshot.table("skus")[["sku", "category", "brand", "unit_price"]]
    series = pairs.merge(skus, on="sku", how="left").merge(locations, on="location", how="left")
    text = ["category", "brand", "tier", "region", "zone"]
    series[text] = series[text].astype("str").fillna("")
    return series.sort_values(["sku", "location"], kind="stable", ignore_index=True)


def life_spans(series: pd.DataFrame, snapshot: Snapshot, *, records: SaleDays, first: pd.Timestamp) -> pd.DataFrame:
    """Add first_day and last_day, as day indexes from ``first``, and is_begin_declared.

    Life begins at the later of launch and assortment start where either is declared. Else an assorted pair begins
    with the first sale of its SKU anywhere, and any other pair with its own first sale. A pair of which nothing says
    when it begins starts after the cutoff: it has no history, not a history of zeros. Units sold before a declared
    start are a fact: life began with them; a record of no units is none, systems list what is still to come.

    Parameters
    ----------
    series
        Stock points.
    snapshot
        For launches, ends and assortment.
    records
        Rows of the sales table.
    first
        Date of day index 0.
    """
    n_days = (snapshot.cutoff - first).days + 1
    own_first, own_sale = (np.full(len(series), n_days, dtype=np.int64) for _ in range(2))
    np.minimum.at(own_first, records.series, records.day)
    np.minimum.at(own_sale, records.series[records.is_sold], records.day[records.is_sold])
    sku_first = pd.Series(own_first).groupby(series["sku"].to_numpy()).transform("min").to_numpy()
    skus = snapshot.table("skus")[["sku", "launch_date", "end_date"]]
    assortment = snapshot.table("assortment")[["sku", "location", "from", "to"]].assign(is_assorted=True)
    dated = series[["sku", "location"]].merge(skus, on="sku", how="left")
    dated = dated.merge(assortment, on=["sku", "location"], how="left")
    launch, start = _day_index(dated["launch_date"], first), _day_index(dated["from"], first)
    is_assorted = dated["is_assorted"].notna().to_numpy()
    inferred = np.where(is_assorted, sku_first, own_first)
    declared = np.fmax(launch, start)
    begin = np.where(np.isnan(declared), inferred, declared).astype(np.int64)
    begin = np.minimum(begin, np.where(own_sale < n_days, own_sale, begin))
    end = np.fmin(_day_index(dated["end_date"], first), _day_index(dated["to"], first))
    return series.assign(
        first_day=begin,
        last_day=np.where(np.isnan(end), NO_END, end).astype(np.int64),
        is_begin_declared=~np.isnan(declared),
    )


def open_days(
    network: SupplyNetwork, series: pd.DataFrame, *, first: pd.Timestamp, n_days: int
) -> npt.NDArray[np.bool_]:
    """Return whether each series' location is open on each of the days from ``first``, (n_series, n_days)."""
    is_open = network.calendar.open_days(first - pd.Timedelta(days=1), n_days)
    rows: npt.NDArray[np.bool_] = is_open[network.index_of(series["location"])]
    return rows


def _day_index(dates: pd.Series[pd.Timestamp], first: pd.Timestamp) -> npt.NDArray[np.float64]:
    """Days from ``first``; NaN where there is no date."""
    return np.asarray((dates - first) / pd.Timedelta(days=1), dtype=np.float64)
