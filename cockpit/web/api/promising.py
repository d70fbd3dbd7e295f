"""Available to promise: how many units a channel may sell into a zone, by day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from cockpit.web.api.asked import TheRun
from cockpit.web.api.bearer import Viewer
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.promises import PromiseBooks

router = APIRouter(tags=["promise"], responses={code: RESPONSES[code] for code in (401, 403, 404, 422, 429)})


@router.get("/available-to-promise")
async def available_to_promise(
    person: Viewer,
    request: Request,
    run: TheRun,
    sku: Annotated[str, Query(max_length=200)],
    channel: Annotated[str | None, Query(max_length=50, description="walk_in, pickup, instant or delivery.")] = None,
    zone: Annotated[str | None, Query(max_length=100)] = None,
    day: Annotated[int | None, Query(ge=0, le=60, description="0 is the day after the cutoff.")] = None,
) -> Response:
    """Return what may be promised: free on hand and confirmed receipts, less what is kept for others.

    Kept are allocated units, presales, walk-in protection, display and a buffer for record errors. Counted at the run's
    cutoff, floored at 0 for each location; one location may stand behind several zones and channels.
    """
    books: PromiseBooks = request.app.state.promises
    book = books.held(run) or await run_in_threadpool(books.of, run)
    if book is None:
        raise Problem(404, f"Run {run.run_id} was published without promises: plan again.")
    rows = [
        {"channel": row[0], "zone": row[1], "day": row[2], "date": book.dates[row[2]], "units": row[3]}
        for row in book.of(sku, channel=channel, zone=zone, day=day)
    ]
    return JSONResponse({"run_id": run.run_id, "sku": sku, "promises": rows})
