"""What is saved on trucks if one line of a load stays at home and all others go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.graph import SupplyNetwork

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9


def truck_savings(moves: pd.DataFrame, loads: pd.DataFrame, *, skus: pd.DataFrame, network: SupplyNetwork) -> Floats:
    """Price of the whole trucks that each line alone needs, (m,) [money].

    Example: lines of 0.5, 0.4 and 0.3 trucks of 60: two trucks go; without any one of them one would do: 60 each. Lines
    of 0.5 and 0.3: the truck goes anyway, neither saves anything.

    Parameters
    ----------
    moves
        Lines with load_id.
    loads
        load_id, trucks, cost [money].
    skus
        volume_m3, weight_kg; unknown = 0.
    network
        Truck sizes of the lanes.
    """
    lane = network.lanes[["origin", "destination", "mode", "truck_volume_m3", "truck_weight_kg"]]
    lines = moves[["sku", "origin", "destination", "mode", "load_id", "quantity"]].merge(
        skus[["sku", "volume_m3", "weight_kg"]].fillna({"volume_m3": 0.0, "weight_kg": 0.0}), on="sku", how="left"
    )
    lines = lines.merge(lane, on=["origin", "destination", "mode"], how="left")
    without = []
    for size, room in (("volume_m3", "truck_volume_m3"), ("weight_kg", "truck_weight_kg")):
        share = (lines["quantity"] * lines[size] / lines[room]).fillna(0.0)
        without.append((share.groupby(lines["load_id"]).transform("sum") - share).to_numpy(dtype=np.float64))
    by_load = loads.drop_duplicates("load_id").set_index("load_id")
    trucks = by_load["trucks"].reindex(lines["load_id"]).fillna(0).to_numpy(dtype=np.float64)
    cost = by_load["cost"].reindex(lines["load_id"]).fillna(0.0).to_numpy(dtype=np.float64)
    has_others = (lines.groupby("load_id")["sku"].transform("size") > 1).to_numpy(dtype=np.float64)
    needed = np.maximum(np.ceil(np.maximum(*without) - TOLERANCE), has_others)
    saved: Floats = np.divide(
        cost * np.maximum(trucks - needed, 0.0), trucks, out=np.zeros_like(cost), where=trucks > 0
    )
    return saved
