"""Vehicle types of lanes: which of them carry anything, and which one stands for the lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class VehicleType(NamedTuple):
    """One type of a lane: trips cost money, sizes and trips a day are infinite where nothing is declared."""

    name: str
    cost: float
    volume_m3: float
    weight_kg: float
    max_per_day: float


def lane_fleets(vehicles: pd.DataFrame, lane_ids: pd.Series[str]) -> list[tuple[VehicleType, ...]]:
    """Types of each lane that have a price and a size and carry any temperature, sorted by name; empty without them.

    Parameters
    ----------
    vehicles
        Rows of `vehicles`.
    lane_ids
        (n,) `origin>destination:mode`.
    """
    is_sized = vehicles["volume_m3"].notna() | vehicles["weight_kg"].notna()
    is_free = vehicles["temperature"].fillna("") == ""
    rows = vehicles[vehicles["cost"].notna() & is_sized & is_free].sort_values(["lane", "type"], kind="stable")
    sizes = rows[["volume_m3", "weight_kg", "max_per_day"]].astype("float64").fillna(np.inf)
    fleets: dict[str, list[VehicleType]] = {}
    for lane, name, cost, size in zip(rows["lane"], rows["type"], rows["cost"], sizes.to_numpy(), strict=True):
        fleets.setdefault(str(lane), []).append(VehicleType(str(name), float(cost), *size.tolist()))
    return [tuple(fleets.get(lane, ())) for lane in lane_ids]


def standing_for(fleet: tuple[VehicleType, ...]) -> VehicleType:
    """The type with the least cost for its size, by volume where all types have one; of equal ones the larger."""
    has_volume = all(np.isfinite(vehicle.volume_m3) for vehicle in fleet)
    sizes = [vehicle.volume_m3 if has_volume else vehicle.weight_kg for vehicle in fleet]
    ranked = [(vehicle.cost / size, -size, vehicle.name) for vehicle, size in zip(fleet, sizes, strict=True)]
    return fleet[ranked.index(min(ranked))]


def with_fleets(lanes: pd.DataFrame, vehicles: pd.DataFrame) -> pd.DataFrame:
    """Lanes with their `fleet`; where there is one, the truck columns speak of the type that stands for it."""
    fleets = lane_fleets(vehicles, lanes["lane_id"])
    lanes = lanes.assign(fleet=pd.Series(fleets, index=lanes.index, dtype=object))
    rows = [row for row, fleet in enumerate(fleets) if fleet]
    if not rows:
        return lanes
    chosen = [standing_for(fleets[row]) for row in rows]
    at = lanes.index[rows]
    lanes.loc[at, "vehicle"] = "truck"
    for column, name in (("truck_cost", "cost"), ("truck_volume_m3", "volume_m3"), ("truck_weight_kg", "weight_kg"),
                         ("max_trucks", "max_per_day")):  # fmt: skip
        lanes.loc[at, column] = [getattr(vehicle, name) for vehicle in chosen]
    return lanes
