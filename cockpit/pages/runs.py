"""Runs: what each was made of, how the solver ended, and what one changed against the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cockpit.report_tables import rows_of
from optimization.order_difference import kpi_difference, order_difference

N_CHANGED = 60
LISTED = (
    *("run_id", "cutoff", "created_at", "n_orders", "order_value", "n_messages", "n_exceptions", "n_critical"),
    *("status", "objective", "bound", "gap", "is_degraded", "previous_run", "n_stock_points"),
)


def run_rows(manifests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a list of runs says of each; None where a run of an earlier version does not say."""
    return [{name: manifest.get(name) for name in LISTED} for manifest in manifests]


def changes_between(
    before: tuple[pd.DataFrame, pd.DataFrame], after: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, Any]:
    """Return which orders and KPIs differ between two runs.

    Parameters
    ----------
    before, after
        Orders and KPIs of each.

    Returns
    -------
    `orders`: the changed lines of most money, each with the reason it has tonight; `counts`: lines by change; `kpis`.
    """
    changed = order_difference(before[0], after[0])
    reasons = after[0].drop_duplicates(["sku", "origin", "destination", "kind"])
    keys = ["sku", "origin", "destination", "kind"]
    told = changed.merge(reasons[[*keys, "reason"]], on=keys, how="left")
    told["reason"] = told["reason"].astype("str").where(told["reason"].notna(), "")
    ranked = told.reindex(told["value_change"].abs().sort_values(ascending=False, kind="stable").index)
    counts = changed["change"].value_counts()
    return {
        "orders": rows_of(ranked.head(N_CHANGED)),
        "counts": {str(name): int(n) for name, n in counts.items()},
        "value": float(changed["value_change"].sum()),
        "kpis": rows_of(kpi_difference(before[1], after[1])),
    }
