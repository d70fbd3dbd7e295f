"""The cheapest vehicles for a load where a lane has several types: small problems, solved exactly.

A lane's own truck is the type with the least cost for its size (`network.graph`); a mix never has more vehicles than
loads of that type would need, so that docks and yards counted in trucks hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.vehicles import VehicleType

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9
# In so many full trucks the type of the last one matters little.
MOST = 20
_SIZES = ("volume_m3", "weight_kg")


@dataclass(frozen=True)
class Mix:
    """Vehicles of a load.

    Parameters
    ----------
    counts
        Number of each type, in the order of the fleet.
    cost
        Of all of them [money].
    volume_m3, weight_kg
        What they carry together; infinite where a type has no limit.
    """

    counts: tuple[int, ...]
    cost: float
    volume_m3: float
    weight_kg: float

    def said(self, fleet: tuple[VehicleType, ...]) -> str:
        """Text of the loads table, such as ``2 lorry, 1 van``."""
        pairs = zip(self.counts, fleet, strict=True)
        return ", ".join(f"{number} {vehicle.name}" for number, vehicle in pairs if number)


def cheapest_mix(volume: float, weight: float, fleet: tuple[VehicleType, ...], *, most: int) -> Mix | None:
    """Choose whole vehicles that carry a load at the least cost; of equal ones the fewest.

    Example: lorries of 10 m3 for 100 and vans of 3 m3 for 40. 12 m3: a lorry and a van for 140, not two lorries for
    200; 6 m3: two vans for 80, where two vehicles may go, else a lorry.

    Parameters
    ----------
    volume, weight
        Of the load [m3], [kg].
    fleet
        Types of the lane.
    most
        Most vehicles.

    Returns
    -------
    None where so many vehicles cannot carry it, or are too many (`MOST`) to be worth choosing one by one.
    """
    if most > MOST:
        return None
    best: Mix | None = None
    order = sorted(range(len(fleet)), key=lambda row: (-fleet[row].volume_m3, fleet[row].name))

    def search(at: int, counts: list[int], cost: float) -> None:
        nonlocal best
        if best is not None and cost > best.cost + TOLERANCE:
            return
        carried = [sum(n * getattr(v, name) for n, v in zip(counts, fleet, strict=True) if n) for name in _SIZES]
        if carried[0] >= volume - TOLERANCE and carried[1] >= weight - TOLERANCE and sum(counts):
            is_better = (
                best is None
                or (cost, sum(counts)) < (best.cost - TOLERANCE, sum(best.counts))
                or (abs(cost - best.cost) <= TOLERANCE and sum(counts) < sum(best.counts))
            )
            if is_better:
                best = Mix(tuple(counts), cost, *carried)
            return
        if sum(counts) >= most:
            return
        for place in range(at, len(order)):
            vehicle = fleet[order[place]]
            if counts[order[place]] < vehicle.max_per_day:
                counts[order[place]] += 1
                search(place, counts, cost + vehicle.cost)
                counts[order[place]] -= 1

    search(0, [0] * len(fleet), 0.0)
    return best


def with_mixes(loads: pd.DataFrame, fleets: list[tuple[VehicleType, ...]]) -> pd.DataFrame:
    """Give loads of lanes with several types the cheapest vehicles; others stay as they are.

    Parameters
    ----------
    loads
        volume_m3, weight_kg, trucks (of the lane's own type), truck_volume_m3, fill, cost, mix.
    fleets
        (n,) types of each load's lane.
    """
    rows = [row for row, fleet in enumerate(fleets) if len(fleet) > 1]
    if not rows:
        return loads
    names = ["volume_m3", "weight_kg", "trucks", "cost", "fill", "truck_volume_m3"]
    values, text = loads[names].to_numpy(dtype=np.float64), loads["mix"].to_numpy(dtype=object)
    for row in rows:
        volume, weight, trucks = values[row, :3].tolist()
        mix = cheapest_mix(volume, weight, fleets[row], most=int(trucks))
        if mix is None:
            continue
        number = sum(mix.counts)
        fill = max(volume / mix.volume_m3, weight / mix.weight_kg)
        values[row, 2:] = (number, mix.cost, fill, mix.volume_m3 / number)
        text[row] = mix.said(fleets[row])
    return loads.assign(mix=text, **dict(zip(names, values.T, strict=True)))


def trip_cost(lane: pd.Series[Any], part: float) -> Callable[[Floats, int], tuple[float, float]] | None:
    """Cost and fill of the cheapest vehicles by the shares of the lane's own truck that they carry.

    Parameters
    ----------
    lane
        Row of the network's lanes.
    part
        Share of the price that going tonight costs.

    Returns
    -------
    None where the lane has one type only.
    """
    fleet: tuple[VehicleType, ...] = lane["fleet"]
    if len(fleet) < 2:
        return None
    sizes = [float(lane["truck_volume_m3"]), float(lane["truck_weight_kg"])]
    own = float(lane["truck_cost"])

    def cost(shares: Floats, most: int) -> tuple[float, float]:
        # A truck without a limit carries nothing that counts: its share of it is 0.
        volume, weight = (float(share) * size if share > 0 else 0.0 for share, size in zip(shares, sizes, strict=True))
        mix = cheapest_mix(volume, weight, fleet, most=most)
        if mix is None:
            return own * most * part, float(shares.max()) / most
        return mix.cost * part, max(volume / mix.volume_m3, weight / mix.weight_kg)

    return cost
