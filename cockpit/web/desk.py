"""A run as the pages use it: its lines and forecasts laid out once, with the ledger's present states laid over them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, TypeVar

import pandas as pd
from fastapi import Depends, Request

from cockpit.pages.figures import all_figures
from cockpit.pages.forecasts import ForecastIndex, forecast_index
from cockpit.pages.naming import Names, names_of
from cockpit.pages.order_table import OrderTable, order_table
from cockpit.pages.rows_by_key import rows_by_key
from cockpit.web.frame import NewestRun, frame_of
from cockpit.web.published import Run
from cockpit.web.standing import LineBooks
from optimization.ledger_desk import DecisionDesk

_KEPT = 3
T = TypeVar("T")


class Desk:
    """One run.

    Parameters
    ----------
    run
        The run.
    books
        How its lines stand now.
    """

    def __init__(self, run: Run, books: LineBooks) -> None:
        self.run = run
        self._books = books
        self._lock = threading.RLock()
        self._mark = -1
        self._kept: dict[str, Any] = {}
        self._current: OrderTable | None = None

    @cached_property
    def forecasts(self) -> ForecastIndex:
        """The forecast of the run by stock point."""
        return forecast_index(self.run.table("forecast"))

    def orders(self) -> OrderTable:
        """Return the lines as they stand now."""
        lines = self._books.of(self.run).lines()
        mark = int(lines["version"].sum())  # versions only grow
        with self._lock:
            if self._current is None:
                self._current = order_table(lines, self.run.table("exceptions"))
            elif mark != self._mark:
                self._current = self._current.with_standing(lines)
            self._mark = mark
            return self._current

    @property
    def ledger(self) -> DecisionDesk:
        """Where decisions about the lines are taken and kept."""
        return self._books.desk(self.run.store.path)

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` makes of the run's tables, which never change: made once."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            found: T = self._kept[name]
            return found

    def detail(self, name: str) -> pd.DataFrame | None:
        """Return a detail table; None where the run is of a version that did not publish it."""
        return self.run.table(name) if self.run.has_table(name) else None

    def rows(self, name: str, column: str, value: str) -> pd.DataFrame | None:
        """Return the rows of a table whose column has a value; None where the run does not have the table."""
        if not self.run.has_table(name):
            return None
        index = self.kept(f"{name} by {column}", lambda: rows_by_key(self.run.table(name), column))
        return index.of(value)

    @property
    def names(self) -> Names:
        """What products and places are called."""
        return self.kept("names", lambda: names_of(self.detail("products"), self.detail("places")))

    def figures(self) -> pd.DataFrame:
        """Return all key figures of the run."""
        tables = self.run.table("kpis"), self.detail("figures")
        return self.kept("figures", lambda: all_figures(*tables, self.run.manifest))


class Desks:
    """The desks of the runs that were looked at last.

    Parameters
    ----------
    books
        How their lines stand now.
    """

    def __init__(self, books: LineBooks) -> None:
        self._books = books
        self._lock = threading.Lock()
        self._desks: dict[str, Desk] = {}

    def of(self, run: Run) -> Desk:
        """Return the desk of a run."""
        with self._lock:
            desk = self._desks.pop(run.run_id, None) or Desk(run, self._books)
            self._desks[run.run_id] = desk
            while len(self._desks) > _KEPT:
                self._desks.pop(next(iter(self._desks)))
            return desk


def desks_of(request: Request) -> Desks:
    """Return the desks of the server that got this request."""
    if not hasattr(request.app.state, "desks"):
        request.app.state.desks = Desks(frame_of(request).books)
    desks: Desks = request.app.state.desks
    return desks


def newest_desk(request: Request, run: NewestRun) -> Desk:
    """Return the desk of the newest run."""
    return desks_of(request).of(run)


NewestDesk = Annotated[Desk, Depends(newest_desk)]
