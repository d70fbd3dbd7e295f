"""How many days apart a lane's trucks will come, told from how fast its destinations fill one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from optimization.inbound import Inbound

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

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


def truck_gaps(
    inbound: Inbound,
    lanes: pd.DataFrame,
    *,
    daily: Floats,
    volume: Floats,
    weight: Floats,
    filled: Floats | None = None,
) -> Ints:
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
    filled
        (n_lanes,) trucks a day that all SKUs of each lane fill, where the points are only some of its SKUs; counted
        from the points if left out.

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
    if filled is None:
        filled = lane_fill(lane, lanes, daily=daily[point], volume=volume[point], weight=weight[point])
    gaps[point] = np.ceil(np.clip(1.0 / np.maximum(filled[lane], 1e-9), 1.0, MAX_GAP_DAYS)).astype(np.int64)
    return gaps


def lane_fill(lane: Ints, lanes: pd.DataFrame, *, daily: Floats, volume: Floats, weight: Floats) -> Floats:
    """Trucks a day that goods fill on each lane, (n_lanes,); `lane` and the rest are (m,), one a stock point."""
    room = lanes[["truck_volume_m3", "truck_weight_kg"]].to_numpy(dtype=np.float64)[lane]
    share = np.maximum(volume / room[:, 0], weight / room[:, 1])
    return np.bincount(lane, daily * share, len(lanes)).astype(np.float64)


def chain_fill(
    forecast: Forecast, network: SupplyNetwork, snapshot: Snapshot, *, targets: pd.DataFrame, horizon: int
) -> Floats:
    """Trucks a day that all SKUs together fill on each transfer lane, (n_lanes,), from their main sources.

    Parameters
    ----------
    forecast, network, snapshot
        The chain.
    targets
        Result of `stock_targets`.
    horizon
        Days over which demand is averaged.
    """
    lanes = network.lanes
    transfers = lanes[lanes["mode"] == Mode.TRANSFER]
    ends = pd.MultiIndex.from_frame(transfers[["origin", "destination"]])
    at = ends.get_indexer(pd.MultiIndex.from_frame(targets[["main_source", "location"]]))
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
    row = series.get_indexer(pd.MultiIndex.from_frame(targets[["sku", "location"]]))
    daily = np.zeros(len(targets))
    daily[row >= 0] = forecast.interval_mean(0, horizon)[row[row >= 0]] / horizon
    sizes = snapshot.table("skus").set_index("sku")[["volume_m3", "weight_kg"]].reindex(targets["sku"]).fillna(0.0)
    volume, weight = sizes.to_numpy(dtype=np.float64).T
    fed = np.flatnonzero(at >= 0)
    lane = transfers.index.to_numpy(dtype=np.int64)[at[fed]]
    return lane_fill(lane, lanes, daily=daily[fed], volume=volume[fed], weight=weight[fed])
