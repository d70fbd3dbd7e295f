"""Where stock is missing, idle, doubtful or about to expire."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from cockpit.pages.exceptions import STOCK_KINDS, n_points, ranked_exceptions
from cockpit.pages.stock import by_expiry_day, expiring, promised_by_day, stock_points, with_cover
from cockpit.web.desk import NewestDesk
from cockpit.web.frame import Viewer
from cockpit.web.rendering import page

router = APIRouter()
N_SHOWN = 25
PAGE_SIZE = 50


@router.get("/stock")
def stock(
    request: Request,
    person: Viewer,
    desk: NewestDesk,
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, Query(pattern="^(cover_days|on_hand|sku)$")] = "cover_days",
    page_number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show stock-outs coming, slow movers, doubtful records, goods near expiry, and every stock point."""
    run = desk.run
    exceptions = run.table("exceptions")
    sections = {
        name: [ranked_exceptions(exceptions, kind=kind, search=q, n=N_SHOWN) for kind in kinds]
        for name, kinds in STOCK_KINDS.items()
    }
    lots = desk.detail("lots")
    book = request.app.state.promises.of(run)
    found = stock_points(
        desk.kept("cover", lambda: with_cover(run.table("targets"))),
        search=q,
        sort=sort,
        page=page_number,
        size=PAGE_SIZE,
    )
    values = {
        "sections": {
            name: {"rows": [row for part in parts for row in part.rows], "n": sum(part.n for part in parts),
                   "n_points": n_points(parts), "money": sum(part.money for part in parts)}
            for name, parts in sections.items()
        },
        "lots": None if lots is None else expiring(lots, run.cutoff, n=N_SHOWN),
        "lot_days": [] if lots is None else by_expiry_day(lots, run.cutoff),
        "promised": None if book is None else promised_by_day(book.of(q.strip(), channel=None, zone=None, day=None)),
        "promise_days": [run.cutoff + pd.Timedelta(days=days) for days in range(1, 8)],
        "points": found.rows,
        "n_points": found.n,
        "n_stock_points": len(run.table("targets")),
        "page": page_number,
        "n_pages": max(-(-found.n // PAGE_SIZE), 1),
        "q": q,
        "sort": sort,
    }  # fmt: skip
    template = "stock_found.html" if "hx-request" in request.headers else "stock.html"
    return page(request, template, values)
