"""Release and export a run's orders, and fetch what was exported."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from cockpit.web.api.asked import TheKey, carried_out, run_named
from cockpit.web.api.bearer import Approver, Viewer
from cockpit.web.api.deciding import answered
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.commands import export, exported_file, release
from cockpit.web.frame import TheFrame
from optimization.export_language import Language

router = APIRouter(
    tags=["release"], responses={code: RESPONSES[code] for code in (400, 401, 403, 404, 409, 422, 429, 503)}
)


class Which(BaseModel):
    """Which lines leave: all that may, or the approved ones only, so that the others can be released later."""

    only_approved: bool = False


ALL = Which()


class Form(Which):
    """Which lines leave, and how the exported file looks."""

    format: Annotated[str, Field(max_length=20)] = "csv"
    language: Language = Language.ENGLISH


@router.post("/runs/{run_id}/release")
def release_run(person: Approver, frame: TheFrame, run_id: str, key: TheKey, which: Which = ALL) -> Response:
    """Release every line that may leave: it counts as on order from then on and cannot be undone here."""
    run = run_named(frame, run_id)
    act = lambda: release(frame, run, person=person, key=key, is_approved_only=which.only_approved)  # noqa: E731
    return answered(carried_out(act))


@router.post("/runs/{run_id}/export")
def export_run(person: Approver, frame: TheFrame, run_id: str, key: TheKey, form: Form) -> Response:
    """Write the orders to the server's outbox, releasing first what may leave; the same batch is the same file."""
    run = run_named(frame, run_id)
    act = lambda: export(  # noqa: E731
        frame, run, format=form.format, language=str(form.language), person=person, key=key,
        is_approved_only=form.only_approved,
    )  # fmt: skip
    return answered(carried_out(act))


@router.get("/runs/{run_id}/files/{name}", response_class=FileResponse)
def exported(person: Viewer, frame: TheFrame, run_id: str, name: str) -> Any:
    """Return a file that was exported."""
    run = run_named(frame, run_id)
    path = exported_file(run, name)
    if path is None:
        raise Problem(404, "No such file was exported.")
    return FileResponse(path, filename=name, headers={"Cache-Control": "no-store"})
