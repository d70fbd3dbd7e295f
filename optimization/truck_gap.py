"""How many days apart a lane's trucks will come, told from how fast its destinations fill one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A store is not made to wait longer than this for a full truck [days].
MAX_GAP_DAYS = 7.0


def has_priced_trucks(lanes: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(n_lanes,) lanes whose trucks have a price and a size; parcels are no trucks."""
    size = lanes[["truck_volume_m3", "truck_weight_kg"]].to_numpy(dtype=np.float64)
    is_truck = (lanes["vehicle"] == "truck").to_numpy(dtype=bool) & np.isfinite(size).any(axis=1)
    priced: npt.NDArray[np.bool_] = is_truck & (lanes["truck_cost"].to_numpy(dtype=np.float64) > 0)
    return priced


def truck_gaps(inbound: Inbound, lanes: pd.DataFrame, *, daily: Floats, volume: Floats, weight: Floats) -> Ints:
    """Days between two trucks of each point's main lane, 1 where trucks have no price.

    Example: destinations of a lane that sell 6 m3 a day fill a truck of 20 m3 in 3.3 days: 4.

    Parameters
    ----------
    inbound
        Regular sources.
    lanes
        The network's lanes.
    daily
        (n,) mean demand [units/day].
    volume, weight
        (n,) of a unit [m3], [kg].

    Returns
    -------
    (n,) whole days, 1..7.
    """
    gaps = np.ones(daily.size, dtype=np.int64)
    has_price = (lanes["truck_cost"].to_numpy(dtype=np.float64) > 0) & (lanes["vehicle"] == "truck").to_numpy(
        dtype=bool
    )
    rows = np.flatnonzero(inbound.is_main & (inbound.origin_point >= 0) & has_price[inbound.lane])
    lane, point = inbound.lane[rows], inbound.point[rows]
    room = lanes[["truck_volume_m3", "truck_weight_kg"]].to_numpy(dtype=np.float64)[lane]
    share = np.maximum(volume[point] / room[:, 0], weight[point] / room[:, 1])
    filled = np.bincount(lane, daily[point] * share, len(lanes))
    gaps[point] = np.ceil(np.clip(1.0 / np.maximum(filled[lane], 1e-9), 1.0, MAX_GAP_DAYS)).astype(np.int64)
    return gaps
