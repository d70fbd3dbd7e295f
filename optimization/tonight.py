"""Tonight's lines on their way from the flow's quantities to cases and trucks, and the supply that a plan makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.flow.data import FlowData, Moves

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LINE_COLUMNS = (
    *("sku", "origin", "destination", "mode", "arrival_day", "quantity", "flow_quantity", "note", "reason"),
    *("move", "is_regular", "point", "origin_point", "lane", "lot", "case", "minimum", "unit_value", "move_cost"),
    *("volume_m3", "weight_kg", "keeps", "next_move", "next_day", "is_trucked", "min_life"),
    *("rounded", "raised", "capacity_price", "scarcity_price", "freeze"),
)
NO_MOVE = -1


def tonight_lines(
    data: FlowData, quantity: Ints, snapshot: Snapshot, *, also: npt.NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """List the moves that leave tomorrow, with all that rounding and loading need.

    Parameters
    ----------
    data
        Input of the flows.
    quantity
        (k,) units of every possible move, as in `FlowPlan`.
    snapshot
        Volumes and weights.
    also
        (m,) regular pairs that are lines even if the flow sends nothing on them.

    Returns
    -------
    `LINE_COLUMNS`, sorted by (sku, destination, origin, mode). `move` is the position among regular or tonight's
    moves; `point`, `origin_point` (-1 = supplier) and `lane` are row numbers; lot, case, minimum in units; unit_value
    and move_cost [money/unit]; volume and weight of one unit; `keeps` whether it has no
    shelf life; `is_trucked` whether the truck program decided it;
    `rounded`, `raised` and the prices as in `decisions.MOVE_COLUMNS`, 0 until known;
    `next_move` is the same pair's move on its next ship day (`NO_MOVE` without one) and `next_day` that day.
    """
    n_regular = data.regular.pair.size
    # A truck that goes may take along what was planned for later: such pairs are lines of 0 units for now.
    has_truck = (data.lanes["truck_cost"] > 0).to_numpy(dtype=bool)[data.regular.inbound.lane]
    later = np.zeros(has_truck.size, dtype=bool)
    later[data.regular.pair[(quantity[:n_regular] > 0) & (data.regular.day > 0)]] = True
    wanted = has_truck & later if also is None else (has_truck & later) | also
    regular = _lines_of(data, data.regular, quantity[:n_regular], is_regular=True, also=wanted)
    others = _lines_of(data, data.tonight, quantity[n_regular:], is_regular=False, also=None)
    lines = pd.concat([regular, others], ignore_index=True)
    skus = snapshot.table("skus").set_index("sku").reindex(lines["sku"])
    lines = lines.assign(
        volume_m3=skus["volume_m3"].fillna(0.0).to_numpy(dtype=np.float64),
        weight_kg=skus["weight_kg"].fillna(0.0).to_numpy(dtype=np.float64),
        keeps=skus["shelf_life_days"].isna().to_numpy(dtype=bool),
        note="",
        reason="",
        is_trucked=False,
        **dict.fromkeys(("rounded", "raised"), 0),
        **dict.fromkeys(("capacity_price", "scarcity_price", "freeze"), 0.0),
    )
    ordered = lines.sort_values(["sku", "destination", "origin", "mode"], kind="stable")
    return ordered[list(LINE_COLUMNS)].reset_index(drop=True)


def _lines_of(
    data: FlowData, moves: Moves, quantity: Ints, *, is_regular: bool, also: npt.NDArray[np.bool_] | None
) -> pd.DataFrame:
    wanted = quantity > 0 if also is None else (quantity > 0) | also[moves.pair]
    chosen = np.flatnonzero(wanted & (moves.day == 0))
    pair = moves.pair[chosen]
    inbound = moves.inbound
    lanes = data.lanes.iloc[inbound.lane[pair]]
    # Moves are sorted by pair and day, so the pair's next chance is the next row.
    following = np.minimum(chosen + 1, moves.pair.size - 1)
    has_next = is_regular & (chosen + 1 < moves.pair.size) & (moves.pair[following] == pair)
    return pd.DataFrame({
        "sku": data.positions["sku"].to_numpy()[inbound.point[pair]],
        "origin": lanes["origin"].to_numpy(),
        "destination": lanes["destination"].to_numpy(),
        "mode": lanes["mode"].to_numpy(),
        "arrival_day": moves.arrival[chosen],
        "quantity": quantity[chosen],
        "flow_quantity": quantity[chosen],
        "move": chosen,
        "is_regular": is_regular,
        "point": inbound.point[pair],
        "origin_point": inbound.origin_point[pair],
        "lane": inbound.lane[pair],
        "lot": inbound.order_multiple[pair],
        "case": inbound.case[pair],
        "minimum": inbound.min_order_quantity[pair],
        "unit_value": inbound.unit_cost[pair],
        "move_cost": moves.cost[chosen],
        "next_move": np.where(has_next, following, NO_MOVE),
        "min_life": moves.min_life[chosen],
        "next_day": np.where(has_next, moves.day[following], data.curves.horizon),
    })  # fmt: skip


def planned_quantity(data: FlowData, flow_quantity: Ints, lines: pd.DataFrame) -> Ints:
    """Regular moves of later days once tonight's lines are final, (k_regular,) units.

    What a stock point gets tonight beyond the flow's quantity is taken off its next receipts; what it gets less is
    added to the next move of the same pair.

    Parameters
    ----------
    data
        Input of the flows.
    flow_quantity
        (k,) units of every possible move in the flow.
    lines
        Tonight's lines with their final quantity, 0 where dropped.
    """
    moves = data.regular
    planned = np.where(moves.day > 0, flow_quantity[: moves.pair.size], 0)
    change = (lines["quantity"] - lines["flow_quantity"]).to_numpy(dtype=np.int64)
    point = lines["point"].to_numpy(dtype=np.int64)
    extra = np.zeros(len(data.positions), dtype=np.int64)
    np.add.at(extra, point, change)
    # Only moves with a quantity, and of points that get more, can shrink: sorted by destination, in it by arrival.
    open_moves = np.flatnonzero((planned > 0) & (extra[moves.destination] > 0))
    order = open_moves[np.lexsort([moves.day[open_moves], moves.arrival[open_moves], moves.destination[open_moves]])]
    destination = moves.destination[order]
    size = planned[order]
    ahead = np.cumsum(size) - size
    is_first = np.append(True, destination[1:] != destination[:-1]) if size.size else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(is_first, np.arange(size.size), 0))
    removed = np.clip(np.maximum(extra[destination], 0) - (ahead - ahead[start]), 0, size)
    planned[order] -= removed
    next_move = lines["next_move"].to_numpy(dtype=np.int64)
    is_late = (change < 0) & (extra[point] < 0) & (next_move != NO_MOVE)
    np.add.at(planned, next_move[is_late], -change[is_late])
    return planned


def supply_of(data: FlowData, lines: pd.DataFrame, planned: Ints) -> Ints:
    """Cumulative supply of every row of the curves with tonight's lines and the planned moves, (n, T).

    Parameters
    ----------
    data
        Input of the flows.
    lines
        Tonight's lines.
    planned
        (k_regular,) units of regular moves; those of tonight are taken from the lines.
    """
    moves, curves = data.regular, data.curves
    later = moves.day > 0
    change: Ints = np.zeros_like(curves.base_supply)
    _add_moves(
        change,
        data,
        destination=np.concatenate([lines["point"].to_numpy(dtype=np.int64), moves.destination[later]]),
        origin=np.concatenate([lines["origin_point"].to_numpy(dtype=np.int64), moves.origin[later]]),
        day=np.concatenate([np.zeros(len(lines), dtype=np.int64), moves.day[later]]),
        arrival=np.concatenate([lines["arrival_day"].to_numpy(dtype=np.int64), moves.arrival[later]]),
        quantity=np.concatenate([lines["quantity"].to_numpy(dtype=np.int64), planned[later]]),
    )
    np.cumsum(change, axis=1, out=change)
    change += curves.base_supply
    return change


def _add_moves(
    change: Ints, data: FlowData, *, destination: Ints, origin: Ints, day: Ints, arrival: Ints, quantity: Ints
) -> None:
    """Book moves into the daily changes of points and, where they are purchases, of echelons."""
    np.add.at(change, (destination, arrival), quantity)
    own = origin >= 0
    np.subtract.at(change, (origin[own], day[own]), quantity[own])
    echelon = data.curves.echelon_of[destination]
    bought = ~own & (echelon >= 0)
    np.add.at(change, (echelon[bought], arrival[bought]), quantity[bought])
