"""Inline SVG whose every text and attribute is escaped by construction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape


def number(value: float) -> str:
    """Return a coordinate with at most one decimal, as short as it can be written."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def element(tag: str, attributes: Mapping[str, str | float], *children: str) -> Markup:
    """Return one SVG or HTML element; attribute values and plain-text children are escaped.

    Parameters
    ----------
    tag
        Element name, a constant of our own.
    attributes
        Attribute values by name; floats are written with one decimal [px].
    children
        Texts (escaped) or elements made by this function (kept).
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(Markup(name), number(value) if isinstance(value, float) else str(value))
        for name, value in attributes.items()
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), written, inside)


def text(x: float, y: float, words: str, css_class: str = "", anchor: str = "start") -> Markup:
    """Return a text element at (`x`, `y`) [px]; `anchor` is start, middle or end."""
    attributes: dict[str, str | float] = {"x": float(x), "y": float(y), "text-anchor": anchor}
    if css_class:
        attributes["class"] = css_class
    return element("text", attributes, words)


def polyline_path(xs: Iterable[float], ys: Iterable[float]) -> str:
    """Return path data through the points, broken where a coordinate is not a number."""
    parts: list[str] = []
    pen_is_down = False
    for x, y in zip(xs, ys, strict=True):
        if x != x or y != y:
            pen_is_down = False
            continue
        parts.append(f"{'L' if pen_is_down else 'M'}{number(x)} {number(y)}")
        pen_is_down = True
    return "".join(parts)


def band_path(xs: Iterable[float], lows: Iterable[float], highs: Iterable[float]) -> str:
    """Return closed path data around the area between `lows` and `highs`."""
    points = list(zip(xs, lows, highs, strict=True))
    there = [f"{number(x)} {number(low)}" for x, low, _ in points]
    back = [f"{number(x)} {number(high)}" for x, _, high in reversed(points)]
    return "M" + "L".join(there + back) + "Z" if points else ""


def picture(width: float, height: float, label: str, *children: str, css_class: str = "", left: float = 0.0) -> Markup:
    """Return a complete `svg` element that scales to its container and names itself to a screen reader.

    Parameters
    ----------
    width, height
        Size of the visible part [px].
    label
        What it shows, in words.
    children
        Elements inside.
    css_class
        Class of the element.
    left
        Where the visible part begins [px].
    """
    attributes: dict[str, str | float] = {
        "viewBox": f"{number(left)} 0 {number(width)} {number(height)}",
        "role": "img",
        "aria-label": label,
        "class": css_class or "picture",
    }
    return element("svg", attributes, *children)
