"""What planners decide on the pages: approve, undo, change, release; each goes to the ledger as `commands` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from cockpit.outcome import UsageError
from cockpit.pages.order_table import FACETS, approvable
from cockpit.pages.runs import leaving
from cockpit.web.commands import decide, export, exported_file
from cockpit.web.desk import Desk, NewestDesk
from cockpit.web.frame import Approver, Planner, TheFrame, Viewer
from cockpit.web.locale import number
from cockpit.web.pages.done import Done
from cockpit.web.pages.orders import MOST_UNITS, Asked, approvable_found, line_values, list_values
from cockpit.web.pages.runs import outcome_of_release, runs_values
from cockpit.web.pages.trucks import AskedLoads, load_address, truck_values, trucks_page
from cockpit.web.people import Person
from cockpit.web.rendering import language_of, page
from cockpit.web.words import translate
from network.store import ChainLocked
from optimization.export import ExportFormat
from optimization.ledger_desk import Act, ChangedSince, Decision
from optimization.ledger_lines import LedgerError

router = APIRouter()
MOST_UNDONE = 500
MOST_LINES = 200_000
_LIST_NAMES = frozenset({*FACETS, "q", "sort", "group", "down", "page", "size"})
Lines = Annotated[list[str], Form(max_length=MOST_LINES)]

_DONE = {Act.APPROVE: "approved", Act.UNDO: "undone", Act.CHANGE: "changed", Act.REJECT: "rejected"}


def asked_from(address: str) -> Asked:
    """Return the list that an address of ours shows; the whole list for any other address."""
    parts = urlsplit(address)
    if parts.path != "/orders" or parts.netloc:
        return Asked()
    given: dict[str, Any] = {name: value for name, value in parse_qsl(parts.query) if name in _LIST_NAMES}
    try:
        given |= {name: int(given[name]) for name in ("page", "size") if name in given}
        return Asked(**{**given, "down": given.get("down") == "true"})
    except (ValueError, HTTPException):
        return Asked()


def versions_of(chosen: Sequence[str]) -> dict[str, int]:
    """Return the versions that were on the screen, by order id; each choice is `ORDER:VERSION`."""
    pairs = [words.rpartition(":") for words in chosen]
    return {name: int(version) for name, _, version in pairs if name and version.isdecimal()}


def decided(
    request: Request, frame: TheFrame, desk: Desk, person: Person, *, act: Act, versions: Mapping[str, int],
    quantity: int | None = None, reason: str = "",
) -> Done:  # fmt: skip
    """Carry a decision out and say what came of it; nothing is done by halves."""
    language = language_of(request)
    if not versions:
        return Done(translate(language, "done.nothing_chosen"), "bad")
    try:
        decision = Decision(act, tuple(versions), versions=versions, quantity=quantity, reason=reason)
        answer = decide(frame, desk.run, decision, person=person).document
    except ChangedSince as error:
        quantity_now = ", ".join(
            f"{line['order_id']}: {line['quantity']} ({line['state']})" for line in error.lines[:5]
        )
        return Done(translate(language, "done.changed_since", lines=quantity_now), "bad")
    except LedgerError as error:
        return Done(translate(language, "done.refused", why=str(error)), "bad")
    n, n_waiting = int(answer.get("n_changed", 0)), int(answer.get("n_waiting", 0))
    name = _DONE[Act.REJECT if act is Act.CHANGE and quantity == 0 else act]
    words = translate(language, f"done.{name}", n=number(n, language))
    if n_waiting:
        words += " " + translate(language, "done.waiting", n=number(n_waiting, language))
    can_undo = act is not Act.UNDO and len(versions) <= MOST_UNDONE
    lines = answer["lines"] if can_undo else ()
    return Done(words, undo=tuple(f"{line['order_id']}:{line['version']}" for line in lines))


def listed(request: Request, desk: Desk, back: str, done: Done) -> Response:
    """Return the list as it is now with what was done above it."""
    asked = asked_from(back)
    template = "orders_found.html" if "hx-request" in request.headers else "orders.html"
    return page(request, template, list_values(request, desk, asked, done=done), address=asked.address())


@router.post("/orders/approve")
def approve_some(
    request: Request, person: Approver, frame: TheFrame, desk: NewestDesk, which: Annotated[str, Form()] = "chosen",
    order_id: Lines = [], back: Annotated[str, Form(max_length=2000)] = "/orders",  # noqa: B006
) -> Response:  # fmt: skip
    """Approve the chosen lines, or all of the list that can be approved."""
    versions = versions_of(order_id)
    if which == "found":
        waiting = approvable_found(request, desk, asked_from(back))
        versions = dict(zip(waiting["order_id"].astype("str"), waiting["version"].astype(int), strict=True))
    return listed(request, desk, back, decided(request, frame, desk, person, act=Act.APPROVE, versions=versions))


@router.post("/orders/undo")
def undo_some(
    request: Request, person: Planner, frame: TheFrame, desk: NewestDesk, order_id: Lines = [],  # noqa: B006
    back: Annotated[str, Form(max_length=2000)] = "/orders",
) -> Response:  # fmt: skip
    """Put lines back to what was proposed."""
    done = decided(request, frame, desk, person, act=Act.UNDO, versions=versions_of(order_id))
    return listed(request, desk, back, done)


def one_line(request: Request, desk: Desk, order_id: str, done: Done) -> Response:
    """Return a line as it is now with what was done above it."""
    template = "line_body.html" if "hx-request" in request.headers else "line.html"
    return page(request, template, line_values(request, desk, Asked(), order_id, done=done))


Version = Annotated[int, Form(ge=0)]


@router.post("/orders/{order_id}/approve")
def approve_line(
    request: Request, person: Approver, frame: TheFrame, desk: NewestDesk, order_id: str, version: Version
) -> Response:
    """Approve one line."""
    done = decided(request, frame, desk, person, act=Act.APPROVE, versions={order_id: version})
    return one_line(request, desk, order_id, done)


@router.post("/orders/{order_id}/undo")
def undo_line(
    request: Request, person: Planner, frame: TheFrame, desk: NewestDesk, order_id: str, version: Version
) -> Response:
    """Put one line back to what was proposed."""
    done = decided(request, frame, desk, person, act=Act.UNDO, versions={order_id: version})
    return one_line(request, desk, order_id, done)


@router.post("/orders/{order_id}/override")
def override_line(
    request: Request, person: Planner, frame: TheFrame, desk: NewestDesk, order_id: str, version: Version,
    quantity: Annotated[int, Form(ge=0, le=MOST_UNITS)], reason: Annotated[str, Form(max_length=500)],
) -> Response:  # fmt: skip
    """Change the quantity of one line; 0 rejects it."""
    done = decided(
        request, frame, desk, person, act=Act.CHANGE, versions={order_id: version}, quantity=quantity, reason=reason
    )
    return one_line(request, desk, order_id, done)


def one_truck(request: Request, desk: Desk, load_id: str, done: Done) -> Response:
    """Return a load as it is now with what was done above it."""
    template = "truck_body.html" if "hx-request" in request.headers else "truck.html"
    return page(request, template, truck_values(request, desk, load_id, done=done), address=load_address(load_id))


@router.post("/trucks/approve")
def approve_truck(
    request: Request, person: Approver, frame: TheFrame, desk: NewestDesk,
    load_id: Annotated[str, Form(max_length=300)], order_id: Lines = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Approve every line of a load that waits, as they were on the screen."""
    done = decided(request, frame, desk, person, act=Act.APPROVE, versions=versions_of(order_id))
    return one_truck(request, desk, load_id, done)


@router.post("/trucks/undo")
def undo_truck(
    request: Request, person: Planner, frame: TheFrame, desk: NewestDesk,
    load_id: Annotated[str, Form(max_length=300)], order_id: Lines = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Put the lines of a load back to what was proposed."""
    done = decided(request, frame, desk, person, act=Act.UNDO, versions=versions_of(order_id))
    return one_truck(request, desk, load_id, done)


Listed = Annotated[str, Form(max_length=200)]


@router.post("/trucks/listed/approve")
def approve_listed_truck(
    request: Request, person: Approver, frame: TheFrame, desk: NewestDesk,
    load_id: Annotated[str, Form(max_length=300)], seen: Annotated[int, Form(ge=0)], q: Listed = "", kind: Listed = "",
) -> Response:  # fmt: skip
    """Approve what can be approved of a load in the list, if its lines are as they were on the screen."""
    loads, lines = desk.run.table("loads"), desk.orders().lines
    lines = lines[lines["load_id"] == load_id]
    named = loads[loads["load_id"] == load_id].to_dict("records")
    if not named:
        raise HTTPException(404)
    if int(lines["version"].sum()) != seen:
        done = Done(translate(language_of(request), "done.truck_changed"), "bad")
    else:
        mine = lines[approvable(lines, person.name)]
        versions = dict(zip(mine["order_id"].astype("str"), mine["version"].astype(int), strict=True))
        done = decided(request, frame, desk, person, act=Act.APPROVE, versions=versions)
    done = replace(done, words=f"{named[0]['origin']} → {named[0]['destination']}: {done.words}")
    return trucks_page(request, desk, AskedLoads(q, kind), done=done)


@router.post("/trucks/listed/undo")
def undo_listed_truck(
    request: Request, person: Planner, frame: TheFrame, desk: NewestDesk, order_id: Lines = [],  # noqa: B006
    q: Listed = "", kind: Listed = "",
) -> Response:  # fmt: skip
    """Put the lines of a load back to what was proposed, and show the list."""
    done = decided(request, frame, desk, person, act=Act.UNDO, versions=versions_of(order_id))
    return trucks_page(request, desk, AskedLoads(q, kind), done=done)


@router.post("/release")
def release_run(
    request: Request, person: Approver, frame: TheFrame, desk: NewestDesk, format: Annotated[ExportFormat, Form()],
    only_approved: Annotated[bool, Form()] = False, seen: Annotated[str, Form(max_length=100)] = "",
) -> Response:  # fmt: skip
    """Release what may leave and write the file for the systems that carry it out; the page of runs says what was done.

    Where something else would leave than the page said, nothing does. A refusal is answered here: asked again, it may
    be let through.
    """
    language = language_of(request)
    if seen and seen != leaving(desk.orders().lines).mark:
        done = Done(translate(language, "done.leaving_changed"), "bad")
        return page(request, "runs.html", runs_values(request, frame, desk, done=done), status=409)
    try:
        answer = export(frame, desk.run, format=str(format), language=str(language), person=person,
                        is_approved_only=only_approved).document  # fmt: skip
    except (UsageError, LedgerError, ChainLocked) as error:
        done = Done(translate(language, "done.refused", why=str(error)), "bad")
        return page(request, "runs.html", runs_values(request, frame, desk, done=done), status=409)
    return RedirectResponse(outcome_of_release(desk, n_released=int(answer["n_released"])), status_code=303)


@router.get("/release")
def release_page(person: Viewer) -> Response:
    """Lead who comes back to a refused release, or reads it in the other language, to where releases are made."""
    return RedirectResponse("/runs", status_code=303)


@router.get("/outbox/{name}")
def outbox(request: Request, person: Viewer, desk: NewestDesk, name: str) -> Response:
    """Hand out a file that was exported."""
    path = exported_file(desk.run, name)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, filename=name)
