"""Key figures in groups, each against last week and against what last week's plan expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cockpit.report_tables import HIGHER_IS_BETTER, NEUTRAL, rows_of

GROUPS: Mapping[str, Sequence[str]] = {
    "service": ("fill_rate", "out_of_stock_points", "out_of_stock_days", "unavailable_time_28d", "critical"),
    "stock": ("stock_value", "on_order_value", "turnover_days", "slow_movers", "slow_mover_value"),
    "flow": ("orders", "trucks", "truck_fill", "emergency_moves", "dropped_moves", "messages"),
    "money": ("net_benefit", "lost_margin", "order_value", "purchase_value", "transport_cost"),
    "waste": ("waste_risk", "near_expiry_value"),
    "carbon": ("co2_kg", "co2_per_unit"),
    "forecast": ("wape", "bias", "fallback_series", "nervousness"),
    "data": ("record_accuracy", "stale_feeds", "excluded_rows", "gap"),
}
"""Figures by group, in the order in which they stand on the page."""
_BETTER_HIGH = HIGHER_IS_BETTER | {"net_benefit", "record_accuracy"}
_NEUTRAL = NEUTRAL | {"orders", "trucks", "order_value", "purchase_value", "messages", "dropped_moves", "excluded_rows"}
_TOWARDS_ZERO = frozenset({"bias"})
_WEEK_DAYS, _OLDEST_DAYS = 7, 21
_SMALL = 1e-9


@dataclass(frozen=True)
class Figure:
    """One key figure.

    Parameters
    ----------
    name, group
        Which, and where it stands.
    unit
        `share`, `money`, `days` or what is counted.
    meaning
        How it is measured.
    now, planned
        As things are, and with tonight's orders; NaN where it has no such side.
    week_ago
        The same side a week ago: `now` where there is one, else `planned`; NaN without such a run.
    expected
        What the plan of a week ago expected; NaN where it said nothing.
    """

    name: str
    group: str
    unit: str
    meaning: str
    now: float
    planned: float
    week_ago: float
    expected: float

    @property
    def shown(self) -> float:
        """The large number: as things are, or of tonight's orders where only they have it."""
        return self.now if np.isfinite(self.now) else self.planned

    @property
    def is_pair(self) -> bool:
        """Whether tonight's orders change it."""
        return bool(np.isfinite(self.now) and np.isfinite(self.planned))

    def verdict(self, before: float, after: float) -> str:
        """Return whether going from one value to the other is `better`, `worse` or the `same`."""
        if not (np.isfinite(before) and np.isfinite(after)) or self.name in _NEUTRAL:
            return "same"
        change = abs(after) - abs(before) if self.name in _TOWARDS_ZERO else after - before
        if abs(change) <= _SMALL * max(abs(before), 1.0):
            return "same"
        return "better" if (change > 0) == (self.name in _BETTER_HIGH) else "worse"


def figures(now: pd.DataFrame, week_ago: pd.DataFrame | None) -> list[Figure]:
    """Return the figures of a run in groups; what neither run knows is left out.

    Parameters
    ----------
    now, week_ago
        `all_figures` of the run, and of the one a week before.
    """
    rows = {str(row["kpi"]): row for row in rows_of(now)}
    before = {} if week_ago is None else {str(row["kpi"]): row for row in rows_of(week_ago)}
    known = [(group, name) for group, names in GROUPS.items() for name in names if name in rows]
    return [_figure(name, group, rows[name], before.get(name)) for group, name in known]


def _figure(name: str, group: str, row: Mapping[str, Any], before: Mapping[str, Any] | None) -> Figure:
    today, planned = float(row["today"]), float(row["planned"])
    has_now = bool(np.isfinite(today))
    week_ago = float("nan") if before is None else float(before["today" if has_now else "planned"])
    expected = float(before["planned"]) if before is not None and has_now else float("nan")
    return Figure(name, group, str(row["unit"]), str(row["meaning"]), today, planned, week_ago, expected)


def all_figures(kpis: pd.DataFrame, figures: pd.DataFrame | None, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Join a run's KPIs, its further figures and what its manifest counts.

    Parameters
    ----------
    kpis, figures
        Tables of the run; runs of earlier versions have no `figures`.
    manifest
        What the run says of itself.
    """
    asked = kpis[kpis["kpi"].astype("str").str.match(r"messages_(?!benefit)")]
    gap = manifest.get("gap")
    extra = [
        ("messages", np.nan, float(asked["planned"].sum()), "lines", "changes asked of published lines"),
        ("critical", float(manifest.get("n_critical", np.nan)), np.nan, "exceptions", "critical exceptions"),
        ("gap", np.nan, np.nan if gap is None else float(gap), "share",
         "cost above the proven bound, over the cost that decisions can change"),
    ]  # fmt: skip
    columns = ["kpi", "today", "planned", "unit", "meaning"]
    parts = [kpis[columns], pd.DataFrame(extra, columns=columns)]
    if figures is not None and len(figures):
        parts.append(figures[columns])
    return pd.concat(parts, ignore_index=True).drop_duplicates("kpi")


def run_a_week_before(manifests: Sequence[Mapping[str, Any]], cutoff: pd.Timestamp) -> Mapping[str, Any] | None:
    """Return the latest run that is at least a week older, but not three; None if there is none.

    Parameters
    ----------
    manifests
        Runs, newest first.
    cutoff
        Of the run that is compared.
    """
    for manifest in manifests:
        age = (cutoff - pd.Timestamp(str(manifest["cutoff"])[:10])).days
        if _WEEK_DAYS <= age <= _OLDEST_DAYS:
            return manifest
    return None
