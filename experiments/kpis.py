"""KPIs of a replay, whoever decided in it (the definitions of the design's table)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import CensoredData, ecdf

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A slow mover covers more days than this, or sold nothing for so many.
SLOW_COVER_DAYS, UNSOLD_DAYS = 60.0, 28
# The stores that are served worst: one in ten, at least one.
WORST_SHARE = 0.1


def summary(days: pd.DataFrame) -> dict[str, float]:
    """Add the days of a replay up.

    `total_cost` is purchase-neutral: with purchases = cost of goods sold + waste + change of stock at cost, stock
    left at the end is worth its cost to every policy alike, so holding, lost margin, logistics and waste remain.

    Parameters
    ----------
    days
        One row a day, columns as in `twin.Replay.days`.
    """
    d = days.drop(columns="date", errors="ignore").sum()
    return {
        "total_cost": float(d["holding_cost"] + d["lost_margin"] + d["logistics_cost"] + d["waste_cost"]),
        "holding_cost": float(d["holding_cost"]),
        "lost_margin": float(d["lost_margin"]),
        "logistics_cost": float(d["logistics_cost"]),
        "waste_cost": float(d["waste_cost"]),
        "stockout_rate": _ratio(d["short_points"], d["demand_points"]),
        "fill_rate": _ratio(d["served_first_units"], d["latent_units"]),
        "network_fill": _ratio(d["served_units"], d["latent_units"]),
        "turnover_days": _ratio(d["stock_value"], d["cost_of_goods_sold"]),
        "truck_fill": _ratio(d["truck_fill_cost"], d["truck_cost"]),
        "transport_per_unit": _ratio(d["logistics_cost"], d["served_units"]),
        "ending_stock_value": float(days["stock_value"].iloc[-1]),
    }


def _ratio(part: float, whole: float) -> float:
    """Part of whole; NaN where there is no whole."""
    return float(part / whole) if whole else float("nan")


@dataclass(frozen=True, eq=False)
class PlaceService:
    """How the customers of each first-choice place were served, (D, L) each.

    Parameters
    ----------
    points, short
        SKUs that were wanted, and those of them of which anything was lost.
    latent, first
        Units wanted, and those that the first choice served.
    """

    points: Ints
    short: Ints
    latent: Ints
    first: Ints


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened at every stock point; L places, S SKUs.

    Parameters
    ----------
    service
        By place and day.
    on_hand, sold
        (D, L, S) units at the end of each day and sold on it.
    moved_day, moved_from, moved_to, moved_sku, moved
        (k,) goods that left one of our own places for another: day, places, SKU, units.
    """

    service: PlaceService
    on_hand: Ints
    sold: Ints
    moved_day: Ints
    moved_from: Ints
    moved_to: Ints
    moved_sku: Ints
    moved: Ints


def worst_tenth(service: PlaceService, *, counted: npt.NDArray[np.bool_], first_day: int) -> dict[str, float]:
    """Stock-out rate and fill rate of the tenth of places that has the most stock-outs, and the least fill.

    Each is taken over all days and SKUs of those places together. With 8 places it is the worst one, with 20 the worst
    two.

    Parameters
    ----------
    service
        Of the replay.
    counted
        (L,) places among which the worst are sought; those that nobody asked for anything are left out.
    first_day
        Day from which days count.
    """
    sums = (each[first_day:].sum(axis=0) for each in (service.points, service.short, service.latent, service.first))
    points, short, latent, first = (each[counted] for each in sums)
    asked = points > 0
    if not asked.any():
        return {"worst_tenth_stockout_rate": float("nan"), "worst_tenth_fill_rate": float("nan")}
    points, short, latent, first = (each[asked] for each in (points, short, latent, first))
    n_worst = int(np.ceil(WORST_SHARE * points.size))
    empty = np.argsort(-short / points, kind="stable")[:n_worst]
    unfilled = np.argsort(first / latent, kind="stable")[:n_worst]
    return {
        "worst_tenth_stockout_rate": _ratio(short[empty].sum(), points[empty].sum()),
        "worst_tenth_fill_rate": _ratio(first[unfilled].sum(), latent[unfilled].sum()),
    }


def waste_rate(days: pd.DataFrame, trace: Trace, *, cost: Floats, first_day: int) -> float:
    """Expired / received of the goods that expire, at cost.

    Received is what was sold, what expired, and what the stock on hand grew by; goods between two places are left out.
    Example: sold for 60, expired for 20, stock grown by 20: 20 / 100.

    Parameters
    ----------
    days
        Of the replay; only goods that expire have a `waste_cost`.
    trace
        The same by stock point.
    cost
        (S,) of a unit, 0 for goods that do not expire [money/unit].
    first_day
        Day from which days count, at least 1.
    """
    wasted = float(days["waste_cost"].iloc[first_day:].sum())
    sold = float(trace.sold[first_day:].sum(axis=(0, 1)) @ cost)
    grown = float((trace.on_hand[-1] - trace.on_hand[first_day - 1]).sum(axis=0) @ cost)
    return _ratio(wasted, sold + wasted + grown)


def slow_mover_days(trace: Trace, *, protection: Floats, sells: npt.NDArray[np.bool_], first_day: int) -> float:
    """Median days until the excess of a slow mover is sold (Kaplan and Meier, 1958), censored at the end.

    A stock point is flagged when it covers more than 60 days or sold nothing for 28. Its excess is what it holds beyond
    the demand of its protection interval; moving the excess takes the clock along, only selling stops it.

    Parameters
    ----------
    trace
        The replay.
    protection
        (L,) review and lead time [days].
    sells
        (L,) places with customers; others are no slow movers.
    first_day
        Day from which points are flagged, at least 28: before, nothing is known of sales.

    Returns
    -------
    Days; NaN where nothing was flagged, infinity where less than half was sold by the end.
    """
    n_days, n_places, n_skus = trace.on_hand.shape
    if first_day < UNSOLD_DAYS:
        raise ValueError(f"first_day is {first_day}; sales of {UNSOLD_DAYS} days are needed before")
    excess, since = np.zeros((n_places, n_skus)), np.full((n_places, n_skus), n_days, dtype=np.int64)
    order = np.argsort(trace.moved_day, kind="stable")
    bounds = np.searchsorted(trace.moved_day[order], np.arange(n_days + 1))
    lasted: list[Ints] = []
    for day in range(first_day, n_days):
        for row in order[bounds[day] : bounds[day + 1]]:
            _take_along(excess, since, trace, int(row), n_days)
        excess -= np.minimum(trace.sold[day], excess)
        done = (excess <= 0) & (since < n_days)
        lasted.append(day - since[done])
        since[done] = n_days
        recent = trace.sold[day - UNSOLD_DAYS + 1 : day + 1].sum(axis=0)
        kept = recent / UNSOLD_DAYS * protection[:, None]
        held = trace.on_hand[day]
        is_slow = (held > recent / UNSOLD_DAYS * SLOW_COVER_DAYS) & (held > kept) & sells[:, None] & (since == n_days)
        excess[is_slow], since[is_slow] = (held - kept)[is_slow], day
    sold_after = np.concatenate(lasted) if lasted else np.zeros(0, dtype=np.int64)
    return _median(np.maximum(sold_after, 1), n_days - since[since < n_days])


def _median(ended: Ints, censored: Ints) -> float:
    """Median of durations of which some had not ended; infinity where it lies beyond all that ended."""
    if not ended.size:
        return float("inf") if censored.size else float("nan")
    survival = ecdf(CensoredData(uncensored=ended.astype(np.float64), right=censored.astype(np.float64))).sf
    below = survival.probabilities <= 0.5
    return float(survival.quantiles[below.argmax()]) if below.any() else float("inf")


def _take_along(excess: Floats, since: Ints, trace: Trace, row: int, n_days: int) -> None:
    """Move the excess of a stock point with the goods; the older clock goes on."""
    sku, start, end = int(trace.moved_sku[row]), int(trace.moved_from[row]), int(trace.moved_to[row])
    moved = min(float(trace.moved[row]), excess[start, sku])
    if moved <= 0:
        return
    excess[end, sku] += moved
    since[end, sku] = min(since[end, sku], since[start, sku])
    excess[start, sku] -= moved
    if excess[start, sku] <= 0:
        since[start, sku] = n_days
