"""Published runs and their tables: figures, exceptions, trucks, stock, forecast."""

from __future__ import annotations

from typing import Any

import pandas as pd
from fastapi import APIRouter

from cockpit.documents import records
from cockpit.web.api.asked import Text, ThePage, TheRun, run_named
from cockpit.web.api.bearer import Viewer
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.frame import TheFrame
from cockpit.web.published import Run

router = APIRouter(tags=["runs"], responses={code: RESPONSES[code] for code in (401, 403, 404, 422, 429)})
_FACTS = (
    *("run_id", "chain", "cutoff", "created_at", "currency", "status", "objective", "bound", "gap", "is_degraded"),
    *(
        "n_orders",
        "order_value",
        "n_messages",
        "n_exceptions",
        "n_critical",
        "n_stock_points",
        "previous_run",
        "model_id",
    ),
)


@router.get("/runs")
def runs(person: Viewer, frame: TheFrame) -> dict[str, Any]:
    """List the published runs, newest first."""
    return {"runs": [{name: each.get(name) for name in _FACTS} for each in frame.runs.manifests()]}


@router.get("/runs/{run_id}")
def run(person: Viewer, frame: TheFrame, run_id: str) -> dict[str, Any]:
    """Say what one run is: its facts, and what is assumed, left out and switched on in it."""
    manifest = run_named(frame, run_id).manifest
    more = ("assumptions", "excluded", "fallbacks", "signals", "timings", "config", "input_hash", "code_version")
    return {name: manifest.get(name) for name in (*_FACTS, *more)}


@router.get("/kpis")
def kpis(person: Viewer, run: TheRun) -> dict[str, Any]:
    """Return the key figures: as things are, and as planned."""
    return {"run_id": run.run_id, "kpis": records(run.table("kpis"))}


@router.get("/exceptions")
def exceptions(
    person: Viewer,
    run: TheRun,
    page: ThePage,
    kind: Text = "",
    severity: Text = "",
    sku: Text = "",
    location: Text = "",
) -> dict[str, Any]:
    """List what needs a person, ranked by money."""
    wanted = {"kind": kind, "severity": severity, "sku": sku, "location": location}
    return {"run_id": run.run_id, **page.of(only(run.table("exceptions"), wanted), name="exceptions")}


@router.get("/trucks")
def trucks(person: Viewer, run: TheRun, page: ThePage, origin: Text = "", destination: Text = "") -> dict[str, Any]:
    """List the trucks of the night with their fill and cost."""
    loads = only(run.table("loads"), {"origin": origin, "destination": destination})
    return {"run_id": run.run_id, **page.of(loads, name="trucks")}


@router.get("/stock")
def stock(person: Viewer, run: TheRun, page: ThePage, sku: Text = "", location: Text = "") -> dict[str, Any]:
    """List stock points: what is there, on order and expected, and the target."""
    targets = only(table_of(run, "targets"), {"sku": sku, "location": location})
    return {"run_id": run.run_id, **page.of(targets, name="stock")}


@router.get("/forecast")
def forecast(person: Viewer, run: TheRun, page: ThePage, sku: Text = "", location: Text = "") -> dict[str, Any]:
    """Return the demand forecast by stock point and day: mean and quantiles [units/day]."""
    table = only(table_of(run, "forecast"), {"sku": sku, "location": location})
    return {"run_id": run.run_id, **page.of(table, name="forecast")}


def table_of(run: Run, name: str) -> pd.DataFrame:
    """Return a table of a run.

    Raises
    ------
    Problem
        If the run has none of this name.
    """
    if not run.has_table(name):
        raise Problem(404, f"Run {run.run_id} has no table {name!r}.")
    return run.table(name)


def only(table: pd.DataFrame, wanted: dict[str, str]) -> pd.DataFrame:
    """Return the rows that have these values; an empty value asks for nothing."""
    for column, value in wanted.items():
        if value:
            table = table[table[column].astype("str") == value]
    return table
