"""What most calls take: which run, which page of a list, and the idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from fastapi import Depends, Header, Query, Request

from cockpit.documents import records
from cockpit.outcome import UsageError
from cockpit.web.api.problems import Problem
from cockpit.web.frame import Frame, frame_of
from cockpit.web.published import Run
from network.store import ChainLocked
from optimization.ledger import DoubleOrders, LedgerError, LedgerUnavailable
from optimization.ledger_desk import Answer, ChangedSince, KeyReused

NEWEST = "newest"
MAX_PER_PAGE = 500


def run_named(frame: Frame, run_id: str) -> Run:
    """Return a published run, or the newest.

    Raises
    ------
    Problem
        If there is none.
    """
    run = None
    if run_id == NEWEST:
        run = frame.runs.newest()
    else:
        try:
            run = frame.runs.named(run_id)
        except KeyError:
            run = None
    if run is None:
        raise Problem(404, f"No run {run_id!r} is published.")
    return run


async def asked_run(
    request: Request, run: Annotated[str, Query(max_length=100, description="A run id, or `newest`.")] = NEWEST
) -> Run:
    """Return the run that a call is about."""
    return run_named(frame_of(request), run)


TheRun = Annotated[Run, Depends(asked_run)]


@dataclass(frozen=True)
class Page:
    """Which part of a list.

    Parameters
    ----------
    page
        Number of the part, from 1.
    per_page
        Rows in it.
    """

    page: int
    per_page: int

    def of(self, table: pd.DataFrame, *, name: str) -> dict[str, Any]:
        """Return this part of a table as rows, and how many there are in all."""
        start = (self.page - 1) * self.per_page
        rows = records(table.iloc[start : start + self.per_page])
        return {"total": len(table), "page": self.page, "per_page": self.per_page, name: rows}


async def asked_page(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1, per_page: Annotated[int, Query(ge=1, le=MAX_PER_PAGE)] = 100
) -> Page:
    """Return the part of a list that a call asks for."""
    return Page(page, per_page)


ThePage = Annotated[Page, Depends(asked_page)]
Text = Annotated[str, Query(max_length=200)]


async def idempotency_key(
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="A name of your own for this request, 8 to 100 characters."),
    ] = None,
) -> str:
    """Return the key of a request that changes something.

    Raises
    ------
    Problem
        If it is missing, or too short or long.
    """
    if key is None or not 8 <= len(key) <= 100 or not key.isprintable():
        words = "Send `Idempotency-Key` with a new name for each request, 8 to 100 characters; repeat it to retry."
        raise Problem(400, words)
    return key


TheKey = Annotated[str, Depends(idempotency_key)]


def carried_out(act: Callable[[], Answer]) -> Answer:
    """Carry out a command, and refuse in the API's words what the ledger refuses.

    Raises
    ------
    Problem
        412 if a line has changed since, 422 for a key that is taken, 503 if the ledger is not to be had, else 409.
    """
    try:
        return act()
    except ChangedSince as changed:
        raise Problem(412, f"{changed}.", facts={"lines": list(changed.lines)}) from changed
    except KeyReused as reused:
        raise Problem(422, f"{reused}.") from reused
    except (LedgerUnavailable, ChainLocked) as busy:
        raise Problem(503, f"{busy}; nothing was changed.", headers={"Retry-After": "5"}) from busy
    except DoubleOrders as double:
        words = f"Orders of run {', '.join(double.others)} have left which this run does not count: plan again."
        raise Problem(409, words) from double
    except (LedgerError, UsageError) as refused:
        raise Problem(409, f"{refused}") from refused
