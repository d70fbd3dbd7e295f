"""Exceptions about supply: no way to a stock point, late, unacknowledged and short orders, no source, capacity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Tier
from network.orders_to_come import COMING_STATES, orders_to_come
from optimization.capacity import capacity_use, declares_capacity
from optimization.exception_case import ExceptionCase, Rule, nothing, tell
from optimization.plain_words import say_date, say_days, say_units
from optimization.point_facts import KEY, RECENT_DAYS

UNACKNOWLEDGED_DAYS = 2
"""A released line older than this should have been acknowledged [days]."""
_CAPACITY_WORDS = {"receive": "to be received", "ship": "to be shipped", "pick": "to be picked", "store": "in store"}


def unreachable(case: ExceptionCase) -> pd.DataFrame:
    """A stock point on sale, with demand, that no lane can supply."""
    points = case.facts.points
    is_hit = points["is_listed"] & (points["main_source"] == "") & (points["daily_demand"] > 0)
    rows = points.loc[is_hit]
    unmet = np.maximum(rows["daily_demand"] * case.facts.projection.horizon - rows["free"], 0.0)
    return tell(
        rows,
        "unreachable stock point",
        severity="critical",
        money=unmet * rows["shortage_cost"],
        messages=["no lane brings this SKU here"] * len(rows),
        suggestions=["Add a transfer or purchase lane, or take the SKU out of the assortment."] * len(rows),
    )


def late_order(case: ExceptionCase) -> pd.DataFrame:
    """An open order that should be there by now, as far as it is still to come."""
    orders = orders_to_come(case.snapshot)
    rows = _with_points(case, orders.loc[(orders["quantity"] > 0) & (orders["due_date"] <= case.cutoff)])
    late = (case.cutoff - rows["due_date"]).dt.days + 1
    return tell(
        rows.assign(date=rows["due_date"]),
        "late order",
        severity=np.where(rows["free"].fillna(0) <= 0, "critical", "warning"),
        money=rows["quantity"] * rows["shortage_cost"],
        messages=[
            f"order {order}{f' from {origin}' if origin else ''}: {say_units(units)} due {say_date(due)}, "
            f"{say_days(days)} late"
            for order, origin, units, due, days in zip(
                rows["order_id"], rows["origin"].fillna(""), rows["quantity"], rows["due_date"], late, strict=True
            )
        ],
        suggestions=["Ask for a new date; the plan expects it tomorrow."] * len(rows),
    )


def unacknowledged(case: ExceptionCase) -> pd.DataFrame:
    """A line released more than two days ago that the outside system has not acknowledged."""
    if case.released is None or case.released.empty:
        return nothing()
    known = set(case.snapshot.table("open_orders")["external_ref"].dropna())
    waiting = case.released.loc[~case.released["order_id"].isin(known)]
    age = (case.cutoff - waiting["ship_date"]).dt.days + 1  # lines ship the day after their cutoff
    rows = _with_points(case, waiting.assign(age=age).loc[age > UNACKNOWLEDGED_DAYS])
    return tell(
        rows.assign(date=rows["ship_date"]),
        "unacknowledged order",
        severity="critical",
        money=rows["quantity"] * rows["unit_cost"],
        messages=[
            f"order {order}: {say_units(units)} released {say_days(days)} ago and never acknowledged; still counted"
            for order, units, days in zip(rows["order_id"], rows["quantity"], rows["age"], strict=True)
        ],
        suggestions=["Ask the receiver whether it has the order; cancel the line if not."] * len(rows),
    )


def confirmed_short(case: ExceptionCase) -> pd.DataFrame:
    """A supplier confirmed less than was ordered."""
    orders = case.snapshot.table("open_orders")
    promised = case.snapshot.table("confirmations")[["order_id", "confirmed_quantity"]]
    rows = orders.loc[orders["status"].isin([str(state) for state in COMING_STATES])].merge(promised, on="order_id")
    rows = rows.assign(short=rows["quantity"] - rows["confirmed_quantity"])
    rows = _with_points(case, rows.loc[rows["short"] > 0])
    return tell(
        rows.assign(date=rows["due_date"]),
        "confirmed short",
        severity="warning",
        money=rows["short"] * rows["shortage_cost"],
        messages=[
            f"order {order}: {say_units(promised)} of {say_units(units)} confirmed"
            for order, promised, units in zip(
                rows["order_id"], rows["confirmed_quantity"], rows["quantity"], strict=True
            )
        ],
        suggestions=["Order the rest elsewhere, or tell the stores."] * len(rows),
    )


def no_source(case: ExceptionCase) -> pd.DataFrame:
    """A new SKU that lies nowhere, is on no order, and that no supplier can deliver."""
    points = case.facts.points
    supplier = case.network.locations.loc[case.network.locations["tier"] == Tier.SUPPLIER, "location"]
    facts = points.assign(
        is_bought=points["main_source"].isin(supplier), held=points["inventory_position"].clip(lower=0)
    )
    by_sku = facts.groupby("sku", as_index=False, observed=True).agg(
        is_bought=("is_bought", "any"), held=("held", "sum"), demand=("daily_demand", "sum")
    )
    skus = case.snapshot.table("skus")[["sku", "launch_date"]].merge(by_sku, on="sku", how="left")
    is_new = skus["launch_date"] > case.cutoff - pd.Timedelta(days=RECENT_DAYS)
    is_bare = ~skus["is_bought"].eq(True) & (skus["held"].fillna(0) == 0)
    rows = skus.loc[is_new & is_bare].rename(columns={"launch_date": "date"})
    margin = points.drop_duplicates("sku").set_index("sku")["margin"].reindex(rows["sku"]).to_numpy()
    return tell(
        rows,
        "new SKU without a source",
        severity="warning",
        money=rows["demand"].to_numpy() * RECENT_DAYS * margin,
        messages=[f"on sale from {say_date(date)}, but no supplier lane and no stock" for date in rows["date"]],
        suggestions=["Name its supplier in `sourcing`, or add a purchase lane."] * len(rows),
    )


def capacity_breach(case: ExceptionCase) -> pd.DataFrame:
    """A location that must receive, ship or store more than it declares, by day."""
    if not declares_capacity(case.snapshot):
        return nothing()
    rows = capacity_use(case.decisions.moves, case.decisions.loads, case.facts.points, snapshot=case.snapshot)
    rows = rows.loc[rows["used"] > rows["amount"] * (1 + 1e-9)].reset_index(drop=True)
    excess = rows["used"] - rows["amount"]
    return tell(
        rows,
        "capacity breach",
        severity="warning",
        money=excess * rows["overtime_cost"].fillna(0.0),
        messages=[
            f"{used:,.0f} {unit} {_CAPACITY_WORDS[kind]} on {say_date(date)}, room for {amount:,.0f}"
            for used, unit, kind, date, amount in zip(
                rows["used"], rows["unit"], rows["kind"], rows["date"], rows["amount"], strict=True
            )
        ],
        suggestions=["Move lines of low priority to the next day, or plan overtime."] * len(rows),
    )


def _with_points(case: ExceptionCase, lines: pd.DataFrame) -> pd.DataFrame:
    """Order lines beside the facts of their destination; money of the SKU where the place has no row."""
    facts = case.facts.points[[*KEY, "free", "unit_cost", "shortage_cost"]]
    lines = lines.rename(columns={"destination": "location"})
    joined = lines.merge(facts, on=KEY, how="left", validate="many_to_one")
    by_sku = facts.drop_duplicates("sku").set_index("sku")
    for name in ("unit_cost", "shortage_cost"):
        spare = by_sku[name].reindex(joined["sku"]).to_numpy(dtype=float)
        joined[name] = joined[name].astype(float).fillna(pd.Series(spare, index=joined.index))
    return joined


SUPPLY_RULES: tuple[Rule, ...] = (
    unreachable,
    late_order,
    unacknowledged,
    confirmed_short,
    no_source,
    capacity_breach,
)
