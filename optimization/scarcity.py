"""Scarce stock at its source: who goes first where priorities are declared, what one more unit would earn, who was cut.

The flow shares what there is by marginal value already; here that is told, and overruled where the chain says who comes
first. Scarce is a source that has something to give tonight and not another lot for all who would earn by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation import fair_share
from optimization.decisions import CUT_COLUMNS, typed
from optimization.flow.data import FlowData
from optimization.line_value import interval_end

if TYPE_CHECKING:
    from network.snapshot import Snapshot
    from optimization.config import PlanConfig

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Pairs valued at once; bounds memory.
CHUNK = 2_000
# A channel's share of a point's sales is told from this many days.
SALES_DAYS = 182
SHARED = "shared by priority"
# Priority holds for units whose chance to sell until the next delivery is at least this.
LIKELY = 0.5


def stock_priorities(positions: pd.DataFrame, snapshot: Snapshot, config: PlanConfig) -> Floats | None:
    """Priority of each stock point, (n,), 1 first and unnamed points last; None where nobody declares any.

    A location's own `priority` goes before that of the channel in which the point sells most (`channel_priority`).

    Parameters
    ----------
    positions
        (n,) stock points.
    snapshot
        `locations` and `sales`.
    config
        Priorities of channels.
    """
    own = snapshot.table("locations").set_index("location")["priority"].astype("float64")
    priority = own.reindex(positions["location"]).to_numpy(dtype=np.float64)
    if config.channel_priority:
        sales = snapshot.table("sales")
        recent = sales[sales["date"] > snapshot.cutoff - pd.Timedelta(days=SALES_DAYS)]
        sold = recent.groupby(["sku", "location", "channel"], observed=True)["units"].sum().reset_index()
        most = sold.sort_values(["units", "channel"], ascending=[False, True], kind="stable")
        most = most.drop_duplicates(["sku", "location"]).set_index(["sku", "location"])
        channel = most["channel"].reindex(pd.MultiIndex.from_frame(positions[["sku", "location"]]))
        ranks = [config.channel_priority.get(str(name), np.nan) for name in channel]
        priority = np.where(np.isnan(priority), np.array(ranks, dtype=np.float64), priority)
    priority = np.asarray(priority, dtype=np.float64)
    return None if np.isnan(priority).all() else np.where(np.isnan(priority), np.inf, priority)


def contested_pairs(data: FlowData, quantity: Ints, priority: Floats) -> Flags:
    """Regular pairs, (m,), whose source gives all it has tonight and serves points of different priority.

    Parameters
    ----------
    data
        Input of the flows.
    quantity
        (k,) units of every possible move in the flow.
    priority
        (n,) of the stock points.
    """
    moves, n = data.regular, len(data.positions)
    leaving = np.zeros(n, dtype=np.int64)
    for part, units in ((moves, quantity[: moves.pair.size]), (data.tonight, quantity[moves.pair.size :])):
        own = (part.day == 0) & (part.origin >= 0)
        np.add.at(leaving, part.origin[own], units[own])
    pair = np.unique(moves.pair[(moves.day == 0) & (moves.origin >= 0)])
    origin = moves.inbound.origin_point[pair]
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, origin, priority[moves.inbound.point[pair]])
    np.maximum.at(last, origin, priority[moves.inbound.point[pair]])
    left = data.sendable - leaving
    is_contested = (leaving > 0) & (first < last)
    contested = np.zeros(moves.inbound.point.size, dtype=bool)
    contested[pair] = is_contested[origin] & (left[origin] < moves.inbound.order_multiple[pair])
    return contested


def share_by_priority(
    lines: pd.DataFrame, data: FlowData, *, supply: Ints, priority: Floats, contested: Flags
) -> pd.DataFrame:
    """Share what contested sources send tonight anew: by priority what will probably sell, the rest by what it earns.

    A unit that sells with a chance of a half or more goes to who comes first, whatever others would earn by it. Units
    that only insure have no priority: the last one on the first shelf is worth less than the first one on the last.

    Parameters
    ----------
    lines
        Tonight's lines, those of all contested pairs among them.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with these lines and the planned moves.
    priority
        (n,) of the stock points.
    contested
        (m,) regular pairs, from `contested_pairs`.
    """
    is_regular = lines["is_regular"].to_numpy(dtype=bool)
    pair = np.where(is_regular, data.regular.pair[np.where(is_regular, lines["move"].to_numpy(dtype=np.int64), 0)], -1)
    rows = np.flatnonzero(is_regular & contested[pair])
    if not rows.size:
        return lines
    part = lines.iloc[rows]
    before = part["quantity"].to_numpy(dtype=np.int64)
    point, origin = (part[name].to_numpy(dtype=np.int64) for name in ("point", "origin_point"))
    lot = part["lot"].to_numpy(dtype=np.int64)
    steps = _steps(part, data, supply=supply, less=before)
    wanted, gain, line = steps.size, steps.gain, steps.line
    pool = np.zeros(len(data.positions), dtype=np.int64)
    np.add.at(pool, origin, before)
    # Among those of one priority what a unit earns decides; priorities lie further apart than any two gains.
    each = gain / np.maximum(wanted, 1)
    rank = np.unique(priority[point[line]], return_inverse=True)[1]
    rank = np.where(each >= LIKELY * data.curves.shortage[point[line]], rank, rank.max(initial=0) + 1)
    value = (each - (rank + 1) * (np.abs(each).max(initial=0.0) + 1.0) * 2) * wanted
    useful = np.flatnonzero(gain > 0)
    got = fair_share(pool, origin[line[useful]], size=wanted[useful], value=value[useful], lot=lot[line[useful]])
    quantity = np.bincount(line[useful], got, len(part)).astype(np.int64)
    final = lines["quantity"].to_numpy(dtype=np.int64).copy()
    final[rows] = quantity
    is_changed = final != lines["quantity"].to_numpy(dtype=np.int64)
    note = np.where(is_changed, SHARED, lines["note"].to_numpy(dtype=object))
    return lines.assign(quantity=final, note=note)


@dataclass(frozen=True, eq=False)
class Steps:
    """What more units are worth: pieces of a line with falling gains; one row a piece.

    Parameters
    ----------
    line
        (k,) position of the line.
    size
        (k,) units in whole lots.
    gain
        (k,) what they earn beyond moving them [money].
    """

    line: Ints
    size: Ints
    gain: Floats


def scarcity(
    lines: pd.DataFrame, data: FlowData, *, supply: Ints, priority: Floats | None, cutoff: pd.Timestamp
) -> tuple[Floats, pd.DataFrame]:
    """Price of the source's last units for each line, and who was cut.

    A unit is worth at most what another one would earn at the best of the places that got less than they would earn by,
    until each one's next chance. Only main sources count: who has a second one is served from there.

    Parameters
    ----------
    lines
        Tonight's final lines.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with the finished plan.
    priority
        (n,) declared priorities, or None.
    cutoff
        Tonight.

    Returns
    -------
    (m,) price that each line pays for scarce stock [money], and the cuts (`CUT_COLUMNS`) with kind ``scarcity``.
    """
    nobody = typed(pd.DataFrame(), CUT_COLUMNS)
    asking = _asking(lines, data)
    if asking.empty:
        return np.zeros(len(lines)), nobody
    steps = _steps(asking, data, supply=supply, less=np.zeros(len(asking), dtype=np.int64))
    is_useful = steps.gain > 0
    size, line = steps.size[is_useful], steps.line[is_useful]
    units = np.bincount(line, size, len(asking)).astype(np.int64)
    money = np.bincount(line, steps.gain[is_useful], len(asking))
    best = np.zeros(len(asking))
    np.maximum.at(best, line, steps.gain[is_useful] / size)
    price = np.zeros(len(data.positions))
    np.maximum.at(price, asking["origin_point"].to_numpy(dtype=np.int64), best)
    origin = lines["origin_point"].to_numpy(dtype=np.int64)
    paid = np.where(origin >= 0, price[origin], 0.0) * lines["quantity"].to_numpy(dtype=np.float64)
    cut = np.flatnonzero(units > 0)
    who = asking.iloc[cut]
    rank = np.full(cut.size, np.nan)
    if priority is not None:
        rank = priority[who["point"].to_numpy(dtype=np.int64)]
    table = who[["sku", "origin", "destination", "mode"]].assign(
        kind="scarcity", location=who["origin"], date=cutoff + pd.Timedelta(days=1), unit="units",
        quantity=units[cut], wanted=units[cut] + who["quantity"], money=money[cut],
        priority=np.where(np.isfinite(rank), rank, np.nan),
    )  # fmt: skip
    return paid, typed(table, CUT_COLUMNS)


def _asking(lines: pd.DataFrame, data: FlowData) -> pd.DataFrame:
    """Main pairs that may ship tonight from a source that gave something and has no further lot, as lines."""
    moves, inbound = data.regular, data.regular.inbound
    leaving = np.zeros(len(data.positions), dtype=np.int64)
    origin = lines["origin_point"].to_numpy(dtype=np.int64)
    np.add.at(leaving, origin[origin >= 0], lines["quantity"].to_numpy(dtype=np.int64)[origin >= 0])
    move = np.flatnonzero((moves.day == 0) & (moves.origin >= 0) & inbound.is_main[moves.pair])
    pair, source = moves.pair[move], moves.origin[move]
    left = (data.sendable - leaving)[source]
    is_short = (leaving[source] > 0) & (left < inbound.order_multiple[pair])
    move, pair, source = move[is_short], pair[is_short], source[is_short]
    lanes = data.lanes.iloc[inbound.lane[pair]]
    place = data.positions.iloc[inbound.point[pair]]
    regular = lines[lines["is_regular"].to_numpy(dtype=bool)]
    sent = regular.set_index("move")["quantity"].reindex(move).fillna(0).to_numpy(dtype=np.int64)
    return pd.DataFrame({
        "sku": place["sku"].to_numpy(), "destination": place["location"].to_numpy(),
        "origin": lanes["origin"].to_numpy(), "mode": lanes["mode"].to_numpy(),
        "point": inbound.point[pair], "origin_point": source, "arrival_day": moves.arrival[move],
        "lot": inbound.order_multiple[pair], "move_cost": moves.cost[move], "quantity": sent,
    })  # fmt: skip


def _steps(part: pd.DataFrame, data: FlowData, *, supply: Ints, less: Ints) -> Steps:
    """Gains of more units on each line until its destination's next chance, read at the curves' breakpoints.

    Parameters
    ----------
    part
        Lines: point, arrival_day, lot, move_cost.
    data
        Input of the flows.
    supply
        (n, T) supply of every row.
    less
        (m,) units that each line's destination is without before the first piece.
    """
    pieces = [
        _steps_of(part.iloc[first : first + CHUNK], data, supply=supply, less=less[first : first + CHUNK])
        for first in range(0, len(part), CHUNK)
    ]
    starts = np.arange(0, len(part), CHUNK)
    return Steps(
        line=np.concatenate([piece.line + start for piece, start in zip(pieces, starts, strict=True)]),
        size=np.concatenate([piece.size for piece in pieces]),
        gain=np.concatenate([piece.gain for piece in pieces]),
    )


def _steps_of(part: pd.DataFrame, data: FlowData, *, supply: Ints, less: Ints) -> Steps:
    point, arrival, lot = (part[name].to_numpy(dtype=np.int64) for name in ("point", "arrival_day", "lot"))
    move_cost = part["move_cost"].to_numpy(dtype=np.float64)
    curves = data.curves.take(point)
    days, stop = np.arange(data.curves.horizon), interval_end(data.curves, point, arrival)
    inside = (days >= arrival[:, None]) & (days <= stop[:, None])
    base = supply[point] - np.where(inside, less[:, None], 0)
    at = curves.breaks[np.arange(point.size), stop].astype(np.int64) - base[np.arange(point.size), stop][:, None]
    more = np.maximum.accumulate(np.maximum(-(-at // lot[:, None]) * lot[:, None], 0), axis=1)
    costs = [curves.expected_cost(base)]
    for units in more.T:
        costs.append(curves.expected_cost(base + np.where(inside, units[:, None], 0)))
    size = np.diff(more, axis=1, prepend=0)
    gain = -np.diff(np.stack(costs, axis=1), axis=1) - move_cost[:, None] * size
    line, step = np.nonzero(size > 0)
    return Steps(line=line.astype(np.int64), size=size[line, step], gain=gain[line, step])
