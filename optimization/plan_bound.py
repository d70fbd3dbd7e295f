"""A lower bound of the whole plan with whole trucks and whole cases, where the chain's flows form a tree.

If every stock point has one source and nothing moves sideways or back, the surrogate falls into two parts that meet
only in what a warehouse has: the lanes' truck programs (their destinations, trucks, docks), and what each root buys
(its holding and the pooled shortage of its echelon). Leaving out what a warehouse has at most gives the sum of two
bounds. Goods that a truck program sends stop costing their origin from the day they leave: that is in its lots' price.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.curve_knots import Knots, expected_short
from optimization.flow.data import FlowData
from optimization.lane_costs import has_no_demand
from optimization.truck_days import TruckDays
from optimization.trucks.fill import load_cost

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TruckFigures:
    """What the truck program of a plan proves.

    Parameters
    ----------
    n_lanes, n_pairs
        Lanes planned together and the stock points they serve.
    is_tree
        Whether the chain's flows form a tree.
    objective, bound
        Cost of the lanes' destinations, trucks and overtime over the truck days looked at, with tonight's final lots,
        and its lower bound, whole trucks and lots included, given all other moves [money].
    whole_objective, whole_bound
        The same with what the roots buy; None where the chain's flows are no tree [money].
    """

    n_lanes: int
    n_pairs: int
    is_tree: bool
    objective: float
    bound: float
    whole_objective: float | None = None
    whole_bound: float | None = None

    def with_roots(self, data: FlowData, supply: Ints, load_costs: float) -> TruckFigures:
        """Add what the roots buy, where the chain's flows form a tree.

        Parameters
        ----------
        data
            Input of the flows.
        supply
            (n, T) supply of every row with all planned moves.
        load_costs
            Price of tonight's purchase loads [money].
        """
        if not self.is_tree:
            return self
        objective, bound = _roots(data, supply, load_costs)
        return replace(self, whole_objective=self.objective + objective, whole_bound=self.bound + bound)


def truck_figures(days: TruckDays, data: FlowData, lines: pd.DataFrame) -> TruckFigures:
    """Value the trucks of the final plan on the truck program's surrogate, without what the roots buy.

    Parameters
    ----------
    days
        The truck program.
    data
        Input of the flows.
    lines
        Tonight's lines with their final quantities.
    """
    return TruckFigures(
        n_lanes=len(days.lanes),
        n_pairs=sum(lane.pair.size for lane in days.lanes),
        is_tree=_is_tree(days, data),
        objective=days.plan.objective + _change_of_tonight(days, data, lines),
        bound=days.plan.bound,
    )


def _change_of_tonight(days: TruckDays, data: FlowData, lines: pd.DataFrame) -> float:
    """What limits changed in tonight's trucks after they were planned [money]."""
    regular = lines[lines["is_trucked"] & lines["is_regular"]]
    units = np.zeros(data.regular.inbound.point.size, dtype=np.int64)
    pair = data.regular.pair[regular["move"].to_numpy(dtype=np.int64)]
    units[pair] = regular["quantity"].to_numpy(dtype=np.int64)
    change = 0.0
    for index, lane in enumerate(days.lanes):
        planned = days.plan.lots[index]
        final = planned.copy()
        final[:, 0] = units[lane.pair] // lane.lot
        if (final != planned).any():
            goes = days.plan.pattern[index] > 0
            change += load_cost(lane.costs, final, goes) - load_cost(lane.costs, planned, goes)
    return change


def _is_tree(days: TruckDays, data: FlowData) -> bool:
    """Whether each point is a root without demand of its own or served by one planned lane, and nothing else moves."""
    served = np.concatenate([data.regular.inbound.point[lane.pair] for lane in days.lanes])
    idle = has_no_demand(data.curves)[: len(data.positions)]
    inbound = data.regular.inbound
    sources = np.bincount(inbound.point, minlength=len(data.positions))
    has_moves = np.zeros(len(data.positions), dtype=bool)
    has_moves[data.regular.destination] = True
    is_served = np.zeros(len(data.positions), dtype=bool)
    is_served[served] = True
    fine = (is_served & (sources == 1)) | (idle & data.has_echelon) | ~has_moves
    sends = np.unique(inbound.origin_point[inbound.origin_point >= 0])
    return bool(data.tonight.pair.size == 0 and fine.all() and data.has_echelon[sends].all())


def _roots(data: FlowData, supply: Ints, load_costs: float) -> tuple[float, float]:
    """Cost of what the roots have and buy, and the least it can be [money].

    The least is taken day by day: no less than what is there, no purchase before the first can arrive.
    """
    curves = data.curves
    roots = np.flatnonzero(data.has_echelon)
    rows = curves.echelon_of[roots]
    bought = supply[rows] - curves.base_supply[rows]
    holding = curves.holding[roots]
    fixed = float((holding[:, None] * np.maximum(curves.base_supply[roots], 0)).sum())
    first = np.full(len(data.positions), curves.horizon)
    np.minimum.at(first, data.regular.destination, data.regular.arrival)
    may_buy = np.arange(curves.horizon) >= first[roots][:, None]
    real = _root_cost(data, rows, bought, holding)
    candidates = np.concatenate([curves.base_supply[rows][:, :, None], curves.breaks[rows]], axis=2)
    least = np.full(bought.shape, np.inf)
    for k in range(candidates.shape[2]):
        more = np.maximum(candidates[:, :, k] - curves.base_supply[rows], 0)
        cost = _root_cost(data, rows, np.where(may_buy, more, 0), holding)
        least = np.minimum(least, cost)
    return fixed + float(real.sum()) + load_costs, fixed + float(least.sum())


def _root_cost(data: FlowData, rows: Ints, bought: Ints, holding: Floats) -> Floats:
    """Holding of what is bought and the echelon's shortage, by day (m, T) [money]."""
    curves = data.curves.take(rows)
    short = expected_short(Knots(curves.breaks, curves.cdf), curves.base_supply + bought)
    cost: Floats = holding[:, None] * bought + curves.shortage[:, None] * curves.shortage_day * short
    return cost
