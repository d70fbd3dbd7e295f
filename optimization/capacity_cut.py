"""Tonight's lines inside what each place can handle: what is worth least waits, or overtime is bought for it.

Trucks of transfer lanes were planned inside the docks already (`truck_days`); here all lines of tonight count, also
purchases, laterals and emergency moves, and the very load rather than an average truck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.capacity import declared_on
from optimization.flow.data import FlowData
from optimization.line_value import VALUE_COLUMNS, line_effects, line_values, supply_without

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Kinds of capacity that tonight's lines use, where and on which date.
KINDS = (("ship", "origin", "ship_date"), ("pick", "origin", "ship_date"), ("receive", "destination", "due_date"))
REASON = "no capacity"
TOLERANCE = 1e-9


def keep_capacity(lines: pd.DataFrame, data: FlowData, *, supply: Ints, snapshot: Snapshot) -> pd.DataFrame:
    """Cut lines where a declared shipping, picking or receiving capacity would be exceeded.

    Lines stay by value per use of the capacity. Beyond it a line stays only where overtime is for sale at less than the
    line is worth. Lines in cases are cut in whole lots; of a capacity in lines or trucks, whole lines or loads go.

    Parameters
    ----------
    lines
        Tonight's lines.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with these lines and the planned moves.
    snapshot
        Capacities.

    Returns
    -------
    The lines; what was cut says so in `note`, what fell away in `reason`, with place, kind and day.
    """
    if snapshot.table("capacity").empty or not (lines["quantity"] > 0).any():
        return lines
    dated = _dated(lines, snapshot)
    effects = line_effects(lines, data.curves)
    values = line_values(lines, data.curves, supply_without(supply, effects))
    worth = values[list(VALUE_COLUMNS)].sum(axis=1).to_numpy(dtype=np.float64)
    quantity = lines["quantity"].to_numpy(dtype=np.int64).copy()
    each = np.divide(worth, quantity, out=np.zeros_like(worth), where=quantity > 0)
    reason = lines["reason"].to_numpy(dtype=object).copy()
    for kind, place, date in KINDS:
        declared = declared_on(snapshot, dated.rename(columns={place: "location", date: "date"})[["location", "date"]])
        for limit in _limits(declared, kind):
            rows = np.flatnonzero((dated[place] == limit.location) & (dated[date] == limit.date) & (quantity > 0))
            kept = _kept(dated.iloc[rows], quantity[rows], each[rows], limit=limit, data=data)
            gone = (kept == 0) & (quantity[rows] > 0)
            reason[rows[gone]] = f"{REASON}: {kind} at {limit.location} on {limit.date:%Y-%m-%d} is full"
            quantity[rows] = kept
    before = lines["quantity"].to_numpy(dtype=np.int64)
    is_cut = quantity < before
    notes = [f"{note}; capacity".lstrip("; ") if cut else note for note, cut in zip(lines["note"], is_cut, strict=True)]
    return lines.assign(quantity=quantity, reason=reason, note=notes)


@dataclass(frozen=True)
class Limit:
    """One capacity of a place and day; `overtime` is infinite where none is for sale [money per unit of it]."""

    location: str
    date: pd.Timestamp
    unit: str
    amount: float
    overtime: float


def _limits(declared: pd.DataFrame, kind: str) -> list[Limit]:
    """Capacities of one kind."""
    rows = declared[(declared["kind"] == kind) & (declared["unit"] != "pallets")]
    overtime = rows["overtime_cost"].astype("float64").fillna(np.inf)
    columns = (rows["location"], rows["date"], rows["unit"], rows["amount"].astype("float64"), overtime)
    return [Limit(*values) for values in zip(*columns, strict=True)]


def _dated(lines: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Lines with ship date and due date."""
    ship = snapshot.cutoff + pd.Timedelta(days=1)
    due = ship + pd.to_timedelta(lines["arrival_day"].to_numpy(dtype=np.int64), unit="D")
    return lines.assign(ship_date=ship, due_date=due)


def _kept(part: pd.DataFrame, quantity: Ints, each: Floats, *, limit: Limit, data: FlowData) -> Ints:
    """Units of each line that stay inside one capacity, (m,)."""
    if limit.unit == "trucks":
        return _kept_loads(part, quantity, each, limit=limit, data=data)
    use = _use_per_unit(part, limit.unit)
    lot = part["lot"].to_numpy(dtype=np.int64)
    overtime = limit.overtime
    kept, left = quantity.copy(), float(limit.amount)
    for row in np.lexsort((np.arange(kept.size), -each / np.maximum(use, TOLERANCE))).tolist():
        if limit.unit == "lines":
            fits = left >= 1 - TOLERANCE or each[row] * quantity[row] > overtime
            kept[row] = quantity[row] if fits else 0
            left -= 1.0 if kept[row] else 0.0
            continue
        if use[row] <= 0 or each[row] > overtime * use[row]:
            left -= use[row] * kept[row]
            continue
        kept[row] = min(quantity[row], int(max(left, 0.0) / use[row] + TOLERANCE) // lot[row] * lot[row])
        left -= use[row] * kept[row]
    return np.where(kept < part["minimum"].to_numpy(dtype=np.int64), 0, kept)


def _use_per_unit(part: pd.DataFrame, unit: str) -> Floats:
    """Share of a capacity that one unit takes, (m,)."""
    if unit == "m3":
        return part["volume_m3"].to_numpy(dtype=np.float64)
    if unit == "cases":
        return 1.0 / part["lot"].to_numpy(dtype=np.float64)
    return np.ones(len(part))


def _kept_loads(part: pd.DataFrame, quantity: Ints, each: Floats, *, limit: Limit, data: FlowData) -> Ints:
    """Whole loads of lanes that stay inside a capacity of trucks, best worth per truck first."""
    lane = data.lanes.iloc[part["lane"].to_numpy(dtype=np.int64)]
    share = np.maximum(
        part["volume_m3"].to_numpy(dtype=np.float64) / lane["truck_volume_m3"].to_numpy(dtype=np.float64),
        part["weight_kg"].to_numpy(dtype=np.float64) / lane["truck_weight_kg"].to_numpy(dtype=np.float64),
    )
    loads = pd.DataFrame({
        "load": part.groupby(["lane", "arrival_day"]).ngroup().to_numpy(),
        "filled": share * quantity,
        "worth": each * quantity,
        "is_truck": (lane["vehicle"] == "truck").to_numpy(),
    })  # fmt: skip
    sums = loads[loads["is_truck"]].groupby("load")[["filled", "worth"]].sum()
    sums["trucks"] = np.ceil(sums["filled"] - TOLERANCE).clip(lower=1)
    sums = sums.assign(rate=sums["worth"] / sums["trucks"]).sort_values("rate", ascending=False, kind="stable")
    left, gone = float(limit.amount), []
    for load, number, rate in zip(sums.index, sums["trucks"].to_numpy(), sums["rate"].to_numpy(), strict=True):
        if left + TOLERANCE >= number or rate > limit.overtime:
            left -= float(number)
        else:
            gone.append(load)
    return np.where(loads["load"].isin(gone).to_numpy(), 0, quantity)
