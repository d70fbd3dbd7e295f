"""Runs: what each was made of, how the solver ended, and what one changed against the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cockpit.report_tables import rows_of
from optimization.order_difference import kpi_difference, order_difference

N_CHANGED = 60
LISTED = (
    *("run_id", "cutoff", "created_at", "n_orders", "order_value", "n_messages", "n_exceptions", "n_critical"),
    *("status", "objective", "bound", "gap", "is_degraded", "previous_run", "n_stock_points"),
)


@dataclass(frozen=True)
class Leaving:
    """What a release would take, and what it would leave.

    Parameters
    ----------
    n_approved, approved
        Approved lines and their value [money].
    n_free, free
        Proposed lines that nobody has to approve, and their value [money].
    n_waiting
        Lines that stay until somebody approves them.
    n_gone
        Lines that have left.
    """

    n_approved: int
    approved: float
    n_free: int
    free: float
    n_waiting: int
    n_gone: int

    @property
    def n(self) -> int:
        """Lines that would leave."""
        return self.n_approved + self.n_free

    @property
    def value(self) -> float:
        """Their value [money]."""
        return self.approved + self.free

    @property
    def mark(self) -> str:
        """What a page says of it in short, to be held against what is there when somebody agrees."""
        return f"{self.n_approved} {self.approved:.2f} {self.n_free} {self.free:.2f}"


def leaving(lines: pd.DataFrame) -> Leaving:
    """Return what a release would take of some lines as they stand now."""
    is_proposed, is_approved = lines["state"] == "proposed", lines["state"] == "approved"
    is_free = is_proposed & (lines["approvals_needed"] == 0)
    has_left = lines["state"].isin(("released", "confirmed", "closed"))
    return Leaving(
        n_approved=int(is_approved.sum()),
        approved=float(lines["value"][is_approved].sum()),
        n_free=int(is_free.sum()),
        free=float(lines["value"][is_free].sum()),
        n_waiting=int((is_proposed & ~is_free).sum()),
        n_gone=int(has_left.sum()),
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
