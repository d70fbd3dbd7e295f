"""The first page: key figures, the network, and what is wrong, dearest first."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from cockpit.pages.exceptions import Exceptions, ranked_exceptions
from cockpit.pages.figures import figures, run_a_week_before
from cockpit.pages.runs import leaving
from cockpit.pages.trucks import summary
from cockpit.report_tables import by_kind, by_lane
from cockpit.web.desk import Desk, NewestDesk, desks_of
from cockpit.web.frame import TheFrame, Viewer
from cockpit.web.pictures import network_map
from cockpit.web.rendering import language_of, page

router = APIRouter()
N_LANES = 8
N_EXCEPTIONS = 12


@router.get("/")
def monday(request: Request, person: Viewer, desk: NewestDesk, frame: TheFrame) -> HTMLResponse:
    """Show what a planner needs to know first."""
    run, language = desk.run, language_of(request)
    older = run_a_week_before(frame.runs.manifests(), run.cutoff)
    week_ago = None if older is None else desks_of(request).of(frame.runs.named(str(older["run_id"]))).figures()
    shown = figures(desk.figures(), week_ago)
    lines = desk.orders().lines
    kinds = by_kind(lines.assign(kind=lines["kind"].astype("str")))
    values = {
        "tomorrow": run.cutoff + pd.Timedelta(days=1),
        "n_lines": len(lines),
        "value": float(lines["value"].sum()),
        "leaving": leaving(lines),
        "trucks": summary(run.table("loads")),
        "groups": [(name, list(members)) for name, members in groupby(shown, key=lambda each: each.group)],
        "week_ago": None if older is None else older["cutoff"],
        "network": desk.kept(f"map {language}", lambda: network_map(desk, language)),
        "kinds": kinds.to_dict("records"),
        "lanes": by_lane(_plain(lines)).head(N_LANES).to_dict("records"),
        "exceptions": shown_exceptions(desk),
        "kind": "",
        "severity": "",
    }
    return page(request, "monday.html", values)


def shown_exceptions(desk: Desk, *, kind: str = "", severity: str = "", n: int = N_EXCEPTIONS) -> Exceptions:
    """Return exceptions by money, each with `has_order`: whether tonight has a line to its stock point."""
    found = ranked_exceptions(desk.run.table("exceptions"), kind=kind, severity=severity, n=n)
    ends = desk.kept("points with a line", lambda: _points_with_a_line(desk.orders().lines))
    rows = [{**row, "has_order": (row["sku"], row["location"]) in ends} for row in found.rows]
    return replace(found, rows=rows)


def _points_with_a_line(lines: pd.DataFrame) -> frozenset[tuple[str, str]]:
    return frozenset(zip(lines["sku"].astype("str"), lines["destination"].astype("str"), strict=True))


def _plain(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.astype(dict.fromkeys(("origin", "destination", "kind"), "str"))


@router.get("/exceptions")
def exceptions(
    request: Request,
    person: Viewer,
    desk: NewestDesk,
    kind: Annotated[str, Query(max_length=80)] = "",
    severity: Annotated[str, Query(max_length=40)] = "",
    n: Annotated[int, Query(ge=1, le=1000)] = N_EXCEPTIONS,
) -> HTMLResponse:
    """Show the exceptions of one kind or severity, or all."""
    template = "exceptions.html" if "hx-request" in request.headers else "exceptions_page.html"
    found = shown_exceptions(desk, kind=kind, severity=severity, n=n)
    return page(request, template, {"exceptions": found, "kind": kind, "severity": severity})
