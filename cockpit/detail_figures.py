"""Figures of a run beside its KPIs: carbon, goods near expiry, forecast quality, health of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cockpit.report_tables import by_truck
from optimization.actions import new_lines

if TYPE_CHECKING:
    from engine import Plan

NEAR_EXPIRY_DAYS = 7
COUNT_DAYS = 28
_LEAST_ERROR_UNITS, _LEAST_ERROR_SHARE = 1.0, 0.02
_STALE = "feed stale"


def run_figures(plan: Plan, scored: pd.DataFrame) -> pd.DataFrame:
    """Return figures as `kpis` has them: kpi, today, planned, unit, meaning.

    Parameters
    ----------
    plan
        The finished plan.
    scored
        Accuracy of an earlier run's forecast, `detail_history.accuracy`.
    """
    rows = [*_carbon(plan), *_near_expiry(plan), *_forecast(plan, scored), *_data(plan)]
    table = pd.DataFrame(rows, columns=["kpi", "today", "planned", "unit", "meaning"])
    return table.astype({"today": "float64", "planned": "float64"})


def _carbon(plan: Plan) -> list[tuple[Any, ...]]:
    loads = by_truck(plan.loads)
    keys = ["origin", "destination", "mode"]
    carbon = loads.merge(plan.network.lanes[[*keys, "co2_kg_per_truck"]], on=keys, how="left")
    known = carbon["co2_kg_per_truck"].notna().all() and len(carbon) > 0
    total = float((carbon["trucks"] * carbon["co2_kg_per_truck"]).sum()) if known else np.nan
    units = float(new_lines(plan.orders)["quantity"].sum())
    each = total / units if units > 0 else np.nan
    return [
        ("co2_kg", np.nan, total, "kg", "carbon dioxide of tonight's trucks, where every lane names it"),
        ("co2_per_unit", np.nan, each, "kg", "the same for each unit ordered"),
    ]


def _near_expiry(plan: Plan) -> list[tuple[Any, ...]]:
    lots = plan.snapshot.table("lots")
    cost = plan.snapshot.table("skus").set_index("sku")["unit_cost"].reindex(lots["sku"]).to_numpy(dtype=float)
    is_near = (lots["expiry_date"] <= plan.cutoff + pd.Timedelta(days=NEAR_EXPIRY_DAYS)).to_numpy()
    value = float((lots["quantity"].to_numpy(dtype=float) * cost)[is_near].sum()) if len(lots) else np.nan
    return [("near_expiry_value", value, np.nan, "money", "lots on hand that expire within 7 days, at cost")]


def _forecast(plan: Plan, scored: pd.DataFrame) -> list[tuple[Any, ...]]:
    whole = scored[scored["slice"] == "all"]
    error, lean = (float(whole[name].iloc[0]) if len(whole) else np.nan for name in ("wape", "bias"))
    fallback = plan.forecast.series["fallback"].fillna("").astype("str")
    return [
        ("wape", error, np.nan, "share", "error of the forecast of a week ago over demand, by stock point and day, "
         "full-shelf days of the last week"),
        ("bias", lean, np.nan, "share", "what that forecast was above demand, over demand"),
        ("fallback_series", float((fallback != "").mean()), np.nan, "share", "stock points forecast by a fallback"),
    ]  # fmt: skip


def _data(plan: Plan) -> list[tuple[Any, ...]]:
    counts = plan.snapshot.table("counts")
    recent = counts[(counts["reason"] == "random") & (counts["date"] > plan.cutoff - pd.Timedelta(days=COUNT_DAYS))]
    error = (recent["recorded"] - recent["counted"]).abs()
    allowed = np.maximum(_LEAST_ERROR_UNITS, _LEAST_ERROR_SHARE * recent["counted"])
    right = float((error <= allowed).mean()) if len(recent) else np.nan
    kinds = plan.exceptions["kind"].astype("str")
    excluded = float(sum(plan.snapshot.excluded.values()))
    return [
        ("record_accuracy", right, np.nan, "share", "random counts of 28 days within 1 unit or 2% of the record"),
        ("stale_feeds", float((kinds == _STALE).sum()), np.nan, "feeds", "feeds that have stopped coming"),
        ("excluded_rows", excluded, np.nan, "rows", "rows dated or known after the cutoff, left out"),
    ]
