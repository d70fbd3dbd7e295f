"""The audit log: who did what to which line, when and why, and whether anybody touched it; how the server does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from cockpit.documents import records
from cockpit.places import order_ledger
from cockpit.web.api.asked import Text, ThePage
from cockpit.web.api.bearer import Admin, Viewer
from cockpit.web.api.problems import RESPONSES
from cockpit.web.frame import TheFrame

router = APIRouter(tags=["audit"], responses={code: RESPONSES[code] for code in (401, 403, 422, 429)})


@router.get("/audit")
def audit(person: Viewer, frame: TheFrame, page: ThePage, order_id: Text = "", user: Text = "") -> dict[str, Any]:
    """List what happened to order lines, newest first."""
    start = (page.page - 1) * page.per_page
    desk = frame.books.desk(frame.runs.folder)
    total, rows = desk.log_rows(order_id=order_id, user=user, limit=page.per_page, offset=start)
    return {"total": total, "page": page.page, "per_page": page.per_page, "events": records(rows)}


@router.get("/audit/problems")
def problems(person: Admin, frame: TheFrame) -> dict[str, Any]:
    """Check the log's hash chain, and that every line follows from it."""
    return {"problems": list(order_ledger(frame.runs.folder).verify())}


@router.get("/metrics", response_class=Response)
def metrics(person: Viewer, request: Request) -> Response:
    """Return the server's figures for Prometheus: requests and their seconds, by route, method and status."""
    return Response(request.app.state.meter.text(), media_type="text/plain; version=0.0.4")
