"""From a snapshot to a published run: what is already there, what was released, the plan, its files, its record."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.approvals import record_lines, rules_of
from cockpit.details import detail_tables
from cockpit.documents import critical_count, forecast_table, plan_document, records, run_paths
from cockpit.earlier_nights import published_before
from cockpit.forecast_changes import changes_since, save_forecaster
from cockpit.json_log import run_at_work
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.places import order_ledger
from cockpit.render import files_block, plan_blocks
from cockpit.stopwatch import Stopwatch
from cockpit.tracked import mirror_pointers, track
from cockpit.user import user_name
from network.store import RunStore
from network.store_files import write_file
from optimization.actions import messages, new_lines
from optimization.approval import verdicts
from optimization.exception_doubts import with_doubts
from optimization.ledger import OrderLedger
from optimization.partition.keep import PartKeeper
from optimization.partition.run import KeepingWorkers, not_keeping
from optimization.promises import promises

if TYPE_CHECKING:
    from cockpit.jobs import PlanRequest
    from cockpit.models_in_use import ModelInUse
    from engine import EngineConfig, Plan
    from experiments.tracking import Tracker
    from network.doubt import Doubt
    from network.snapshot import Snapshot
    from optimization.stability import Published

TABLES = ("orders", "order_terms", "loads", "targets", "exceptions", "kpis", "planned", "alternatives")
_CLEAN_STATUSES = frozenset({"optimal", "feasible", "empty"})
_log = logging.getLogger(__name__)


def planned_and_published(
    request: PlanRequest,
    snapshot: Snapshot,
    config: EngineConfig,
    *,
    model: ModelInUse | None = None,
    doubts: Sequence[Doubt] = (),
    wave: str = "",
) -> Outcome:
    """Plan, publish and record a run; the same plan of the same data is published once.

    The caller holds the chain's lock. With a `model` the night is planned with it, else with models fitted now.
    `doubts` about the night's tables are published among the exceptions. A second run inside the day (`wave`, HH:MM)
    takes the place of what the runs before it have not released.
    """
    store, ledger = RunStore(request.runs_path), order_ledger(request.runs_path)
    store.sweep()
    rules = rules_of(snapshot.settings)
    job = ledger.begin_job(snapshot.settings.id, at=datetime.now(UTC), user=user_name())
    ledger.acknowledge(snapshot.table("open_orders"), at=datetime.now(UTC), user=user_name())
    before = published_before(store, snapshot, quiet_days=config.plan.message_quiet_days)
    released, run_id = released_lines(ledger, snapshot, config, store=store, before=before, model=model)
    run_at_work.set(run_id)
    published = {str(manifest["run_id"]): manifest for manifest in store.runs()}
    if run_id in published:
        record_lines(ledger, store, published[run_id], job=job)
        store.drop_parts()
        return already_published(request, store, run_id, manifest=published[run_id])
    watch, keeper = Stopwatch(), PartKeeper(store.parts(run_id), run_id)
    finished = _planned(
        snapshot, config, model=model, released=released, published=before, on_stage=watch,
        workers=KeepingWorkers(not_keeping(request.workers), keeper),
    )  # fmt: skip
    finished = replace(finished, exceptions=with_doubts(finished.exceptions, doubts))
    previous = previous_run(store, snapshot)
    extra = run_facts(finished, released=released, previous=previous)
    extra["model_id"] = save_forecaster(store, finished)
    extra["released_batches_counted"] = ledger.batches(released["order_id"].tolist() if len(released) else [])
    extra |= {"approval": dict(snapshot.settings.approval), "wave": wave}
    finished = replace(finished, manifest={**finished.manifest, **extra, "timings": watch.seconds()})
    judged = verdicts(finished.orders, finished.exceptions, None if before is None else before.planned, rules=rules)
    with_it = ledger.proposing(
        finished.run_id, finished.orders, at=datetime.now(UTC), user=user_name(), job=job, verdicts=judged,
        instead_of=runs_of_night(store, snapshot) if wave else (),
    )  # fmt: skip
    changes = changes_since(finished, store, previous)
    folder = publish(store, finished, request, changes=changes, released=released, within=with_it)
    store.drop_parts()
    notices = track(
        request.runs_path, snapshot.settings.id, partial(_record, finished, folder, store), is_asked=request.is_tracked
    )
    taken = (f"Taken over from a job before this one: {keeper.taken_over()} parts.",) if keeper.taken else ()
    return _plan_outcome(finished, request, folder, (*taken, *notices))


def _planned(snapshot: Snapshot, config: EngineConfig, *, model: ModelInUse | None, **given: Any) -> Plan:
    """Plan with the models given, or with new ones."""
    from engine import plan, replenish

    if model is None:
        return plan(snapshot, config, **given)
    return replenish(snapshot, config, model.forecaster, **given)


def _record(plan: Plan, folder: Path, store: RunStore, tracker: Tracker) -> None:
    """Track a published plan and the models that the store names."""
    from experiments.tracking_records import plan_record

    tracker.record(plan_record(plan, folder))
    mirror_pointers(tracker, store)


def released_lines(
    ledger: OrderLedger,
    snapshot: Snapshot,
    config: EngineConfig,
    *,
    store: RunStore,
    before: Published | None,
    model: ModelInUse | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return lines of ours that count as on order, and the id of the run that counts them.

    Lines of the same night are left out first: if that run is published, this is the same plan again. If it is not,
    the data have changed since orders left, and those lines count, or goods would be ordered twice: run by run, because
    each run of a night counted what those before it had released. A night that `plan` published with the models it
    fitted is the same plan as one that starts from those models.
    """
    from engine import run_id_of

    known = set(snapshot.table("open_orders")["external_ref"].dropna().astype(str))
    runs = {str(manifest["run_id"]): str(manifest.get("model_id")) for manifest in store.runs()}
    lines = ledger.released_unacknowledged(known, shipped_until=snapshot.cutoff.date() + timedelta(days=1))
    is_before, tonight = lines["ship_date"] <= snapshot.cutoff, runs_of_night(store, snapshot)
    counted = [is_before | lines["run_id"].isin(tonight[:n]) for n in range(len(tonight))]
    released, run_id = pd.DataFrame(), ""
    for left in (*(lines[is_counted] for is_counted in counted), lines):
        released = left.drop(columns="released_at").reset_index(drop=True)
        run_id = run_id_of(snapshot, config, released, published=before)
        if model is not None and runs.get(run_id) != model.model_id:
            run_id = run_id_of(snapshot, config, released, published=before, model=model.forecaster.id)
        if run_id in runs:
            break
    return released, run_id


def runs_of_night(store: RunStore, snapshot: Snapshot) -> list[str]:
    """Return the runs of this chain with the same cutoff, in the order in which they were published."""
    night, chain = f"{snapshot.cutoff:%Y-%m-%d}", snapshot.settings.id
    runs = sorted(store.runs(), key=lambda run: int(run["sequence"]))
    return [str(run["run_id"]) for run in runs if str(run["cutoff"])[:10] == night and run.get("chain") == chain]


def previous_run(store: RunStore, snapshot: Snapshot) -> str:
    """Return the id of the latest published run with an earlier cutoff, or nothing."""
    earlier = store.previous(snapshot.cutoff, snapshot.settings.id)
    return "" if earlier is None else str(earlier["run_id"])


def run_facts(plan: Plan, *, released: pd.DataFrame, previous: str) -> dict[str, Any]:
    """Return what only the job knows about a run and its manifest has to say: when, how much, on top of what."""
    counted = sorted(set(released["run_id"].astype(str))) if len(released) else []
    return {
        "run_id": plan.run_id,
        "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "n_orders": len(new_lines(plan.orders)),
        "order_value": round(float(new_lines(plan.orders)["value"].sum()), 2),
        "n_messages": len(messages(plan.orders)),
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


def publish(
    store: RunStore,
    plan: Plan,
    request: PlanRequest,
    *,
    changes: pd.DataFrame,
    released: pd.DataFrame,
    within: AbstractContextManager[object],
) -> Path:
    """Write the run folder, whole or not at all, and its lines into the ledger with it (`within`)."""
    from cockpit.report import build_report

    _log.info("Writing the run and its report")
    command = export_command(plan.run_id, request)
    report = build_report(plan, status="published", next_command=command, changes=changes)
    promised = promises(plan.snapshot, plan.network, plan.forecast, released=released)
    details = detail_tables(plan, store)

    def write(folder: Path) -> None:
        for name in TABLES:
            store.write_table(folder, name, getattr(plan, name))
        store.write_table(folder, "forecast", forecast_table(plan), csv=False)
        store.write_table(folder, "pegging", plan.pegging, csv=False)
        store.write_table(folder, "promises", promised, csv=False)
        for name, table in details.items():
            store.write_table(folder, name, table, csv=False)
        store.write_table(folder, "forecast_changes", changes)
        write_file(folder / "report.html", report)

    return store.publish(plan.run_id, write, plan.manifest, within=within)


def export_command(run_id: str, request: PlanRequest) -> str:
    """Return the command that sends a run's orders out."""
    where = f"--runs {request.runs}" if request.runs is not None else f"--chain {request.chain}"
    return f"tierflow export {run_id} {where} --format csv --to out"


def _plan_outcome(plan: Plan, request: PlanRequest, folder: Path, also: tuple[str, ...]) -> Outcome:
    n_critical, degraded = critical_count(plan), is_degraded(plan)
    blocks = plan_blocks(plan, currency=plan.snapshot.settings.currency)
    notices = exit_notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    code = ExitCode.DEGRADED if degraded or (request.is_strict and n_critical) else ExitCode.DONE
    document = {
        **plan_document(plan),
        "exit_code": int(code),
        "is_new": True,
        "paths": run_paths(folder),
        "next": export_command(plan.run_id, request),
    }
    notices = (*notices, *also)
    return Outcome(code, (*blocks, files_block(folder, export_command(plan.run_id, request))), document, notices)


def exit_notices(*, n_critical: int, degraded: bool, is_strict: bool) -> tuple[str, ...]:
    """Return why a run that is done ends in exit code 4; nothing where it does not."""
    notices = []
    if degraded:
        notices.append("A work limit or a fallback hit the whole run: exit code 4.")
    if is_strict and n_critical:
        notices.append(f"{n_critical} critical exceptions under --strict: exit code 4.")
    return tuple(notices)


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
    notices = exit_notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    return Outcome(code, blocks, document, notices)
