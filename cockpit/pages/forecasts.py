"""Forecasts of single stock points beside their history, and how good and how well fed forecasts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.pages.searching import with_words
from cockpit.report_charts import DemandPicture
from cockpit.report_tables import rows_of

_LEVELS = ("q05", "q25", "q75", "q95")
_WEEK_DAYS = 7


@dataclass(frozen=True, eq=False)
class ForecastIndex:
    """The forecast of a run by stock point.

    Parameters
    ----------
    points
        sku, location, category, demand_class, model, fallback, `week` and `total`: expected units of the first week
        and of the whole horizon; one row a stock point.
    days
        (T,) dates.
    mean
        (n, T) [units/day].
    quantiles
        (n, T, 4) quantiles at 5, 25, 75 and 95% [units/day].
    """

    points: pd.DataFrame
    days: pd.DatetimeIndex
    mean: npt.NDArray[np.float64]
    quantiles: npt.NDArray[np.float64]

    def row(self, sku: str, location: str) -> int:
        """Return the row of a stock point, -1 if it has no forecast."""
        hits = np.flatnonzero((self.points["sku"] == sku) & (self.points["location"] == location))
        return int(hits[0]) if len(hits) else -1


def forecast_index(forecast: pd.DataFrame) -> ForecastIndex:
    """Lay the forecast table of a run out by stock point and day; its rows are sorted so already."""
    days = pd.DatetimeIndex(pd.unique(forecast["date"]))
    n, horizon = len(forecast) // max(len(days), 1), len(days)
    names = ["sku", "location", "category", "demand_class", "model", "fallback"]
    mean = forecast["mean"].to_numpy(dtype=np.float64).reshape(n, horizon)
    levels = [forecast[name if name in forecast else "q50"].to_numpy(dtype=np.float64) for name in _LEVELS]
    points = forecast.iloc[:: max(horizon, 1)].reindex(columns=names).fillna("").astype("str").reset_index(drop=True)
    points = points.assign(week=mean[:, :_WEEK_DAYS].sum(axis=1), total=mean.sum(axis=1))
    return ForecastIndex(points, days, mean, np.stack(levels, axis=-1).reshape(n, horizon, len(_LEVELS)))


def found_points(
    index: ForecastIndex, *, search: str = "", page: int = 1, size: int = 50
) -> tuple[list[dict[str, Any]], int]:
    """Return stock points whose SKU, location or category holds the searched words, the largest first, and how many."""
    table = with_words(index.points, search, ("sku", "location", "category", "model"))
    ranked = table.sort_values(["week", "sku", "location"], ascending=[False, True, True])
    return rows_of(ranked.iloc[(page - 1) * size : page * size]), len(table)


def demand_picture(
    index: ForecastIndex, row: int, *, history: pd.DataFrame | None, promoted: pd.DataFrame | None,
    drivers: pd.DataFrame | None, draws: pd.DataFrame | None,
) -> DemandPicture:  # fmt: skip
    """Return one forecast with its history, as `report_charts.forecast_chart` draws it.

    Parameters
    ----------
    index, row
        Which forecast.
    history, promoted, drivers, draws
        Detail tables of the run; None where it has none.
    """
    point = index.points.iloc[row]
    sku, location = str(point["sku"]), str(point["location"])
    sales, is_censored = _history(history, sku, location)
    past = pd.date_range(end=index.days[0] - pd.Timedelta(days=1), periods=len(sales))
    days = pd.DatetimeIndex(past.append(index.days))
    courses = _courses(draws, sku, location, len(index.days))
    families, over = _drivers(drivers, sku, location)
    return DemandPicture(
        sku=sku, location=location, history_days=past, days=index.days, sales=sales, is_censored=is_censored,
        mean=index.mean[row], quantiles=index.quantiles[row], is_promotion=_promoted(promoted, sku, location, days),
        drivers=families, driver_days=over, note=str(point["model"]), draws=courses,
    )  # fmt: skip


def _at(table: pd.DataFrame | None, sku: str, location: str) -> pd.DataFrame | None:
    if table is None:
        return None
    return table[((table["sku"] == sku) & (table["location"] == location)).to_numpy(dtype=bool)]


def _history(history: pd.DataFrame | None, sku: str, location: str) -> tuple[Any, Any]:
    mine = _at(history, sku, location)
    if mine is None or mine.empty:
        return np.zeros(0), np.zeros(0, dtype=bool)
    return np.asarray(mine["sales"].iloc[0], dtype=float), np.asarray(mine["is_censored"].iloc[0], dtype=bool)


def _courses(draws: pd.DataFrame | None, sku: str, location: str, n_days: int) -> npt.NDArray[np.float64]:
    mine = _at(draws, sku, location)
    if mine is None or mine.empty:
        return np.zeros((0, n_days))
    return np.asarray(mine["draws"].iloc[0], dtype=np.float64).reshape(-1, n_days)


def _promoted(promoted: pd.DataFrame | None, sku: str, location: str, days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    covered = np.zeros(len(days), dtype=bool)
    mine = _at(promoted, sku, location)
    if mine is not None:
        for first, last in zip(mine["from"], mine["to"], strict=True):
            covered |= np.asarray((days >= first) & (days <= last))
    return covered


def _drivers(drivers: pd.DataFrame | None, sku: str, location: str) -> tuple[tuple[tuple[str, float], ...], int]:
    mine = _at(drivers, sku, location)
    if mine is None or mine.empty:
        return (), 0
    pairs = zip(mine["family"].astype("str"), mine["amount"].astype(float), strict=True)
    ranked = sorted(((family, amount) for family, amount in pairs), key=lambda pair: -abs(pair[1]))
    return tuple(pair for pair in ranked if abs(pair[1]) >= 0.005), int(mine["days"].max())


def signal_rows(
    manifest: Mapping[str, Any], feeds: pd.DataFrame | None, cutoff: pd.Timestamp
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the verdict on every signal family, and every feed with its age.

    Returns
    -------
    Families: family, `on` and `off` (category and key type with the value as a share of the error, its interval), and
    `best` (largest value). Feeds: signal, family, last_day, last_known, rows, `age_days` since it last came.
    """
    verdicts: Sequence[Mapping[str, Any]] = list(manifest.get("signals") or [])
    families = []
    for family in sorted({str(each["family"]) for each in verdicts}):
        mine = [dict(each) for each in verdicts if each["family"] == family]
        kept = sorted((each for each in mine if each["is_on"]), key=lambda each: -float(each["value"]))
        off = sorted({str(each["category"]) for each in mine} - {str(each["category"]) for each in kept})
        families.append({"family": family, "on": kept, "off": off})
    if feeds is None or feeds.empty:
        return families, []
    age = (cutoff - feeds["last_known"].dt.normalize()).dt.days
    return families, rows_of(feeds.assign(age_days=age).sort_values(["family", "signal"]))
