"""Rules of the audit on money and room: the purchase budget of the night, and what a place can store."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.audit_case import NOTHING, AuditCase, breaches
from optimization.audit_lines import Rule

TOLERANCE = 1e-6


def purchase_budget(case: AuditCase) -> pd.DataFrame:
    """Tonight's purchases cost no more than the night's budget, where there is one."""
    if case.purchase_budget is None:
        return NOTHING
    spent = case.lines.loc[case.lines["mode"] == "purchase", "line_value"].sum()
    rows = pd.DataFrame({"sku": [""], "origin": [""], "destination": [""]})
    return breaches(
        rows,
        "purchase_budget",
        value=spent,
        bound=case.purchase_budget,
        text="purchases of {value}, the budget is {bound}",
        is_broken=pd.Series([spent > case.purchase_budget * (1 + TOLERANCE)]),
    )


def storage_room(case: AuditCase) -> pd.DataFrame:
    """On the day on which goods come, they fit beside what is there by then, unless there was no room before.

    What is there by then: on hand and on order, less expected demand until that day. `locations.storage_volume_m3`
    only: where `capacity` says how much a place can store, it may be exceeded for overtime.
    """
    capacity = case.snapshot.table("capacity")
    ruled = set(capacity.loc[capacity["kind"] == "store", "location"])
    room = case.snapshot.table("locations").set_index("location")["storage_volume_m3"]
    lines = case.lines.loc[case.lines["destination"].map(room).notna() & ~case.lines["destination"].isin(ruled)]
    if case.rates is None or lines.empty:
        return NOTHING
    volume = case.snapshot.table("skus").set_index("sku")["volume_m3"].fillna(0.0)
    points = case.positions[["sku", "location"]].assign(
        held=case.positions["on_hand"] + case.positions["on_order"], rate=case.rates
    )
    by_place = dict(iter(points.groupby("location")))
    found = []
    for place, due in lines[["destination", "due_date"]].drop_duplicates().itertuples(index=False):
        days = (due - case.first_ship_date).days
        here = by_place.get(place, points.iloc[:0]).set_index("sku")
        coming = lines[(lines["destination"] == place) & (lines["due_date"] <= due)].groupby("sku")["quantity"].sum()
        left = here["held"] - here["rate"] * days
        each = volume.reindex(here.index).fillna(0.0)
        before = float((left.clip(lower=0.0) * each).sum())
        after = float((left.add(coming.reindex(here.index).fillna(0.0)).clip(lower=0.0) * each).sum())
        found.append({"sku": "", "origin": "", "destination": place, "before": before, "after": after})
    rows = pd.DataFrame(found)
    bound = np.maximum(rows["destination"].map(room).to_numpy(dtype=float), rows["before"])
    return breaches(
        rows,
        "storage_room",
        value=rows["after"],
        bound=bound,
        text="{value} m3 in store, room for {bound}",
        is_broken=rows["after"] > bound * (1 + TOLERANCE) + TOLERANCE,
    )


LIMIT_RULES: tuple[Rule, ...] = (purchase_budget, storage_room)
