"""From a template and its values to a page in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from cockpit.pages.naming import NO_NAMES, Names
from cockpit.web.desk import desks_of
from cockpit.web.frame import frame_of
from cockpit.web.locale import LANGUAGE_COOKIE, chosen_language, words_for
from cockpit.web.people import Person
from cockpit.web.published import Run
from optimization.export_language import Language

NAVIGATION = (
    ("monday", "/"),
    ("orders", "/orders"),
    ("trucks", "/trucks"),
    ("stock", "/stock"),
    ("forecast", "/forecast"),
    ("whatif", "/whatif"),
    ("runs", "/runs"),
)
"""Name and address of each page in the navigation; one without a route is left out."""


_BELONGING = {"/exceptions": "/", "/audit": "/runs", "/release": "/runs"}
"""Pages that stand under another one in the navigation, beside those whose address says so."""


def language_of(request: Request) -> Language:
    """Return the language that a request is to be answered in."""
    return chosen_language(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))


def page_links(path: str, query: Mapping[str, str]) -> Callable[[int], str]:
    """Return a function from the number of a page to the address of that page of the same list."""

    def link(number: int) -> str:
        return f"{path}?{urlencode({**query, 'page': number})}"

    return link


def read_address(request: Request) -> str:
    """Return an address at which what was asked for can be read again.

    That is what was asked for, where it was read. A form that was sent is not asked for again: then it is the nearest
    page above it, `/orders/O1` for `/orders/O1/approve`.
    """
    if request.method in ("GET", "HEAD"):
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    route, path = str(getattr(request.scope.get("route"), "path", "")), request.url.path
    while route.strip("/") and route not in request.app.state.paths:
        route, path = route.rpartition("/")[0], path.rpartition("/")[0]
    return path if route.strip("/") else "/"


def naming_words(request: Request, run: Run | None) -> dict[str, Callable[[object, object], str]]:
    """Return the functions that templates name products and places with, which a page without codes never asks."""

    def names() -> Names:
        return NO_NAMES if run is None else desks_of(request).of(run).names

    return {
        "name_of": lambda column, code: names().of(str(column), code),
        "route_name": lambda origin, destination: names().route(origin, destination),
    }


def page(
    request: Request, template: str, values: dict[str, Any] | None = None, *, status: int = 200, currency: str = "",
    address: str = "",
) -> HTMLResponse:  # fmt: skip
    """Return a page, or the part of one that a script asked for.

    Parameters
    ----------
    request
        What was asked.
    template
        File in `templates/web`.
    values
        What the template shows, by name; beside them it has `t` (message), `number`, `money`, `share`, `day`,
        `language`, `person` (None before sign-in), `csrf`, `navigation`, `here`, `run` (None where nothing is
        published), `name_of` (column, code) and `route_name` (origin, destination).
    status
        HTTP status.
    currency
        Currency of `money`; by default that of the newest run.
    address
        Where this page can be read again, in the other language too; by default `read_address`.
    """
    frame = frame_of(request)
    language = language_of(request)
    person: Person | None = getattr(request.state, "person", None)
    run = frame.runs.newest()
    currency = currency or (run.currency if run else "")
    address = address or read_address(request)
    shared = {
        **words_for(language, currency),
        "language": language,
        "languages": [(str(each), f"/language/{each}?to={quote(address, safe='')}") for each in Language],
        "person": person,
        "csrf": person.csrf if person else "",
        "navigation": [(name, path) for name, path in NAVIGATION if path in request.app.state.paths],
        "here": _BELONGING.get(request.url.path, request.url.path),
        "link": page_links(request.url.path, request.query_params),
        "run": run,
        **naming_words(request, run),
    }
    text = frame.templates.get_template(template).render({**shared, **(values or {})})
    headers = {"Vary": "Cookie, Accept-Language, HX-Request", "Cache-Control": "no-store"}
    return HTMLResponse(text, status_code=status, headers=headers)
