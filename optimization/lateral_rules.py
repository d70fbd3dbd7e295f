"""When stock may move sideways: beside a slow origin and a short destination, the move must pay by a margin.

A lateral is a bet that can be made again tomorrow: shortage that it avoids may not come, and idle stock stays idle for
another night at little cost. Without these thresholds parcels cost more than they save.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from optimization.config import PlanConfig
from optimization.flow.data import FlowData
from optimization.line_value import VALUE_COLUMNS, line_effects, line_values, supply_without

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TOO_LITTLE = "gains too little for a lateral move"
# Shares of a vehicle this close above a whole number still fit.
TOLERANCE = 1e-9


def worthwhile(lines: pd.DataFrame, data: FlowData, *, supply: Ints, config: PlanConfig) -> pd.DataFrame:
    """Drop the laterals of a lane that together gain less than their vehicles and (1 + margin).

    Example: a parcel costs 15 and a unit 0.6; with a margin of 1, three units must gain 2 x (15 + 1.8) = 33.6.

    Parameters
    ----------
    lines
        Tonight's lines in whole lots.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with the lines and the planned moves.
    config
        The margin.
    """
    is_lateral = ((lines["mode"] == Mode.TRANSSHIPMENT) & (lines["quantity"] > 0)).to_numpy(dtype=bool)
    if not is_lateral.any():
        return lines
    values = line_values(lines, data.curves, supply_without(supply, line_effects(lines, data.curves)))
    gain = values[list(VALUE_COLUMNS)].sum(axis=1).to_numpy(dtype=np.float64)
    key = lines[["lane", "arrival_day"]].to_numpy(dtype=np.int64)[is_lateral]
    _, load = np.unique(key, axis=0, return_inverse=True)
    load = load.ravel()
    part = lines[is_lateral]
    price = _vehicles(part, load, data.lanes)
    units = part["quantity"].to_numpy(dtype=np.float64)
    lane = data.lanes.iloc[part["lane"].to_numpy(dtype=np.int64)]
    direct = np.bincount(load, units * lane["unit_cost"].to_numpy(dtype=np.float64))
    pays = np.bincount(load, gain[is_lateral]) >= (1.0 + config.lateral_margin) * (price + direct)
    is_dropped = np.zeros(len(lines), dtype=bool)
    is_dropped[np.flatnonzero(is_lateral)] = ~pays[load]
    return lines.assign(
        quantity=np.where(is_dropped, 0, lines["quantity"]),
        reason=np.where(is_dropped, TOO_LITTLE, lines["reason"]),
    )


def _vehicles(part: pd.DataFrame, load: Ints, lanes: pd.DataFrame) -> Floats:
    """Cost of the whole vehicles of each load (n_loads,) [money]."""
    lane = lanes.iloc[part["lane"].to_numpy(dtype=np.int64)]
    units = part["quantity"].to_numpy(dtype=np.float64)
    volume = np.bincount(load, units * (part["volume_m3"].to_numpy() / lane["truck_volume_m3"].to_numpy()))
    weight = np.bincount(load, units * (part["weight_kg"].to_numpy() / lane["truck_weight_kg"].to_numpy()))
    price = np.zeros(volume.size)
    price[load] = lane["truck_cost"].to_numpy(dtype=np.float64)
    vehicles: Floats = np.maximum(np.ceil(np.maximum(volume, weight) - TOLERANCE), 1.0)
    return price * vehicles
