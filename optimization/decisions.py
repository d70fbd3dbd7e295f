"""What the planning step decides: the flow's plan, tonight's moves, the trucks they go on, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from optimization.cost_curves import CostCurves
    from optimization.plan_bound import TruckFigures

PLANNED_COLUMNS = ("sku", "origin", "destination", "mode", "day", "arrival_day", "quantity")
MOVE_COLUMNS = (
    *("sku", "origin", "destination", "mode", "ship_date", "due_date", "arrival_day", "quantity", "cases"),
    *("load_id", "flow_quantity", "note", "rounded", "raised", "capacity_price", "scarcity_price", "freeze"),
)
DROPPED_COLUMNS = (*MOVE_COLUMNS, "reason")
CUT_COLUMNS = (
    *("kind", "location", "date", "unit", "sku", "origin", "destination", "mode", "quantity", "wanted", "money"),
    "priority",
)
LOAD_COLUMNS = (
    *(
        "load_id",
        "origin",
        "destination",
        "mode",
        "ship_date",
        "due_date",
        "vehicle",
        "trucks",
        "volume_m3",
        "weight_kg",
    ),
    *("truck_volume_m3", "fill", "cost", "lines", "value", "mix"),
)
_TEXT = {
    "mix",
    "kind",
    "location",
    "unit",
    "vehicle",
    "sku",
    "origin",
    "destination",
    "mode",
    "load_id",
    "note",
    "reason",
}
_WHOLE = {"day", "arrival_day", "quantity", "cases", "flow_quantity", "trucks", "lines", "rounded", "raised", "wanted"}
_DATES = {"ship_date", "due_date", "date"}


class SolveStatus(StrEnum):
    """Outcome of a solve."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    EMPTY = "empty"


@dataclass(frozen=True, eq=False)
class FlowPlan:
    """The min-cost-flow optimum of every SKU on the surrogate, before cases, minimum orders and trucks.

    Parameters
    ----------
    objective
        Surrogate cost of these moves [money]: holding, shortage, waste, slack and moving.
    bound
        Lower bound of the surrogate [money]: flow optima less the rounding of integer costs, and less what shared
        limits would earn; None if unknown.
    status
        Worst status over the SKUs.
    per_sku
        One row a SKU: sku, status, objective, bound (with the prices that it pays), n_arcs, lot_cost.
    quantity
        (k,) units of every possible move: regular moves first, then tonight's laterals, emergency moves and returns.
    lot_cost
        What whole lots of tonight cost beyond the bound at least; 0 where nobody looked [money].
    """

    objective: float
    bound: float | None
    status: SolveStatus
    per_sku: pd.DataFrame
    quantity: npt.NDArray[np.int64]
    lot_cost: float = 0.0


@dataclass(frozen=True, eq=False)
class Decisions:
    """Tonight's moves in whole cases and worthwhile trucks, with all that is needed to explain them.

    Parameters
    ----------
    moves
        Moves that leave on cutoff + 1, `MOVE_COLUMNS`; flow_quantity is before rounding, note says what changed it;
        rounded and raised are units that whole cases and the minimum order added (or took); the prices are money that
        the line pays for a full place, for scarce stock and for changing a published night.
    dropped
        Moves that were not worth making tonight, with the reason; `DROPPED_COLUMNS`.
    loads
        One row a lane and ship day, `LOAD_COLUMNS`; `vehicle` is truck or parcel, `trucks` their number; fill is the
        larger of the volume and weight shares of all its trucks; `mix` names them where a lane has several types.
    planned
        Moves of later days that the plan expects, `PLANNED_COLUMNS`; not orders.
    curves
        Cost curves with which everything was valued.
    supply, supply_before
        (n, T) cumulative supply at each row of `curves.points` with tonight's moves / without them [units].
    objective, bound, gap
        Surrogate cost of the plan, its lower bound and their distance relative to the cost that decisions can change;
        bound and gap are None if unknown [money, money, share].
    status
        Outcome of the flow.
    timings
        Seconds by step are measured by the caller; here counts of the work done by step.
    trucks
        What the program of all transfer trucks cost and proves; None where no lane has priced trucks.
    cuts
        What tonight's lines lost to a full place or a scarce source, `CUT_COLUMNS`: kind (ship, pick, receive, store,
        budget or scarcity), the site and day that are short and in which unit, the units that a line lost and those it
        wanted, what that costs [money], and the destination's declared priority (NaN without one).
    """

    moves: pd.DataFrame
    dropped: pd.DataFrame
    loads: pd.DataFrame
    planned: pd.DataFrame
    curves: CostCurves
    supply: npt.NDArray[np.int64]
    supply_before: npt.NDArray[np.int64]
    objective: float
    bound: float | None
    gap: float | None
    status: SolveStatus
    timings: Mapping[str, float]
    trucks: TruckFigures | None = None
    cuts: pd.DataFrame = field(default_factory=lambda: typed(pd.DataFrame(), CUT_COLUMNS))

    def replace(self, **changes: Any) -> Decisions:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


def typed(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the named columns in order with their fixed dtypes and a RangeIndex; missing ones are filled blank.

    Parameters
    ----------
    frame
        Rows; may lack columns or rows.
    columns
        One of the column tuples of this module.
    """
    kinds: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name in columns:
        kind = "str" if name in _TEXT else "int64" if name in _WHOLE else "float64"
        kinds[name] = "datetime64[ns]" if name in _DATES else kind
        blank: Any = "" if name in _TEXT else 0
        data[name] = frame[name].to_numpy() if name in frame.columns else np.full(len(frame), blank)
    return pd.DataFrame(data).astype(kinds).reset_index(drop=True)
