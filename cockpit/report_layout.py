"""Where each location stands in the network picture: by its coordinates, or in layers by tier without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 1120.0
_MARGIN = 56.0
_MIN_HEIGHT, _MAX_HEIGHT = 380.0, 720.0
_KM_PER_DEGREE = 111.32
_SHARE_WITH_COORDINATES = 0.8
_REGION_GAP = 90.0
_SUPPLIER_GAP = 45.0
_MAX_MAGNIFICATION = 3.5
_NUDGE_LIMIT = 400
_NUDGE_ROUNDS = 80
_TIER_ORDER = ("supplier", "central", "forward", "store")
_ROW_STEP = 17.0
_COLUMN_STEP = 18.0


@dataclass(frozen=True)
class Layout:
    """Positions of locations in the picture.

    Parameters
    ----------
    places
        One row a location: location, tier, region, x, y [px].
    height
        Height of the picture, its width being `WIDTH` [px].
    km_per_px
        Scale between the middles of regions; None where positions are layers and distances mean nothing.
    magnification
        How much larger than that scale distances inside a region are drawn.
    """

    places: pd.DataFrame
    height: float
    km_per_px: float | None
    magnification: float = 1.0

    @property
    def is_geographic(self) -> bool:
        """Whether positions come from latitude and longitude."""
        return self.km_per_px is not None


def lay_out(locations: pd.DataFrame) -> Layout:
    """Return positions by coordinates where at least four locations in five have them, else layers by tier."""
    has_both = locations["latitude"].notna() & locations["longitude"].notna()
    placed = locations[has_both]
    if len(placed) < 2 or has_both.mean() < _SHARE_WITH_COORDINATES or _is_one_spot(placed):
        return _layers(locations)
    return _geographic(placed)


def _is_one_spot(placed: pd.DataFrame) -> bool:
    spread = placed[["latitude", "longitude"]].max() - placed[["latitude", "longitude"]].min()
    return bool(spread.max() < 1e-6)


def _geographic(placed: pd.DataFrame) -> Layout:
    latitude = placed["latitude"].to_numpy(dtype=float)
    longitude = placed["longitude"].to_numpy(dtype=float)
    shrink = max(float(np.cos(np.radians(latitude.mean()))), 0.05)
    points = np.column_stack([longitude * shrink, -latitude])
    groups = placed["region"].astype("str").fillna("").where(placed["region"].notna(), "")
    groups = groups.where(groups.str.len() > 0, placed["location"].astype("str"))
    fitted, scale, _ = _fit(points)
    is_ours = (placed["tier"].astype(str) != "supplier").to_numpy()
    magnified, magnification = _magnified(fitted, groups, is_ours=is_ours)
    final, rescale, height = _fit(magnified)
    x, y = _pushed_apart(final[:, 0], final[:, 1], placed["tier"].astype(str).to_numpy(), height)
    places = placed[["location", "tier", "region"]].assign(x=x, y=y).reset_index(drop=True)
    return Layout(places, height, _KM_PER_DEGREE / (scale * rescale), magnification)


def _fit(points: Floats) -> tuple[Floats, float, float]:
    """Return points scaled alike in both directions and centred in the frame, the scale, and the frame's height."""
    low, high = points.min(axis=0), points.max(axis=0)
    wide, tall = np.maximum(high - low, 1e-9)
    scale = float(min((WIDTH - 2 * _MARGIN) / wide, (_MAX_HEIGHT - 2 * _MARGIN) / tall))
    height = float(max(tall * scale + 2 * _MARGIN, _MIN_HEIGHT))
    centre = np.array([WIDTH / 2, height / 2])
    return centre + (points - (low + high) / 2) * scale, scale, height


def _magnified(points: Floats, groups: pd.Series, *, is_ours: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return points with every region blown up around its middle by one factor, as far as regions stay apart.

    Suppliers keep their place, or move straight out of a region that has grown over them.
    """
    if not is_ours.any():
        return points, 1.0
    ours, middles, radii, factor = _blown_up(points[is_ours], groups[is_ours])
    result = points.copy()
    result[is_ours] = ours
    for row in np.flatnonzero(~is_ours):
        away = points[row] - middles
        distance = np.hypot(*away.T)
        nearest = int(np.argmin(distance - radii * factor))
        least = radii[nearest] * factor + _SUPPLIER_GAP
        if distance[nearest] < least:
            direction = away[nearest] / max(distance[nearest], 1e-9) if distance[nearest] > 0 else np.array([1.0, 0.0])
            result[row] = middles[nearest] + direction * least
    return result, factor


def _blown_up(points: Floats, groups: pd.Series) -> tuple[Floats, Floats, Floats, float]:
    """Return magnified points, the middle and radius of each region, and the factor."""
    codes = pd.factorize(groups, sort=True)[0]
    n_groups = int(codes.max()) + 1
    middles = np.array([points[codes == code].mean(axis=0) for code in range(n_groups)])
    radii = np.array([np.hypot(*(points[codes == code] - middles[code]).T).max() for code in range(n_groups)])
    apart = np.hypot(*(middles[:, None, :] - middles[None, :, :]).transpose(2, 0, 1))
    reach = radii[:, None] + radii[None, :]
    pairs = np.triu(reach > 1e-6, k=1)
    room = (apart - _REGION_GAP)[pairs] / reach[pairs]
    factor = float(np.clip(room.min(), 1.0, _MAX_MAGNIFICATION)) if room.size else 1.0
    return middles[codes] + factor * (points - middles[codes]), middles, radii, factor


def _pushed_apart(x: Floats, y: Floats, tiers: NDArray[np.object_], height: float) -> tuple[Floats, Floats]:
    """Return positions moved just enough that symbols do not hide one another; large chains stay as they are."""
    if len(x) > _NUDGE_LIMIT:
        return x, y
    x = x + 1e-3 * np.cos(np.arange(len(x)) * 2.4)
    y = y + 1e-3 * np.sin(np.arange(len(x)) * 2.4)
    store_room = float(np.clip(0.2 * np.sqrt(WIDTH * height / len(x)), 7.0, 17.0))
    size = np.where(tiers == "store", store_room, 1.4 * store_room)
    room = size[:, None] + size[None, :]
    for _ in range(_NUDGE_ROUNDS):
        dx, dy = x[:, None] - x[None, :], y[:, None] - y[None, :]
        distance = np.hypot(dx, dy)
        np.fill_diagonal(distance, np.inf)
        push = np.clip(room - distance, 0.0, None) / (2.0 * np.maximum(distance, 1e-6))
        if not push.any():
            break
        x = np.clip(x + 0.5 * (push * dx).sum(axis=1), _MARGIN / 2, WIDTH - _MARGIN / 2)
        y = np.clip(y + 0.5 * (push * dy).sum(axis=1), _MARGIN / 2, height - _MARGIN / 2)
    return x, y


def _layers(locations: pd.DataFrame) -> Layout:
    """Return tiers as columns from left to right; a tier of many locations becomes a block of several columns."""
    tiers = [tier for tier in _TIER_ORDER if (locations["tier"].astype(str) == tier).any()]
    centres = np.linspace(_MARGIN + 40, WIDTH - _MARGIN - 150, max(len(tiers), 2))
    largest = int(locations["tier"].value_counts().max()) if len(locations) else 1
    height = float(np.clip(largest * 34.0 + 2 * _MARGIN, _MIN_HEIGHT, _MAX_HEIGHT))
    blocks = []
    for centre, tier in zip(centres, tiers, strict=False):
        members = locations[locations["tier"].astype(str) == tier].sort_values(["region", "location"])
        blocks.append(_block(members, float(centre), height))
    places = pd.concat(blocks, ignore_index=True) if blocks else locations.assign(x=0.0, y=0.0)
    return Layout(places[["location", "tier", "region", "x", "y"]], height, None)


def _block(members: pd.DataFrame, centre: float, height: float) -> pd.DataFrame:
    inner = height - 2 * _MARGIN
    n_rows = max(min(len(members), int(inner // _ROW_STEP)), 1)
    n_columns = -(-len(members) // n_rows)
    column_step = min(_COLUMN_STEP, 320.0 / n_columns)
    order = np.arange(len(members))
    step = inner / n_rows
    x = centre + (order // n_rows - (n_columns - 1) / 2) * column_step
    y = _MARGIN + (order % n_rows + 0.5) * step
    return members[["location", "tier", "region"]].assign(x=x, y=y)
