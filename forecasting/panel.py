"""Series x day arrays of what was sold, how much of the day it was on the shelf, and what was wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.censoring import expected_demand, lifted_demand
from forecasting.phantoms import phantom_zeros
from forecasting.stock_points import SaleDays, life_spans, open_days, stock_points

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MAX_DAYS = 1_941
# Days over which the usual price is taken; a relative price is a day's price against it.
USUAL_PRICE_DAYS = 91


@dataclass(frozen=True, eq=False)
class Panel:
    """Daily history of every stock point up to the cutoff.

    Parameters
    ----------
    series
        One row a stock point, sorted by (sku, location), RangeIndex: sku, location, category, brand, unit_price, tier,
        region, zone, first_day, last_day (day indexes of its life; first_day may be negative or after the cutoff).
    dates
        Days of the arrays, the last one is the cutoff.
    sales
        (n_series, n_days) units sold, all channels, 0 where nothing was sold.
    demand
        (n_series, n_days) units wanted, lifted where the shelf was empty for part of the day; NaN where unobserved.
    available
        (n_series, n_days) share of the day on the shelf, 0..1; 1 where unknown, 0 outside life and on closed days.
    price
        (n_series, n_days) price paid / usual price, NaN where unknown.
    is_promoted
        (n_series, n_days) sold on promotion, as the sales say.
    wanted
        (n_series, n_days) demand with the unobserved days of life imputed; 0 outside life and on closed days.
    n_phantom_zeros
        Days that sold nothing while the record showed stock, and that were taken as unobserved because a series that
        sold steadily does not rest that long by chance.
    """

    series: pd.DataFrame
    dates: pd.DatetimeIndex
    sales: Array32
    demand: Array32
    available: Array32
    price: Array32
    is_promoted: npt.NDArray[np.bool_]
    wanted: Array32
    n_phantom_zeros: int = 0

    @property
    def n_series(self) -> int:
        """Number of stock points."""
        return int(self.sales.shape[0])

    @property
    def n_days(self) -> int:
        """Number of days of history."""
        return int(self.sales.shape[1])


def build_panel(snapshot: Snapshot, network: SupplyNetwork) -> Panel:
    """Build the panel of a chain at its cutoff.

    Sales with a zone are booked to the location that serves the zone and channel first; others to where they sold.

    Parameters
    ----------
    snapshot
        What was known at the cutoff.
    network
        Locations, serving and calendar of the same snapshot.

    Returns
    -------
    A panel of at least one day; series without any sale are rows of zeros.
    """
    sales = booked_sales(snapshot.table("sales"), network.serving)
    first = snapshot.cutoff if sales.empty else sales["date"].min()
    first = max(first, snapshot.cutoff - pd.Timedelta(days=MAX_DAYS - 1))
    dates = pd.date_range(first, snapshot.cutoff, freq="D")
    series = stock_points(sales, snapshot, network)
    rows = _series_rows(sales, series)
    days = np.asarray((sales["date"] - first).dt.days, dtype=np.int64)
    is_inside = (rows >= 0) & (days >= 0)
    sales, rows, days = sales[is_inside], rows[is_inside], days[is_inside]
    records = SaleDays(rows, days, sales["units"].to_numpy() > 0)
    series = life_spans(series, snapshot, records=records, first=first)
    cells = _Cells(rows * len(dates) + days, (len(series), len(dates)))
    units = cells.total(sales["units"].to_numpy(dtype=np.float64) * snapshot.settings.unit_factor)
    own = cells.total(np.where(sales["is_own"], sales["units"], 0.0) * snapshot.settings.unit_factor)
    alive = _in_life(series, len(dates)) & open_days(network, series, first=first, n_days=len(dates))
    on_shelf = cells.mean(sales["availability"].where(sales["is_own"]).to_numpy(dtype=np.float64))
    share = np.where(np.isnan(on_shelf), 1.0, on_shelf) * alive
    # what was sold was on the shelf, whatever the record says
    share = np.where(own > 0, np.maximum(share, 0.05), share).astype(np.float32)
    seen = observed_demand(own.astype(np.float32), share, alive=alive, group=pd.factorize(series["sku"])[0])
    # what another location sold in place of this one was wanted here
    served = units.astype(np.float32)
    promoted = cells.mean(sales["is_promotion"].to_numpy(dtype=np.float64))
    return Panel(
        series=series,
        dates=dates,
        sales=served,
        demand=np.maximum(seen.demand, served),
        available=seen.available,
        price=_relative_price(cells.mean(sales["price"].to_numpy(dtype=np.float64))),
        is_promoted=np.nan_to_num(promoted) > 0.5,
        wanted=np.maximum(seen.wanted, served),
        n_phantom_zeros=seen.n_phantom_zeros,
    )


@dataclass(frozen=True, eq=False)
class ObservedDemand:
    """What sales and shelf say of demand: arrays as in `Panel`."""

    demand: Array32
    available: Array32
    wanted: Array32
    n_phantom_zeros: int


def observed_demand(
    sales: Array32, available: Array32, *, alive: npt.NDArray[np.bool_], group: npt.NDArray[np.intp]
) -> ObservedDemand:
    """Leave out phantom zeros, lift the days partly on the shelf, and impute the days of life that nobody saw.

    Parameters
    ----------
    sales
        (n_series, n_days) [units] sold from the own shelf.
    available
        (n_series, n_days) share of the day on the shelf, as recorded.
    alive
        (n_series, n_days) in life and open.
    group
        (n_series,) codes of series that inform one another about a day.
    """
    codes = group.astype(np.int64)
    expected = expected_demand(sales, available, group=codes)
    phantom = phantom_zeros(sales, available, expected)
    if phantom.any():
        available = np.where(phantom, 0.0, available).astype(np.float32)
        expected = expected_demand(sales, available, group=codes)
    demand = lifted_demand(sales, available, group=codes, expected=expected)
    imputed = np.where(np.isnan(demand), np.nan_to_num(expected.mean), demand)
    return ObservedDemand(
        demand=demand,
        available=available,
        wanted=np.where(alive, imputed, 0.0).astype(np.float32),
        n_phantom_zeros=int(phantom.sum()),
    )


def booked_sales(sales: pd.DataFrame, serving: pd.DataFrame) -> pd.DataFrame:
    """Book each sale to the location whose demand it is; ``is_own`` marks rows that stay where they sold."""
    if serving.empty or sales["zone"].isna().all():
        return sales.assign(is_own=True)
    first = serving.sort_values(["zone", "channel", "priority", "location"], kind="stable")
    first = first.drop_duplicates(["zone", "channel"])[["zone", "channel", "location"]]
    first = first.astype({"zone": "str", "channel": "str"}).rename(columns={"location": "server"})
    keyed = sales[["zone", "channel"]].astype("str").merge(first, on=["zone", "channel"], how="left")
    server = keyed["server"].set_axis(sales.index)
    booked = server.where(server.notna(), sales["location"])
    return sales.assign(is_own=(booked == sales["location"]), location=booked)


class _Cells:
    """Sums and means of sales rows by panel cell."""

    def __init__(self, cell: Ints, shape: tuple[int, int]) -> None:
        self._cell, self._shape = cell, shape
        self._is_single = bool(cell.size < 2 or np.all(np.diff(np.sort(cell)) > 0))

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        size = self._shape[0] * self._shape[1]
        totals = np.bincount(self._cell, weights=values, minlength=size).astype(np.float64)
        return totals.reshape(self._shape)

    def mean(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Mean of the rows that have a value; NaN for cells without one."""
        if self._is_single:
            result = np.full(self._shape[0] * self._shape[1], np.nan)
            result[self._cell] = values
            return result.reshape(self._shape)
        known = ~np.isnan(values)
        size = self._shape[0] * self._shape[1]
        total = np.bincount(self._cell[known], weights=values[known], minlength=size)
        count = np.bincount(self._cell[known], minlength=size)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(self._shape)


def _series_rows(sales: pd.DataFrame, series: pd.DataFrame) -> Ints:
    """Row of each sale's stock point."""
    skus, sku_names = pd.factorize(series["sku"])
    locations, location_names = pd.factorize(series["location"])
    keys = skus.astype(np.int64) * len(location_names) + locations
    order = np.argsort(keys, kind="stable")
    sku = pd.Index(sku_names).get_indexer(pd.Index(sales["sku"]))
    location = pd.Index(location_names).get_indexer(pd.Index(sales["location"]))
    wanted = sku.astype(np.int64) * len(location_names) + location
    if not order.size:
        return np.full(len(sales), -1, dtype=np.int64)
    at = np.clip(np.searchsorted(keys[order], wanted), 0, order.size - 1)
    is_found = (keys[order][at] == wanted) & (sku >= 0) & (location >= 0)
    return np.where(is_found, order[at], -1)


def _in_life(series: pd.DataFrame, n_days: int) -> npt.NDArray[np.bool_]:
    days = np.arange(n_days)[None, :]
    first, last = series["first_day"].to_numpy(), series["last_day"].to_numpy()
    return np.asarray((days >= first[:, None]) & (days <= last[:, None]), dtype=bool)


def _relative_price(paid: npt.NDArray[np.float64]) -> Array32:
    """Price against the mean price of the days up to and including this one; days without a sale keep the last."""
    known = np.nan_to_num(paid)
    total, count = np.cumsum(known, axis=1), np.cumsum(known > 0, axis=1)
    if paid.shape[1] > USUAL_PRICE_DAYS:
        total[:, USUAL_PRICE_DAYS:] = total[:, USUAL_PRICE_DAYS:] - total[:, :-USUAL_PRICE_DAYS].copy()
        count[:, USUAL_PRICE_DAYS:] = count[:, USUAL_PRICE_DAYS:] - count[:, :-USUAL_PRICE_DAYS].copy()
    usual = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    last = np.maximum.accumulate(np.where(known > 0, np.arange(paid.shape[1]), 0), axis=1)
    filled = np.take_along_axis(paid, last, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (filled / usual).astype(np.float32)
