"""From the flow to tonight's moves: solve, round to lots, load trucks, and account for what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from network.vehicles import unit_freight
from optimization.capacity import overtime_cost
from optimization.capacity_cut import keep_capacity
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_refresh import refreshed_curves, rescued_points
from optimization.decisions import (
    CUT_COLUMNS,
    DROPPED_COLUMNS,
    MOVE_COLUMNS,
    PLANNED_COLUMNS,
    Decisions,
    FlowPlan,
    SolveStatus,
    typed,
)
from optimization.flow.data import FlowData, Moves, flow_data
from optimization.flow.model import moves_table, solve_flows
from optimization.idle_moves import left_out, worth_planning_again
from optimization.later_moves import Solve, later_moves
from optimization.lateral_rules import worthwhile
from optimization.line_value import line_effects, supply_without
from optimization.loads import keep_order_values, load_table, load_trucks
from optimization.lots import keep_limits, kept_rounding, round_lots
from optimization.memory import give_back
from optimization.phase_out import shelf_floor
from optimization.plan_bound import TruckFigures, truck_figures
from optimization.scarcity import contested_pairs, scarcity, share_by_priority, stock_priorities
from optimization.stability import Revision, worthwhile_changes
from optimization.storage import daily_rates
from optimization.tonight import planned_quantity, supply_of, tonight_lines
from optimization.truck_days import TruckDays, plan_truck_days, with_trucks

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

__all__ = ["Closing", "Decisions", "decide", "settle"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A lateral or emergency move that does not pay for its vehicle is taken away and the flow solved again, so that its
# destination is served otherwise: this many passes in all, the last of which decides.
MAX_PASSES = 2


def decide(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    positions: pd.DataFrame,
    targets: pd.DataFrame,
    curves: CostCurves,
    config: PlanConfig,
) -> Decisions:
    """Plan tonight's moves: the flow of every SKU, whole lots by value, hard limits, trucks that pay.

    Parameters
    ----------
    snapshot, network
        What is known, and its lanes.
    forecast
        Demand to come.
    positions, targets, curves
        Results of `inventory_positions`, `stock_targets` and `build_cost_curves`, row by row the same stock points.
    config
        Settings.

    Returns
    -------
    Tonight's moves with their loads, what was not worth making, the expectation for later days, and the supply, value
    and bound of it all.
    """
    data = flow_data(forecast, network, snapshot, positions=positions, targets=targets, curves=curves, config=config)
    flow = solve_flows(data, config, with_lots=True)
    rows, extra = rescued_points(data, flow.quantity)
    if rows.size:
        floor = shelf_floor(positions, targets, snapshot, horizon=curves.horizon)
        curves = refreshed_curves(forecast, curves, rows=rows, extra=extra, floor=floor, config=config)
        data = replace(data, curves=curves)
        flow = solve_flows(data, config, before=flow, changed=rows, with_lots=True)

    def solve_again(data: FlowData, flow: FlowPlan, closing: Closing) -> tuple[FlowData, FlowPlan]:
        banned = closing.banning(data)
        return banned, solve_flows(banned, config, before=flow)

    return settle(
        data, flow, snapshot=snapshot, targets=targets, config=config, solve_again=solve_again,
        solve_later=lambda left: (solve_flows(part, config).quantity for part in left),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Closing:
    """Points into which tonight's laterals, emergency moves and returns are banned, but for those that go.

    Parameters
    ----------
    points
        (k,) rows of the points.
    going
        (j, 2) point and lane of the moves that go all the same.
    """

    points: Ints
    going: Ints

    def is_banned(self, moves: Moves, n_lanes: int) -> npt.NDArray[np.bool_]:
        """Which of tonight's moves may not be made any more, (k,)."""
        key = moves.destination * n_lanes + moves.inbound.lane[moves.pair]
        goes = np.isin(key, self.going[:, 0] * n_lanes + self.going[:, 1])
        banned: npt.NDArray[np.bool_] = np.isin(moves.destination, self.points) & ~goes
        return banned

    def banning(self, data: FlowData) -> FlowData:
        """Return the input with these moves banned, beside those that are already."""
        return replace(data, is_banned=data.is_banned | self.is_banned(data.tonight, len(data.lanes)))


def settle(
    data: FlowData,
    flow: FlowPlan,
    *,
    snapshot: Snapshot,
    targets: pd.DataFrame,
    config: PlanConfig,
    solve_again: Callable[[FlowData, FlowPlan, Closing], tuple[FlowData, FlowPlan]],
    solve_later: Solve,
    change: Revision | None = None,
) -> Decisions:
    """Turn the flow of all SKUs into tonight's moves: lots, limits and trucks, which SKUs share.

    Parameters
    ----------
    data, flow
        Input of the flows and their plan; of tonight's laterals, emergency moves and returns at least those made.
    snapshot, targets, config
        As for `decide`.
    solve_again
        Solves the SKUs that used a move which did not pay for its vehicle.
    solve_later
        As for `later_moves`.
    change
        Given where lines of this night have left already, so that any further line is a change that must pay.
    """
    bound = None if flow.bound is None else flow.bound + flow.lot_cost
    dropped: list[pd.DataFrame] = []
    for _ in range(MAX_PASSES - 1):
        lines = _loaded_lines(data, flow, snapshot=snapshot, targets=targets, config=config, is_final=False).lines
        is_idle = (lines["quantity"] == 0) & ~lines["is_regular"] & (lines["flow_quantity"] > 0)
        if not is_idle.any():
            break
        dropped.append(lines[is_idle])
        again = worth_planning_again(lines, data, flow, is_idle=is_idle.to_numpy(dtype=bool))
        flow = left_out(flow, lines, data, is_out=is_idle.to_numpy(dtype=bool) & ~again)
        data, flow = solve_again(data, flow, _closing(lines, again))
    give_back()
    loaded = _loaded_lines(data, flow, snapshot=snapshot, targets=targets, config=config, is_final=True)
    lines = loaded.lines
    if change is not None:
        lines = worthwhile_changes(
            lines, data, change, flow_quantity=flow.quantity, cutoff=snapshot.cutoff, config=config
        )
    trucks = None if loaded.days is None else truck_figures(loaded.days, data, lines)
    loaded = replace(loaded, days=None)  # costs of all trucks take more memory than the rest of the plan
    give_back()
    planned = later_moves(data, flow, lines, solve_later)
    priority = stock_priorities(data.positions, snapshot, config)
    supply = supply_of(data, lines, planned)
    paid, short = scarcity(lines, data, supply=supply, priority=priority, cutoff=snapshot.cutoff)
    loaded = replace(
        loaded, lines=lines.assign(scarcity_price=paid), cuts=pd.concat([loaded.cuts, short], ignore_index=True)
    )
    return _decisions(
        data, loaded, flow=replace(flow, bound=bound), planned=planned, dropped=dropped, trucks=trucks,
        snapshot=snapshot,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Loaded:
    """Tonight's lines after lots, limits and trucks, the plan of all trucks, and what full places cut."""

    lines: pd.DataFrame
    days: TruckDays | None
    cuts: pd.DataFrame


def _loaded_lines(
    data: FlowData, flow: FlowPlan, *, snapshot: Snapshot, targets: pd.DataFrame, config: PlanConfig, is_final: bool
) -> Loaded:
    """Take the flow's moves of tonight through lots, limits and trucks.

    The trucks of all lanes are planned at the end only: what is looked for before are laterals, emergency moves and
    returns that do not pay for their vehicle.
    """
    maximum = targets["max_stock"].to_numpy(dtype=np.float64)
    later = np.where(data.regular.day > 0, flow.quantity[: data.regular.pair.size], 0)
    lines = _shared_lines(data, flow, later, snapshot=snapshot, config=config)
    supply = supply_of(data, lines, later)
    lines = round_lots(lines, data, supply=supply, planned=later)
    lines = keep_limits(lines, data, snapshot=snapshot, maximum=maximum)
    planned = planned_quantity(data, flow.quantity, lines)
    supply = supply_of(data, lines, planned)
    lines = worthwhile(lines, data, supply=supply, config=config)
    planned = planned_quantity(data, flow.quantity, lines)
    supply = supply_of(data, lines, planned)
    days = None
    if config.joint_trucks and is_final:
        days = plan_truck_days(data, lines, supply=supply, planned=planned, snapshot=snapshot)
        lines = with_trucks(lines, data, days)
        planned = planned_quantity(data, flow.quantity, lines)
        supply = supply_of(data, lines, planned)
    rates = daily_rates(targets)
    lines = load_trucks(lines, data, supply=supply, planned=planned, maximum=maximum, config=config)
    lines = keep_limits(lines, data, snapshot=snapshot, maximum=maximum)
    supply = supply_of(data, lines, planned_quantity(data, flow.quantity, lines))
    lines, cuts = keep_capacity(
        lines, data, supply=supply, snapshot=snapshot, rates=rates, budget=config.purchase_budget
    )
    return Loaded(keep_order_values(lines, data.lanes), days, cuts)


def _shared_lines(
    data: FlowData, flow: FlowPlan, later: Ints, *, snapshot: Snapshot, config: PlanConfig
) -> pd.DataFrame:
    """Tonight's lines as the flow has them, or by priority where the chain declares who comes first."""
    priority = stock_priorities(data.positions, snapshot, config)
    if priority is None:
        return tonight_lines(data, flow.quantity, snapshot)
    contested = contested_pairs(data, flow.quantity, priority)
    lines = tonight_lines(data, flow.quantity, snapshot, also=contested)
    supply = supply_of(data, lines, later)
    return share_by_priority(lines, data, supply=supply, priority=priority, contested=contested)


def _closing(lines: pd.DataFrame, is_idle: npt.NDArray[np.bool_]) -> Closing:
    """Close the places where a lateral, emergency move or return did not pay, but for those that go."""
    going = lines[(lines["quantity"] > 0) & ~lines["is_regular"]]
    return Closing(
        points=np.unique(lines.loc[is_idle, "point"].to_numpy(dtype=np.int64)),
        going=going[["point", "lane"]].to_numpy(dtype=np.int64),
    )


def _decisions(
    data: FlowData,
    loaded: Loaded,
    *,
    flow: FlowPlan,
    planned: Ints,
    dropped: list[pd.DataFrame],
    trucks: TruckFigures | None,
    snapshot: Snapshot,
) -> Decisions:
    """Put tables, supply and value together."""
    lines, cutoff = kept_rounding(loaded.lines), snapshot.cutoff
    going = lines[lines["quantity"] > 0]
    carried, loads = load_table(going, data.lanes, cutoff)
    moves = typed(_with_cases(carried), MOVE_COLUMNS)
    supply = supply_of(data, lines, planned)
    objective = _objective(data, going, loads["cost"].to_numpy(dtype=np.float64), supply=supply, planned=planned)
    objective += overtime_cost(moves, loads, data.positions, snapshot=snapshot)
    gap = None if flow.bound is None else _gap(objective, flow.bound)
    bought = float(loads.loc[loads["mode"] == Mode.PURCHASE, "cost"].sum())
    counts = {"n_skus": float(len(flow.per_sku)), "n_arcs": float(flow.per_sku["n_arcs"].sum())}
    return Decisions(
        moves=moves,
        dropped=_dropped_table(lines, dropped, data=data, cutoff=cutoff),
        loads=loads,
        planned=moves_table(data, planned)[list(PLANNED_COLUMNS)],
        curves=data.curves,
        supply=supply,
        supply_before=supply_without(supply, line_effects(moves, data.curves)),
        objective=objective,
        bound=flow.bound,
        gap=gap,
        status=flow.status if flow.status == SolveStatus.EMPTY else SolveStatus.FEASIBLE,
        timings=counts,
        trucks=None if trucks is None else trucks.with_roots(data, supply, bought),
        cuts=typed(loaded.cuts, CUT_COLUMNS),
    )


def _with_cases(lines: pd.DataFrame) -> pd.DataFrame:
    """Add the number of cases; moves in eaches count units."""
    return lines.assign(cases=lines["quantity"] // lines["case"])


def _dropped_table(
    lines: pd.DataFrame, dropped: list[pd.DataFrame], *, data: FlowData, cutoff: pd.Timestamp
) -> pd.DataFrame:
    """List what the flow wanted and no truck or limit let go, with the quantity it wanted; a part of a lot is not."""
    fallen = lines[(lines["quantity"] == 0) & (lines["flow_quantity"] > 0) & (lines["reason"] != "")]
    table = pd.concat([*dropped, fallen], ignore_index=True).drop_duplicates(
        ["sku", "origin", "destination", "mode"], keep="last"
    )
    due = cutoff + pd.to_timedelta(table["arrival_day"].to_numpy(dtype=np.int64) + 1, unit="D")
    table = _with_cases(table.assign(quantity=table["flow_quantity"]))
    table = table.assign(ship_date=cutoff + pd.Timedelta(days=1), due_date=due, load_id="")
    return typed(table.sort_values(["sku", "origin", "destination", "mode"], kind="stable"), DROPPED_COLUMNS)


def _objective(data: FlowData, going: pd.DataFrame, load_cost: Floats, *, supply: Ints, planned: Ints) -> float:
    """Surrogate cost of the plan: supply, tonight's loads at their real cost, later freight at a full truck's price."""
    lanes = data.lanes.iloc[going["lane"].to_numpy(dtype=np.int64)]
    freight = unit_freight(lanes, going["volume_m3"], going["weight_kg"])
    handling = going["move_cost"].to_numpy(dtype=np.float64) - freight
    tonight = float((handling * going["quantity"].to_numpy(dtype=np.float64)).sum()) + float(load_cost.sum())
    later = float((data.regular.cost * planned).sum())
    return float(data.curves.expected_cost(supply).sum()) + tonight + later


def _gap(objective: float, bound: float) -> float | None:
    """Distance of objective and bound relative to the objective, which holds no purchase value and no sunk loss."""
    return max(objective - bound, 0.0) / objective if objective > 0 else None
