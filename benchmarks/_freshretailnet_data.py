"""FreshRetailNet-50K as one origin sees it: rows of the publisher's columns, and the chain tables made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from network.contracts import TABLES
from network.settings import ChainSettings, settings_from_mapping
from network.snapshot import Snapshot, snapshot_at

Array = npt.NDArray[np.float64]

KEYS = ["store_id", "product_id"]
KNOWN_AHEAD = ("discount", "activity_flag", "holiday_flag")
GROUPS = ("city_id", "third_category_id")
# Same-day columns, by the two names the publisher's files are found under.
SAME_DAY = {
    "sale_amount": ("sale_amount_sum24", "sale_amount"),
    "stockout_hours": ("stockout_hours_6_22", "stock_hour6_22_cnt", "stockout_hours"),
    "hours_sale": ("hours_sale",),
    "hours_stock_status": ("hours_stock_status",),
}
# Hours of the day whose stock the publisher counts: 6 to 22.
FIRST_HOUR, LAST_HOUR, DAY_HOURS = 6, 22, 24
# The publisher's amounts come in steps of 0.1: one step is a unit.
UNIT_FACTOR = 10.0
# A day is promoted when it is part of an activity or this much cheaper.
LEAST_DEPTH = 0.02
# Discounts and activities are taken as announced four weeks ahead.
NOTICE_DAYS = 28


@dataclass(frozen=True, eq=False)
class FreshDays:
    """Daily rows sorted by (store_id, product_id, dt), RangeIndex.

    Parameters
    ----------
    rows
        Keys, dt, `GROUPS`, `KNOWN_AHEAD`, sale_amount, stockout_hours (NaN where unknown).
    hours_sale, is_out
        (n_rows, 16) amounts of the hours 6 to 22, and whether the shelf was empty; NaN and False where unknown.
    """

    rows: pd.DataFrame
    hours_sale: npt.NDArray[np.float32]
    is_out: npt.NDArray[np.bool_]

    def take(self, picked: npt.NDArray[np.bool_]) -> FreshDays:
        """Return the rows of a mask."""
        return FreshDays(self.rows[picked].reset_index(drop=True), self.hours_sale[picked], self.is_out[picked])


def read_days(folder: Path, *, cutoff: pd.Timestamp, horizon: int, n_series: int | None = None) -> FreshDays:
    """Read every Parquet file of a folder up to the last target day; same-day columns after the cutoff are dropped.

    Parameters
    ----------
    folder
        With one or more files of the publisher's columns.
    cutoff
        Last day whose sales and stock may be read.
    horizon
        Days after it whose known-ahead columns are read.
    n_series
        Keep whole stores, drawn with a fixed seed, until about so many series; None keeps all.
    """
    last = cutoff + pd.Timedelta(days=horizon)
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else [folder]
    if not files:
        raise SystemExit(f"{folder} holds no Parquet file; give the folder of FreshRetailNet-50K")
    stores = None if n_series is None else _sampled_stores(files, n_series)
    parts = [part for path in files for part in _read_file(path, last=last, stores=stores)]
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    days = FreshDays(
        rows, np.concatenate([part.hours_sale for part in parts]), np.concatenate([part.is_out for part in parts])
    )
    # of a day given twice, the row with sales counts
    order = np.lexsort((rows["sale_amount"].isna(), rows["dt"], rows["product_id"], rows["store_id"]))
    is_first = ~rows.iloc[order].duplicated([*KEYS, "dt"]).to_numpy()
    order = order[is_first]
    days = FreshDays(rows.iloc[order].reset_index(drop=True), days.hours_sale[order], days.is_out[order])
    return _hidden_after(days, cutoff)


def _read_file(path: Path, *, last: pd.Timestamp, stores: pd.Index | None) -> Iterator[FreshDays]:
    """Batch by batch, so that the hourly lists never lie in memory as a whole."""
    file = pq.ParquetFile(path)
    names = set(file.schema_arrow.names)
    theirs = {ours: next((name for name in options if name in names), None) for ours, options in SAME_DAY.items()}
    wanted = [name for name in (*KEYS, "dt", *GROUPS, *KNOWN_AHEAD) if name in names]
    for batch in file.iter_batches(columns=wanted + [name for name in theirs.values() if name is not None]):
        table = pa.Table.from_batches([batch])
        dates = pd.to_datetime(table["dt"].to_pandas())
        kept = (dates <= last).to_numpy()
        if stores is not None:
            kept = kept & pd.Index(table["store_id"].to_pandas()).isin(stores)
        if not kept.any():
            continue
        table = table.filter(pa.array(kept))
        columns = {name: None if names is None else table[names] for name, names in theirs.items()}
        frame = table.select(KEYS).to_pandas().assign(dt=dates[kept].to_numpy().astype("datetime64[ns]"))
        for name in (*GROUPS, *KNOWN_AHEAD):
            frame[name] = _numbers(table[name] if name in wanted else None, len(frame))
        for name in ("sale_amount", "stockout_hours"):
            frame[name] = _numbers(columns[name], len(frame))
        hours = _hour_matrix(columns["hours_sale"], len(frame))
        is_out = np.nan_to_num(_hour_matrix(columns["hours_stock_status"], len(frame))) > 0.5
        yield FreshDays(frame, hours, is_out)


def _numbers(column: pa.ChunkedArray | None, n: int) -> Array:
    return np.full(n, np.nan) if column is None else column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _hour_matrix(column: pa.ChunkedArray | None, n: int) -> npt.NDArray[np.float32]:
    """Hours 6 to 22 of a column of 24-hour lists; NaN where there is no list."""
    result = np.full((n, LAST_HOUR - FIRST_HOUR), np.nan, dtype=np.float32)
    if column is None or pa.types.is_null(column.type):
        return result
    lists = column.combine_chunks()
    has_list = pc.fill_null(pc.equal(pc.list_value_length(lists), DAY_HOURS), False)
    values = lists.filter(has_list).flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    result[has_list.to_numpy(zero_copy_only=False)] = values.reshape(-1, DAY_HOURS)[:, FIRST_HOUR:LAST_HOUR]
    return result


def _sampled_stores(files: list[Path], n_series: int) -> pd.Index:
    """Stores in an order drawn with a fixed seed, until they hold so many series."""
    pairs = pd.concat([pq.read_table(path, columns=KEYS).to_pandas().drop_duplicates() for path in files])
    sizes = pairs.drop_duplicates().groupby("store_id").size().sort_index()
    order = np.random.default_rng(0).permutation(len(sizes))
    n_stores = int(np.searchsorted(np.cumsum(sizes.to_numpy()[order]), n_series)) + 1
    return sizes.index[order[:n_stores]]


def _hidden_after(days: FreshDays, cutoff: pd.Timestamp) -> FreshDays:
    is_after = (days.rows["dt"] > cutoff).to_numpy()
    rows = days.rows.copy()
    rows.loc[is_after, ["sale_amount", "stockout_hours"]] = np.nan
    hours, out = days.hours_sale.copy(), days.is_out.copy()
    hours[is_after], out[is_after] = np.nan, False
    return FreshDays(rows, hours, out)


def demand_profile(days: FreshDays) -> Array:
    """Share of a full day's demand that falls in each hour from 6 to 22, (16,), from hours on the shelf only.

    Hourly sales over the daily rates of the series that could sell in that hour, so that hours in which only slow
    days still have stock are not taken for slow hours (the occurrence / exposure rate; Nelson 1969, Aalen 1978).
    """
    series = days.rows.groupby(KEYS, sort=False).ngroup().to_numpy()
    is_seen = ~np.isnan(days.hours_sale).any(axis=1)
    series, sold, on = series[is_seen], days.hours_sale[is_seen].astype(np.float64), ~days.is_out[is_seen]
    n = int(series.max()) + 1
    total = np.bincount(series, weights=(sold * on).sum(axis=1), minlength=n)
    profile = np.full(sold.shape[1], 1.0 / sold.shape[1])
    for _ in range(3):
        exposure = np.bincount(series, weights=on @ profile, minlength=n)
        rate = (total / np.maximum(exposure, 1e-9))[series]
        profile = (sold * on).sum(axis=0) / np.maximum((rate[:, None] * on).sum(axis=0), 1e-9)
        profile /= profile.sum()
    return profile


def demand_availability(days: FreshDays) -> Array:
    """Share of the day's demand that falls in hours on the shelf, (n_rows,); by hours of the day where only their
    number is known, NaN where nothing is."""
    has_hours = ~np.isnan(days.hours_sale).any(axis=1)
    counted = 1.0 - days.rows["stockout_hours"].to_numpy() / (LAST_HOUR - FIRST_HOUR)
    if not has_hours.any():
        return counted
    profile = demand_profile(days)
    return np.where(has_hours, np.clip(1.0 - days.is_out @ profile, 0.0, 1.0), counted)


def fresh_snapshot(days: FreshDays, cutoff: pd.Timestamp, *, is_censored: bool = True) -> Snapshot:
    """Freeze what is known at the cutoff as a chain of stores.

    Parameters
    ----------
    days
        From `read_days`.
    cutoff
        Last day of sales.
    is_censored
        False takes sales as demand: every day counts as fully on the shelf.
    """
    past = days.take((days.rows["dt"] <= cutoff).to_numpy())
    availability = demand_availability(past) if is_censored else np.ones(len(past.rows))
    tables = {
        "locations": _locations(days.rows),
        "skus": _skus(days.rows),
        "assortment": _frame("assortment", _ids(days.rows.drop_duplicates(KEYS))),
        "sales": _sales(past.rows, availability),
        "promotions": promotions(days.rows),
        "calendar": _calendar(days.rows),
    }
    return snapshot_at(tables, _settings(), cutoff)


def promotions(rows: pd.DataFrame) -> pd.DataFrame:
    """Runs of days of one series with the same discount and activity."""
    depth = np.nan_to_num(1.0 - rows["discount"].to_numpy())
    is_activity = np.nan_to_num(rows["activity_flag"].to_numpy()) > 0.5
    series = rows.groupby(KEYS, sort=False).ngroup().to_numpy()
    day = rows["dt"].to_numpy().astype("datetime64[D]").astype(np.int64)
    is_new = np.ones(len(rows), dtype=bool)
    same = (np.diff(series) == 0) & (np.diff(day) == 1) & (np.abs(np.diff(depth)) < 1e-3)
    is_new[1:] = ~(same & (np.diff(is_activity.astype(np.int8)) == 0))
    first = np.flatnonzero(is_new)
    last = np.append(first[1:], len(rows)) - 1
    kept = (depth[first] >= LEAST_DEPTH) | is_activity[first]
    first, last = first[kept], last[kept]
    begin = rows["dt"].iloc[first].reset_index(drop=True)
    return _frame(
        "promotions",
        _ids(rows.iloc[first]).assign(
            promotion=pd.Series(np.arange(first.size)).astype("str").str.zfill(8),
            mechanism=np.where(is_activity[first], "flash", "discount"),
            **{"from": begin, "to": rows["dt"].iloc[last].reset_index(drop=True)},
            price=1.0 - depth[first],
            known_at=begin - pd.Timedelta(days=NOTICE_DAYS),
        ),
    )


def _ids(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"sku": _labels("P{:04d}", rows["product_id"]), "location": _labels("S{:04d}", rows["store_id"])}
    )


def _labels(pattern: str, numbers: pd.Series) -> pd.Series:
    codes, values = pd.factorize(numbers.to_numpy())
    names = pd.Series([pattern.format(int(value)) for value in values], dtype="str")
    return names.take(codes).reset_index(drop=True)


def _sales(rows: pd.DataFrame, availability: Array) -> pd.DataFrame:
    sold = rows["sale_amount"].to_numpy()
    known = ~np.isnan(sold)
    rows = rows[known]
    depth = np.nan_to_num(1.0 - rows["discount"].to_numpy())
    is_promoted = (depth >= LEAST_DEPTH) | (rows["activity_flag"].to_numpy() > 0.5)
    return _frame(
        "sales",
        _ids(rows).assign(
            date=rows["dt"].reset_index(drop=True),
            channel="walk_in",
            units=sold[known],
            price=1.0 - depth,
            is_promotion=is_promoted,
            availability=availability[known],
        ),
    )


def _locations(rows: pd.DataFrame) -> pd.DataFrame:
    stores = rows.drop_duplicates("store_id").sort_values("store_id")
    return _frame(
        "locations",
        pd.DataFrame(
            {
                "location": _labels("S{:04d}", stores["store_id"]),
                "tier": "store",
                "region": _labels("CITY{:02.0f}", stores["city_id"]),
            }
        ),
    )


def _skus(rows: pd.DataFrame) -> pd.DataFrame:
    products = rows.drop_duplicates("product_id").sort_values("product_id")
    return _frame(
        "skus",
        pd.DataFrame(
            {
                "sku": _labels("P{:04d}", products["product_id"]),
                "category": _labels("C{:03.0f}", products["third_category_id"]),
                "unit_price": 1.0,
            }
        ),
    )


def _calendar(rows: pd.DataFrame) -> pd.DataFrame:
    """The publisher's days off; one on a weekday is called a public holiday."""
    days = rows.groupby("dt", sort=True)["holiday_flag"].max().reset_index()
    is_off = days["holiday_flag"].to_numpy() > 0.5
    is_holiday = is_off & (days["dt"].dt.day_of_week.to_numpy() < 5)
    return _frame(
        "calendar",
        pd.DataFrame(
            {
                "date": days["dt"],
                "region": "",
                "event": np.where(is_holiday, "public holiday", ""),
                "event_type": np.where(is_holiday, "holiday", ""),
                "is_workday": ~is_off,
            }
        ),
    )


def _frame(name: str, given: pd.DataFrame) -> pd.DataFrame:
    """Bring a frame to the columns, defaults and types of a table of the contract."""
    n = len(given)
    full = {}
    for column in TABLES[name].columns:
        if column.name in given:
            full[column.name] = given[column.name].reset_index(drop=True).astype(column.dtype)
        else:
            missing = pd.NaT if column.dtype.startswith("datetime") else np.nan
            filler = missing if column.default is None else column.default
            full[column.name] = pd.Series([filler], dtype=column.dtype).repeat(n).reset_index(drop=True)
    return pd.DataFrame(full)


def _settings() -> ChainSettings:
    return settings_from_mapping({"id": "freshretailnet", "unit_factor": UNIT_FACTOR, "time_zone": "Asia/Shanghai"})
