"""Declared capacities as docks of the truck program: how much leaves or enters a place a day, what a truck takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.capacity import declared_on

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Kinds of capacity a truck uses where it leaves and where it arrives.
SIDES = (("origin", "ship"), ("origin", "pick"), ("destination", "receive"))
# Units that can be told from a truck's size and what it usually carries; lines and pallets depend on the very load.
UNITS = ("trucks", "m3", "units", "cases")


@dataclass(frozen=True, eq=False)
class Docks:
    """Capacities that trucks of some lanes share.

    Parameters
    ----------
    rows
        (n_docks,) location, kind, unit, date of each, with amount and overtime_cost.
    dock
        (n_lanes, T, n_sides) row of each lane, day and side (a kind and unit); -1 where nothing is declared.
    use
        (n_lanes, n_sides) what one truck takes, in the dock's unit.
    """

    rows: pd.DataFrame
    dock: Ints
    use: Floats


def declared_docks(snapshot: Snapshot, locations: npt.NDArray[np.object_], horizon: int) -> pd.DataFrame:
    """Spell out shipping, picking and receiving capacities for each day of the horizon.

    Parameters
    ----------
    snapshot
        With `capacity`.
    locations
        Places that matter.
    horizon
        Days planned T.

    Returns
    -------
    location, date, kind, unit, amount, overtime_cost (infinity where none is for sale), day (0 = the day after the
    cutoff).
    """
    days = snapshot.cutoff + pd.to_timedelta(np.arange(horizon) + 1, unit="D")
    asked = pd.MultiIndex.from_product([locations, days], names=["location", "date"]).to_frame(index=False)
    rows = declared_on(snapshot, asked)
    rows = rows[rows["kind"].isin([kind for _, kind in SIDES]) & rows["unit"].isin(UNITS)].reset_index(drop=True)
    day = (rows["date"] - snapshot.cutoff).dt.days - 1
    return rows.assign(day=day, overtime_cost=rows["overtime_cost"].astype("float64").fillna(np.inf))


def lane_docks(declared: pd.DataFrame, lanes: pd.DataFrame, *, arrival: Ints, per_truck: pd.DataFrame) -> Docks:
    """Point each lane's truck days at the capacities they use.

    Parameters
    ----------
    declared
        As `declared_docks` gives it.
    lanes
        (n_lanes,) origin and destination.
    arrival
        (n_lanes, T) day on which a truck that leaves on each day arrives; T or more = beyond the horizon.
    per_truck
        (n_lanes,) one column for each of `UNITS`: what a full truck carries.
    """
    n_lanes, horizon = arrival.shape
    sides = [(place, kind, unit) for place, kind in SIDES for unit in UNITS]
    keys = pd.MultiIndex.from_frame(declared[["location", "kind", "unit"]])
    known = keys.unique()
    row_of = np.full((len(known) + 1, horizon), -1, dtype=np.int64)
    row_of[known.get_indexer(keys), declared["day"].to_numpy(dtype=np.int64)] = np.arange(len(declared))
    dock = np.full((n_lanes, horizon, len(sides)), -1, dtype=np.int64)
    for index, (place, kind, unit) in enumerate(sides):
        asked = pd.MultiIndex.from_arrays([lanes[place], [kind] * n_lanes, [unit] * n_lanes])
        # An unknown place is found at -1: the last row, which is empty.
        padded = np.concatenate([row_of[known.get_indexer(asked)], np.full((n_lanes, 1), -1)], axis=1)
        at = np.minimum(arrival, horizon) if place == "destination" else np.tile(np.arange(horizon), (n_lanes, 1))
        dock[:, :, index] = np.take_along_axis(padded, at, axis=1)
    is_used = (dock >= 0).any(axis=(0, 1))
    use = per_truck[[unit for _, _, unit in sides]].to_numpy(dtype=np.float64)
    # Capacities that no truck of these lanes meets, on days without one too, are no docks of the program.
    met, row = np.unique(dock[dock >= 0], return_inverse=True)
    dock[dock >= 0] = row
    return Docks(declared.iloc[met].reset_index(drop=True), dock[:, :, is_used], use[:, is_used])
