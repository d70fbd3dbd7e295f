"""Lanes spelt out, and the closed days of lanes and locations: what changes of supply are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.scenario_case import Case, Day, window
from network.lanes import expand_lanes, expand_pairs, members
from network.snapshot import Snapshot

LANE = ("origin", "destination", "mode")
Flags = npt.NDArray[np.bool_]


def concrete_lanes(snapshot: Snapshot) -> pd.DataFrame:
    """Return lanes with every group spelt out; pairs that no mode may join are left out."""
    places = snapshot.table("locations").sort_values("location").reset_index(drop=True)
    table = snapshot.table("lanes")
    legal = expand_lanes(table, places)[list(LANE)]
    pairs = expand_pairs(table, places, ["mode"])[list(table.columns)]
    return pairs.merge(legal, on=list(LANE)).sort_values(list(LANE), ignore_index=True).astype(table.dtypes.to_dict())


def lanes_meant(pairs: pd.DataFrame, snapshot: Snapshot, *, origin: str, destination: str, mode: str = "") -> Flags:
    """Say which rows of concrete pairs a change names."""
    places = snapshot.table("locations").reset_index(drop=True)
    is_meant = np.ones(len(pairs), dtype=bool)
    for column, text in (("origin", origin), ("destination", destination)):
        if text:
            named = places["location"].to_numpy()[members(text, places)]
            is_meant &= pairs[column].isin(named).to_numpy(dtype=bool)
    if mode:
        is_meant &= (pairs["mode"] == mode).to_numpy(dtype=bool)
    return is_meant


def closed_days(case: Case, column: str, names: list[str], *, start: Day | None, end: Day | None) -> pd.DataFrame:
    """Return one row of `closures` for each name and day of a window."""
    days = pd.date_range(*window(case, start, end))
    index = pd.MultiIndex.from_product([names, days], names=[column, "date"])
    return index.to_frame(index=False).assign(open=False)


def without_exceptions(case: Case, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the table of closures without what it says of the same names and days."""
    table = case.snapshot.table("closures")
    key = [column, "date"]
    return table[~pd.MultiIndex.from_frame(table[key]).isin(pd.MultiIndex.from_frame(rows[key]))]
