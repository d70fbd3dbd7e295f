"""What planners know and no table says: history they exclude, forecasts they change, and what their changes were worth.

A key names a SKU (`sku:A`), a category, brand, location, zone or region, or several of them joined by `@`
(`sku:A@location:L`). Amounts of `add` and `set` are those of the whole key a day; they are spread over its stock points
in proportion to their forecast, equally where nothing is forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.metrics import wape

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KEYS = ("sku", "category", "brand", "location", "zone", "region")
ENTRY = ("key", "from", "to", "kind", "value", "user", "reason", "known_at")


@dataclass(frozen=True, eq=False)
class Adjusted:
    """A forecast mean after its planners.

    Parameters
    ----------
    mean
        (n_series, horizon) [units/day].
    record
        One row an adjustment and stock point that it touched within the horizon, in the order applied: `ENTRY`, sku,
        location, and units (change of the mean over the horizon).
    """

    mean: Array
    record: pd.DataFrame


def touched_series(key: str, series: pd.DataFrame) -> Flags:
    """Return which stock points a key names, (n_series,).

    Parameters
    ----------
    key
        `kind:name`, several joined by `@`; all must hold.
    series
        With a column for each kind of key.

    Raises
    ------
    ValueError
        If the key has another form.
    """
    touched = np.ones(len(series), dtype=bool)
    for part in str(key).split("@"):
        kind, _, name = part.partition(":")
        if kind not in KEYS or not name:
            raise ValueError(f"adjustment key {key!r}: write sku:A, category:C, location:L or sku:A@location:L")
        touched &= (series[kind] == name).to_numpy(dtype=bool)
    return touched


def excluded_days(adjustments: pd.DataFrame, series: pd.DataFrame, dates: pd.DatetimeIndex) -> Flags:
    """Return the history that planners want forgotten, (n_series, n_days)."""
    days = np.zeros((len(series), len(dates)), dtype=bool)
    excluded = adjustments[adjustments["kind"] == "exclude"]
    for key, first, last in zip(excluded["key"], excluded["from"], excluded["to"], strict=True):
        days[np.ix_(touched_series(key, series), (dates >= first) & (dates <= last))] = True
    return days


def adjusted_mean(
    mean: Array, adjustments: pd.DataFrame, series: pd.DataFrame, *, cutoff: pd.Timestamp, is_active: Flags
) -> Adjusted:
    """Apply every adjustment known by the cutoff to a mean, earliest entered first.

    Parameters
    ----------
    mean
        (n_series, horizon) [units/day].
    adjustments
        The contract's table as known at the cutoff.
    series
        Stock points of the rows.
    cutoff
        Day before the first column.
    is_active
        (n_series, horizon); days on which nothing can be sold stay 0.
    """
    days = pd.date_range(cutoff + pd.Timedelta(days=1), periods=mean.shape[1])
    changes = adjustments[adjustments["kind"] != "exclude"]
    entered = changes["known_at"].fillna(changes["from"])
    order = np.lexsort((changes["key"].to_numpy(dtype=object).astype(str), entered.to_numpy()))
    result, records = mean.copy(), [_record(changes.iloc[:0], series.iloc[:0], np.zeros(0))]
    for position in order:
        entry = changes.iloc[[int(position)]]
        touched = np.flatnonzero(touched_series(entry["key"].iloc[0], series))
        columns = np.flatnonzero((days >= entry["from"].iloc[0]) & (days <= entry["to"].iloc[0]))
        if touched.size and columns.size:
            cell = np.ix_(touched, columns)
            kind, value = str(entry["kind"].iloc[0]), float(entry["value"].iloc[0])
            changed = _changed(result[cell], kind, value, is_active=is_active[cell])
            records.append(_record(entry, series.iloc[touched], (changed - result[cell]).sum(axis=1)))
            result[cell] = changed
    return Adjusted(result, pd.concat(records, ignore_index=True) if len(records) > 1 else records[0])


def _record(entry: pd.DataFrame, series: pd.DataFrame, units: Array) -> pd.DataFrame:
    """Rows of the record of one adjustment."""
    points = series[["sku", "location"]].reset_index(drop=True).assign(units=units)
    repeated = entry[list(ENTRY)].iloc[np.zeros(len(points), dtype=np.int64)].reset_index(drop=True)
    record: pd.DataFrame = pd.concat([repeated, points], axis=1)
    return record


def _changed(mean: Array, kind: str, value: float, *, is_active: Flags) -> Array:
    """Apply one adjustment to the cells it touches, (n_touched, n_days)."""
    if kind == "multiply":
        return np.maximum(mean * value, 0.0)
    total = mean.sum(axis=0)
    equal = is_active / np.maximum(is_active.sum(axis=0), 1)
    share = np.where(total > 0, mean / np.where(total > 0, total, 1.0), equal)
    wanted = np.maximum(total + value if kind == "add" else np.full(total.shape, value), 0.0)
    result: Array = share * wanted
    return result


def adjustment_value(forecast: Forecast, actual: npt.ArrayLike) -> pd.DataFrame:
    """Measure what each adjustment was worth, on the stock points and days that it touched.

    Where adjustments overlap, each is shown the error before any of them and after all of them.

    Parameters
    ----------
    forecast
        As made by `forecast_demand`.
    actual
        (n_series, horizon) demand that came [units/day]; NaN where unknown.

    Returns
    -------
    One row an adjustment: `ENTRY`, n_series, units (change of the mean), wape_before, wape_after, and value, their
    difference: positive where the planner helped. Empty for a forecast without adjustments.
    """
    demand = np.asarray(actual, dtype=np.float64)
    record, before = forecast.adjustments, forecast.unadjusted_mean
    if record is None or before is None:
        return pd.DataFrame(columns=[*ENTRY, "n_series", "units", "wape_before", "wape_after", "value"])
    days = pd.date_range(forecast.cutoff + pd.Timedelta(days=1), periods=forecast.horizon)
    index = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
    rows = []
    for _, part in record.groupby(["key", "from", "to"], sort=False):
        first = part.iloc[0]
        at = index.get_indexer(pd.MultiIndex.from_frame(part[["sku", "location"]]))
        cell = np.ix_(at[at >= 0], (days >= first["from"]) & (days <= first["to"]))
        errors = wape(before[cell], demand[cell]), wape(forecast.mean[cell], demand[cell])
        values = {name: first[name] for name in ENTRY}
        values |= {"n_series": len(part), "units": float(part["units"].sum())}
        rows.append(values | {"wape_before": errors[0], "wape_after": errors[1], "value": errors[0] - errors[1]})
    return pd.DataFrame(rows)
