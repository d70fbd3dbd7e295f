"""Order lines as they stand now, and why each is there."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Response

from cockpit.documents import records
from cockpit.web.api.asked import Text, ThePage, TheRun
from cockpit.web.api.bearer import Viewer
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.api.runs import only
from cockpit.web.frame import TheFrame
from cockpit.web.published import Run

router = APIRouter(tags=["orders"], responses={code: RESPONSES[code] for code in (401, 403, 404, 422, 429)})
SORTS = (
    *("value", "quantity", "net_benefit", "ship_date", "due_date", "sku", "origin", "destination", "kind", "state"),
    *("order_id", "load_id", "priority"),
)
_SORT_PATTERN = f"^-?({'|'.join(SORTS)})$"


@router.get("/orders")
def orders(
    person: Viewer,
    frame: TheFrame,
    run: TheRun,
    page: ThePage,
    state: Text = "",
    kind: Text = "",
    origin: Text = "",
    destination: Text = "",
    sku: Text = "",
    load_id: Text = "",
    containing: Annotated[str, Query(max_length=200, description="Text in the order id, SKU, places or reason.")] = "",
    min_value: Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="Least worth [money].")] = None,
    sort: Annotated[
        str, Query(pattern=_SORT_PATTERN, description="A column; `-` before it for descending.")
    ] = "-value",
) -> dict[str, Any]:
    """List order lines with their state, quantity and version as they are now."""
    lines = frame.books.of(run).lines()
    wanted = {
        "state": state,
        "kind": kind,
        "origin": origin,
        "destination": destination,
        "sku": sku,
        "load_id": load_id,
    }
    lines = only(lines, wanted)
    if min_value is not None:
        lines = lines[lines["value"] >= min_value]
    if containing:
        lines = lines[holds_text(lines, containing)]
    column = sort.removeprefix("-")
    if column in lines:
        lines = lines.sort_values(column, ascending=not sort.startswith("-"), kind="stable")
    return {"run_id": run.run_id, **page.of(shown(lines), name="orders")}


def shown(lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines without the status that they were published with: `state` is what holds."""
    return lines.drop(columns="status")


def holds_text(lines: pd.DataFrame, words: str) -> pd.Series:
    """Return whether each line has this text somewhere a person would look, large and small letters alike."""
    columns = [name for name in ("order_id", "sku", "origin", "destination", "reason") if name in lines]
    found = pd.Series(False, index=lines.index)
    for name in columns:
        found |= lines[name].astype("str").str.contains(words, case=False, regex=False)
    return found


@router.get("/orders/{order_id}")
def order(person: Viewer, frame: TheFrame, run: TheRun, order_id: str, answer: Response) -> dict[str, Any]:
    """Return one line; its version is the ETag, to be sent as If-Match with a change."""
    line = only_row(shown(frame.books.of(run).line(order_id)))
    answer.headers["ETag"] = f'"{line["version"]}"'
    return line


@router.get("/orders/{order_id}/reason")
def reason(person: Viewer, frame: TheFrame, run: TheRun, order_id: str) -> dict[str, Any]:
    """Say why a line is there: the sentence, money terms that sum to it, what else could be done, whom it serves."""
    line = only_row(frame.books.of(run).line(order_id))
    tables = {name: of_line(run, name, order_id) for name in ("order_terms", "alternatives", "pegging")}
    return {"order_id": order_id, "reason": line.get("reason"), "net_benefit": line.get("net_benefit"), **tables}


def only_row(line: pd.DataFrame) -> dict[str, Any]:
    """Return a table of one row as plain values.

    Raises
    ------
    Problem
        If it has no row.
    """
    if line.empty:
        raise Problem(404, "There is no such order line in this run.")
    return records(line)[0]


def of_line(run: Run, name: str, order_id: str) -> list[dict[str, Any]]:
    """Return the rows of a table that are about one line."""
    if not run.has_table(name):
        return []
    table = run.table(name)
    return records(table[table["order_id"].astype("str") == order_id])
