"""One-off moves that do not pay for their vehicle: which SKUs to plan again without them.

A move taken out of an optimal flow raises the cost of its SKU by what can be read off the curves. Planning the SKU
again gains back no more than that, so where it is next to nothing, the move is just left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.decisions import FlowPlan
from optimization.flow.data import FlowData
from optimization.tonight import supply_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Share of the flow's cost that all SKUs that are not planned again may lose together.
LEAST_LOSS = 0.001


def worth_planning_again(lines: pd.DataFrame, data: FlowData, flow: FlowPlan, *, is_idle: Flags) -> Flags:
    """Mark the idle lines whose SKU is planned again, (m,); of the others the SKUs lose next to nothing together.

    Parameters
    ----------
    lines
        Tonight's lines; `flow_quantity` is what the flow sends.
    data, flow
        Input of the flows and their plan.
    is_idle
        (m,) one-off lines that stay at home.
    """
    idle = np.flatnonzero(is_idle)
    sku, at = np.unique(lines["sku"].to_numpy(dtype=object)[idle], return_inverse=True)
    loss = np.bincount(at, _losses(lines, data, flow, idle))
    order = np.argsort(loss, kind="stable")
    is_left = np.cumsum(np.maximum(loss[order], 0.0)) <= LEAST_LOSS * max(flow.objective, 0.0)
    again = np.ones(sku.size, dtype=bool)
    again[order[is_left]] = False
    marked = np.zeros(len(lines), dtype=bool)
    marked[idle] = again[at]
    return marked


def left_out(flow: FlowPlan, lines: pd.DataFrame, data: FlowData, *, is_out: Flags) -> FlowPlan:
    """Take some of tonight's one-off lines out of the flow and change nothing else."""
    quantity = flow.quantity.copy()
    move = lines["move"].to_numpy(dtype=np.int64)[is_out]
    quantity[data.regular.pair.size + move] = 0
    return replace(flow, quantity=quantity)


def _losses(lines: pd.DataFrame, data: FlowData, flow: FlowPlan, idle: Ints) -> Floats:
    """What is lost without the idle lines, told line by line so that each SKU's lines sum to its loss, (k,) [money]."""
    later = np.where(data.regular.day > 0, flow.quantity[: data.regular.pair.size], 0)
    planned = lines["flow_quantity"].to_numpy(dtype=np.int64)
    without = planned.copy()
    without[idle] = 0
    part = lines.iloc[idle]
    ends = part[["point", "origin_point"]].to_numpy(dtype=np.int64)
    rows, where = np.unique(ends, return_inverse=True)
    curves = data.curves.take(rows)
    costs = [
        curves.expected_cost(supply_of(data, lines.assign(quantity=each), later)[rows]) for each in (planned, without)
    ]
    loss: Floats = -planned[idle] * part["move_cost"].to_numpy(dtype=np.float64)
    # A point at the end of several idle lines of its SKU counts once.
    _, first = np.unique(where.ravel(), return_index=True)
    np.add.at(loss, first // ends.shape[1], costs[1] - costs[0])
    return loss
