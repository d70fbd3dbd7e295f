"""Tonight's trucks: how full they are, what is on them, what would fill the rest, what would be left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cockpit.pages.order_table import approvable
from cockpit.pages.searching import with_words
from cockpit.report_tables import cost_weighted_fill, rows_of

N_LINES = 200
_FULL = 1.0


@dataclass(frozen=True)
class Truck:
    """One load and its lines.

    Parameters
    ----------
    load
        Row of `loads`.
    by_volume, by_weight
        Shares of volume and weight that are taken; NaN where unknown.
    lines
        What is on it, the line that earns least for its room first: it would be left behind first.
    fillers
        What the plan wants to send on this lane later, the soonest first, with `volume_m3` and whether it `fits`.
    room_m3
        What is left [m3]; NaN where unknown.
    """

    load: dict[str, Any]
    by_volume: float
    by_weight: float
    lines: list[dict[str, Any]]
    fillers: list[dict[str, Any]]
    room_m3: float


def trucks(loads: pd.DataFrame, lines: pd.DataFrame, *, kind: str = "", search: str = "") -> pd.DataFrame:
    """Return tonight's loads, the emptiest dear ones first, with the state of their lines.

    Parameters
    ----------
    loads
        Table of the run.
    lines
        Order lines with their present `state`.
    kind, search
        Keep one mode, or loads whose ends name these words.

    Returns
    -------
    The loads with `proposed` (lines that wait), `wasted` (cost of the empty part) and `is_sized`.
    """
    table = loads[loads["mode"] == kind] if kind else loads
    table = with_words(table, search, ("origin", "destination"))
    waits = lines[lines["state"] == "proposed"].groupby("load_id", observed=True).size()
    is_sized = (table["fill"] > 0) & np.isfinite(table["fill"].astype(float))
    empty = (1.0 - table["fill"].clip(0, _FULL)).where(is_sized, 0.0)
    table = table.assign(
        proposed=table["load_id"].map(waits).fillna(0).astype("int64"), wasted=empty * table["cost"], is_sized=is_sized
    )
    return table.sort_values(["wasted", "cost", "load_id"], ascending=[False, False, True]).reset_index(drop=True)


def with_approvable(loads: pd.DataFrame, lines: pd.DataFrame, user: str) -> pd.DataFrame:
    """Return loads with `approvable` (lines that a person could still approve) and `seen`.

    `seen` is the sum of the versions of a load's lines: versions only grow, so it tells whether any has changed since.
    """
    by_load = lines.assign(approvable=approvable(lines, user)).groupby("load_id", observed=True)
    sums = by_load[["approvable", "version"]].sum().astype("int64")
    found = sums.reindex(loads["load_id"].astype("str")).fillna(0).astype("int64").reset_index(drop=True)
    return loads.assign(approvable=found["approvable"].to_numpy(), seen=found["version"].to_numpy())


def summary(loads: pd.DataFrame) -> dict[str, float]:
    """Return trucks, cost [money], fill weighted by cost, cost of empty room [money], parcels and their cost."""
    driven, parcels = loads[loads["vehicle"] == "truck"], loads[loads["vehicle"] != "truck"]
    table = trucks(driven, pd.DataFrame({"state": [], "load_id": []}))
    return {
        "trucks": float(driven["trucks"].sum()),
        "cost": float(driven["cost"].sum()),
        "fill": cost_weighted_fill(loads),
        "wasted": float(table["wasted"].sum()),
        "parcels": float(parcels["trucks"].sum()),
        "parcel_cost": float(parcels["cost"].sum()),
    }


def truck(
    load_id: str, loads: pd.DataFrame, lines: pd.DataFrame, *, planned: pd.DataFrame, worth: pd.DataFrame | None
) -> Truck:
    """Return one load.

    Parameters
    ----------
    load_id
        Which.
    loads, planned
        Tables of the run.
    lines
        Order lines with their present state and quantity.
    worth
        `quantity_worth` with the size of a unit; None where the run has none.

    Raises
    ------
    KeyError
        If there is no such load.
    """
    found = loads[loads["load_id"] == load_id]
    if found.empty:
        raise KeyError(f"no load {load_id!r} in this run")
    load = rows_of(found)[0]
    mine = lines[lines["load_id"] == load_id]
    size = np.full(len(mine), np.nan)
    if worth is not None and len(worth):
        each = worth.drop_duplicates("order_id").set_index("order_id")["volume_m3"].reindex(mine["order_id"])
        size = each.to_numpy(dtype=float) * mine["quantity"].to_numpy(dtype=float)
    benefit = mine["net_benefit"].to_numpy(dtype=float)
    earns = benefit / np.where(size > 0, size, np.nan)
    ranked = mine.assign(volume_m3=size, earns=np.where(np.isfinite(earns), earns, benefit))
    ranked = ranked.sort_values(["earns", "order_id"]).head(N_LINES)
    room = float(load["trucks"]) * float(load["truck_volume_m3"])
    by_volume = float(load["volume_m3"]) / room if np.isfinite(room) and room > 0 else float("nan")
    fill = float(load["fill"])
    weighs = fill > 0 and not by_volume >= fill - 1e-6
    left = room - float(load["volume_m3"]) if np.isfinite(room) and not weighs else float("nan")
    fillers = _fillers(load, planned, lines, worth=worth, room_m3=left)
    return Truck(load, by_volume, fill if weighs else float("nan"), rows_of(ranked), fillers, left)


def _fillers(
    load: dict[str, Any], planned: pd.DataFrame, lines: pd.DataFrame, *, worth: pd.DataFrame | None, room_m3: float
) -> list[dict[str, Any]]:
    """Moves that the plan expects on the same lane on later days, with their size where tonight's lines tell it."""
    later = planned[
        (planned["origin"] == load["origin"])
        & (planned["destination"] == load["destination"])
        & (planned["mode"] == load["mode"])
        & (planned["ship_date"] > load["ship_date"])
    ].sort_values(["ship_date", "sku"])
    unit = pd.Series(dtype=float)
    if worth is not None and len(worth):
        sizes = worth.merge(lines[["order_id", "sku"]], on="order_id")
        unit = sizes.drop_duplicates("sku").set_index("sku")["volume_m3"].astype(float)
    size = later["quantity"].to_numpy(dtype=float) * unit.reindex(later["sku"].astype("str")).to_numpy(dtype=float)
    used = np.nancumsum(size)
    fits = np.isfinite(size) & (used <= room_m3)
    return rows_of(later.assign(volume_m3=size, fits=fits).head(20))
