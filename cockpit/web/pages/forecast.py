"""Forecasts: of one stock point, how good they were, which signals feed them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from cockpit.backtests import backtests_folder
from cockpit.forecast_changes import change_words
from cockpit.pages.forecasts import found_points, signal_rows
from cockpit.pages.value_added import newest_value_added
from cockpit.web.desk import NewestDesk
from cockpit.web.frame import Viewer, frame_of
from cockpit.web.pictures import demand_chart
from cockpit.web.rendering import language_of, page
from network.store import RunStore

router = APIRouter()
PAGE_SIZE = 50


@router.get("/forecast")
def forecasts(
    request: Request,
    person: Viewer,
    desk: NewestDesk,
    q: Annotated[str, Query(max_length=200)] = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show accuracy, the value of each step, signals, and the stock points by size of their forecast."""
    run = desk.run
    rows, n = found_points(desk.forecasts, search=q, page=page_number, size=PAGE_SIZE)
    families, feeds = signal_rows(run.manifest, desk.detail("signal_feeds"), run.cutoff)
    accuracy = desk.detail("accuracy")
    values = {
        "rows": rows,
        "n": n,
        "page": page_number,
        "n_pages": max(-(-n // PAGE_SIZE), 1),
        "q": q,
        "families": families,
        "feeds": feeds,
        "added": newest_value_added(RunStore(backtests_folder(frame_of(request).chain))),
        "accuracy": [] if accuracy is None else accuracy.to_dict("records"),
    }
    template = "forecast_found.html" if "hx-request" in request.headers else "forecast.html"
    return page(request, template, values)


@router.get("/forecast/point")
def point(
    request: Request,
    person: Viewer,
    desk: NewestDesk,
    sku: Annotated[str, Query(max_length=200)],
    location: Annotated[str, Query(max_length=200)],
) -> HTMLResponse:
    """Show the forecast, the stock and the exceptions of one stock point."""
    run = desk.run
    row = desk.forecasts.row(sku, location)
    targets, exceptions = run.table("targets"), run.table("exceptions")
    mine = targets[(targets["sku"] == sku) & (targets["location"] == location)]
    if row < 0 and mine.empty:
        raise HTTPException(404)
    wrong = exceptions[(exceptions["sku"] == sku) & (exceptions["location"] == location)]
    lines = desk.orders().lines
    about = lines[(lines["sku"] == sku) & ((lines["destination"] == location) | (lines["origin"] == location))]
    values = {
        "sku": sku,
        "location": location,
        "demand": None if row < 0 else demand_chart(desk, row, language_of(request)),
        "target": mine.iloc[0].to_dict() if len(mine) else None,
        "exceptions": wrong.to_dict("records"),
        "lines": about.to_dict("records"),
        "change": change_words(run.table("forecast_changes"), sku, location),
    }
    return page(request, "point.html", values)
