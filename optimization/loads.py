"""Trucks and parcels of each lane tonight: what goes, what is not worth its truck, and the loads table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.curve_build import free_tonight
from optimization.decisions import LOAD_COLUMNS, typed
from optimization.flow.data import FlowData
from optimization.later_needs import later_purchases
from optimization.line_value import VALUE_COLUMNS, line_effects, line_values, supply_without
from optimization.truck_choice import TOLERANCE, LaterNeeds, choose_trucks, fill_up, pull_forward
from optimization.truck_mix import trip_cost, with_mixes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]
_NUMBERS = (
    *("lane", "point", "origin_point", "lot", "minimum", "next_day", "volume_m3", "weight_kg", "unit_value", "keeps"),
    "arrival_day",
    "is_regular",
)
_ENDLESS = np.iinfo(np.int64).max // 4
NOT_WORTH_IT = "not worth its truck tonight"
NO_ROOM = "no room on the lane's trucks"
TOO_SMALL = "below the lane's minimum order value"


@dataclass(frozen=True, eq=False)
class LoadState:
    """What the lanes share while they are loaded one after the other; arrays are updated in place.

    Parameters
    ----------
    data
        Input of the flows.
    columns
        The lines' numbers by name, (m,) each; `quantity` below is what is decided.
    quantity
        (m,) units of each line; changed as lanes are decided.
    reason
        (m,) why a line was dropped; empty otherwise.
    value
        (m,) what each line is worth until its destination's next chance [money].
    planned
        (m, T) units planned for the same pair on later days.
    spare
        (n, T) units of tonight that stay at each point by the plan; lowered by what is taken along early.
    room
        (n,) units that may still be sent to each point under its maximum stock.
    """

    data: FlowData
    columns: Columns
    quantity: Ints
    reason: npt.NDArray[np.object_]
    value: Floats
    planned: Ints
    spare: Ints
    room: Ints


def load_trucks(
    lines: pd.DataFrame,
    data: FlowData,
    *,
    supply: Ints,
    planned: Ints,
    maximum: Floats,
    config: PlanConfig,
) -> pd.DataFrame:
    """Decide lane by lane which lines go; the sum of the lines' values must pay for the trucks.

    Parameters
    ----------
    lines
        Tonight's lines in whole lots.
    data
        Input of the flows.
    supply
        (n, T) supply of every row with the lines and the planned moves.
    planned
        (k_regular,) units of later regular moves.
    maximum
        (n,) maximum stock; NaN without one.
    config
        Settings.

    Returns
    -------
    The lines with final quantities, 0 where dropped with a reason; lanes are taken in the order of their names.
    """
    effects = line_effects(lines, data.curves)
    values = line_values(lines, data.curves, supply_without(supply, effects))
    state = LoadState(
        data=data,
        columns={name: lines[name].to_numpy() for name in _NUMBERS},
        quantity=lines["quantity"].to_numpy(dtype=np.int64).copy(),
        reason=lines["reason"].to_numpy(dtype=object).copy(),
        value=values[list(VALUE_COLUMNS)].sum(axis=1).to_numpy(dtype=np.float64),
        planned=_planned_by_line(lines, data, planned),
        spare=_spare(lines, data, supply),
        room=_room(lines, data, maximum),
    )
    keys = lines[["lane", "arrival_day"]].to_numpy(dtype=np.int64)
    order = np.lexsort([keys[:, 1], keys[:, 0]])
    is_first = np.append(True, (keys[order][1:] != keys[order][:-1]).any(axis=1)) if len(lines) else np.zeros(0, bool)
    is_trucked = lines["is_trucked"].to_numpy(dtype=bool)
    for group in np.split(order, np.flatnonzero(is_first)[1:]) if len(lines) else ():
        if not is_trucked[group].any():
            _load_lane(group, state=state, config=config)
        _keep_order_value(group, state=state)
    before = lines["quantity"].to_numpy(dtype=np.int64)
    change = np.where(state.quantity > before, "truck fill", np.where(state.quantity < before, "truck cut", ""))
    notes = ["; ".join(text for text in pair if text) for pair in zip(lines["note"], change, strict=True)]
    return lines.assign(quantity=state.quantity, reason=state.reason, note=notes)


def _spare(lines: pd.DataFrame, data: FlowData, supply: Ints) -> Ints:
    """Units that stay at each point (n, T): at most what is on its shelf tonight, as arrivals cannot leave at once."""
    left = free_tonight(data.positions)
    origin = lines["origin_point"].to_numpy(dtype=np.int64)
    own = origin >= 0
    np.subtract.at(left, origin[own], lines["quantity"].to_numpy(dtype=np.int64)[own])
    spare: Ints = np.minimum(supply[: len(left)], np.maximum(left, 0)[:, None])
    return spare


def _load_lane(group: Ints, *, state: LoadState, config: PlanConfig) -> None:
    """Decide one lane and arrival day."""
    if not state.quantity[group].any():
        return
    lane = state.data.lanes.iloc[int(state.columns["lane"][group[0]])]
    part = {name: values[group] for name, values in state.columns.items()}
    quantity = state.quantity[group]
    share = truck_share(part, lane)
    is_regular = bool(part["is_regular"].all())
    cost = float(lane["truck_cost"])
    if cost > 0 or np.isfinite([lane["truck_volume_m3"], lane["truck_weight_kg"]]).any():
        price, added, days = cost, np.zeros_like(quantity), config.truck_cover_days
        fills = is_regular and cost > 0 and config.truck_fill_up
        if fills:
            needs = _later_needs(part, group, state=state, going=quantity, max_days=days)
            added, covered = pull_forward(quantity, needs, share=share, lot=part["lot"], cost=cost, max_days=days)
            gap = max(float(part["next_day"].min()), 1.0)
            price = cost * min(gap / max(covered, 1), 1.0)
        chosen = choose_trucks(
            quantity + added,
            share=share,
            value=state.value[group],
            lot=part["lot"],
            cost=price,
            max_trucks=float(lane["max_trucks"]),
            is_one_off=not is_regular,
            trip_cost=trip_cost(lane, price / cost) if cost > 0 else None,
        )
        final = chosen.quantity
        if fills and chosen.trucks:
            needs = _later_needs(part, group, state=state, going=final, max_days=days)
            final = final + fill_up(
                final, needs, share=share, lot=part["lot"], cost=cost, trucks=chosen.trucks, max_days=days
            )
        _settle(state, part, group, wanted=quantity, final=final, is_stopped=chosen.trucks == 0)


def _keep_order_value(group: Ints, *, state: LoadState) -> None:
    """Bring a lane that goes up to its minimum order value, or keep it at home."""
    lane = state.data.lanes.iloc[int(state.columns["lane"][group[0]])]
    part = {name: values[group] for name, values in state.columns.items()}
    worth = float((part["unit_value"] * state.quantity[group]).sum())
    if 0 < worth < float(lane["min_order_value"]):
        final = _up_to_value(part, group, state=state, share=truck_share(part, lane), lane=lane)
        state.reason[group[(state.quantity[group] > 0) & (final == 0)]] = TOO_SMALL
        state.quantity[group] = final


def keep_order_values(lines: pd.DataFrame, lanes: pd.DataFrame) -> pd.DataFrame:
    """Drop the lines of lanes that later cuts brought below their minimum order value.

    Parameters
    ----------
    lines
        Tonight's lines with their final quantities.
    lanes
        The network's lanes.
    """
    lane = lines["lane"].to_numpy(dtype=np.int64)
    worth = np.bincount(lane, (lines["unit_value"] * lines["quantity"]).to_numpy(dtype=np.float64), len(lanes))
    is_small = (worth < lanes["min_order_value"].to_numpy(dtype=np.float64) * (1 - TOLERANCE))[lane]
    falls = is_small & (lines["quantity"] > 0).to_numpy(dtype=bool)
    reason = np.where(falls, TOO_SMALL, lines["reason"].to_numpy(dtype=object))
    return lines.assign(quantity=lines["quantity"].where(~falls, 0), reason=reason)


def _settle(state: LoadState, part: Columns, group: Ints, *, wanted: Ints, final: Ints, is_stopped: bool) -> None:
    """Keep the decision of a lane; a purchase that fell below its minimum order falls away."""
    kept = np.where(final < part["minimum"], 0, final)
    state.quantity[group] = kept
    state.reason[group[(wanted > 0) & (kept == 0)]] = NOT_WORTH_IT if is_stopped else NO_ROOM
    early = np.maximum(kept - wanted, 0)
    origin = part["origin_point"]
    own = origin >= 0
    np.subtract.at(state.spare, origin[own], early[own, None])


def _later_needs(part: Columns, group: Ints, *, state: LoadState, going: Ints, max_days: int) -> LaterNeeds:
    """What was planned for later days, beyond what goes already; nothing that may expire goes early."""
    origin, point = part["origin_point"], part["point"]
    early = np.maximum(going - state.quantity[group], 0)
    planned = np.cumsum(state.planned[group], axis=1)
    if (origin < 0).all():
        wanted = state.quantity[group] > 0
        planned = later_purchases(planned, part, curves=state.data.curves, is_going=wanted, max_days=max_days)
    left = np.maximum(planned - early[:, None], 0)
    spare = state.spare[origin] - early[:, None] if (origin >= 0).all() else np.full_like(left, _ENDLESS)
    return LaterNeeds(
        planned=left,
        spare=spare,
        room=np.where(part["keeps"], state.room[point] - early, 0),
        least=np.where(going > 0, 0, part["minimum"]),
        holding=state.data.curves.holding[point],
    )


def _up_to_value(part: Columns, group: Ints, *, state: LoadState, share: Floats, lane: pd.Series[Any]) -> Ints:
    """Take along later needs until the lane's minimum order value is reached; nothing goes if it cannot be."""
    quantity = state.quantity[group]
    origin = part["origin_point"]
    if not bool(part["is_regular"].all()) or (origin >= 0).any():
        return np.zeros_like(quantity)
    lot = part["lot"]
    limit = np.minimum(state.room[part["point"]], np.iinfo(np.int32).max)
    for days in range(1, state.planned.shape[1]):
        added = np.minimum(state.planned[group, : days + 1].sum(axis=1), limit) // lot * lot
        final = quantity + added
        final = np.where(final < part["minimum"], quantity, final)
        trucks = np.ceil((share * quantity[:, None]).sum(axis=0).max() - TOLERANCE)
        if float((part["unit_value"] * final).sum()) >= float(lane["min_order_value"]):
            is_fitting = (share * final[:, None]).sum(axis=0).max() <= max(trucks, 1.0) + TOLERANCE
            return final if is_fitting else np.zeros_like(quantity)
    return np.zeros_like(quantity)


def truck_share(part: Columns, lane: pd.Series[Any]) -> Floats:
    """Share of a truck's volume and of its weight that one unit of each line takes, (m, 2)."""
    by_volume = part["volume_m3"] / float(lane["truck_volume_m3"])
    by_weight = part["weight_kg"] / float(lane["truck_weight_kg"])
    return np.stack([by_volume, by_weight], axis=1)


def _planned_by_line(lines: pd.DataFrame, data: FlowData, planned: Ints) -> Ints:
    """Units planned on later days for the pair of each regular line, (m, T)."""
    moves = data.regular
    by_pair = np.full(moves.inbound.point.size, -1, dtype=np.int64)
    regular = np.flatnonzero(lines["is_regular"].to_numpy(dtype=bool))
    by_pair[moves.pair[lines["move"].to_numpy(dtype=np.int64)[regular]]] = regular
    result = np.zeros((len(lines), data.curves.horizon), dtype=np.int64)
    row = by_pair[moves.pair]
    hit = (row >= 0) & (moves.day > 0)
    np.add.at(result, (row[hit], moves.day[hit]), planned[hit])
    return result


def _room(lines: pd.DataFrame, data: FlowData, maximum: Floats) -> Ints:
    """Units that may still go to each point under its maximum stock, (n,)."""
    coming = np.zeros(len(data.positions))
    np.add.at(coming, lines["point"].to_numpy(dtype=np.int64), lines["quantity"].to_numpy(dtype=np.float64))
    position = data.positions["inventory_position"].to_numpy(dtype=np.float64)
    left = np.maximum(maximum - position - coming, 0.0)
    return np.where(np.isnan(maximum), _ENDLESS, np.nan_to_num(left)).astype(np.int64)


def load_table(lines: pd.DataFrame, lanes: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name the loads of the lines that go and describe them.

    Parameters
    ----------
    lines
        Tonight's lines with a quantity.
    lanes
        The network's lanes.
    cutoff
        The night of the plan.

    Returns
    -------
    The lines with `load_id` (empty where a lane's vehicles have neither price nor size), and the loads
    (`LOAD_COLUMNS`).
    """
    ship = cutoff + pd.Timedelta(days=1)
    rows = lanes.iloc[lines["lane"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    lines = lines.reset_index(drop=True)
    size = np.stack([rows["truck_volume_m3"], rows["truck_weight_kg"]], axis=1).astype(np.float64)
    is_loaded = (rows["truck_cost"] > 0) | pd.Series(np.isfinite(size).any(axis=1), index=rows.index)
    due = ship + pd.to_timedelta(lines["arrival_day"].to_numpy(), unit="D")
    names = rows["lane_id"] + pd.Series([f"@{ship:%Y%m%d}-{day:%Y%m%d}" for day in due], dtype="str", index=rows.index)
    lines = lines.assign(load_id=names.where(is_loaded, "").astype("str"), due_date=due, ship_date=ship)
    facts = lines.assign(
        volume=lines["volume_m3"] * lines["quantity"],
        weight=lines["weight_kg"] * lines["quantity"],
        worth=lines["unit_value"] * lines["quantity"],
    )[is_loaded.to_numpy(dtype=bool)]
    sums = facts.groupby("load_id", as_index=False).agg(
        lane=("lane", "first"),
        ship_date=("ship_date", "first"),
        due_date=("due_date", "first"),
        volume_m3=("volume", "sum"),
        weight_kg=("weight", "sum"),
        lines=("sku", "size"),
        value=("worth", "sum"),
    )
    lane = lanes.iloc[sums["lane"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    filled = np.maximum(sums["volume_m3"] / lane["truck_volume_m3"], sums["weight_kg"] / lane["truck_weight_kg"])
    trucks = np.asarray(np.maximum(np.ceil(filled - TOLERANCE), 1.0), dtype=np.float64)
    loads = sums.assign(
        origin=lane["origin"],
        destination=lane["destination"],
        mode=lane["mode"],
        vehicle=lane["vehicle"],
        trucks=trucks,
        truck_volume_m3=lane["truck_volume_m3"],
        fill=filled / trucks,
        cost=trucks * lane["truck_cost"],
        mix="",
    )
    loads = with_mixes(loads, lane["fleet"].tolist())
    return lines, typed(loads.sort_values("load_id"), LOAD_COLUMNS)
