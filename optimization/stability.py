"""Stability: a published night changes only where that pays, and how much plans change from one night to the next.

Every line that is added to a night whose lines have left already costs the people concerned the same as changing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.flow.data import FlowData
from optimization.line_worth import line_worth
from optimization.loads import load_table
from optimization.tonight import planned_quantity, supply_of

if TYPE_CHECKING:
    from optimization.decisions import Decisions

Ints = npt.NDArray[np.int64]
PLAN_COLUMNS = {
    **dict.fromkeys(("sku", "origin", "destination", "mode"), "str"),
    **dict.fromkeys(("ship_date", "due_date"), "datetime64[ns]"),
    "quantity": "int64",
}
"""Columns of the `planned` table: moves of later days that a plan expects; no orders."""
_PUBLISHED = "the night is published, and this change of it does not pay"
_KEY = ["sku", "origin", "destination", "mode", "ship_date"]


@dataclass(frozen=True, eq=False)
class Published:
    """What earlier nights published and a plan has to respect.

    Parameters
    ----------
    run_ids
        Runs that are looked at, the latest last; part of the id of the next run.
    planned
        Moves that the latest of them expects on later days, `PLAN_COLUMNS`; None if it did not say.
    last_day
        Last day that its plan covers; None if it did not say.
    messages
        Action messages of all of them: amends_order_id, action, cutoff.
    """

    run_ids: tuple[str, ...]
    planned: pd.DataFrame | None
    last_day: pd.Timestamp | None
    messages: pd.DataFrame


def is_published(released: pd.DataFrame | None, cutoff: pd.Timestamp) -> bool:
    """Return whether lines of this very night have left already."""
    return released is not None and bool((released["ship_date"] > cutoff).any())


@dataclass(frozen=True, eq=False)
class Revision:
    """A published night planned again: what a fresh plan of it, as if nothing had left, says about the lines that left.

    Parameters
    ----------
    wanting
        (sku, destination) to which the fresh plan sends more than has left.
    settled
        Order ids of lines that the fresh plan has as well; nobody is asked to change them.
    """

    wanting: frozenset[tuple[str, str]]
    settled: frozenset[str]


def revision(fresh: pd.DataFrame, released: pd.DataFrame, cutoff: pd.Timestamp) -> Revision:
    """Compare a fresh plan of a published night with the lines that left; on unchanged data nothing is wanting.

    Parameters
    ----------
    fresh
        Tonight's moves of a plan that does not count the lines of this night.
    released
        Released lines; those that leave after the cutoff are of this night.
    cutoff
        The night.
    """
    place, key = ["sku", "destination"], ["sku", "origin", "destination", "due_date"]
    tonight = released[released["ship_date"] > cutoff]
    more = fresh.groupby(place)["quantity"].sum().sub(tonight.groupby(place)["quantity"].sum(), fill_value=0)
    wanted = fresh.groupby(key)["quantity"].sum().reindex(pd.MultiIndex.from_frame(tonight[key])).fillna(0)
    is_settled = wanted.to_numpy() >= tonight["quantity"].to_numpy()
    return Revision(
        wanting=frozenset((str(sku), str(to)) for sku, to in more.index[more > 0]),
        settled=frozenset(tonight["order_id"].astype(str)[is_settled]),
    )


def worthwhile_changes(
    lines: pd.DataFrame,
    data: FlowData,
    change: Revision,
    *,
    flow_quantity: Ints,
    cutoff: pd.Timestamp,
    config: PlanConfig,
) -> pd.DataFrame:
    """Drop further lines of a published night: where nothing is wanting, and lane by lane where they do not pay.

    Parameters
    ----------
    lines
        Tonight's lines after lots and trucks.
    data
        Input of the flows.
    change
        What is wanting.
    flow_quantity
        (k,) units of every possible move in the flow.
    cutoff
        The night of the plan.
    config
        Cost of a change.
    """
    places = zip(lines["sku"], lines["destination"], strict=True)
    is_wanting = np.array([place in change.wanting for place in places], dtype=bool)
    kept = lines.assign(quantity=lines["quantity"].where(is_wanting, 0))
    kept["reason"] = kept["reason"].mask((lines["quantity"] > 0) & ~is_wanting, _PUBLISHED)
    lines = kept
    going = lines[lines["quantity"] > 0]
    if going.empty:
        return lines
    supply = supply_of(data, lines, planned_quantity(data, flow_quantity, lines))
    quantity = going["quantity"].to_numpy(dtype=np.float64)
    worth = line_worth(going, data.curves, supply).to_numpy().sum(axis=1)
    price = config.change_cost + config.change_share * quantity * going["unit_value"].to_numpy(dtype=np.float64)
    freight = pd.Series(quantity * going["move_cost"].to_numpy(dtype=np.float64), index=going.index)
    lane = data.lanes.loc[data.lanes.index[going["lane"]], ["origin", "destination", "mode"]]
    names = pd.MultiIndex.from_frame(lane)
    # A lane that goes again for this pays its vehicles whole, not a share of full ones.
    vehicles = load_table(going, data.lanes, cutoff)[1].groupby(list(lane.columns))["cost"].sum().reindex(names)
    paid = np.maximum(freight.groupby(going["lane"]).transform("sum"), vehicles.fillna(0.0).to_numpy())
    earned = pd.Series(worth - price, index=going.index).groupby(going["lane"]).transform("sum")
    falls = earned.index[earned <= paid]
    kept.loc[falls, "quantity"] = 0
    kept.loc[falls, "reason"] = _PUBLISHED
    kept.loc[going.index.difference(falls), "freeze"] = pd.Series(price, index=going.index)
    return kept


def planned_table(decisions: Decisions, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Moves that the plan expects on later days, with dates; `PLAN_COLUMNS`."""
    planned = decisions.planned
    days = {"ship_date": planned["day"], "due_date": planned["arrival_day"]}
    dates = {name: cutoff + pd.to_timedelta(day.to_numpy() + 1, unit="D") for name, day in days.items()}
    return planned.assign(**dates)[list(PLAN_COLUMNS)].astype(PLAN_COLUMNS).reset_index(drop=True)


def nervousness(decisions: Decisions, published: Published | None, cutoff: pd.Timestamp) -> float:
    """Sum of absolute change / sum of quantity, over the unreleased days that this plan and the one before cover.

    A move counts where it leaves after the cutoff and is due while both plans look that far; quantities of one SKU,
    lane and ship date are compared, and divided by those of the plan before.

    Parameters
    ----------
    decisions
        Tonight's plan.
    published
        The plan before.
    cutoff
        Last day known tonight.

    Returns
    -------
    Share, 0 for a plan that changes nothing; NaN where there is no plan before, or nothing to compare.
    """
    if published is None or published.planned is None or published.last_day is None:
        return float("nan")
    last_day = min(published.last_day, cutoff + pd.Timedelta(days=decisions.curves.horizon))
    now = pd.concat([decisions.moves[list(PLAN_COLUMNS)], planned_table(decisions, cutoff)], ignore_index=True)
    before, after = (
        plan[(plan["ship_date"] > cutoff) & (plan["due_date"] <= last_day)].groupby(_KEY)["quantity"].sum()
        for plan in (published.planned, now)
    )
    change = after.subtract(before, fill_value=0).abs().sum()
    return float(change / before.sum()) if before.sum() > 0 else float("nan")
