"""What people decide, from a page or a program: the one way to the ledger for both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.approvals import record_lines
from cockpit.exports import LOCK_SECONDS, counted_batches, export_run
from cockpit.pages.line import left_at_origin
from cockpit.places import order_ledger
from cockpit.web.frame import Frame
from cockpit.web.people import Person
from cockpit.web.published import Run
from cockpit.web.standing import now
from network.store import lock
from optimization.actions import new_lines
from optimization.approval import rules_from
from optimization.ledger_desk import Act, Answer, Decision
from optimization.ledger_lines import LedgerError
from optimization.plain_words import say_units

if TYPE_CHECKING:
    import pandas as pd

OUTBOX_FOLDER = "outbox"


def decide(frame: Frame, run: Run, decision: Decision, *, person: Person, key: str = "") -> Answer:
    """Carry out what a person decided about lines of a run.

    Raises
    ------
    LedgerError
        As for `DecisionDesk.decide`; also where a line is to take more than its origin has.
    """
    book = frame.books.of(run)  # lines that a killed job did not record are there from now on
    if decision.act is Act.CHANGE and decision.quantity is not None:
        _require_stock(run, book.lines(), decision.order_ids, decision.quantity)
    rules = rules_from(run.manifest.get("approval") or {})
    limit = None if rules is None else rules.four_eyes_above
    desk = frame.books.desk(run.store.path)
    return desk.decide(decision, at=now(), user=person.name, key=key, four_eyes_above=limit)


def _require_stock(run: Run, lines: pd.DataFrame, order_ids: Sequence[str], quantity: int) -> None:
    for line in lines[lines["order_id"].isin(order_ids)].to_dict("records"):
        there = left_at_origin(line, lines, run.table("targets"))
        if quantity > max(there, int(line["quantity"])):
            raise LedgerError(
                f"{line['origin']} has {say_units(there)} of {line['sku']} beside what its other lines take tonight; "
                f"ask for at most that, or change the other lines first"
            )


def release(frame: Frame, run: Run, *, person: Person, key: str = "", is_approved_only: bool = False) -> Answer:
    """Release every line of a run that may leave, or the approved ones only; it counts as on order from then on.

    Raises
    ------
    LedgerError
        If another run's orders are on their way that this run does not count.
    """
    request = _request("release", run, _which(is_approved_only))
    desk = frame.books.desk(run.store.path)
    kept = desk.answered(request, user=person.name, key=key) if key else None
    if kept is not None:
        return kept
    ledger = order_ledger(run.store.path)
    with lock(run.store.path, wait_seconds=LOCK_SECONDS):
        record_lines(ledger, run.store, run.manifest)
        counted = counted_batches(run.manifest)
        n_released = ledger.release(
            run.run_id, at=now(), user=person.name, counted=counted, is_approved_only=is_approved_only
        )
    document = {"run_id": run.run_id, "n_released": n_released}
    return desk.keep_answer(request, document, at=now(), user=person.name, key=key)


def export(
    frame: Frame, run: Run, *, format: str, language: str, person: Person, key: str = "",
    is_approved_only: bool = False,
) -> Answer:  # fmt: skip
    """Write the orders of a run for the systems that carry them out; what may leave is released first.

    With `is_approved_only` proposed lines that nobody has to approve stay, and can be released later.

    Raises
    ------
    UsageError
        If the format or language is unknown, or another run's orders are on their way that this run does not count.
    """
    request = _request("export", run, {"format": format, "language": language, **_which(is_approved_only)})
    desk = frame.books.desk(run.store.path)
    kept = desk.answered(request, user=person.name, key=key) if key else None
    if kept is not None:
        return kept
    place = run.store.path
    outcome = export_run(
        run.run_id, chain=None, runs=place, format=format, to=place / OUTBOX_FOLDER, is_preview=False,
        language=language, user=person.name, is_approved_only=is_approved_only,
    )  # fmt: skip
    names = ("run_id", "n_orders", "n_messages", "n_released", "n_waiting")
    document: dict[str, Any] = {name: outcome.document[name] for name in names}
    document["files"] = [Path(path).name for path in outcome.document["paths"]]
    return desk.keep_answer(request, document, at=now(), user=person.name, key=key)


def exported_files(run: Run) -> list[Path]:
    """Return the files that were exported and are still there, of all runs, the newest first."""
    folder = run.store.path / OUTBOX_FOLDER
    found = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    shown = {path: path.stat().st_mtime_ns for path in found if not path.name.startswith(".")}
    return sorted(shown, key=lambda path: (-shown[path], path.name))


def exported_file(run: Run, name: str) -> Path | None:
    """Return a file that was exported, None if there is none of this name."""
    return next((path for path in exported_files(run) if path.name == name), None)


def is_unwritten(run: Run) -> bool:
    """Whether files of a run have still to be written: those that a killed server owes, or that of a run without lines.

    A run of nothing but messages about published lines has no line to release.
    """
    orders = run.table("orders")
    if len(orders) and new_lines(orders).empty:
        return not any(path.name.startswith(f"orders-{run.run_id}.") for path in exported_files(run))
    target = str((run.store.path / OUTBOX_FOLDER).resolve())
    owed = order_ledger(run.store.path).deliveries(run.run_id)
    return any(each.target == target and not each.is_delivered for each in owed)


def _which(is_approved_only: bool) -> dict[str, str]:
    return {"which": "approved"} if is_approved_only else {}


def _request(what: str, run: Run, details: Mapping[str, str]) -> str:
    return json.dumps({"what": what, "run": run.run_id, **details}, sort_keys=True)
