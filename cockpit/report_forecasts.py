"""Which forecasts the report shows, and the series behind each chart."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cockpit.forecast_changes import change_words
from cockpit.report_charts import DemandPicture, forecast_chart
from cockpit.wording import MODEL_LABELS, count, label
from forecasting.launch_analogues import analogue_words
from optimization.actions import new_lines

if TYPE_CHECKING:
    from engine import Plan
    from forecasting.panel import Panel
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

HISTORY_DAYS = 56
_LEVELS = (0.05, 0.25, 0.75, 0.95)
_FULL_SHELF = 0.999
_MAX_DRIVERS = 6
_SALES_TABLES = ("sales", "stock", "assortment")


def demand_pictures(plan: Plan, *, n: int) -> list[DemandPicture]:
    """Return the charts of `n` stock points: where the orders of largest benefit go, and where most is wanted."""
    rows = shown_rows(plan, n=n)
    if not rows:
        return []
    chosen = plan.forecast.take(np.asarray(rows))
    panel = _panel_of(plan, chosen.series["sku"])
    ahead = np.stack([chosen.interval_quantiles(_LEVELS, day, day + 1) for day in range(chosen.horizon)], axis=1)
    days = pd.date_range(plan.cutoff + pd.Timedelta(days=1), periods=chosen.horizon)
    pictures = []
    for place, row in enumerate(rows):
        series = chosen.series.iloc[place]
        sku, location = str(series["sku"]), str(series["location"])
        dates, sales, is_censored = _history(panel, plan.network, sku, location=location)
        pictures.append(
            DemandPicture(
                sku=sku,
                location=location,
                history_days=dates,
                days=days,
                sales=sales,
                is_censored=is_censored,
                mean=chosen.mean[place],
                quantiles=ahead[place],
                is_promotion=promotion_days(plan.snapshot, sku, location, days=pd.DatetimeIndex(dates.append(days))),
                drivers=_drivers(plan.forecast.drivers, row),
                driver_days=_driver_days(plan.forecast.drivers, row),
                note=_note(series, analogue_words(plan.forecast.analogues, row)),
            )
        )
    return pictures


def shown_rows(plan: Plan, *, n: int) -> list[int]:
    """Return positions in the forecast of the stock points to show, at most one a SKU while there are enough SKUs.

    The destinations of the orders of largest benefit take turns with the stock points of largest demand; those whose
    drivers are known go first.
    """
    series = plan.forecast.series.reset_index(drop=True)
    score = pd.Series(plan.forecast.mean.sum(axis=1), index=series.index)
    keys = pd.MultiIndex.from_frame(series[["sku", "location"]].astype(str))
    orders = new_lines(plan.orders).sort_values("net_benefit", ascending=False, kind="stable")
    wanted = pd.MultiIndex.from_frame(orders[["sku", "destination"]].astype(str).head(500))
    by_order = [int(i) for i in keys.get_indexer(wanted.unique()) if i >= 0] if keys.is_unique else []
    has_drivers = set() if plan.forecast.drivers is None else set(plan.forecast.drivers["series"].astype(int))
    by_demand = [int(i) for i in score.sort_values(ascending=False, kind="stable").index[: 50 * n]]
    mixed = [i for pair in zip_longest(by_order, by_demand) for i in pair if i is not None]
    candidates = [*(i for i in mixed if i in has_drivers), *mixed]
    chosen: list[int] = []
    seen: set[str] = set()
    for row in [*candidates, *candidates]:
        sku = str(series["sku"].iloc[row])
        is_second_round = len(seen) >= series["sku"].nunique()
        if row not in chosen and (sku not in seen or is_second_round) and len(chosen) < n:
            chosen.append(row)
            seen.add(sku)
    return chosen


def _panel_of(plan: Plan, skus: pd.Series) -> Panel:
    """Return the panel of the shown SKUs only, so that a large chain's history is not built again."""
    from forecasting.panel import build_panel

    wanted = set(skus.astype(str))
    tables = {name: plan.snapshot.table(name) for name in _SALES_TABLES}
    small = {
        name: table[table["sku"].astype(str).isin(wanted)].reset_index(drop=True) for name, table in tables.items()
    }
    return build_panel(plan.snapshot.replace(tables=small), plan.network)


def _history(
    panel: Panel, network: SupplyNetwork, sku: str, *, location: str
) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Return dates, sales and empty-shelf days of the last weeks; nothing where the stock point has no history."""
    found = np.flatnonzero((panel.series["sku"] == sku) & (panel.series["location"] == location))
    if not len(found):
        return pd.DatetimeIndex([]), np.zeros(0), np.zeros(0, dtype=bool)
    row = int(found[0])
    dates = panel.dates[-HISTORY_DAYS:]
    sales = panel.sales[row, -HISTORY_DAYS:].astype(float)
    available = panel.available[row, -HISTORY_DAYS:]
    day_numbers = np.arange(len(panel.dates))[-HISTORY_DAYS:]
    is_live = day_numbers >= int(panel.series["first_day"].iloc[row])
    is_live &= day_numbers <= int(panel.series["last_day"].iloc[row])
    is_short = (available < _FULL_SHELF) & is_live & _open_days(network, location, dates)
    return dates, np.where(is_live, sales, np.nan), np.asarray(is_short)


def _open_days(network: SupplyNetwork, location: str, dates: pd.DatetimeIndex) -> np.ndarray:
    """Return on which of these days the location was open: a closed shop has no empty shelf."""
    row = int(np.flatnonzero(network.calendar.locations == location)[0])
    open_days = network.calendar.open_days(dates[0] - pd.Timedelta(days=1), len(dates))
    return np.asarray(open_days[row])


def promotion_days(snapshot: Snapshot, sku: str, location: str, *, days: pd.DatetimeIndex) -> np.ndarray:
    """Return which days a promotion known by the cutoff covers this stock point."""
    promotions = snapshot.table("promotions")
    covered = np.zeros(len(days), dtype=bool)
    if promotions.empty:
        return covered
    category = _attribute(snapshot.table("skus"), "sku", sku, "category")
    place = {"location": location}
    place |= {name: _attribute(snapshot.table("locations"), "location", location, name) for name in ("zone", "region")}
    hits = _matches(promotions, "sku", sku) & _matches(promotions, "category", category)
    for name, value in place.items():
        hits &= _matches(promotions, name, value)
    for first, last in zip(promotions.loc[hits, "from"], promotions.loc[hits, "to"], strict=True):
        covered |= np.asarray((days >= first) & (days <= last))
    return covered


def _matches(promotions: pd.DataFrame, column: str, value: str) -> pd.Series:
    """Return the promotions that name this value, or name none at all."""
    named = promotions[column].astype("str").fillna("")
    return (named == "") | (named == value)


def _attribute(table: pd.DataFrame, key: str, value: str, column: str) -> str:
    found = table.loc[table[key].astype(str) == value, column]
    return str(found.iloc[0]) if len(found) and pd.notna(found.iloc[0]) else ""


def _drivers(drivers: pd.DataFrame | None, row: int) -> tuple[tuple[str, float], ...]:
    if drivers is None:
        return ()
    mine = drivers[drivers["series"] == row]
    ranked = mine.reindex(mine["amount"].abs().sort_values(ascending=False, kind="stable").index).head(_MAX_DRIVERS)
    pairs = zip(ranked["family"], ranked["amount"], strict=True)
    return tuple((str(family), float(amount)) for family, amount in pairs)


def _driver_days(drivers: pd.DataFrame | None, row: int) -> int:
    return 0 if drivers is None else max(drivers.loc[drivers["series"] == row, "days"].astype(int), default=0)


def _note(series: pd.Series, like: str) -> str:
    model = MODEL_LABELS.get(str(series["model"]), str(series["model"]))
    reason = str(series["fallback"]) if pd.notna(series["fallback"]) else ""
    told = f"{model}, fallback: {reason}" if reason else model
    return f"{told}; like {like}" if like else told


def forecast_figure(shown: DemandPicture, changes: pd.DataFrame) -> dict[str, Any]:
    """Return one forecast for the template: its chart, its drivers with bars relative to the largest, its change."""
    largest = max((abs(amount) for _, amount in shown.drivers), default=1.0) or 1.0
    drivers = [
        {
            "family": label(family),
            "amount": f"{amount:+,.2f}".replace("-", "−"),
            "bar": round(100 * abs(amount) / largest, 1),
            "sign": "up" if amount >= 0 else "down",
        }
        for family, amount in shown.drivers
    ]
    about: dict[str, Any] = {"sku": shown.sku, "location": shown.location, "note": shown.note}
    about |= {"days": count(shown.driver_days, "day"), "change": change_words(changes, shown.sku, shown.location)}
    return {**about, "chart": forecast_chart(shown), "drivers": drivers}
