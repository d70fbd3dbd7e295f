"""Solve the min-cost flow of every SKU and read the moves off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.decisions import PLANNED_COLUMNS, FlowPlan, SolveStatus, typed
from optimization.flow.arcs import FlowNetwork, flow_network
from optimization.flow.data import FlowData, Moves
from optimization.flow.lot_cost import lot_cost
from optimization.flow.node_prices import node_prices
from optimization.flow.objective import integer_costs, plan_cost, rows_cost
from optimization.flow.problem import SkuProblem, Slices, sku_problem, sku_slices

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class FlowError(Exception):
    """The solver refused a network; networks are feasible by construction, so this is a fault of ours."""


@dataclass(frozen=True, eq=False)
class SkuFlow:
    """Optimal moves of one SKU.

    Parameters
    ----------
    quantity
        (k,) units of each move of its problem.
    objective, bound
        Surrogate cost of the moves, recomputed, and a lower bound of it, both relative to no supply at all and with
        what `SkuProblem.cost` holds of prices [money].
    n_arcs
        Size of the network.
    lot_cost
        What whole lots cost beyond the bound at least, where that was asked for [money].
    """

    quantity: Ints
    objective: float
    bound: float
    n_arcs: int
    lot_cost: float = 0.0


def solve_flows(
    data: FlowData,
    config: PlanConfig,
    *,
    before: FlowPlan | None = None,
    changed: Ints | None = None,
    with_lots: bool = False,
) -> FlowPlan:
    """Solve all SKUs, one after the other, in the order of their names.

    Parameters
    ----------
    data
        Input of all SKUs.
    config
        Settings.
    before
        Plan of the same input before some of tonight's moves were banned or some points changed: only SKUs that used
        such a move or have such a point are solved again.
    changed
        Rows of the points that changed.
    with_lots
        Whether to bound what whole lots of tonight cost.

    Returns
    -------
    The plan; its bound is one of cost and prices together, `Moves.price` being paid. Always there, because any stock
    may stay where it is and any demand may be lost at its price.
    """
    slices = sku_slices(data)
    slopes = data.curves.slopes()
    n_regular, n_tonight = data.regular.pair.size, data.tonight.pair.size
    quantity = np.zeros(n_regular + n_tonight, dtype=np.int64) if before is None else before.quantity.copy()
    is_stale = np.ones(slices.sku.size, dtype=bool)
    if before is not None:
        used = np.flatnonzero(data.is_banned & (quantity[n_regular:] > 0))
        stale = np.searchsorted(slices.tonight, used, side="right") - 1
        if changed is not None:
            stale = np.append(stale, np.searchsorted(slices.point, changed, side="right") - 1)
        is_stale = np.isin(np.arange(slices.sku.size), stale)
    constants = _constant_costs(data, slices)
    rows = []
    for index, sku in enumerate(slices.sku):
        if before is not None and not is_stale[index]:
            rows.append(tuple(before.per_sku.iloc[index]))
            continue
        problem = sku_problem(data, slices, index, slopes=slopes)
        found = solve_sku(problem, config.cost_steps, with_lots=with_lots)
        _place(quantity, found.quantity, data=data, slices=slices, index=index)
        status = SolveStatus.OPTIMAL if found.n_arcs else SolveStatus.EMPTY
        constant = float(constants[index])
        objective = found.objective - _paid(data, slices, index, found.quantity) + constant
        rows.append((sku, str(status), objective, found.bound + constant, found.n_arcs, found.lot_cost))
    per_sku = pd.DataFrame(rows, columns=["sku", "status", "objective", "bound", "n_arcs", "lot_cost"])
    solved = bool((per_sku["status"] == SolveStatus.OPTIMAL).any())
    return FlowPlan(
        objective=float(per_sku["objective"].sum()),
        bound=float(per_sku["bound"].sum()),
        status=SolveStatus.OPTIMAL if solved else SolveStatus.EMPTY,
        per_sku=per_sku.astype({"sku": "str", "status": "str"}),
        quantity=quantity,
        lot_cost=float(per_sku["lot_cost"].sum()),
    )


def solve_sku(problem: SkuProblem, cost_steps: int, *, with_lots: bool = False) -> SkuFlow:
    """Solve one SKU exactly on its surrogate.

    Parameters
    ----------
    problem
        The convex program.
    cost_steps
        Whole number that stands for the steepest slope.
    with_lots
        Whether to bound what whole lots cost beyond the optimum.

    Raises
    ------
    FlowError
        If the solver does not prove an optimum.
    """
    nothing = np.zeros(problem.origin.size, dtype=np.int64)
    if not problem.origin.size:
        cost = plan_cost(problem, nothing)
        return SkuFlow(nothing, cost, cost, 0)
    network = flow_network(problem)
    costs, scale = integer_costs(network.arcs.cost, cost_steps)
    flows, optimum = _min_cost_flow(network, costs)
    is_move = network.arcs.move >= 0
    quantity = nothing.copy()
    quantity[network.arcs.move[is_move]] = flows[is_move]
    # The chain's cost counts from everything bought, the plan's from nothing: the difference is a constant.
    unbought = rows_cost(problem.echelons, problem.echelons.base + problem.most_bought)
    bound = optimum / scale + unbought
    cost_of_lots = 0.0
    if with_lots and (problem.lot > 1).any():
        price = node_prices(network, costs, flows)
        # The sink is the last node, where a unit is worth nothing.
        cost_of_lots = lot_cost(problem, network, price=(price - price[-1]) / scale, quantity=quantity)
    return SkuFlow(quantity, plan_cost(problem, quantity), bound, int(network.arcs.tail.size), cost_of_lots)


def _min_cost_flow(network: FlowNetwork, costs: Ints) -> tuple[Ints, int]:
    """Return the flow of each arc and the optimal cost in steps."""
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = network.arcs
    indexes = solver.add_arcs_with_capacity_and_unit_cost(
        arcs.tail.astype(np.int32), arcs.head.astype(np.int32), arcs.capacity, costs
    )
    solver.set_nodes_supplies(np.arange(network.supply.size, dtype=np.int32), network.supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise FlowError(f"min-cost flow of {arcs.tail.size} arcs ended as {status.name}: lower cost_steps")
    return np.asarray(solver.flows(indexes), dtype=np.int64), int(solver.optimal_cost())


def _constant_costs(data: FlowData, slices: Slices) -> Floats:
    """Surrogate cost of each SKU with no supply at all, (n_skus,) [money]: every unit of demand short."""
    cost = data.curves.expected_cost(np.zeros_like(data.curves.base_supply))
    index = np.arange(slices.sku.size)
    point = np.repeat(index, np.diff(slices.point))
    echelon = np.repeat(index, np.diff(slices.echelon))
    total: Floats = np.bincount(np.concatenate([point, echelon]), weights=cost, minlength=index.size).astype(np.float64)
    return total


def _paid(data: FlowData, slices: Slices, index: int, quantity: Ints) -> float:
    """What one SKU's moves pay for what is shared [money]; it is no cost of the plan."""
    regular = data.regular.price[slices.regular[index] : slices.regular[index + 1]]
    tonight = data.tonight.price[slices.tonight[index] : slices.tonight[index + 1]]
    return float(np.concatenate([regular, tonight]) @ quantity)


def _place(quantity: Ints, found: Ints, *, data: FlowData, slices: Slices, index: int) -> None:
    """Write one SKU's moves into the moves of all: regular ones first, then tonight's."""
    n_regular = int(slices.regular[index + 1] - slices.regular[index])
    quantity[slices.regular[index] : slices.regular[index + 1]] = found[:n_regular]
    first = data.regular.pair.size
    quantity[first + slices.tonight[index] : first + slices.tonight[index + 1]] = found[n_regular:]


def moves_table(data: FlowData, quantity: Ints) -> pd.DataFrame:
    """List the moves with a quantity as a table (`PLANNED_COLUMNS`).

    Parameters
    ----------
    data
        Input of all SKUs.
    quantity
        (k,) units of each regular move, and of tonight's others if there are more.
    """
    lists = ((data.regular, 0), (data.tonight, data.regular.pair.size))
    frames = [_table_of(data, moves, quantity[first : first + moves.pair.size]) for moves, first in lists]
    table = pd.concat(frames, ignore_index=True)
    return typed(table.sort_values(list(PLANNED_COLUMNS[:5]), kind="stable"), PLANNED_COLUMNS)


def _table_of(data: FlowData, moves: Moves, quantity: Ints) -> pd.DataFrame:
    chosen = np.flatnonzero(quantity)
    lane = data.lanes.iloc[moves.inbound.lane[moves.pair[chosen]]]
    return pd.DataFrame({
        "sku": data.positions["sku"].to_numpy()[moves.destination[chosen]],
        "origin": lane["origin"].to_numpy(),
        "destination": lane["destination"].to_numpy(),
        "mode": lane["mode"].to_numpy(),
        "day": moves.day[chosen],
        "arrival_day": moves.arrival[chosen],
        "quantity": quantity[chosen],
    })  # fmt: skip
