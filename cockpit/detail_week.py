"""What the last week held, read from tonight's plan, the run of a week ago and the order ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cockpit.detail_review import (
    REVIEW_COLUMNS,
    REVIEW_DAYS,
    Week,
    changed_by_people,
    doubtful_points,
    held_back_points,
    idle_stock,
    lost_sales,
    overdue_points,
    review,
    told_late_points,
)
from cockpit.places import order_ledger
from optimization.position import coming_lines

if TYPE_CHECKING:
    from engine import Plan
    from forecasting.panel import Panel
    from network.store import RunStore

_KEY = ["sku", "location"]


def week_review(plan: Plan, panel: Panel, store: RunStore, *, run_id: str, lots: pd.DataFrame) -> pd.DataFrame:
    """Review the week since an earlier run; no rows without one.

    Parameters
    ----------
    plan, panel
        Tonight's plan and history.
    store, run_id
        The run of a week ago.
    lots
        Lots on hand with their value.
    """
    if not run_id:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in REVIEW_COLUMNS})
    skus = plan.snapshot.table("skus").set_index("sku")
    days = slice(-REVIEW_DAYS, None)
    lost = lost_sales(
        panel.series, panel.wanted[:, days], panel.sales[:, days], panel.available[:, days],
        margin=(skus["unit_price"] - skus["unit_cost"]).astype(float),
    )  # fmt: skip
    idle = idle_stock(plan.exceptions, lots, plan.cutoff)
    losses = pd.concat([part for part in (lost, idle) if len(part)], ignore_index=True)
    return review(losses, _week(plan, panel, store, run_id))


def _week(plan: Plan, panel: Panel, store: RunStore, run_id: str) -> Week:
    since = pd.Timestamp(str(store.manifest(run_id)["cutoff"])[:10])
    keys = pd.MultiIndex.from_frame(panel.series[_KEY].astype("str"))
    forecast = store.read_table(run_id, "forecast")
    ahead = forecast[forecast["date"].isin(panel.dates[-REVIEW_DAYS:])]
    exceptions = [store.read_table(run_id, "exceptions"), plan.exceptions]
    less, more = changed_by_people(order_ledger(store.path).states(run_id))
    points = panel.series[[*_KEY, "category", "brand", "zone", "region"]]
    snapshot = plan.snapshot
    return Week(
        cutoff=plan.cutoff,
        wanted=pd.Series(panel.wanted[:, -REVIEW_DAYS:].sum(axis=1), index=keys),
        expected=ahead.groupby(_KEY)["mean"].sum(),
        overdue=overdue_points(coming_lines(snapshot), plan.targets, plan.cutoff),
        doubtful=doubtful_points(pd.concat(exceptions), snapshot.table("counts"), plan.cutoff),
        cut_by_people=less,
        raised_by_people=more,
        held_back=held_back_points(store.read_table(run_id, "orders"), exceptions[0]),
        told_late=told_late_points(snapshot.table("signals"), points, since),
    )
