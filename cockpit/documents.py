"""A plan and its tables as a program reads them: plain values, paths, and the forecast as one long table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from engine import Plan

_FORECAST_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def critical_count(plan: Plan) -> int:
    """Return the number of critical exceptions."""
    return int((plan.exceptions["severity"] == "critical").sum())


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values for a program."""
    return {
        "run_id": plan.run_id,
        "chain": plan.snapshot.settings.id,
        "cutoff": f"{plan.cutoff:%Y-%m-%d}",
        "status": plan.manifest.get("status"),
        "objective": plan.manifest.get("objective"),
        "bound": plan.manifest.get("bound"),
        "gap": plan.manifest.get("gap"),
        "orders": records(plan.orders),
        "kpis": records(plan.kpis),
        "n_exceptions": len(plan.exceptions),
        "n_critical": critical_count(plan),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON-ready rows: dates in ISO form, null for what is missing."""
    text = table.to_json(orient="records", date_format="iso", double_precision=10)
    rows: list[dict[str, Any]] = json.loads(text)
    dates = [name for name in table.columns if pd.api.types.is_datetime64_any_dtype(table[name])]
    for row in rows:
        row.update({name: row[name][:10] for name in dates if row[name]})
    return rows


def run_paths(folder: Path) -> dict[str, str]:
    """Return where the files of a run are."""
    return {"run": str(folder), "orders": str(folder / "orders.csv"), "report": str(folder / "report.html")}


def forecast_table(plan: Plan) -> pd.DataFrame:
    """Return the forecast by stock point and day: mean and the 5, 25, 50, 75 and 95% quantiles [units/day]."""
    forecast = plan.forecast
    n, horizon = forecast.mean.shape
    days = pd.date_range(plan.cutoff + pd.Timedelta(days=1), periods=horizon)
    by_day = [forecast.interval_quantiles(_FORECAST_LEVELS, day, day + 1) for day in range(horizon)]
    quantiles = np.stack(by_day, axis=1).reshape(n * horizon, len(_FORECAST_LEVELS))
    keys = forecast.series.loc[forecast.series.index.repeat(horizon)].reset_index(drop=True)
    columns = {f"q{round(100 * level):02d}": quantiles[:, i] for i, level in enumerate(_FORECAST_LEVELS)}
    return keys.assign(date=np.tile(days.to_numpy(), n), mean=forecast.mean.reshape(-1), **columns)
