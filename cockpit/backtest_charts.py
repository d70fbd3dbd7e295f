"""Pictures of a backtest as inline SVG: value added with its interval, histogram of the transform, reliability."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from cockpit.svg import element, number, picture, polyline_path, text
from cockpit.wording import share

_BAR_WIDTH, _BAR_HEIGHT = 260.0, 22.0
_SIDE = 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 10.0, 16.0, 28.0
_REACHED_LEVELS = (0.5, 0.9, 0.95)


def value_bar(value: float, low: float, high: float, *, scale: float) -> Markup:
    """Return a step's value added as a bar from the zero line, its interval as a whisker.

    Parameters
    ----------
    value, low, high
        Shares; a NaN draws the zero line alone.
    scale
        Largest size of any of them in the table, which reaches the edge.
    """
    zero, per = _BAR_WIDTH / 2, (_BAR_WIDTH / 2 - 4) / max(scale, 1e-9)
    middle = _BAR_HEIGHT / 2
    parts: list[str] = []
    if value == value:
        x, width = zero + min(value, 0.0) * per, abs(value) * per
        css = "term-benefit" if value >= 0 else "term-cost"
        parts.append(element("rect", {"x": x, "y": middle - 5, "width": width, "height": 10.0, "class": css}))
    if low == low and high == high:
        left, right = zero + low * per, zero + high * per
        path = f"M{number(left)} {number(middle)}H{number(right)}" + "".join(
            f"M{number(x)} {number(middle - 4)}v8" for x in (left, right)
        )
        parts.append(element("path", {"class": "whisker", "d": path}))
    axis = element("path", {"class": "zero", "d": f"M{number(zero)} 0V{number(_BAR_HEIGHT)}"})
    words = f"value added {share(value)}, between {share(low)} and {share(high)}"
    return picture(_BAR_WIDTH, _BAR_HEIGHT, words, *parts, axis, css_class="valuebar")


def histogram(bins: pd.DataFrame, title: str) -> Markup:
    """Return the histogram of the randomised transform; flat at the dashed line means calibrated.

    Parameters
    ----------
    bins
        low, high, share of one class and length.
    title
        What it shows, for a screen reader.
    """
    top = max(float(bins["share"].max()), 2.0 / max(len(bins), 1)) if len(bins) else 1.0
    parts: list[str] = list(_frame())
    for low, high, part in zip(bins["low"], bins["high"], bins["share"], strict=True):
        x, right, y = _x(low), _x(high), _y(part / top)
        bar: dict[str, str | float] = {
            "x": x + 0.5,
            "y": y,
            "width": max(right - x - 1.0, 0.5),
            "height": _y(0.0) - y,
            "class": "bin",
        }
        parts.append(element("rect", bar))
    even = _y(1.0 / max(len(bins), 1) / top)
    parts.append(element("path", {"class": "now", "d": f"M{number(_LEFT)} {number(even)}H{number(_SIDE - _RIGHT)}"}))
    parts += [text(_x(at), _SIDE - 8, f"{at:g}", "axis", "middle") for at in (0.0, 0.5, 1.0)]
    parts.append(text(_SIDE - _RIGHT, _y(1.0) - 1, f"top {share(top)}", "axis", "end"))
    return picture(_SIDE, _SIDE, title, *parts, css_class="chart")


def reliability(lines: Sequence[tuple[str, pd.DataFrame]], title: str) -> Markup:
    """Return nominal levels against the share of demand at or below them, one line a length.

    Parameters
    ----------
    lines
        Name and bins (high, reached) of each.
    title
        What it shows, for a screen reader.
    """
    diagonal = element(
        "path", {"class": "now", "d": f"M{number(_x(0))} {number(_y(0))}L{number(_x(1))} {number(_y(1))}"}
    )
    parts: list[str] = [*_frame(), diagonal]
    for i, (_, bins) in enumerate(lines):
        xs = [_x(0.0), *(_x(float(level)) for level in bins["high"])]
        ys = [_y(0.0), *(_y(float(reached)) for reached in bins["reached"])]
        parts.append(element("path", {"class": f"line{i} curve", "d": polyline_path(xs, ys)}))
    parts += [text(_x(at), _SIDE - 8, f"{at:g}", "axis", "middle") for at in (0.0, 0.5, 1.0)]
    parts += [text(_LEFT - 5, _y(at) + 4, f"{at:g}", "axis", "end") for at in (0.0, 0.5, 1.0)]
    return picture(_SIDE, _SIDE, title, *parts, css_class="chart")


def reached_words(bins: pd.DataFrame) -> str:
    """Return how much demand lay at or below the 50, 90 and 95% quantiles."""
    found = {round(float(high), 2): float(reached) for high, reached in zip(bins["high"], bins["reached"], strict=True)}
    return ", ".join(f"{share(found[level])} at {level:g}" for level in _REACHED_LEVELS if level in found)


def _x(at: float) -> float:
    return _LEFT + at * (_SIDE - _LEFT - _RIGHT)


def _y(at: float) -> float:
    return _SIDE - _BOTTOM - at * (_SIDE - _TOP - _BOTTOM)


def _frame() -> list[Markup]:
    lines = (f"M{number(_LEFT)} {number(_y(at))}H{number(_SIDE - _RIGHT)}" for at in (0.0, 0.5, 1.0))
    return [element("path", {"class": "grid", "d": line}) for line in lines]
