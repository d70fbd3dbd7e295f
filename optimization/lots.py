"""Whole cases and minimum orders: round each line up or down by what it is worth, and keep to hard limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.orders_to_come import COMING_STATES
from optimization.allocation import fair_share
from optimization.expiry import keep_life
from optimization.flow.data import FlowData
from optimization.line_value import interval_end

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Lines valued at once.
CHUNK = 20_000


def whole_lots(quantity: npt.ArrayLike, *, lot: npt.ArrayLike, minimum: npt.ArrayLike = 0) -> Ints:
    """Round up to whole lots, and to the minimum order, itself in whole lots; nothing stays nothing.

    Example: 0, 3 and 10 units in lots of 4, at least 6: 0, 8 and 12.

    Parameters
    ----------
    quantity
        Units asked for, >= 0; all parameters broadcast. A billionth of a lot too many opens no other lot.
    lot
        An order is a multiple of it [units], >= 1.
    minimum
        An order is at least as large [units], >= 0.
    """
    size = np.asarray(lot, dtype=np.float64)
    lots = np.ceil(np.asarray(quantity, dtype=np.float64) / size - 1e-9)
    least = np.ceil(np.asarray(minimum, dtype=np.float64) / size - 1e-9)
    rounded: Ints = np.where(lots > 0, np.maximum(lots, least) * size, 0.0).astype(np.int64)
    return rounded


def round_lots(lines: pd.DataFrame, data: FlowData, *, supply: Ints, planned: Ints) -> pd.DataFrame:
    """Make purchases and transfers whole lots, 0 or at least their minimum; other modes stay in eaches.

    Each line goes down or up by the difference in cost between the two, netting later receipts. All lines may go down;
    those that gain by going up share what is left at their origin by gain per unit.

    Parameters
    ----------
    lines
        Tonight's lines.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with the flow's quantities.
    planned
        (k_regular,) units of later regular moves in the flow.

    Returns
    -------
    The lines with a whole quantity, 0 where they fell away, a note where it changed, and what changed it: units that
    whole lots added or took (`rounded`), and units that the minimum order added (`raised`).
    """
    quantity = lines["quantity"].to_numpy(dtype=np.int64)
    lot = lines["lot"].to_numpy(dtype=np.int64)
    least = whole_lots(lines["minimum"].to_numpy(dtype=np.int64), lot=lot)
    down = quantity // lot * lot
    down = np.where(down < least, 0, down)
    up = np.maximum(whole_lots(quantity, lot=lot), least)
    gain = _gain_of_rounding_up(lines, data, supply=supply, planned=planned, down=down, up=up)
    origin = lines["origin_point"].to_numpy(dtype=np.int64)
    size = up - down
    wants = (size > 0) & (gain > 0)
    scarce = np.flatnonzero(wants & (origin >= 0))
    left = data.sendable.copy()
    np.subtract.at(left, origin[origin >= 0], down[origin >= 0])
    granted = np.where(wants & (origin < 0), size, 0)
    granted[scarce] = fair_share(
        np.maximum(left, 0), origin[scarce], size=size[scarce], value=gain[scarce], lot=size[scarce]
    )
    final = down + granted
    note = np.where(final == quantity, "", np.where((final == least) & (least > quantity), "moq", "rounding"))
    raised = np.where(final > 0, np.maximum(final - np.maximum(whole_lots(quantity, lot=lot), down), 0), 0)
    return lines.assign(
        quantity=final,
        note=_joined_notes(lines["note"], note),
        raised=raised,
        rounded=np.where(final > 0, final - raised - quantity, 0),
    )


def kept_rounding(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines with what is left of `rounded` and `raised` once limits, trucks and places have had their say.

    What was cut afterwards comes off the minimum order's units first. Where the truck program chose whole lots itself,
    nothing was rounded.

    Example: 7 wanted, lots of 5, at least 20: rounded 3, raised 10. Cut to 12: rounded 3, raised 2.

    Parameters
    ----------
    lines
        Tonight's lines with their final quantity.
    """
    quantity, rounded, raised, wanted = (
        lines[name].to_numpy(dtype=np.int64) for name in ("quantity", "rounded", "raised", "flow_quantity")
    )
    cut = np.maximum(wanted + rounded + raised - quantity, 0)
    is_own = (quantity > 0) & ~lines["is_trucked"].to_numpy(dtype=bool)
    less = np.maximum(cut - raised, 0)
    left = np.where(rounded >= 0, np.maximum(rounded - less, 0), np.where(cut > 0, 0, rounded))
    return lines.assign(rounded=np.where(is_own, left, 0), raised=np.where(is_own, np.maximum(raised - cut, 0), 0))


def keep_limits(lines: pd.DataFrame, data: FlowData, *, snapshot: Snapshot, maximum: Floats) -> pd.DataFrame:
    """Cut lines, in whole lots, that would exceed a maximum stock, a supplier's week or what lives long enough.

    Parameters
    ----------
    lines
        Tonight's lines.
    data
        Input of the flows.
    snapshot
        Supplier capacities.
    maximum
        (n,) maximum stock [units]; NaN without one.
    """
    quantity = lines["quantity"].to_numpy(dtype=np.int64)
    lot = lines["lot"].to_numpy(dtype=np.int64)
    point = lines["point"].to_numpy(dtype=np.int64)
    position = data.positions["inventory_position"].to_numpy(dtype=np.float64)
    big = np.iinfo(np.int64).max // 4
    room = np.where(np.isnan(maximum), big, np.maximum(maximum - position, 0)).astype(np.int64)
    kept = fair_share(room, point, size=quantity, value=quantity.astype(np.float64), lot=lot)
    limit = weekly_room(snapshot).reindex(lines["origin"]).to_numpy(dtype=np.float64)
    names, code = np.unique(lines["origin"].to_numpy(dtype=str), return_inverse=True)
    room = np.full(names.size, big)
    is_limited = ~np.isnan(limit)
    room[code[is_limited]] = limit[is_limited].astype(np.int64)
    kept = fair_share(room, code.astype(np.int64), size=kept, value=kept.astype(np.float64), lot=lot)
    kept = keep_life(
        kept,
        origin=lines["origin_point"].to_numpy(dtype=np.int64),
        needed_until=(lines["arrival_day"] + lines["min_life"]).to_numpy(dtype=np.int64),
        lot=lot,
        free=data.free,
        lots=data.lots,
    )
    kept = np.where(kept < lines["minimum"].to_numpy(dtype=np.int64), 0, kept)
    note = np.where(kept < quantity, "limit", "")
    reason = np.where(
        (kept == 0) & (quantity > 0), "maximum stock, supplier capacity or remaining life", lines["reason"]
    )
    return lines.assign(quantity=kept, note=_joined_notes(lines["note"], note), reason=reason)


def weekly_room(snapshot: Snapshot) -> pd.Series[float]:
    """Units that each supplier can still deliver in the seven days that end tomorrow; NaN without a limit.

    What it was asked for with a ship date of these days counts whole, until all of it has come.
    """
    capacity = snapshot.table("suppliers").set_index("supplier")["weekly_capacity"].astype("float64")
    orders = snapshot.table("open_orders")
    tomorrow = snapshot.cutoff + pd.Timedelta(days=1)
    is_recent = (orders["ship_date"] > tomorrow - pd.Timedelta(days=7)) & (orders["ship_date"] <= tomorrow)
    is_coming = orders["status"].isin([str(state) for state in COMING_STATES])
    asked = orders[is_recent & is_coming].groupby("origin")["quantity"].sum()
    return (capacity - asked.reindex(capacity.index).fillna(0.0)).clip(lower=0.0)


def _gain_of_rounding_up(
    lines: pd.DataFrame, data: FlowData, *, supply: Ints, planned: Ints, down: Ints, up: Ints
) -> Floats:
    """Cost saved by the larger quantity, (m,) [money]; 0 where both are the same."""
    gain = np.zeros(len(lines))
    changed = np.flatnonzero(up > down)
    receipts = _planned_receipts(data, planned)
    for first in range(0, changed.size, CHUNK):
        rows = changed[first : first + CHUNK]
        part = lines.iloc[rows]
        base = part["flow_quantity"].to_numpy(dtype=np.int64)
        lower = _change(part, data, delta=down[rows] - base, receipts=receipts)
        higher = _change(part, data, delta=up[rows] - base, receipts=receipts)
        saved = _cost(part, data, supply=supply, change=lower) - _cost(part, data, supply=supply, change=higher)
        gain[rows] = saved - part["move_cost"].to_numpy(dtype=np.float64) * _mean_kept(lower, higher)
    return gain


def _change(part: pd.DataFrame, data: FlowData, *, delta: Ints, receipts: Ints) -> Ints:
    """Change of supply by day (m, T): until the next receipt all of it; then a surplus shrinks by what was planned."""
    curves = data.curves
    point = part["point"].to_numpy(dtype=np.int64)
    arrival = part["arrival_day"].to_numpy(dtype=np.int64)
    stop = interval_end(curves, point, arrival)
    days = np.arange(curves.horizon)
    planned = receipts[point]
    later = planned - planned[np.arange(point.size), stop][:, None]
    surplus = np.maximum(delta[:, None] - np.maximum(later, 0), 0)
    inside = (days >= arrival[:, None]) & (days <= stop[:, None])
    return np.where(inside, delta[:, None], np.where(days > stop[:, None], surplus, 0))


def _cost(part: pd.DataFrame, data: FlowData, *, supply: Ints, change: Ints) -> Floats:
    """Cost at the destination, its echelon if bought for, and the holding at the origin, (m,) [money]."""
    curves = data.curves
    point = part["point"].to_numpy(dtype=np.int64)
    origin = part["origin_point"].to_numpy(dtype=np.int64)
    cost = curves.take(point).expected_cost(supply[point] + change)
    echelon = np.where(origin < 0, curves.echelon_of[point], -1)
    bought = np.flatnonzero(echelon >= 0)
    rows = echelon[bought]
    cost[bought] += curves.take(rows).expected_cost(supply[rows] + change[bought])
    sent = np.flatnonzero(origin >= 0)
    cost[sent] += curves.take(origin[sent]).expected_cost(supply[origin[sent]] - change[sent])
    return cost


def _mean_kept(lower: Ints, higher: Ints) -> Floats:
    """Units by which moving is really more: what is left of the difference at the end of the horizon."""
    kept: Floats = np.maximum(higher[:, -1] - lower[:, -1], 0).astype(np.float64)
    return kept


def _planned_receipts(data: FlowData, planned: Ints) -> Ints:
    """Cumulative later receipts of each point by day, (n, T)."""
    moves = data.regular
    received = np.zeros((len(data.positions), data.curves.horizon), dtype=np.int64)
    np.add.at(received, (moves.destination, moves.arrival), planned)
    return np.cumsum(received, axis=1)


def _joined_notes(before: pd.Series, note: npt.NDArray[np.str_]) -> npt.NDArray[np.object_]:
    """Add a note to those that a line has."""
    pairs = zip(before, note, strict=True)
    return np.array(["; ".join(text for text in pair if text) for pair in pairs], dtype=object)
