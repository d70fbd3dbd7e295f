"""The network picture of the report: regions, locations by tier, tomorrow's moves as curved links."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup

from cockpit.report_layout import WIDTH, Layout
from cockpit.report_tables import rows_of
from cockpit.svg import element, number, picture, text
from cockpit.wording import KIND_LABELS, KIND_ORDER, count, money
from optimization.plain_words import say_units

MAX_FLOWS = 160
MAX_STORE_LABELS = 28
_REGION_PADDING = 30.0
_ROOM_FOR_NAMES = 110.0
_MIN_VISIBLE = 560.0
_SCALE_STEPS_KM = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_RADIUS = {"supplier": 9.0, "central": 11.0, "forward": 9.0, "store": 5.0}
_CORNERS = {
    "central": ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)),
    "forward": ((0.0, -1.1), (1.05, 0.8), (-1.05, 0.8)),
    "supplier": ((0.0, -1.15), (1.15, 0.0), (0.0, 1.15), (-1.15, 0.0)),
}
_LABEL_RANK = {"central": 0, "supplier": 1, "forward": 2, "store": 3}


def network_picture(
    layout: Layout, flows: pd.DataFrame, alerts: Mapping[str, int], currency: str, *, words: str = ""
) -> Markup:
    """Return the network as inline SVG.

    Parameters
    ----------
    layout
        Positions of the locations.
    flows
        One row an (origin, destination, kind) with `quantity` [units] and `value` [money], largest first.
    alerts
        Number of critical exceptions by location; those locations wear a ring.
    currency
        Name of the money unit.
    words
        What it shows, for a screen reader; English by default.
    """
    places = layout.places
    marks = [_place(row, alerts.get(str(row.location), 0), len(places)) for row in _drawing_order(places)]
    label = words or (
        f"Network of {count(len(places), 'location')}: {min(len(flows), MAX_FLOWS)} of "
        f"{count(len(flows), 'lane')} that move goods tomorrow; the table of lanes below holds the same numbers."
    )
    left, right = _visible_part(layout)
    return picture(
        right - left,
        layout.height,
        label,
        _backdrop(layout),
        element("g", {"class": "flows"}, *_flows(places, flows, currency)),
        element("g", {"class": "places"}, *marks),
        element("g", {"class": "labels", "aria-hidden": "true"}, *_region_names(layout), *_labels(layout)),
        _scale_bar(layout, left=left),
        css_class="network",
        left=left,
    )


def _visible_part(layout: Layout) -> tuple[float, float]:
    """Return where the picture begins and ends, with room for names on both sides, so that a phone wastes nothing."""
    if not layout.is_geographic:
        return 0.0, WIDTH
    left = max(float(layout.places["x"].min()) - _ROOM_FOR_NAMES, 0.0)
    right = min(float(layout.places["x"].max()) + _ROOM_FOR_NAMES, WIDTH)
    missing = max(_MIN_VISIBLE - (right - left), 0.0) / 2
    return max(left - missing, 0.0), min(right + missing, WIDTH)


def _drawing_order(places: pd.DataFrame) -> list[pd.Series]:
    ranked = places.assign(rank=places["tier"].astype(str).map(_LABEL_RANK).fillna(3))
    return [row for _, row in ranked.sort_values(["rank", "location"], ascending=[False, True]).iterrows()]


def _backdrop(layout: Layout) -> Markup:
    """Return soft region areas on a map, or column titles over layers."""
    if layout.is_geographic:
        regions = _regional(layout.places).groupby("region", sort=True)
        areas = [_region(str(region), group) for region, group in regions]
        return element("g", {"class": "regions"}, *areas)
    titles = [
        text(float(group["x"].mean()), 26.0, f"{tier} · {len(group)}", "region-name", "middle")
        for tier, group in layout.places.groupby("tier", sort=False)
    ]
    return element("g", {"class": "regions"}, *titles)


def _region(name: str, members: pd.DataFrame) -> Markup:
    points = np.column_stack([members["x"], members["y"]]).astype(float)
    return element("path", {"d": _rounded_hull(points), "class": "region"}, element("title", {}, name))


def _region_names(layout: Layout) -> list[Markup]:
    """Return the names of regions, above the flows so that they can be read."""
    if not layout.is_geographic:
        return []
    tops = [
        (str(name), group.sort_values("y", kind="stable").iloc[0])
        for name, group in _regional(layout.places).groupby("region")
    ]
    return [
        text(float(top["x"]), float(top["y"]) - _REGION_PADDING + 12, name, "region-name", "middle")
        for name, top in tops
    ]


def _regional(places: pd.DataFrame) -> pd.DataFrame:
    """Return our own locations that belong to a region."""
    ours = places[places["tier"].astype(str) != "supplier"]
    return ours[ours["region"].astype("str").fillna("").str.len() > 0]


def _rounded_hull(points: np.ndarray) -> str:
    """Return the convex hull of circles of radius `_REGION_PADDING` around the points, as a closed path."""
    angles = np.linspace(0, 2 * math.pi, 16, endpoint=False)
    circle = _REGION_PADDING * np.column_stack([np.cos(angles), np.sin(angles)])
    cloud = (points[:, None, :] + circle[None, :, :]).reshape(-1, 2)
    hull = _convex_hull(np.round(cloud, 1))
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in hull) + "Z"


def _convex_hull(points: np.ndarray) -> list[tuple[float, float]]:
    """Return the corners of the convex hull (Andrew 1979, monotone chain)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    if len(ordered) < 3:
        return ordered

    def half(walk: list[tuple[float, float]]) -> list[tuple[float, float]]:
        chain: list[tuple[float, float]] = []
        for point in walk:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _flows(places: pd.DataFrame, flows: pd.DataFrame, currency: str) -> list[Markup]:
    """Return the largest flows, thick ones first so that thin ones stay visible."""
    at = {str(row["location"]): (float(row["x"]), float(row["y"])) for row in rows_of(places)}
    drawn = flows[flows["origin"].isin(at) & flows["destination"].isin(at)].head(MAX_FLOWS)
    largest = float(drawn["value"].max()) if len(drawn) else 1.0
    return [
        _flow(
            at[str(row["origin"])],
            at[str(row["destination"])],
            kind=str(row["kind"]),
            thickness=1.4 + 6.6 * math.sqrt(max(float(row["value"]), 0.0) / max(largest, 1e-9)),
            title=f"{KIND_LABELS.get(str(row['kind']), row['kind'])}: {row['origin']} to {row['destination']}, "
            f"{say_units(float(row['quantity']))}, {money(float(row['value']), currency)}",
        )
        for row in rows_of(drawn)
    ]


def _flow(start: tuple[float, float], end: tuple[float, float], *, kind: str, thickness: float, title: str) -> Markup:
    """Return one curved link with an arrow head; every kind bends by its own amount so that none hides another."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(math.hypot(dx, dy), 1e-6)
    bend = 0.10 + 0.05 * (KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER))
    control = (start[0] + dx / 2 - dy * bend, start[1] + dy / 2 + dx * bend)
    toward = math.atan2(end[1] - control[1], end[0] - control[0])
    head = 4.0 + 1.3 * thickness
    gap = min(8.0, length / 4)
    tip = (end[0] - gap * math.cos(toward), end[1] - gap * math.sin(toward))
    base = (tip[0] - head * math.cos(toward), tip[1] - head * math.sin(toward))
    path = (
        f"M{number(start[0])} {number(start[1])}"
        f"Q{number(control[0])} {number(control[1])} {number(base[0])} {number(base[1])}"
    )
    return element(
        "g",
        {"class": f"flow flow-{kind}"},
        element("title", {}, title),
        element("path", {"d": path, "stroke-width": thickness}),
        element("path", {"d": _arrow_head(tip, toward, head), "class": "head"}),
    )


def _arrow_head(tip: tuple[float, float], toward: float, size: float) -> str:
    corners = [tip]
    for turn in (2.65, -2.65):
        corners.append((tip[0] + size * math.cos(toward + turn), tip[1] + size * math.sin(toward + turn)))
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z"


def _place(row: pd.Series, n_alerts: int, n_places: int) -> Markup:
    tier, x, y = str(row["tier"]), float(row["x"]), float(row["y"])
    radius = _RADIUS.get(tier, 5.0) * (1.0 if n_places <= 150 or tier != "store" else 0.55)
    alert = f", {n_alerts} critical" if n_alerts else ""
    parts: list[str] = [element("title", {}, f"{row['location']} ({tier}{alert})")]
    if n_alerts:
        parts.append(element("circle", {"cx": x, "cy": y, "r": radius + 4.5, "class": "alert"}))
    parts.append(shape(tier, x, y, radius))
    return element("g", {"class": f"place {tier}"}, *parts)


def shape(tier: str, x: float, y: float, radius: float) -> Markup:
    """Return the symbol of a tier: diamond, square, triangle or circle."""
    if tier == "store":
        return element("circle", {"cx": x, "cy": y, "r": radius})
    corners = _CORNERS.get(tier, _CORNERS["supplier"])
    points = " ".join(f"{number(x + radius * a)},{number(y + radius * b)}" for a, b in corners)
    return element("polygon", {"points": points})


def _labels(layout: Layout) -> list[Markup]:
    """Return names of locations where there is room, important tiers first."""
    places = layout.places
    has_room_for_stores = int((places["tier"].astype(str) == "store").sum()) <= MAX_STORE_LABELS
    symbols = [(x - 9, y - 9, x + 9, y + 9) for x, y in zip(places["x"], places["y"], strict=True)]
    written: list[tuple[float, float, float, float]] = []
    names: list[Markup] = []
    for row in reversed(_drawing_order(places)):
        if str(row["tier"]) == "store" and not has_room_for_stores:
            continue
        name, x, y = str(row["location"]), float(row["x"]), float(row["y"])
        width = 6.4 * len(name) + 4
        for left, base, anchor in (
            (x + 13, y + 4, "start"),
            (x - 13 - width, y + 4, "end"),
            (x - width / 2, y + 24, "middle"),
            (x - width / 2, y - 15, "middle"),
        ):
            box = (left, base - 11, left + width, base + 3)
            is_inside = box[0] > 2 and box[2] < WIDTH - 2 and box[1] > 2 and box[3] < layout.height - 2
            in_the_way = written if str(row["tier"]) in {"central", "supplier"} else [*written, *symbols]
            if is_inside and not any(_overlaps(box, other) for other in in_the_way):
                written.append(box)
                anchor_x = {"start": left, "end": left + width, "middle": x}[anchor]
                names.append(text(anchor_x, base, name, f"name name-{row['tier']}", anchor))
                break
    return names


def _overlaps(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _scale_bar(layout: Layout, *, left: float) -> Markup:
    if layout.km_per_px is None:
        return Markup("")
    fitting = [step for step in _SCALE_STEPS_KM if step / layout.km_per_px <= 160]
    km = fitting[-1] if fitting else _SCALE_STEPS_KM[0]
    length, y = km / layout.km_per_px, layout.height - 18
    start = left + 20
    path = f"M{number(start)} {number(y - 5)}V{number(y)}H{number(start + length)}V{number(y - 5)}"
    return element(
        "g",
        {"class": "scale"},
        element("path", {"d": path}),
        text(start + 6 + length, y + 1, f"{km:g} km between regions", "scale-text"),
    )
