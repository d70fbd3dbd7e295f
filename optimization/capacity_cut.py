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

from network.columns import Mode
from optimization.capacity import declared_on, declares_capacity
from optimization.decisions import CUT_COLUMNS, typed
from optimization.flow.data import FlowData
from optimization.line_value import VALUE_COLUMNS, line_effects, line_values, supply_without
from optimization.storage import storage_limits

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Kinds of capacity that tonight's lines use, where and on which date.
KINDS = (("ship", "origin", "ship_date"), ("pick", "origin", "ship_date"), ("receive", "destination", "due_date"))
REASON = "no capacity"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Limit:
    """One capacity of a place and day; `overtime` is infinite where none is for sale [money per unit of it]."""

    kind: str
    location: str
    date: pd.Timestamp
    unit: str
    amount: float
    overtime: float

    @property
    def said(self) -> str:
        """Why a line has no place."""
        if self.kind == "budget":
            return "no money: the purchase budget is spent"
        return f"{REASON}: {self.kind} at {self.location} on {self.date:%Y-%m-%d} is full"


@dataclass(frozen=True, eq=False)
class Kept:
    """Lines inside one capacity.

    Parameters
    ----------
    quantity
        (m,) units that stay.
    paid
        (m,) what the kept units of each line pay for their place: its use at the price of the best that had no place,
        or of overtime where that was bought [money].
    """

    quantity: Ints
    paid: Floats


def keep_capacity(
    lines: pd.DataFrame, data: FlowData, *, supply: Ints, snapshot: Snapshot, rates: Floats, budget: float | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut lines where a declared shipping, picking or receiving capacity, room in store or the budget is exceeded.

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
    rates
        (n,) expected demand a day of each stock point.
    budget
        Most that purchases may cost [money]; None without a limit.

    Returns
    -------
    The lines, where what was cut says so in `note`, what fell away in `reason`, with place, kind and day, and what
    stays pays `capacity_price`; and the cuts (`CUT_COLUMNS`).
    """
    nothing = typed(pd.DataFrame(), CUT_COLUMNS)
    if not (declares_capacity(snapshot) or budget is not None) or not (lines["quantity"] > 0).any():
        return lines, nothing
    dated = _dated(lines, snapshot)
    effects = line_effects(lines, data.curves)
    values = line_values(lines, data.curves, supply_without(supply, effects))
    worth = values[list(VALUE_COLUMNS)].sum(axis=1).to_numpy(dtype=np.float64)
    before = lines["quantity"].to_numpy(dtype=np.int64)
    each = np.divide(worth, before, out=np.zeros_like(worth), where=before > 0)
    quantity, paid = before.copy(), np.zeros(len(lines))
    reason = lines["reason"].to_numpy(dtype=object).copy()
    cuts = [nothing]
    limits = [*_limits(dated, snapshot), *_rooms(dated, data, rates, snapshot), *_budget(dated, budget, snapshot)]
    for limit, rows in limits:
        rows = rows[quantity[rows] > 0]
        kept = _kept(dated.iloc[rows], quantity[rows], each[rows], limit=limit, data=data)
        gone = (kept.quantity == 0) & (quantity[rows] > 0)
        reason[rows[gone]] = limit.said
        cuts.append(_cuts(dated.iloc[rows], quantity[rows] - kept.quantity, each[rows], limit=limit))
        # What a later capacity cuts pays nothing for an earlier one.
        paid[rows] = paid[rows] * kept.quantity / quantity[rows] + kept.paid
        quantity[rows] = kept.quantity
    notes = [
        f"{note}; capacity".lstrip("; ") if cut else note
        for note, cut in zip(lines["note"], quantity < before, strict=True)
    ]
    lines = lines.assign(quantity=quantity, reason=reason, note=notes, capacity_price=paid)
    return lines, typed(pd.concat(cuts, ignore_index=True), CUT_COLUMNS)


def _limits(dated: pd.DataFrame, snapshot: Snapshot) -> list[tuple[Limit, Ints]]:
    """Capacities that tonight's lines use, each with the lines that do."""
    found = []
    for kind, place, date in KINDS:
        declared = declared_on(snapshot, dated.rename(columns={place: "location", date: "date"})[["location", "date"]])
        rows = declared[(declared["kind"] == kind) & (declared["unit"] != "pallets")]
        overtime = rows["overtime_cost"].astype("float64").fillna(np.inf)
        columns = (rows["location"], rows["date"], rows["unit"], rows["amount"].astype("float64"), overtime)
        for values in zip(*columns, strict=True):
            limit = Limit(kind, *values)
            is_used = (dated[place] == limit.location) & (dated[date] == limit.date)
            found.append((limit, np.flatnonzero(is_used)))
    return found


def _rooms(dated: pd.DataFrame, data: FlowData, rates: Floats, snapshot: Snapshot) -> list[tuple[Limit, Ints]]:
    """Room in store of the places to which lines come."""
    going = dated[dated["quantity"] > 0]
    declared = storage_limits(going, data.positions, rates=rates, snapshot=snapshot)
    overtime = declared["overtime_cost"].astype("float64").fillna(np.inf)
    found = []
    columns = (declared["location"], declared["date"], declared["unit"], declared["amount"], overtime)
    for location, date, unit, amount, price in zip(*columns, strict=True):
        limit = Limit("store", location, date, unit, float(amount), float(price))
        found.append((limit, np.flatnonzero((dated["destination"] == location) & (dated["due_date"] <= date))))
    return found


def _budget(dated: pd.DataFrame, budget: float | None, snapshot: Snapshot) -> list[tuple[Limit, Ints]]:
    """What tonight's purchases may cost."""
    if budget is None:
        return []
    ship = snapshot.cutoff + pd.Timedelta(days=1)
    rows = np.flatnonzero((dated["mode"] == Mode.PURCHASE).to_numpy(dtype=bool))
    return [(Limit("budget", "", ship, "money", budget, np.inf), rows)]


def _dated(lines: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Lines with ship date and due date."""
    ship = snapshot.cutoff + pd.Timedelta(days=1)
    due = ship + pd.to_timedelta(lines["arrival_day"].to_numpy(dtype=np.int64), unit="D")
    return lines.assign(ship_date=ship, due_date=due)


def _cuts(part: pd.DataFrame, cut: Ints, each: Floats, *, limit: Limit) -> pd.DataFrame:
    """What each line lost to one capacity, as `CUT_COLUMNS`."""
    lost = np.flatnonzero(cut > 0)
    rows = part.iloc[lost][["sku", "origin", "destination", "mode", "quantity"]].rename(columns={"quantity": "wanted"})
    return rows.assign(
        kind=limit.kind, location=limit.location, date=limit.date, unit=limit.unit,
        quantity=cut[lost], money=np.maximum(each[lost], 0.0) * cut[lost], priority=np.nan,
    )  # fmt: skip


def _kept(part: pd.DataFrame, quantity: Ints, each: Floats, *, limit: Limit, data: FlowData) -> Kept:
    """What of each line stays inside one capacity, and what it pays."""
    if limit.unit == "trucks":
        return _kept_loads(part, quantity, each, limit=limit, data=data)
    if limit.unit == "lines":
        use, lot, rate = np.ones(len(part)) / np.maximum(quantity, 1), quantity, each * quantity
    else:
        use, lot = _use_per_unit(part, limit.unit), part["lot"].to_numpy(dtype=np.int64)
        rate = each / np.maximum(use, TOLERANCE)
    kept, left, price = quantity.copy(), float(limit.amount), 0.0
    for row in np.lexsort((np.arange(kept.size), -rate)).tolist():
        if use[row] > 0:
            room = int(max(left, 0.0) / use[row] + TOLERANCE)
            if room < quantity[row] and rate[row] > limit.overtime:
                price = max(price, limit.overtime)
            elif room < quantity[row]:
                kept[row] = room // lot[row] * lot[row]
                price = max(price, rate[row])
        left -= use[row] * kept[row]
    kept = np.where(kept < part["minimum"].to_numpy(dtype=np.int64), 0, kept)
    return Kept(kept, min(price, limit.overtime) * use * kept)


def _use_per_unit(part: pd.DataFrame, unit: str) -> Floats:
    """Share of a capacity that one unit takes, (m,)."""
    if unit == "m3":
        return part["volume_m3"].to_numpy(dtype=np.float64)
    if unit == "money":
        return part["unit_value"].to_numpy(dtype=np.float64)
    if unit == "cases":
        return 1.0 / part["case"].to_numpy(dtype=np.float64)
    return np.ones(len(part))


def _kept_loads(part: pd.DataFrame, quantity: Ints, each: Floats, *, limit: Limit, data: FlowData) -> Kept:
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
    left, gone, price = float(limit.amount), [], 0.0
    for load, number, rate in zip(sums.index, sums["trucks"].to_numpy(), sums["rate"].to_numpy(), strict=True):
        is_inside = left + TOLERANCE >= number
        if not is_inside:
            price = max(price, min(float(rate), limit.overtime))
        if is_inside or rate > limit.overtime:
            left -= float(number)
        else:
            gone.append(load)
    number = sums["trucks"].reindex(loads["load"]).fillna(0.0).to_numpy(dtype=np.float64)
    whole = loads.groupby("load")["filled"].transform("sum").to_numpy(dtype=np.float64)
    part_of = np.divide(loads["filled"].to_numpy(dtype=np.float64), whole, out=np.zeros(len(loads)), where=whole > 0)
    kept = np.where(loads["load"].isin(gone).to_numpy(), 0, quantity)
    return Kept(kept, np.where(kept > 0, price * number * part_of, 0.0))
