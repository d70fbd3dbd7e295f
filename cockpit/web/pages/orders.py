"""Order lines: found, opened, changed, approved."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from cockpit.pages.line import alternatives_of, effect_of, left_at_origin, paid_anyway, pegged, stock_path, terms_of
from cockpit.pages.order_table import FACETS, GROUP_COLUMNS, PAGE_SIZE, Grouping, OrderQuery, approvable
from cockpit.web.desk import Desk, NewestDesk
from cockpit.web.frame import Viewer, signed_in_person
from cockpit.web.pictures import demand_chart, path_chart, terms_chart
from cockpit.web.rendering import language_of, page
from cockpit.web.speech import said_reason

router = APIRouter()
MOST_UNITS = 10_000_000
_FIRST_SORT = ("priority", False)
COLUMNS = ("sku", "destination", "quantity", "value", "net_benefit", "due_date", "cover_before", "state")
"""Columns of the list that can be sorted by a click."""


class Asked:
    """What the address asks for.

    Parameters
    ----------
    query
        As the list takes it.
    group
        What the lines are summed by; None for single lines.
    """

    def __init__(
        self,
        q: Annotated[str, Query(max_length=200)] = "",
        kind: Annotated[str, Query(max_length=40)] = "",
        state: Annotated[str, Query(max_length=40)] = "",
        approval: Annotated[str, Query(max_length=40)] = "",
        origin: Annotated[str, Query(max_length=200)] = "",
        destination: Annotated[str, Query(max_length=200)] = "",
        sku: Annotated[str, Query(max_length=200)] = "",
        load_id: Annotated[str, Query(max_length=200)] = "",
        exception: Annotated[str, Query(max_length=80)] = "",
        sort: Annotated[str, Query(max_length=40)] = _FIRST_SORT[0],
        down: bool = _FIRST_SORT[1],
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        size: Annotated[int, Query(ge=1, le=500)] = PAGE_SIZE,
        group: Annotated[str, Query(max_length=20)] = "",
    ) -> None:
        given = {"kind": kind, "state": state, "approval": approval, "origin": origin, "destination": destination,
                 "sku": sku, "load_id": load_id, "exception": exception}  # fmt: skip
        wanted = tuple((name, given[name]) for name in FACETS if given[name])
        if group not in {"", *Grouping}:
            raise HTTPException(422)
        try:
            self.query = OrderQuery(q, wanted, sort=sort, is_descending=down, page=page, size=size)
        except ValueError as error:
            raise HTTPException(422) from error
        self.group = Grouping(group) if group else None

    def address(self, **changes: Any) -> str:
        """Return the address of the same list with some changes; what is usual is left out."""
        query = self.query
        values: dict[str, Any] = {"q": query.search, **dict(query.wanted), "sort": query.sort,
                                  "down": query.is_descending or "", "page": query.page, "size": query.size,
                                  "group": self.group or ""}  # fmt: skip
        values |= changes
        usual = {"sort": _FIRST_SORT[0], "page": 1, "size": PAGE_SIZE, "down": False}
        kept = {name: value for name, value in values.items() if value not in ("", None) and usual.get(name) != value}
        kept = {name: "true" if value is True else value for name, value in kept.items()}
        return f"/orders?{urlencode(kept)}" if kept else "/orders"


AskedFor = Annotated[Asked, Depends()]


@router.get("/orders")
def orders(request: Request, person: Viewer, desk: NewestDesk, asked: AskedFor) -> HTMLResponse:
    """Show the lines that were asked for, or their sums."""
    return page(request, list_template(request, asked), list_values(request, desk, asked))


def list_template(request: Request, asked: Asked) -> str:
    """Return the part of the page that a script asked for, or the whole page."""
    return "orders_found.html" if "hx-request" in request.headers else "orders.html"


def approvable_found(request: Request, desk: Desk, asked: Asked) -> pd.DataFrame:
    """Return the lines of a list, on all its pages, that who asks could still approve."""
    table, person = desk.orders(), signed_in_person(request)
    found = table.lines.iloc[table.rows_of(asked.query)]
    return found[approvable(found, person.name if person else "")]


def list_values(request: Request, desk: Desk, asked: Asked, **more: Any) -> dict[str, Any]:
    """Return what the list shows."""
    table = desk.orders()
    found = table.find(asked.query)
    rows = found.rows.to_dict("records")
    for row in rows:
        row["said"] = said_reason(row, language_of(request))
    groups = None if asked.group is None else table.group(asked.query, asked.group)
    states = table.lines["state"].value_counts()
    return {
        "asked": asked,
        "query": asked.query,
        "wanted": dict(asked.query.wanted),
        "found": found,
        "n_approvable": len(approvable_found(request, desk, asked)),
        "rows": rows,
        "columns": COLUMNS,
        "groups": None if groups is None else groups.head(500).to_dict("records"),
        "n_groups": 0 if groups is None else len(groups),
        "group_columns": () if asked.group is None else GROUP_COLUMNS[asked.group],
        "groupings": list(Grouping),
        "choices": {name: table.choices(name) for name in ("kind", "state", "approval", "exception")},
        "state_counts": {str(name): int(n) for name, n in states.items()},
        "page_address": lambda asked: lambda number: asked.address(page=number),
        "group_address": group_address,
        "done": None,
        **more,
    }


def group_address(asked: Asked, names: tuple[str, ...], row: dict[str, Any]) -> str:
    """Return the address of the single lines of a group."""
    return asked.address(group="", page=1, **{name: str(row[name]) for name in names})


@router.get("/orders/{order_id}")
def line(request: Request, person: Viewer, desk: NewestDesk, asked: AskedFor, order_id: str) -> HTMLResponse:
    """Show everything about one line."""
    return page(request, "line.html", line_values(request, desk, asked, order_id))


def line_values(request: Request, desk: Desk, asked: Asked, order_id: str, **more: Any) -> dict[str, Any]:
    """Return what the page of a line shows.

    Raises
    ------
    HTTPException
        404 if it is none of the newest run.
    """
    try:
        row = desk.orders().line(order_id)
    except KeyError as error:
        raise HTTPException(404) from error
    run, language = desk.run, language_of(request)
    before, after = desk.orders().beside(asked.query, order_id)
    sku, destination = str(row["sku"]), str(row["destination"])
    others = alternatives_of(known(desk, "alternatives", order_id), order_id)
    terms = terms_of(known(desk, "order_terms", order_id), order_id)
    paths, worth = desk.rows("stock_paths", "sku", sku), desk.rows("quantity_worth", "order_id", order_id)
    lots = [] if worth is None else worth["lot"].tolist()
    wrong = run.table("exceptions")
    path = None if paths is None else stock_path(paths, row, run.cutoff)
    audit = desk.ledger.log_rows(order_id=order_id)[1]
    at = desk.forecasts.row(sku, destination)
    return {
        "line": row.to_dict(),
        "said": said_reason(row.to_dict(), language),
        "terms": terms,
        "terms_picture": terms_chart(terms, language, run.currency),
        "alternatives": others,
        "paid_anyway": paid_anyway(others, float(row["net_benefit"])),
        "pegged": pegged(known(desk, "pegging", order_id), order_id),
        "path": path,
        "path_picture": None if path is None else path_chart(path, language),
        "demand": None if at < 0 else demand_chart(desk, at, language),
        "lot": int(lots[0]) if lots else 1,
        "audit": audit.to_dict("records"),
        "at_point": wrong[(wrong["sku"] == sku) & (wrong["location"] == destination)].to_dict("records"),
        "asked": asked,
        "before": before,
        "after": after,
        "effect": None,
        "done": None,
        **more,
    }


def known(desk: Desk, name: str, order_id: str) -> pd.DataFrame:
    """Return the rows of one line in a table that every run has."""
    rows = desk.rows(name, "order_id", order_id)
    return desk.run.table(name).iloc[:0] if rows is None else rows


@router.get("/orders/{order_id}/effect")
def effect(
    request: Request, person: Viewer, desk: NewestDesk, order_id: str,
    quantity: Annotated[int, Query(ge=0, le=MOST_UNITS)],
) -> HTMLResponse:  # fmt: skip
    """Show what another quantity would change, before anything is saved."""
    try:
        row = desk.orders().line(order_id)
    except KeyError as error:
        raise HTTPException(404) from error
    worth = desk.rows("quantity_worth", "order_id", order_id)
    about = pd.DataFrame({"order_id": []}) if worth is None else worth
    at_origin = left_at_origin(row.to_dict(), desk.orders().lines, desk.run.table("targets"))
    found = effect_of(row, quantity, worth=about, loads=desk.run.table("loads"), at_origin=at_origin)
    return page(request, "effect.html", {"effect": found})
