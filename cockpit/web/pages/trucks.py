"""Tonight's trucks, and one of them with its lines."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from cockpit.pages.trucks import summary, truck, trucks, with_approvable
from cockpit.web.desk import Desk, NewestDesk
from cockpit.web.frame import Viewer, signed_in_person
from cockpit.web.pages.done import Done
from cockpit.web.rendering import language_of, page
from cockpit.web.speech import said_reason

router = APIRouter()
N_LOADS = 120


class AskedLoads:
    """Which loads the list shows.

    Parameters
    ----------
    q, kind
        Words that their ends name, and their mode; empty for any.
    """

    def __init__(
        self, q: Annotated[str, Query(max_length=200)] = "", kind: Annotated[str, Query(max_length=40)] = ""
    ) -> None:
        self.q, self.kind = q, kind

    @property
    def address(self) -> str:
        """Address of the list; what is not asked for is left out."""
        asked = {name: value for name, value in (("q", self.q), ("kind", self.kind)) if value}
        return f"/trucks?{urlencode(asked)}" if asked else "/trucks"


@router.get("/trucks")
def all_trucks(
    request: Request, person: Viewer, desk: NewestDesk, asked: Annotated[AskedLoads, Depends()]
) -> HTMLResponse:
    """Show tonight's loads, those with the dearest empty room first."""
    return trucks_page(request, desk, asked)


def trucks_page(request: Request, desk: Desk, asked: AskedLoads, *, done: Done | None = None) -> HTMLResponse:
    """Return the list of loads as it is now with what was done above it."""
    person, lines, loads = signed_in_person(request), desk.orders().lines, desk.run.table("loads")
    found = trucks(loads, lines, kind=asked.kind, search=asked.q)
    values = {
        "loads": with_approvable(found.head(N_LOADS), lines, person.name if person else "").to_dict("records"),
        "n": len(found),
        "summary": summary(loads),
        "kinds": sorted(loads["mode"].astype("str").unique()),
        "q": asked.q,
        "kind": asked.kind,
        "done": done,
    }
    template = "trucks_found.html" if "hx-request" in request.headers else "trucks.html"
    return page(request, template, values, address=asked.address)


def load_address(load_id: str) -> str:
    """Return the address of the page of a load."""
    return f"/trucks/load?{urlencode({'id': load_id})}"


@router.get("/trucks/load")
def one_truck(
    request: Request, person: Viewer, desk: NewestDesk, id: Annotated[str, Query(max_length=300)]
) -> HTMLResponse:
    """Show one load: what is on it, what would fill it, what would be left behind first."""
    return page(request, "truck.html", truck_values(request, desk, id))


def truck_values(request: Request, desk: Desk, load_id: str, **more: Any) -> dict[str, Any]:
    """Return what the page of a load shows: who approves it reads why each line of it leaves.

    Raises
    ------
    HTTPException
        404 if there is no such load.
    """
    run = desk.run
    lines = desk.orders().lines
    try:
        shown = truck(load_id, run.table("loads"), lines, planned=run.table("planned"),
                      worth=desk.detail("quantity_worth"))  # fmt: skip
    except KeyError as error:
        raise HTTPException(404) from error
    mine = lines[(lines["load_id"] == load_id) & (lines["state"] == "proposed")]
    waiting = [f"{name}:{version}" for name, version in zip(mine["order_id"], mine["version"], strict=True)]
    reason_of = partial(said_reason, language=language_of(request))
    return {"truck": shown, "waits": len(waiting), "waiting": waiting, "reason_of": reason_of, "done": None, **more}
