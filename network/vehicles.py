"""Vehicle types of lanes: which of them carry anything, which one stands for the lane, and what goods pay on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


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


def with_freight(lanes: pd.DataFrame, *, volume: float, weight: float) -> pd.DataFrame:
    """Lanes with what a full vehicle costs a m3 or a kg, by what fills it first: `volume_cost`, `weight_cost`.

    The other of the two is 0. So whatever goods a lane carries, together they never pay more than its vehicles cost;
    had each paid by the larger of its own shares, a truck of bulky and of heavy goods would be paid for twice.

    Example: trucks of 10 m3 and 4 t for 100. Of goods of 0.02 m3 and 5 kg 500 fill one by volume and 800 by weight: all
    goods pay 10 a m3.

    Parameters
    ----------
    lanes
        truck_cost, truck_volume_m3, truck_weight_kg and `fleet`, of which the cheapest for its size counts.
    volume, weight
        Of the average unit that is moved [m3], [kg].
    """
    size = lanes[["truck_volume_m3", "truck_weight_kg"]].to_numpy(dtype=np.float64)
    price = lanes["truck_cost"].to_numpy(dtype=np.float64)[:, None] / size
    for row, fleet in enumerate(lanes["fleet"]):
        if fleet:
            price[row] = np.min([(each.cost / each.volume_m3, each.cost / each.weight_kg) for each in fleet], axis=0)
    paid = price * [volume, weight]
    is_by_weight = paid[:, 1] > paid[:, 0]
    return lanes.assign(
        volume_cost=np.where(is_by_weight, 0.0, price[:, 0]), weight_cost=np.where(is_by_weight, price[:, 1], 0.0)
    )


def unit_freight(lanes: pd.DataFrame, volume: npt.ArrayLike, weight: npt.ArrayLike) -> Floats:
    """Share of a full vehicle that a unit pays on its lane, (n,) [money/unit].

    Parameters
    ----------
    lanes
        (n,) lane of each unit, as `with_freight` gives them.
    volume, weight
        (n,) of a unit [m3], [kg].
    """
    by_volume = lanes["volume_cost"].to_numpy(dtype=np.float64) * np.asarray(volume, dtype=np.float64)
    by_weight = lanes["weight_cost"].to_numpy(dtype=np.float64) * np.asarray(weight, dtype=np.float64)
    return np.asarray(by_volume + by_weight)
