"""From a snapshot to a published run: what is already there, what was released, the plan, its files, its record."""

from __future__ import annotations

import getpass
import json
import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.differences import order_difference
from cockpit.jobs import PlanRequest, critical_count, ledger_path
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.render import difference_block, files_block, plan_blocks
from network.store import RunStore
from network.store_files import write_file
from optimization.ledger import OrderLedger

if TYPE_CHECKING:
    from engine import EngineConfig, Plan
    from network.snapshot import Snapshot

TABLES = ("orders", "order_terms", "loads", "targets", "exceptions", "kpis")
_FORECAST_LEVELS = (0.05, 0.5, 0.95)
_CLEAN_STATUSES = frozenset({"optimal", "feasible", "empty"})
_EARLIER_STATES = ("approved", "released", "confirmed", "closed")
_log = logging.getLogger(__name__)


def planned_and_published(request: PlanRequest, snapshot: Snapshot, config: EngineConfig) -> Outcome:
    """Plan, publish and record a run; the same plan of the same data is published once.

    The caller holds the chain's lock.
    """
    from engine import plan

    store = RunStore(request.runs_path)
    store.sweep()
    ledger = OrderLedger(ledger_path(request.runs_path))
    ledger.acknowledge(snapshot.table("open_orders"), at=datetime.now(UTC), user=user_name())
    released, run_id = released_lines(ledger, snapshot, config, store=store)
    published = {str(manifest["run_id"]): manifest for manifest in store.runs()}
    if run_id in published:
        return already_published(request, store, run_id, manifest=published[run_id])
    finished = plan(snapshot, config, released=released)
    manifest = run_manifest(finished, request, released=released, previous=previous_run(store, snapshot))
    folder = publish(store, finished, manifest, request)
    if not finished.orders.empty:
        ledger.record_proposed(finished.run_id, finished.orders, at=datetime.now(UTC), user=user_name())
    return _plan_outcome(finished, request, folder)


def user_name() -> str:
    """Return who runs this; `tierflow` where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "tierflow"


def released_lines(
    ledger: OrderLedger, snapshot: Snapshot, config: EngineConfig, *, store: RunStore
) -> tuple[pd.DataFrame, str]:
    """Return lines of ours that count as on order, and the id of the run that counts them.

    Lines of the same night are left out first: if that run is published, this is the same plan again. If it is not,
    the data have changed since orders left, and those lines count, or goods would be ordered twice.
    """
    from engine import run_id_of

    known = set(snapshot.table("open_orders")["external_ref"].dropna().astype(str))
    known_runs = {str(manifest["run_id"]) for manifest in store.runs()}
    tonight: date = snapshot.cutoff.date()
    released, run_id = pd.DataFrame(), ""
    for shipped_until in (tonight, tonight + timedelta(days=1)):
        lines = ledger.released_unacknowledged(known, shipped_until=shipped_until)
        released = lines.drop(columns="released_at")
        run_id = run_id_of(snapshot, config, released)
        if run_id in known_runs:
            break
    return released, run_id


def previous_run(store: RunStore, snapshot: Snapshot) -> str:
    """Return the id of the latest published run with an earlier cutoff, or nothing."""
    earlier = store.previous(snapshot.cutoff, snapshot.settings.id)
    return "" if earlier is None else str(earlier["run_id"])


def run_manifest(plan: Plan, request: PlanRequest, *, released: pd.DataFrame, previous: str) -> dict[str, Any]:
    """Return what the run folder says about itself: the engine's manifest and what only the job knows."""
    counted = sorted(set(released["run_id"].astype(str))) if len(released) else []
    return {
        **plan.manifest,
        "run_id": plan.run_id,
        "chain": plan.snapshot.settings.id,
        "currency": plan.snapshot.settings.currency,
        "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "n_orders": len(plan.orders),
        "order_value": round(float(plan.orders["value"].sum()), 2),
        "n_exceptions": len(plan.exceptions),
        "n_critical": critical_count(plan),
        "is_degraded": is_degraded(plan),
        "released_runs_counted": counted,
        "previous_run": previous,
    }


def is_degraded(plan: Plan) -> bool:
    """Return whether a work limit stopped the solver, or a fallback forecast serves every stock point."""
    fallback = plan.forecast.series["fallback"].fillna("").astype(str)
    is_all_fallback = len(fallback) > 0 and bool((fallback != "").all())
    return is_all_fallback or str(plan.manifest.get("status", "optimal")) not in _CLEAN_STATUSES


def publish(store: RunStore, plan: Plan, manifest: Mapping[str, Any], request: PlanRequest) -> Path:
    """Write the run folder, whole or not at all."""
    from cockpit.report import build_report

    _log.info("Writing the run and its report")
    report = build_report(plan, status="published", next_command=export_command(plan.run_id, request))

    def write(folder: Path) -> None:
        for name in TABLES:
            store.write_table(folder, name, getattr(plan, name))
        store.write_table(folder, "forecast", forecast_table(plan), csv=False)
        write_file(folder / "report.html", report)

    return store.publish(plan.run_id, write, dict(manifest))


def forecast_table(plan: Plan) -> pd.DataFrame:
    """Return the forecast as one row a stock point and day: mean and the 5, 50 and 95% quantiles [units/day]."""
    forecast = plan.forecast
    n, horizon = forecast.mean.shape
    days = pd.date_range(plan.cutoff + pd.Timedelta(days=1), periods=horizon)
    by_day = [forecast.interval_quantiles(_FORECAST_LEVELS, day, day + 1) for day in range(horizon)]
    keys = forecast.series.loc[forecast.series.index.repeat(horizon)].reset_index(drop=True)
    columns = {
        f"q{round(100 * level):02d}": pd.Series([quantiles[:, i] for quantiles in by_day]).pipe(_by_series, n)
        for i, level in enumerate(_FORECAST_LEVELS)
    }
    date_column = pd.Series(list(days) * n, dtype="datetime64[ns]")
    return keys.assign(date=date_column, mean=forecast.mean.reshape(-1), **columns)


def _by_series(by_day: pd.Series, n: int) -> Any:
    import numpy as np

    return np.stack(list(by_day), axis=1).reshape(-1) if n else np.zeros(0)


def export_command(run_id: str, request: PlanRequest) -> str:
    """Return the command that sends a run's orders out."""
    where = f"--runs {request.runs}" if request.runs is not None else f"--chain {request.chain}"
    return f"tierflow export {run_id} {where} --format csv --to out"


def _plan_outcome(plan: Plan, request: PlanRequest, folder: Path) -> Outcome:
    n_critical, degraded = critical_count(plan), is_degraded(plan)
    blocks = plan_blocks(plan, currency=plan.snapshot.settings.currency)
    notices = _notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    code = ExitCode.DEGRADED if degraded or (request.is_strict and n_critical) else ExitCode.DONE
    document = {
        **plan_document(plan),
        "exit_code": int(code),
        "is_new": True,
        "paths": run_paths(folder),
        "next": export_command(plan.run_id, request),
    }
    return Outcome(code, (*blocks, files_block(folder, export_command(plan.run_id, request))), document, notices)


def _notices(*, n_critical: int, degraded: bool, is_strict: bool) -> tuple[str, ...]:
    notices = []
    if degraded:
        notices.append("A work limit or a fallback hit the whole run: exit code 4.")
    if is_strict and n_critical:
        notices.append(f"{n_critical} critical exceptions under --strict: exit code 4.")
    return tuple(notices)


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


def already_published(request: PlanRequest, store: RunStore, run_id: str, *, manifest: Mapping[str, Any]) -> Outcome:
    """Return the outcome of a plan that was published before: nothing is written, and it says so."""
    folder = store.path_of(run_id)
    degraded, n_critical = bool(manifest.get("is_degraded")), int(manifest.get("n_critical", 0))
    code = ExitCode.DEGRADED if degraded or (request.is_strict and n_critical) else ExitCode.DONE
    words = f"This plan was published before ({manifest.get('n_orders', 0):,} order lines): nothing was done again."
    blocks = (
        Block(title=f"{manifest.get('chain', '')}: plan {run_id}", lines=(words,)),
        files_block(folder, export_command(run_id, request)),
    )
    document = {
        "run_id": run_id,
        "chain": manifest.get("chain"),
        "cutoff": str(manifest.get("cutoff", ""))[:10],
        **{name: manifest.get(name) for name in ("status", "objective", "bound", "gap")},
        "orders": records(store.read_table(run_id, "orders")),
        "kpis": records(store.read_table(run_id, "kpis")),
        "n_exceptions": manifest.get("n_exceptions"),
        "n_critical": n_critical,
        "exit_code": int(code),
        "is_new": False,
        "paths": run_paths(folder),
        "next": export_command(run_id, request),
    }
    notices = _notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    return Outcome(code, blocks, document, notices)


def dry_run(request: PlanRequest, snapshot: Snapshot, config: EngineConfig) -> Outcome:
    """Plan and show how the orders differ from the last plan; write nothing."""
    from engine import plan

    store = RunStore(request.runs_path)
    ledger = OrderLedger(ledger_path(request.runs_path)) if ledger_path(request.runs_path).is_file() else None
    released = None if ledger is None else released_lines(ledger, snapshot, config, store=store)[0]
    finished = plan(snapshot, config, released=released)
    currency = snapshot.settings.currency
    against = plan_to_compare(store, ledger, snapshot)
    before = finished.orders.head(0) if against == "" else store.read_table(against, "orders")
    difference = order_difference(before, finished.orders)
    blocks = (
        *plan_blocks(finished, currency=currency),
        difference_block(difference, against=f"run {against}" if against else "no earlier plan", currency=currency),
        Block(lines=("Dry run: nothing was published.", f"Next     tierflow plan {request.chain}")),
    )
    degraded, n_critical = is_degraded(finished), critical_count(finished)
    code = ExitCode.DEGRADED if degraded or (request.is_strict and n_critical) else ExitCode.DONE
    document = {
        **plan_document(finished),
        "exit_code": int(code),
        "is_new": False,
        "is_dry_run": True,
        "against": against or None,
        "difference": records(difference),
        "paths": {},
    }
    notices = _notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    return Outcome(code, blocks, document, notices)


def plan_to_compare(store: RunStore, ledger: OrderLedger | None, snapshot: Snapshot) -> str:
    """Return the last run up to this cutoff with approved or released orders, else the last published one."""
    manifests = [manifest for manifest in store.runs() if str(manifest["cutoff"])[:10] <= f"{snapshot.cutoff:%Y-%m-%d}"]
    newest_first = sorted(manifests, key=lambda m: (str(m["cutoff"]), str(m.get("created_at"))), reverse=True)
    for manifest in newest_first if ledger is not None else []:
        states = ledger.states(str(manifest["run_id"]))["state"] if ledger is not None else pd.Series(dtype="str")
        if states.isin(_EARLIER_STATES).any():
            return str(manifest["run_id"])
    return str(newest_first[0]["run_id"]) if newest_first else ""
