"""The stock of every point beside what it needs: what is in the way of service, and what lies idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cockpit.pages.searching import with_words
from cockpit.report_tables import rows_of

_COLUMNS = (
    *("sku", "location", "tier", "on_hand", "on_order", "inventory_position", "expected_demand", "protection_days"),
    *("order_up_to_level", "safety_stock", "service_class", "main_source"),
)


@dataclass(frozen=True)
class StockPage:
    """One page of stock points.

    Parameters
    ----------
    rows
        Points with `cover_days` [days].
    n
        Points found.
    """

    rows: list[dict[str, Any]]
    n: int


def with_cover(targets: pd.DataFrame) -> pd.DataFrame:
    """Return the stock points of a run with `cover_days`: on hand over expected demand a day; missing without any."""
    daily = targets["expected_demand"] / targets["protection_days"].where(targets["protection_days"] > 0)
    return targets.assign(cover_days=targets["on_hand"] / daily.where(daily > 0))


def stock_points(
    targets: pd.DataFrame, *, search: str = "", sort: str = "cover_days", page: int = 1, size: int = 50
) -> StockPage:
    """Return points whose SKU or location holds the searched words, the least cover first.

    Parameters
    ----------
    targets
        Table of the run, `with_cover`.
    search
        Words.
    sort
        `cover_days`, `on_hand` or `sku`.
    page, size
        Which points.
    """
    table = with_words(targets, search, ("sku", "location"))
    keys = {"cover_days": (["cover_days", "sku", "location"], True), "on_hand": (["on_hand"], False)}
    names, is_growing = keys.get(sort, (["sku", "location"], True))
    ranked = table.sort_values(names, ascending=is_growing, na_position="last", kind="stable")
    shown = ranked.iloc[(page - 1) * size : page * size][[*_COLUMNS, "cover_days"]]
    return StockPage(rows_of(shown), len(table))


def expiring(lots: pd.DataFrame, cutoff: pd.Timestamp, *, days: int = 28, n: int = 50) -> list[dict[str, Any]]:
    """Return lots that expire within some days, the first first, with `days_left`; expired ones count below zero.

    Parameters
    ----------
    lots
        Table of the run, by expiry.
    cutoff
        Its last day.
    days, n
        How far to look and how many to return.
    """
    near = lots[(lots["expiry_date"] <= cutoff + pd.Timedelta(days=days)) & (lots["quantity"] > 0)]
    ranked = near.sort_values(["expiry_date", "value"], ascending=[True, False], kind="stable").head(n)
    return rows_of(ranked.assign(days_left=(ranked["expiry_date"] - cutoff).dt.days))


def by_expiry_day(lots: pd.DataFrame, cutoff: pd.Timestamp, *, days: int = 28) -> list[dict[str, Any]]:
    """Return units and value at cost of the lots by the day on which they expire."""
    near = lots[(lots["expiry_date"] <= cutoff + pd.Timedelta(days=days)) & (lots["quantity"] > 0)]
    return rows_of(near.groupby("expiry_date", sort=True)[["quantity", "value"]].sum().reset_index())


def promised_by_day(rows: Sequence[tuple[str, str, int, int]], *, n_days: int = 7) -> list[dict[str, Any]]:
    """Return what may be promised of one SKU, one row a channel and zone with `units` by day; None where unknown.

    Parameters
    ----------
    rows
        (channel, zone, day, units), day 0 being the day after the cutoff.
    n_days
        Days shown.
    """
    by_place: dict[tuple[str, str], list[int | None]] = {}
    for channel, zone, day, units in sorted(rows):
        shown = by_place.setdefault((channel, zone), [None] * n_days)
        if day < n_days:
            shown[day] = units
    return [{"channel": channel, "zone": zone, "units": units} for (channel, zone), units in by_place.items()]
