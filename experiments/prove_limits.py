"""What a proof takes for granted, and what a chain's data cannot support, in sentences with figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from network.economics import assumed_money, sku_economics

if TYPE_CHECKING:
    from experiments.prove_history import History

# Of this much of the demand being estimated, or this much of the orders lost, the proof is worth little.
WEAK_SHARE = 0.1


def assumptions_of(past: History) -> tuple[str, ...]:
    """Return what holds for whatever is replayed."""
    sold = float(past.demand["units"].sum()) - past.lifted_units
    return (
        "All begin with the recorded stock, as fresh as its shelf life allows, and with the orders on the way.",
        f"All meet the same demand: {sold:,.0f} units sold and {past.lifted_units:,.0f} that empty shelves hid, "
        "estimated; it would have been the same whatever was ordered.",
        "Goods are usable on the day they were due, for all: lateness is left out.",
        "A lane costs what it costs today; whole trucks or parcels a lane and day; purchases are paid alike.",
        "Unmet demand is lost. Returns, theft and wrong records are left out for all.",
        "Stock left at the end is worth its cost, for all.",
        "tierflow plans each night with what was known by its end, and fits its models on the nights before.",
    )


def limits_of(tables: Mapping[str, pd.DataFrame], past: History, *, has_orders: bool = True) -> tuple[str, ...]:
    """Return what these data cannot support; of orders only where what was ordered is replayed too."""
    start, last = past.snapshot.cutoff, past.last_day
    sales = tables["sales"]
    window = sales[(sales["date"] > start) & (sales["date"] <= last)]
    total = float(past.demand["units"].sum())
    said = [
        "One history is one draw: the weeks table shows how steady the difference is; it is no interval.",
        "What is shipped in the last days is paid in these weeks and sold later: few weeks blur the difference.",
    ]
    unseen = float(window["availability"].isna().mean()) if len(window) else 1.0
    if unseen > 0:
        said.append(
            f"{unseen:.0%} of the sales rows do not say how long the shelf was full: hidden demand is underestimated "
            "there, and with it what better stock is worth."
        )
    if total > 0 and past.lifted_units / total > WEAK_SHARE:
        said.append(
            f"{past.lifted_units / total:.0%} of the demand is estimated, not sold: read lost margin with care."
        )
    n_orders = len(past.policy.moves)
    if has_orders and past.unmatched_orders:
        said.append(
            f"{past.unmatched_orders:,} orders are left out of {past.unmatched_orders + n_orders:,}: no origin, no "
            "ship date, or no lane between their ends. What was ordered looks worse for it."
        )
    sent = float(past.policy.moves["quantity"].sum())
    if has_orders and sent > 0 and past.policy.clipped > 0:
        said.append(
            f"{past.policy.clipped / sent:.1%} of the units that were shipped could not be shipped again: the replay "
            "had less at their origin than there was."
        )
    own_zone = past.demand["zone"].isin(past.own_zones)
    share = float(past.demand.loc[own_zone, "units"].sum()) / total if total > 0 else 1.0
    if share > 0:
        said.append(
            f"{share:.0%} of the demand has no zone that is served by rule: it can only be met where it was sold."
        )
    for name in ("assortment", "lanes", "skus"):
        if name != "assortment" or len(tables[name]):
            said.append(f"`{name}` is as it is today: how it stood on past nights is not recorded.")
    said += [f"Assumed: {each.text}." for each in assumed_money(past.snapshot, sku_economics(past.snapshot))]
    return tuple(said)
