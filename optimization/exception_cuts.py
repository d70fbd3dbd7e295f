"""Exceptions about what did not fit: full places and short sources, by site, lane and day, and what each cut costs."""

from __future__ import annotations

import pandas as pd

from optimization.exception_case import ExceptionCase, Rule, nothing, tell
from optimization.plain_words import say_date, say_units

_VERBS = {
    "ship": "be shipped from", "pick": "be picked at", "receive": "be received at", "store": "be stored at",
}  # fmt: skip
_ADVICE = {
    "store": "Make room there, or send stock on, before more comes.",
    "budget": "Raise the budget, or leave it: the lines cut are those that earn least for their money.",
}
_OTHER_ADVICE = "Plan overtime, or let it wait: the lines cut are those that earn least for their room."


def capacity_cut(case: ExceptionCase) -> pd.DataFrame:
    """A full place kept goods of a lane from going: which site, lane and day, how many units, what it costs."""
    cuts = case.decisions.cuts
    cuts = cuts[cuts["kind"] != "scarcity"]
    if cuts.empty:
        return nothing()
    key = ["kind", "location", "date", "unit", "origin", "destination", "mode"]
    rows = cuts.groupby(key, as_index=False).agg(
        units=("quantity", "sum"), lines=("sku", "size"), money=("money", "sum")
    )
    columns = (rows[name] for name in ("kind", "date", "origin", "destination", "units", "lines", "location", "unit"))
    return tell(
        rows,
        "capacity cut",
        severity="warning",
        money=rows["money"],
        messages=[
            f"{origin} to {to}: {say_units(units)} of {lines} line{'s' if lines > 1 else ''} cannot "
            + (
                "be bought: the purchase budget is spent"
                if kind == "budget"
                else f"{_VERBS[kind]} {site} on {say_date(date)}: its {unit} are full"
            )
            for kind, date, origin, to, units, lines, site, unit in zip(*columns, strict=True)
        ],
        suggestions=[_ADVICE.get(kind, _OTHER_ADVICE) for kind in rows["kind"]],
    )


def scarce_source(case: ExceptionCase) -> pd.DataFrame:
    """A source that had less than its destinations would earn by: who was cut, by how much, and what it costs."""
    cuts = case.decisions.cuts
    cuts = cuts[(cuts["kind"] == "scarcity") & (cuts["quantity"] > 0)]
    if cuts.empty:
        return nothing()
    columns = (cuts[name] for name in ("origin", "quantity", "wanted", "priority"))
    return tell(
        cuts.assign(location=cuts["destination"]),
        "cut by scarcity",
        severity="warning",
        money=cuts["money"],
        messages=[
            f"gets {wanted - cut:,} of {say_units(wanted)}: {origin} has no more"
            + (f" and others come first (priority {rank:g})" if pd.notna(rank) and rank > 1 else "")
            for origin, cut, wanted, rank in zip(*columns, strict=True)
        ],
        suggestions=["Buy or move stock to its source, or take it from elsewhere."] * len(cuts),
    )


CUT_RULES: tuple[Rule, ...] = (capacity_cut, scarce_source)
