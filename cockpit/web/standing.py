"""Order lines as they stand now: the run says what was planned, the ledger what became of each line."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from cockpit.approvals import record_lines
from cockpit.places import order_ledger
from cockpit.web.published import Run
from optimization.actions import messages, new_lines
from optimization.ledger import OrderLedger
from optimization.ledger_desk import DecisionDesk

STANDING = ("state", "quantity", "version", "approvals_needed", "approved_by", "batch")
_KEPT = 3


class LineBook:
    """The lines of one run, kept up to date by what the ledger's log says has changed.

    Parameters
    ----------
    run
        The run.
    desk
        Where its lines stand.
    """

    def __init__(self, run: Run, desk: DecisionDesk) -> None:
        self.run = run
        self._desk = desk
        self._lock = threading.Lock()
        orders = run.table("orders")
        lines = new_lines(orders).reset_index(drop=True)
        self.messages = messages(orders).reset_index(drop=True)
        planned = {"planned_quantity": lines["quantity"], "planned_value": lines["value"]}
        standing = {
            "state": lines["status"].astype("str"),
            "version": 0,
            "approvals_needed": 0,
            "approved_by": "",
            "batch": 0,
        }
        self._lines = lines.assign(**planned, **standing)
        self._places = pd.Index(lines["order_id"].astype("str"))
        self._sequence = 0

    def lines(self) -> pd.DataFrame:
        """Return every line with `state`, `quantity` and `value` as they are now, and its `version`.

        `planned_quantity` and `planned_value` are what the run proposed.
        """
        with self._lock:
            self._sequence, changed = self._desk.changed_lines(self.run.run_id, since=self._sequence)
            if len(changed):
                self._lines = _with_changes(self._lines, changed, self._places.get_indexer(changed["order_id"]))
            return self._lines.copy(deep=False)

    def has(self, order_id: str) -> bool:
        """Whether the run has this line."""
        return order_id in self._places

    def line(self, order_id: str) -> pd.DataFrame:
        """Return one line as it is now, as a table of one row; of none if there is no such line."""
        lines = self.lines()
        return lines.iloc[[self._places.get_loc(order_id)]] if self.has(order_id) else lines.head(0)


def _with_changes(lines: pd.DataFrame, changed: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """Return the lines with the changed ones as the ledger holds them."""
    is_here = places >= 0
    rows, held = places[is_here], changed[is_here]
    columns = {}
    for name in STANDING:
        values = lines[name].to_numpy(copy=True)
        values = values.astype(object) if values.dtype.kind not in "iuf" else values
        values[rows] = held[name].to_numpy()
        columns[name] = pd.Series(values, dtype=lines[name].dtype)
    is_planned = columns["quantity"] == lines["planned_quantity"]
    value = lines["planned_value"].where(is_planned, (columns["quantity"] * lines["unit_cost"]).round(2))
    return lines.assign(**columns, value=value)


class LineBooks:
    """The books of the few runs that people look at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._books: OrderedDict[str, LineBook] = OrderedDict()
        self._desk: DecisionDesk | None = None

    def desk(self, runs: Path) -> DecisionDesk:
        """Return where decisions about the runs of a folder are taken."""
        with self._lock:
            if self._desk is None:
                self._desk = DecisionDesk(order_ledger(runs).path)
            return self._desk

    def of(self, run: Run) -> LineBook:
        """Return the book of a run; lines that a killed job did not record are recorded first."""
        desk = self.desk(run.store.path)
        with self._lock:
            if run.run_id not in self._books:
                ledger: OrderLedger = order_ledger(run.store.path)
                record_lines(ledger, run.store, run.manifest)
                self._books[run.run_id] = LineBook(run, desk)
            self._books.move_to_end(run.run_id)
            while len(self._books) > _KEPT:
                self._books.popitem(last=False)
            return self._books[run.run_id]


def now() -> datetime:
    """Return the time that decisions are recorded with."""
    return datetime.now(UTC)
