"""Room in store for what tonight's lines bring.

It counts on the day on which goods come: what lies there and is on order, less what the place, and for a warehouse
that is bought for all that it feeds, is expected to sell until then, plus what comes tonight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.capacity import declared_on

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
STORE_UNITS = ("m3", "units")


def daily_rates(targets: pd.DataFrame) -> Floats:
    """Expected demand a day of each stock point, (n,): of a warehouse that is bought for, of all that it feeds."""
    days = np.maximum(targets["protection_days"].to_numpy(dtype=np.float64), 1.0)
    rates: Floats = targets["expected_demand"].to_numpy(dtype=np.float64) / days
    return rates


def storage_limits(dated: pd.DataFrame, positions: pd.DataFrame, *, rates: Floats, snapshot: Snapshot) -> pd.DataFrame:
    """Room at each place on each day on which something comes to it.

    Parameters
    ----------
    dated
        Tonight's lines with destination, due_date and arrival_day.
    positions
        Stock points with on_hand and on_order.
    rates
        (n,) expected demand a day.
    snapshot
        `locations.storage_volume_m3`, `capacity` of kind store, volumes.

    Returns
    -------
    One row a place, day and unit that is declared: location, date, unit, amount (room left for all lines that come by
    then, at least 0) and overtime_cost.
    """
    asked = dated[["destination", "due_date"]].rename(columns={"destination": "location", "due_date": "date"})
    declared = declared_on(snapshot, asked)
    declared = declared[(declared["kind"] == "store") & declared["unit"].isin(STORE_UNITS)]
    volume = snapshot.table("skus").set_index("sku")["volume_m3"].reindex(positions["sku"]).fillna(0.0)
    size = {"m3": volume.to_numpy(dtype=np.float64), "units": np.ones(len(positions))}
    held = (positions["on_hand"] + positions["on_order"]).to_numpy(dtype=np.float64)
    rows_of = positions.groupby("location", observed=True).indices if len(declared) else {}
    rooms = []
    for location, date, unit, amount in declared[["location", "date", "unit", "amount"]].itertuples(index=False):
        here = rows_of.get(location, np.zeros(0, dtype=np.int64))
        days = (date - snapshot.cutoff).days - 1
        there = float((np.maximum(held[here] - rates[here] * days, 0.0) * size[str(unit)][here]).sum())
        rooms.append(max(float(amount) - there, 0.0))
    return declared.assign(amount=rooms)
