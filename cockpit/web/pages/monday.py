"""The first page: what tonight's plan would change."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from cockpit.web.frame import NewestRun, Viewer
from cockpit.web.rendering import page

router = APIRouter()


@router.get("/")
def monday(request: Request, person: Viewer, run: NewestRun) -> HTMLResponse:
    """Show the key figures of the newest run."""
    return page(request, "monday.html", {"kpis": run.table("kpis").to_dict("records")})
