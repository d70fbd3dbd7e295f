"""Small charts of the report as inline SVG: one forecast with its band, and the money behind one order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from cockpit.svg import band_path, element, number, picture, polyline_path, text
from cockpit.wording import count, label, money

Floats = NDArray[np.float64]
SayDay = Callable[[pd.Timestamp], str]

_WIDTH, _HEIGHT = 480.0, 232.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 10.0, 14.0, 30.0
_NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TERMS_WIDTH, _TERMS_HEIGHT = 180.0, 14.0


@dataclass(frozen=True)
class DemandPicture:
    """Everything one forecast chart shows.

    Parameters
    ----------
    sku, location
        The stock point.
    history_days, days
        Dates of history and of the horizon.
    sales
        Units sold on each history day; NaN where nothing is recorded.
    is_censored
        History days on which the shelf was partly or wholly empty.
    mean
        Expected demand [units/day] on each day of the horizon.
    quantiles
        Demand quantiles at 5, 25, 75 and 95%, shape (horizon, 4) [units/day].
    is_promotion
        Days, history first and then horizon, on which a promotion covers the stock point.
    drivers
        Rows of family and amount [units over ``driver_days``], largest first.
    driver_days
        Days the drivers are summed over: the order cycle.
    note
        Model and fallback in words.
    draws
        Possible courses of demand, shape (n_draws, horizon) [units/day]; none where they are not kept.
    """

    sku: str
    location: str
    history_days: pd.DatetimeIndex
    days: pd.DatetimeIndex
    sales: Floats
    is_censored: NDArray[np.bool_]
    mean: Floats
    quantiles: Floats
    is_promotion: NDArray[np.bool_]
    drivers: tuple[tuple[str, float], ...] = ()
    driver_days: int = 0
    note: str = ""
    draws: Floats = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True)
class StockLines:
    """What a stock chart shows.

    Parameters
    ----------
    days
        (T,) dates.
    without, with_line
        (T,) expected stock at the end of the day without and with the order, what is missing being lost [units].
    arrives
        Day index on which it arrives.
    is_echelon
        Whether it is the stock of a place and of all that it feeds.
    """

    days: pd.DatetimeIndex
    without: Floats
    with_line: Floats
    arrives: int
    is_echelon: bool = False


def say_short_day(day: pd.Timestamp) -> str:
    """Return a day as an axis has it, such as `6 Nov`."""
    return f"{day.day} {day:%b}"


def forecast_chart(shown: DemandPicture, *, words: str = "", say_day: SayDay = say_short_day) -> Markup:
    """Return history, mean, courses, 50% and 90% bands, promotion days and days with an empty shelf as one picture.

    Parameters
    ----------
    shown
        What to draw.
    words
        What it shows, for a screen reader; English by default.
    say_day
        How days are written on the axis.
    """
    n_history, n_days = len(shown.history_days), len(shown.days)
    top = _nice_top(_largest(shown))
    xs = _LEFT + (np.arange(n_history + n_days) + 0.5) * (_WIDTH - _LEFT - _RIGHT) / max(n_history + n_days, 1)

    def height(values: Floats) -> Floats:
        return _HEIGHT - _BOTTOM - np.asarray(values, dtype=float) / top * (_HEIGHT - _TOP - _BOTTOM)

    ahead = xs[n_history:]
    q = shown.quantiles
    now_x = float((xs[n_history - 1] + xs[n_history]) / 2) if n_history and n_days else _LEFT
    layers = [
        _promotion_bands(xs, shown.is_promotion),
        _value_axis(top),
        element("path", {"class": "band90", "d": band_path(ahead, height(q[:, 0]), height(q[:, 3]))}),
        element("path", {"class": "band50", "d": band_path(ahead, height(q[:, 1]), height(q[:, 2]))}),
        *(element("path", {"class": "draw", "d": polyline_path(ahead, height(course))}) for course in shown.draws),
        element("path", {"class": "sales", "d": polyline_path(xs[:n_history], height(shown.sales))}),
        element("path", {"class": "mean", "d": polyline_path(ahead, height(shown.mean))}),
        *_censored_marks(xs, shown),
        element("path", {"class": "now", "d": f"M{number(now_x)} {number(_TOP)}V{number(_HEIGHT - _BOTTOM)}"}),
        *_date_axis(xs, pd.DatetimeIndex(shown.history_days.append(shown.days)), say_day),
    ]
    return picture(_WIDTH, _HEIGHT, words or _chart_label(shown), *layers, css_class="chart")


def _largest(shown: DemandPicture) -> float:
    history = shown.sales[np.isfinite(shown.sales)]
    ahead = float(np.max(shown.quantiles)) if shown.quantiles.size else 0.0
    return max(float(history.max()) if history.size else 0.0, ahead, float(shown.draws.max(initial=0.0)), 1.0)


def _nice_top(largest: float) -> float:
    scale = 10.0 ** math.floor(math.log10(largest))
    return next(step * scale for step in _NICE_STEPS if step * scale >= largest * 0.999)


def _chart_label(shown: DemandPicture) -> str:
    total = float(np.sum(shown.mean))
    n_censored = int(shown.is_censored.sum())
    return (
        f"{shown.sku} at {shown.location}: {count(len(shown.history_days), 'day')} of sales ({n_censored} with an "
        f"empty shelf), then {count(len(shown.days), 'day')} ahead with {total:,.1f} units expected."
    )


def _promotion_bands(xs: Floats, is_promotion: NDArray[np.bool_]) -> Markup:
    """Return one shaded box a run of promotion days."""
    half = float(xs[1] - xs[0]) / 2 if len(xs) > 1 else 4.0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_promotion.astype(np.int8), [0]])))
    boxes: list[str] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        span = {"x": float(xs[first] - half), "width": float(xs[last - 1] - xs[first] + 2 * half)}
        boxes.append(element("rect", {**span, "y": _TOP, "height": _HEIGHT - _TOP - _BOTTOM}))
        boxes.append(element("rect", {**span, "y": _TOP - 6.0, "height": 4.0, "class": "edge"}))
    return element("g", {"class": "promotion"}, *boxes)


def _value_axis(top: float) -> Markup:
    parts: list[str] = []
    for part in (0.0, 0.5, 1.0):
        y = _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(element("path", {"class": "grid", "d": f"M{number(_LEFT)} {number(y)}H{number(_WIDTH - _RIGHT)}"}))
        parts.append(text(_LEFT - 6, y + 4, f"{part * top:g}", "axis", "end"))
    return element("g", {}, *parts)


def _censored_marks(xs: Floats, shown: DemandPicture) -> list[Markup]:
    y = _HEIGHT - _BOTTOM
    return [
        element("path", {"class": "censored", "d": f"M{number(xs[day] - 3)} {number(y + 6)}h6l-3 -6z"})
        for day in np.flatnonzero(shown.is_censored)
    ]


def _date_axis(xs: Floats, dates: pd.DatetimeIndex, say_day: SayDay) -> list[Markup]:
    """Return a label on every second Monday, so that weeks can be read off."""
    mondays = [i for i, date in enumerate(dates) if date.weekday() == 0]
    keep = mondays[:: max(1, -(-len(mondays) // 7))]
    y = _HEIGHT - 8
    return [text(xs[i], y, say_day(dates[i]), "axis", "middle") for i in keep]


def stock_chart(path: StockLines, *, words: str, say_day: SayDay = say_short_day) -> Markup:
    """Return expected stock without and with an order by day, and the day it arrives, as one picture.

    Parameters
    ----------
    path
        What to draw.
    words
        What it shows, for a screen reader.
    say_day
        How days are written on the axis.
    """
    n = len(path.days)
    top = _nice_top(max(float(np.max(path.with_line)), float(np.max(path.without)), 1.0))
    xs = _LEFT + (np.arange(n) + 0.5) * (_WIDTH - _LEFT - _RIGHT) / max(n, 1)
    low, high = (
        _HEIGHT - _BOTTOM - values / top * (_HEIGHT - _TOP - _BOTTOM) for values in (path.without, path.with_line)
    )
    layers = [
        _value_axis(top),
        element("path", {"class": "gained", "d": band_path(xs, low, high)}),
        element("path", {"class": "without", "d": polyline_path(xs, low)}),
        element("path", {"class": "with", "d": polyline_path(xs, high)}),
        *_date_axis(xs, path.days, say_day),
    ]
    if 0 <= path.arrives < n:
        x = float(xs[path.arrives])
        upright = f"M{number(x)} {number(_TOP)}V{number(_HEIGHT - _BOTTOM)}"
        layers.insert(1, element("path", {"class": "now", "d": upright}))
    return picture(_WIDTH, _HEIGHT, words, *layers, css_class="chart")


def share_bar(share: float, css_class: str = "plain") -> Markup:
    """Return a share in 0..1 as a small bar; what it says stands beside it in words."""
    width = 100.0 * min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    return element(
        "svg",
        {"viewBox": "0 0 100 6", "class": f"bar {css_class}", "preserveAspectRatio": "none", "aria-hidden": "true"},
        element("rect", {"class": "all", "width": 100.0, "height": 6.0}),
        element("rect", {"class": "part", "width": width, "height": 6.0}),
    )


def terms_bar(terms: Sequence[tuple[str, float]], scale: float, currency: str) -> Markup:
    """Return the money terms of one order, costs left and benefits right of a zero line.

    Parameters
    ----------
    terms
        Term names and amounts [money], positive is benefit.
    scale
        Largest sum of costs or benefits in the table, which fills the bar [money].
    currency
        Name of the money unit.
    """
    costs = -sum(amount for _, amount in terms if amount < 0)
    zero = _TERMS_WIDTH * 0.3
    per_money = min(zero / max(scale * 0.3, 1e-9), (_TERMS_WIDTH - zero) / max(scale, 1e-9))
    left, right = zero - min(costs * per_money, zero), zero
    pieces: list[str] = []
    for name, amount in terms:
        width = min(abs(amount) * per_money, _TERMS_WIDTH)
        if width < 0.3:
            continue
        x = left if amount < 0 else right
        attributes: dict[str, str | float] = {
            "x": x,
            "y": 2.0,
            "width": width,
            "height": _TERMS_HEIGHT - 4,
            "class": "term-cost" if amount < 0 else "term-benefit",
        }
        pieces.append(element("rect", attributes, element("title", {}, f"{label(name)} {money(amount, currency)}")))
        left, right = (left + width, right) if amount < 0 else (left, right + width)
    axis = element("path", {"class": "zero", "d": f"M{number(zero)} 0V{number(_TERMS_HEIGHT)}"})
    words = ", ".join(f"{label(name).lower()} {money(amount, currency, is_signed=True)}" for name, amount in terms)
    return picture(_TERMS_WIDTH, _TERMS_HEIGHT, words, *pieces, axis, css_class="terms")
