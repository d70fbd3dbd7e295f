"""Approve, reject, change and undo, one line or several: on the version that was read, once for each key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from cockpit.web.api.asked import TheKey, TheRun, carried_out
from cockpit.web.api.bearer import Approver, Planner
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.commands import decide
from cockpit.web.frame import Frame, TheFrame
from cockpit.web.people import Person
from cockpit.web.published import Run
from optimization.ledger_desk import Act, Answer, Decision

router = APIRouter(
    tags=["decisions"],
    responses={code: RESPONSES[code] for code in (400, 401, 403, 404, 409, 412, 422, 428, 429, 503)},
)
_MAX_LINES = 5000
_MAX_UNITS = 10**9
Reason = Annotated[str, Field(max_length=500)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description='The version that was read, such as `"3"`; `*` for any.')
]


class Why(BaseModel):
    """Why a line is approved, rejected or put back."""

    reason: Reason = ""


class Change(BaseModel):
    """Another quantity for a line; 0 rejects it."""

    quantity: Annotated[int, Field(ge=0, le=_MAX_UNITS)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Lines(BaseModel):
    """Several lines, all of which are changed, or none."""

    order_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=_MAX_LINES)]
    versions: dict[str, int] = {}
    reason: Reason = ""


_WHY = Body(default_factory=Why)


@router.post("/orders/{order_id}/approve")
def approve(
    person: Approver, frame: TheFrame, run: TheRun, key: TheKey, order_id: str,
    why: Annotated[Why, _WHY], if_match: IfMatch = None,
) -> Response:  # fmt: skip
    """Approve a line; one that needs two people waits for the other one."""
    return _one(Act.APPROVE, order_id, if_match, frame=frame, run=run, person=person, key=key, reason=why.reason)


@router.post("/orders/{order_id}/reject")
def reject(
    person: Planner, frame: TheFrame, run: TheRun, key: TheKey, order_id: str,
    why: Annotated[Why, _WHY], if_match: IfMatch = None,
) -> Response:  # fmt: skip
    """Reject a line: it will not leave."""
    return _one(Act.REJECT, order_id, if_match, frame=frame, run=run, person=person, key=key, reason=why.reason)


@router.post("/orders/{order_id}/quantity")
def change(
    person: Planner, frame: TheFrame, run: TheRun, key: TheKey, order_id: str, change: Change, if_match: IfMatch = None
) -> Response:
    """Give a line another quantity, a whole multiple of its lot, with a reason."""
    return _one(
        Act.CHANGE, order_id, if_match, frame=frame, run=run, person=person, key=key, reason=change.reason,
        quantity=change.quantity,
    )  # fmt: skip


@router.post("/orders/{order_id}/undo")
def undo(
    person: Planner, frame: TheFrame, run: TheRun, key: TheKey, order_id: str,
    why: Annotated[Why, _WHY], if_match: IfMatch = None,
) -> Response:  # fmt: skip
    """Put a line back to what was proposed, as long as it has not left."""
    return _one(Act.UNDO, order_id, if_match, frame=frame, run=run, person=person, key=key, reason=why.reason)


@router.post("/orders/approve")
def approve_several(person: Approver, frame: TheFrame, run: TheRun, key: TheKey, lines: Lines) -> Response:
    """Approve several lines, all or none."""
    return _several(Act.APPROVE, lines, frame=frame, run=run, person=person, key=key)


@router.post("/orders/reject")
def reject_several(person: Planner, frame: TheFrame, run: TheRun, key: TheKey, lines: Lines) -> Response:
    """Reject several lines, all or none."""
    return _several(Act.REJECT, lines, frame=frame, run=run, person=person, key=key)


@router.post("/orders/undo")
def undo_several(person: Planner, frame: TheFrame, run: TheRun, key: TheKey, lines: Lines) -> Response:
    """Put several lines back to what was proposed, all or none."""
    return _several(Act.UNDO, lines, frame=frame, run=run, person=person, key=key)


@router.post("/trucks/{load_id}/approve")
def approve_truck(
    person: Approver, frame: TheFrame, run: TheRun, key: TheKey, load_id: str, why: Annotated[Why, _WHY]
) -> Response:
    """Approve every line of a truck that still waits."""
    lines = frame.books.of(run).lines()
    aboard = lines[lines["load_id"].astype("str") == load_id]
    if aboard.empty:
        raise Problem(404, "There is no such truck in this run.")
    open_lines = aboard[aboard["state"].isin(["proposed", "approved"])]
    if open_lines.empty:
        raise Problem(409, "Every line of this truck has left or was rejected.")
    ids = Lines(order_ids=sorted(open_lines["order_id"].astype("str")), reason=why.reason)
    return _several(Act.APPROVE, ids, frame=frame, run=run, person=person, key=key)


def _one(
    act: Act, order_id: str, if_match: str | None, *, frame: Frame, run: Run, person: Person, key: str, reason: str,
    quantity: int | None = None,
) -> Response:  # fmt: skip
    """Decide about one line as it was read."""
    _refuse_unknown([order_id], frame, run)
    version = version_read(if_match)
    versions = {} if version is None else {order_id: version}
    answer = carried_out(
        lambda: decide(frame, run, Decision(act, (order_id,), versions, quantity, reason), person=person, key=key)
    )
    return answered(answer, etag=answer.document["lines"][0]["version"])


def _several(act: Act, lines: Lines, *, frame: Frame, run: Run, person: Person, key: str) -> Response:
    """Decide about several lines."""
    ids = tuple(lines.order_ids)
    _refuse_unknown([*ids, *lines.versions], frame, run)
    if set(lines.versions) - set(ids):
        raise Problem(422, "`versions` names lines that are not in `order_ids`.")
    return answered(
        carried_out(
            lambda: decide(frame, run, Decision(act, ids, lines.versions, None, lines.reason), person=person, key=key)
        )
    )


def _refuse_unknown(order_ids: Sequence[str], frame: Frame, run: Run) -> None:
    """Lines that the run does not have are not there."""
    book = frame.books.of(run)
    unknown = [name for name in order_ids if not book.has(name)]
    if unknown:
        raise Problem(404, "There is no such order line in this run.", facts={"order_ids": unknown[:20]})


def version_read(if_match: str | None) -> int | None:
    """Return the version that was read, None for any.

    Raises
    ------
    Problem
        If the header is missing or is no version.
    """
    if if_match is None:
        raise Problem(428, "Send If-Match with the ETag of the line as you read it, or `*` to take it as it is.")
    if if_match.strip() == "*":
        return None
    match = re.fullmatch(r'\s*"(\d{1,18})"\s*', if_match, re.ASCII)
    if match is None:
        raise Problem(412, "If-Match is no ETag of an order line.")
    return int(match[1])


def answered(answer: Answer, *, etag: int | None = None) -> JSONResponse:
    """Return what came of a request; a header says if it had been carried out before."""
    headers = {"Cache-Control": "no-store"}
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    if answer.is_replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(answer.document, headers=headers)
