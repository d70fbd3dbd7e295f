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
        Scale of the map; None where positions are layers and distances mean nothing.
    """

    places: pd.DataFrame
    height: float
    km_per_px: float | None

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
    east, north = longitude * shrink, latitude
    wide, tall = float(np.ptp(east)), float(np.ptp(north))
    inner_width = WIDTH - 2 * _MARGIN
    px_per_degree = min(inner_width / max(wide, 1e-9), (_MAX_HEIGHT - 2 * _MARGIN) / max(tall, 1e-9))
    height = max(tall * px_per_degree + 2 * _MARGIN, _MIN_HEIGHT)
    x = WIDTH / 2 + (east - (east.max() + east.min()) / 2) * px_per_degree
    y = height / 2 - (north - (north.max() + north.min()) / 2) * px_per_degree
    x, y = _pushed_apart(x, y, placed["tier"].astype(str).to_numpy(), height)
    places = placed[["location", "tier", "region"]].assign(x=x, y=y).reset_index(drop=True)
    return Layout(places, height, _KM_PER_DEGREE / px_per_degree)


def _pushed_apart(x: Floats, y: Floats, tiers: NDArray[np.object_], height: float) -> tuple[Floats, Floats]:
    """Return positions moved just enough that symbols do not hide one another; large chains stay as they are."""
    if len(x) > _NUDGE_LIMIT:
        return x, y
    x = x + 1e-3 * np.cos(np.arange(len(x)) * 2.4)
    y = y + 1e-3 * np.sin(np.arange(len(x)) * 2.4)
    size = np.where(tiers == "store", 8.0, 15.0)
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
