"""Runs and review: what each run was made of, what changed, how orders fared, who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from cockpit.exports import Form, batch_file, batch_stem
from cockpit.outcome import UsageError
from cockpit.pages.runs import changes_between, leaving, run_rows
from cockpit.places import order_ledger
from cockpit.report_facts import solver_facts, timing_rows
from cockpit.report_tables import rows_of
from cockpit.web.commands import exported_files, is_unwritten
from cockpit.web.desk import Desk, NewestDesk, desks_of
from cockpit.web.frame import Frame, TheFrame, Viewer
from cockpit.web.locale import number
from cockpit.web.pages.done import Done
from cockpit.web.published import Run
from cockpit.web.rendering import language_of, page
from cockpit.web.speech import said_reason
from cockpit.web.words import translate
from optimization.export import ExportError, ExportFormat, Language
from optimization.export_download import forms_here
from optimization.ledger_outbox import batch_name

router = APIRouter()
N_AUDIT = 100
N_LATEST = 20
N_FILES = 20
ONE_FILE = (ExportFormat.XLSX, ExportFormat.CSV, ExportFormat.JSON, ExportFormat.SHEET_CSV)
"""Formats that a release is written in: one file each."""
IN_LANGUAGES = (ExportFormat.XLSX, ExportFormat.SHEET_CSV, ExportFormat.CSV)
"""Formats that are downloaded in the language that a person wants."""
DOWNLOADS = (
    *((format, language) for format in IN_LANGUAGES for language in Language),
    *((format, Language.ENGLISH) for format in forms_here() if format not in IN_LANGUAGES),
)
"""What a batch that has left can be downloaded as."""


def named_run(frame: TheFrame, run_id: str) -> Run:
    """Return a run by its id.

    Raises
    ------
    HTTPException
        404 if nothing is published under it.
    """
    try:
        return frame.runs.named(run_id)
    except KeyError as error:
        raise HTTPException(404) from error


@router.get("/runs")
def runs(
    request: Request, person: Viewer, desk: NewestDesk, frame: TheFrame,
    released: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:  # fmt: skip
    """Show what may leave, the runs, what the newest one changed, and the last entries of the audit log."""
    return page(request, "runs.html", runs_values(request, frame, desk, done=_released(request, desk, released)))


def _released(request: Request, desk: Desk, batch: str) -> Done | None:
    """What is said of a batch that has just left, as the ledger and the outbox have it; None of any other name."""
    run_id, _, place = batch.rpartition("#")
    if run_id != desk.run.run_id or not (place.isascii() and place.isdecimal()):
        return None
    language = language_of(request)
    if int(place) == 0:
        return Done(translate(language, "done.nothing_left"))
    lines = desk.orders().lines
    n = int((lines["batch"] == int(place)).sum())
    if not n:
        return None
    stem = batch_stem(run_id, int(place))
    names = [path.name for path in exported_files(desk.run) if path.name.startswith(f"{stem}.")]
    words = translate(language, "done.released", n=number(n, language), path=names[0] if names else "–")
    return Done(words, file=(names or [""])[0])


def outcome_of_release(desk: Desk, *, n_released: int) -> str:
    """Return the address that shows what a release has just done."""
    number = int(desk.orders().lines["batch"].max()) if n_released else 0
    return f"/runs?{urlencode({'released': batch_name(desk.run.run_id, number)})}"


def runs_values(request: Request, frame: Frame, desk: Desk, **more: Any) -> dict[str, Any]:
    """Return what the page of all runs shows."""
    lines = desk.orders().lines
    states = lines["state"].astype("str").value_counts()
    review = desk.detail("review")
    by_cause = (
        [] if review is None or review.empty else review.groupby("cause")["money"].sum().sort_values()[::-1].items()
    )
    return {
        "by_cause": list(by_cause),
        "states": {str(name): int(n) for name, n in states.items()},
        "formats": ONE_FILE,
        "leaving": leaving(lines),
        "is_unwritten": is_unwritten(desk.run),
        "downloads": DOWNLOADS,
        "in_languages": IN_LANGUAGES,
        "batches": _batches(lines),
        "batch_run": desk.run.run_id,
        "files": [_file_row(path) for path in exported_files(desk.run)[:N_FILES]],
        "done": None,
        "runs": run_rows(frame.runs.manifests()),
        "changes": _changes(frame, desk.run),
        "review": [] if review is None else review.to_dict("records"),
        "has_review": review is not None,
        "reason_of": partial(said_reason, language=language_of(request)),
        "audit": _audit_rows(frame, desk, desk.ledger.log_rows(limit=N_LATEST)[1]),
        **more,
    }


def _batches(lines: pd.DataFrame) -> list[tuple[int, int]]:
    """Batches of a run that have left, each with its lines."""
    left = lines.loc[lines["batch"] > 0, "batch"].value_counts().sort_index()
    return [(int(str(batch)), int(n)) for batch, n in left.items()]


@router.get("/runs/{run_id}/batch")
def batch_download(
    person: Viewer, frame: TheFrame, run_id: str, number: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    format: ExportFormat = ExportFormat.CSV, language: Language = Language.ENGLISH,
) -> Response:  # fmt: skip
    """Hand out the lines of a batch that has left, in any form and language; nothing is released by it."""
    shown = named_run(frame, run_id)
    try:
        name, content = batch_file(shown.store, shown.manifest, number, form=Form(str(format), str(language)))
    except UsageError as error:
        raise HTTPException(404) from error
    except ExportError as error:
        raise HTTPException(409) from error
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=guess_type(name)[0] or "application/octet-stream", headers=headers)


def _file_row(path: Path) -> dict[str, object]:
    about = path.stat()
    return {"name": path.name, "at": datetime.fromtimestamp(about.st_mtime, UTC), "kb": about.st_size / 1000}


def _changes(frame: TheFrame, run: Run) -> dict[str, object] | None:
    """What a run changed against the one before it; None without one."""
    before = str(run.manifest.get("previous_run") or "")
    known = {str(manifest["run_id"]) for manifest in frame.runs.manifests()}
    if before not in known:
        return None
    other = frame.runs.named(before)
    tables = [(each.table("orders"), each.table("kpis")) for each in (other, run)]
    return {"before": before, **changes_between(tables[0], tables[1])}


@router.get("/runs/{run_id}")
def run(request: Request, person: Viewer, frame: TheFrame, run_id: str) -> HTMLResponse:
    """Show one run: solver, data, assumptions, timings, states of its lines."""
    shown = named_run(frame, run_id)
    desk = desks_of(request).of(shown)
    lines = desk.orders().lines
    states = lines["state"].astype("str").value_counts()
    values = {
        "downloads": DOWNLOADS,
        "in_languages": IN_LANGUAGES,
        "batches": _batches(lines),
        "batch_run": run_id,
        "shown": shown,
        "manifest": shown.manifest,
        "solver": solver_facts(shown.manifest, shown.currency),
        "timings": timing_rows(shown.manifest),
        "states": {str(name): int(n) for name, n in states.items()},
        "changes": _changes(frame, shown),
        "reason_of": partial(said_reason, language=language_of(request)),
        "has_report": (shown.folder / "report.html").is_file(),
    }
    return page(request, "run.html", values, currency=shown.currency)


@router.get("/audit")
def audit(
    request: Request,
    person: Viewer,
    desk: NewestDesk,
    frame: TheFrame,
    user: Annotated[str, Query(max_length=200)] = "",
    order_id: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show who did what to which line, newest first, and whether the log is whole."""
    total, rows = desk.ledger.log_rows(order_id=order_id, user=user, limit=N_AUDIT, offset=(number - 1) * N_AUDIT)
    values = {
        "audit": _audit_rows(frame, desk, rows),
        "user": user,
        "order_id": order_id,
        "problems": order_ledger(desk.run.store.path).verify(),
        "page": number,
        "n_pages": max(-(-total // N_AUDIT), 1),
    }
    return page(request, "audit.html", values)


def _audit_rows(frame: Frame, desk: Desk, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the log, each with `has_page`: whether it is about a line of the newest run, which can be opened."""
    book = frame.books.of(desk.run)
    has_page = [book.has(str(name)) for name in rows["order_id"]]
    return rows_of(rows.assign(has_page=has_page))
