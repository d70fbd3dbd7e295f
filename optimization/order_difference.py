"""How the orders and KPIs of two plans differ."""

from __future__ import annotations

import pandas as pd

from optimization.actions import new_lines

KEY = ["kind", "origin", "destination", "sku"]
COLUMNS = [*KEY, "change", "quantity_before", "quantity_after", "value_change"]


def order_difference(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that differ, largest change of value first.

    Parameters
    ----------
    before, after
        Orders tables; new lines of one (kind, origin, destination, sku) are added up.

    Returns
    -------
    Columns kind, origin, destination, sku, change (added, removed, changed), quantity_before, quantity_after [units],
    value_change [money]; lines of equal quantity are left out.
    """
    joined = _added_up(before).merge(_added_up(after), how="outer", on=KEY, suffixes=("_before", "_after"))
    numbers = ["quantity_before", "value_before", "quantity_after", "value_after"]
    joined = joined.assign(**joined[numbers].fillna(0.0))
    joined = joined[joined["quantity_before"] != joined["quantity_after"]]
    change = pd.Series("changed", index=joined.index, dtype="str")
    change = change.mask(joined["quantity_before"] == 0, "added").mask(joined["quantity_after"] == 0, "removed")
    difference = joined.assign(change=change, value_change=joined["value_after"] - joined["value_before"])
    ranked = difference.reindex(difference["value_change"].abs().sort_values(ascending=False, kind="stable").index)
    whole_units = {"quantity_before": "int64", "quantity_after": "int64"}
    return ranked[COLUMNS].astype(whole_units).reset_index(drop=True)


def _added_up(orders: pd.DataFrame) -> pd.DataFrame:
    return new_lines(orders).groupby(KEY, sort=True)[["quantity", "value"]].sum().reset_index()


def kpi_difference(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return planned KPIs of two runs side by side, as a KPI table with `today` = before and `planned` = after."""
    joined = after.merge(before[["kpi", "planned"]], on="kpi", how="left", suffixes=("", "_before"))
    return joined.assign(today=joined["planned_before"])[["kpi", "today", "planned", "unit", "meaning"]]
