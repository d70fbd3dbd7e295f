"""Announced promotions by series and day, as known at an origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Columns that narrow a promotion to series; empty ones narrow nothing.
SCOPES = ("sku", "category", "location", "zone", "region")
# Days after a promotion on which customers may still live on what they bought ahead.
AFTER_DAYS = 14
MECHANISMS = ("discount", "live", "flash", "presale", "bundle", "gift")


@dataclass(frozen=True, eq=False)
class PromotedDays:
    """What is announced for the days after an origin, (n_series, horizon) each.

    Parameters
    ----------
    is_on
        1 on promoted days, else 0.
    depth
        1 - promotion price / usual price; NaN without a promotion or a price.
    mechanism
        Code of the mechanism, 0 without a promotion.
    day
        Days since the promotion began (1 on its first day), 0 without one.
    days_left
        Days until it ends (1 on its last day), 0 without one.
    planned
        Planned units a day and series, NaN where nobody planned any.
    since
        Days since the last promotion that was over at the origin (1 on the day after it), 0 where none ended lately.
    """

    is_on: Array32
    depth: Array32
    mechanism: Array32
    day: Array32
    days_left: Array32
    planned: Array32
    since: Array32


@dataclass(frozen=True, eq=False)
class PromotionPlan:
    """Promotions expanded to series: one row a (promotion, series) pair, deepest last.

    Parameters
    ----------
    series
        Row of the panel.
    start, stop
        First and last day index, inclusive.
    known_day
        Day index at whose end it is known.
    depth, mechanism
        As in `PromotedDays`.
    planned
        Planned units a day of the whole promotion.
    promotion
        Code of the promotion, 0..n_promotions-1.
    is_one_off
        Whether it never comes back.
    """

    series: Ints
    start: Ints
    stop: Ints
    known_day: Ints
    depth: Array32
    mechanism: Array32
    planned: Array32
    promotion: Ints
    is_one_off: Flags

    def announced(self, origin: int, *, n_series: int, horizon: int, rate: Array | None = None) -> PromotedDays:
        """Return what is known at the end of day index ``origin`` about the ``horizon`` days after it.

        Parameters
        ----------
        origin
            Day index.
        n_series, horizon
            Shape of the result.
        rate
            (n_series,) usual units a day: planned units are spread over a promotion's series in proportion to them;
            equally without.
        """
        days = PromotedDays(*(np.zeros((n_series, horizon), dtype=np.float32) for _ in range(7)))
        days.depth.fill(np.nan)
        days.planned.fill(np.nan)
        self._mark_ended(days.since, origin)
        active = np.flatnonzero((self.known_day <= origin) & (self.start <= origin + horizon) & (self.stop > origin))
        planned = self.planned * self._shares(np.ones(n_series) if rate is None else rate)
        for step in range(horizon):
            day = origin + 1 + step
            on = active[(self.start[active] <= day) & (self.stop[active] >= day)]
            rows = self.series[on]
            days.is_on[rows, step] = 1.0
            days.depth[rows, step] = self.depth[on]
            days.mechanism[rows, step] = self.mechanism[on]
            days.day[rows, step] = day - self.start[on] + 1
            days.days_left[rows, step] = self.stop[on] - day + 1
            days.planned[rows, step] = planned[on]
        return days

    def _shares(self, rate: Array) -> Array:
        """Each series' share of the usual units of its promotion's series."""
        weight = np.maximum(rate[self.series], 1e-6)
        total = np.bincount(self.promotion, weights=weight, minlength=1)
        share: Array = weight / total[self.promotion]
        return share

    def _mark_ended(self, since: Array32, origin: int) -> None:
        """Write how long ago the latest promotion ended, for `AFTER_DAYS` days."""
        horizon = since.shape[1]
        ended = (self.known_day <= origin) & (self.stop > origin - AFTER_DAYS) & (self.stop <= origin)
        rows = np.flatnonzero(ended)
        rows = rows[np.argsort(self.stop[rows], kind="stable")]
        for after in range(AFTER_DAYS, 0, -1):
            step = self.stop[rows] + after - origin - 1
            inside = (step >= 0) & (step < horizon)
            since[self.series[rows[inside]], step[inside]] = after

    def past_days(self, n_series: int, n_days: int) -> Flags:
        """Return which past days were promoted, from the day each promotion was known, (n_series, n_days)."""
        return self._days_of(np.ones(self.series.size, dtype=bool), n_series, n_days=n_days)

    def one_off_days(self, n_series: int, n_days: int) -> Flags:
        """Return past days of promotions that never come back, (n_series, n_days)."""
        return self._days_of(self.is_one_off, n_series, n_days=n_days)

    def _days_of(self, wanted: Flags, n_series: int, *, n_days: int) -> Flags:
        change = np.zeros((n_series, n_days + 1), dtype=np.int32)
        first = np.maximum(np.maximum(self.start, self.known_day), 0)
        last = np.minimum(self.stop, n_days - 1)
        held = (first <= last) & wanted
        np.add.at(change, (self.series[held], first[held]), 1)
        np.add.at(change, (self.series[held], last[held] + 1), -1)
        days: Flags = np.cumsum(change[:, :-1], axis=1) > 0
        return days


def promotion_plan(
    promotions: pd.DataFrame, series: pd.DataFrame, *, usual_price: npt.NDArray[np.float64], first: pd.Timestamp
) -> PromotionPlan:
    """Expand the promotions table to the series it touches.

    Parameters
    ----------
    promotions
        The contract's table; a promotion without known_at is known from its first day.
    series
        The panel's series.
    usual_price
        (n_series,) [money/unit], NaN where unknown.
    first
        Date of day index 0.
    """
    pairs = _pairs(promotions, series)
    start, stop = _days(pairs["from"], first), _days(pairs["to"], first)
    known = _days(pairs["known_at"].fillna(pairs["from"]).dt.normalize(), first)
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = 1.0 - pairs["price"].to_numpy(dtype=np.float64) / usual_price[pairs["row"].to_numpy()]
    planned = pairs["planned_units"].to_numpy(dtype=np.float64) / np.maximum(stop - start + 1, 1)
    codes = pd.Index(MECHANISMS).get_indexer(pd.Index(pairs["mechanism"])) + 1
    # deepest last, so that of overlapping promotions the deepest is seen
    order = np.lexsort((pairs["promotion"].to_numpy(dtype=object).astype(str), np.nan_to_num(depth)))
    return PromotionPlan(
        series=pairs["row"].to_numpy(dtype=np.int64)[order],
        start=start[order],
        stop=stop[order],
        known_day=known[order],
        depth=depth.astype(np.float32)[order],
        mechanism=codes.astype(np.float32)[order],
        planned=planned.astype(np.float32)[order],
        promotion=pd.factorize(pairs["promotion"], sort=True)[0].astype(np.int64)[order],
        is_one_off=pairs["one_off"].to_numpy(dtype=bool)[order],
    )


def _pairs(promotions: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Join promotions to the series that agree in every scope a promotion names: SKU, else category, and place."""
    named = promotions.assign(**{name: promotions[name].astype("str").fillna("") for name in SCOPES})
    named.loc[named["sku"] != "", "category"] = ""
    named = named[(named["sku"] != "") | (named["category"] != "")]
    pattern = (named[list(SCOPES)] != "").to_numpy(dtype=np.int64) @ (1 << np.arange(len(SCOPES)))
    rows = series[list(SCOPES)].assign(row=np.arange(len(series)))
    parts = []
    for bits in np.unique(pattern):
        keys = [name for position, name in enumerate(SCOPES) if bits >> position & 1]
        scoped = named[pattern == bits].drop(columns=[name for name in SCOPES if name not in keys])
        parts.append(scoped.merge(rows[[*keys, "row"]], on=keys, how="inner"))
    if not parts:
        return named.assign(row=pd.Series(dtype="int64"))
    pairs: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return pairs


def _days(dates: pd.Series[pd.Timestamp], first: pd.Timestamp) -> Ints:
    return np.asarray((dates - first) // pd.Timedelta(days=1), dtype=np.int64)
