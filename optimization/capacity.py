"""What tonight's lines ask of each location against what it declares it can handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from network.contracts import TABLES
from network.lanes import WEEKDAYS

if TYPE_CHECKING:
    from network.snapshot import Snapshot

USE_COLUMNS = ["location", "date", "kind", "unit", "used", "amount", "overtime_cost"]
_TRUCKED = (("destination", "due_date", "receive"), ("origin", "ship_date", "ship"), ("origin", "ship_date", "pick"))
_UNITS = ("units", "lines", "cases", "m3")  # pallets are not known for every line


def declares_capacity(snapshot: Snapshot) -> bool:
    """Whether the chain says how much any location can handle or hold."""
    return len(snapshot.table("capacity")) > 0 or bool(snapshot.table("locations")["storage_volume_m3"].notna().any())


def capacity_use(moves: pd.DataFrame, loads: pd.DataFrame, points: pd.DataFrame, *, snapshot: Snapshot) -> pd.DataFrame:
    """Compare use and capacity wherever a capacity is declared.

    Receiving counts on the due date, picking and shipping on the ship date, storing on the day after the cutoff: what
    lies there and on order, and what tonight's lines bring less what they take. `locations.storage_volume_m3` is a
    storage capacity in m3.

    Parameters
    ----------
    moves
        Tonight's lines.
    loads
        Tonight's trucks.
    points
        sku, location, on_hand, on_order, volume_m3 of each stock point.
    snapshot
        With `capacity` and `locations`.

    Returns
    -------
    pandas.DataFrame
        `USE_COLUMNS`: one row a location, day and kind that is declared and used; unit is units, lines, cases, m3 or
        trucks.
    """
    volume = snapshot.table("skus").set_index("sku")["volume_m3"].fillna(0.0)
    each = volume.reindex(moves["sku"]).to_numpy(dtype=float)
    lines = moves.assign(units=moves["quantity"], lines=1, m3=moves["quantity"] * each)
    parts = [
        _by_day(lines, "destination", "due_date", kind="receive"),
        _by_day(lines, "origin", "ship_date", kind="ship"),
        _by_day(lines, "origin", "ship_date", kind="pick"),
        _stored(lines, points, day=snapshot.cutoff + pd.Timedelta(days=1)),
        *(_trucks(loads, place, date, kind=kind) for place, date, kind in _TRUCKED),
    ]
    used = pd.concat(parts, ignore_index=True)
    compared: pd.DataFrame = used.merge(declared_on(snapshot, used), on=["location", "date", "kind", "unit"])[
        USE_COLUMNS
    ]
    return compared


def overtime_cost(moves: pd.DataFrame, loads: pd.DataFrame, positions: pd.DataFrame, *, snapshot: Snapshot) -> float:
    """What tonight's lines pay for shipping, picking and receiving beyond capacities, where that is for sale [money].

    Lines, trucks and pallets count too. A capacity without overtime costs nothing here: no line goes beyond it.

    Parameters
    ----------
    moves, loads, snapshot
        As for `capacity_use`.
    positions
        Stock points.
    """
    if snapshot.table("capacity").empty:
        return 0.0
    use = capacity_use(moves, loads, positions.assign(volume_m3=0.0), snapshot=snapshot)
    use = use[use["kind"] != "store"]
    beyond = (use["used"] - use["amount"]).clip(lower=0.0)
    return float((beyond * use["overtime_cost"].astype("float64").fillna(0.0)).sum())


def _by_day(lines: pd.DataFrame, place: str, date: str, *, kind: str) -> pd.DataFrame:
    sums = lines.groupby([place, date], as_index=False, observed=True)[list(_UNITS)].sum()
    sums = sums.rename(columns={place: "location", date: "date"})
    return _long(sums.assign(kind=kind))


def _trucks(loads: pd.DataFrame, place: str, date: str, *, kind: str) -> pd.DataFrame:
    """Trucks at each place and day; parcels are no trucks."""
    driven = loads[loads["vehicle"] == "truck"].groupby([place, date], observed=True)["trucks"].sum()
    frame = pd.DataFrame({"used": driven}).rename_axis(["location", "date"]).reset_index()
    return frame.assign(kind=kind, unit="trucks")


def _stored(lines: pd.DataFrame, points: pd.DataFrame, *, day: pd.Timestamp) -> pd.DataFrame:
    held = (points["on_hand"] + points["on_order"]).clip(lower=0)
    there = points.assign(units=held, m3=held * points["volume_m3"].fillna(0.0))
    total = there.groupby("location", observed=True)[["units", "m3"]].sum()
    coming = lines.groupby("destination", observed=True)[["units", "m3"]].sum()
    going = lines.groupby("origin", observed=True)[["units", "m3"]].sum()
    after = total.add(coming.reindex(total.index), fill_value=0.0).sub(going.reindex(total.index), fill_value=0.0)
    frame = after.rename_axis("location").reset_index().assign(date=day, kind="store")
    return _long(frame)


def _long(sums: pd.DataFrame) -> pd.DataFrame:
    """One row a unit of measure."""
    units = [name for name in _UNITS if name in sums]
    return sums.melt(id_vars=["location", "date", "kind"], value_vars=units, var_name="unit", value_name="used")


def declared_on(snapshot: Snapshot, asked: pd.DataFrame) -> pd.DataFrame:
    """Spell out capacities for some places and days: a date beats a weekday, a weekday beats every day.

    Parameters
    ----------
    snapshot
        With `capacity`; `locations.storage_volume_m3` is a capacity to store.
    asked
        location and date; repeated rows count once.

    Returns
    -------
    location, date, kind, unit, amount, overtime_cost (NaN where none is for sale), sorted by the first four.
    """
    rows = snapshot.table("capacity")
    stores = snapshot.table("locations")[["location", "storage_volume_m3"]].dropna()
    room = stores.rename(columns={"storage_volume_m3": "amount"}).assign(kind="store", unit="m3", weekday="")
    rows = pd.concat([frame for frame in (rows, room) if len(frame)] or [rows], ignore_index=True)
    rows = rows.reindex(columns=[column.name for column in TABLES["capacity"].columns])
    pairs = asked[["location", "date"]].drop_duplicates().merge(rows, on="location", suffixes=("", "_declared"))
    weekday = pairs["date"].dt.day_of_week.map(dict(enumerate(WEEKDAYS)))
    declared_day = pairs["weekday"].fillna("")
    is_date = pairs["date_declared"].notna()
    holds = (is_date & (pairs["date_declared"] == pairs["date"])) | (
        ~is_date & ((declared_day == "") | (declared_day == weekday))
    )
    pairs = pairs.assign(rank=is_date * 2 + (declared_day != "") * 1).loc[holds]
    key = ["location", "date", "kind", "unit"]
    best = pairs.sort_values([*key, "rank", "amount"], ascending=[True, True, True, True, False, True])
    chosen: pd.DataFrame = best.drop_duplicates(key)[[*key, "amount", "overtime_cost"]].reset_index(drop=True)
    return chosen
