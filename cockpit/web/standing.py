"""Order lines as they stand now: the run says what was planned, the ledger what became of each line."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cockpit.approvals import record_lines
from cockpit.places import order_ledger
from cockpit.web.published import Run
from network.contracts import OrderState
from optimization.actions import messages, new_lines
from optimization.ledger import OrderLedger
from optimization.ledger_desk import DecisionDesk

Standing = dict[str, NDArray[Any]]
"""How lines stand, by column, (n,); `state` as its place in `_STATES`."""
_STATES = [str(state) for state in OrderState]
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
        self._planned = lines.assign(planned_quantity=lines["quantity"], planned_value=lines["value"])
        self._places = pd.Index(lines["order_id"].astype("str"))
        self._standing = _as_planned(lines)
        self._lines = _standing_lines(self._planned, self._standing)
        self._sequence = 0

    def lines(self) -> pd.DataFrame:
        """Return every line with `state`, `quantity` and `value` as they are now, and its `version`.

        `planned_quantity` and `planned_value` are what the run proposed.
        """
        with self._lock:
            self._sequence, changed = self._desk.changed_lines(self.run.run_id, since=self._sequence)
            if len(changed):
                places = self._places.get_indexer(pd.Index(changed["order_id"]))
                self._standing = _with_changes(self._standing, changed[places >= 0], places[places >= 0])
                self._lines = _standing_lines(self._planned, self._standing)
            return self._lines.copy(deep=False)

    def has(self, order_id: str) -> bool:
        """Whether the run has this line."""
        return order_id in self._places

    def line(self, order_id: str) -> pd.DataFrame:
        """Return one line as it is now, as a table of one row; of none if there is no such line."""
        lines, place = self.lines(), int(self._places.get_indexer(pd.Index([order_id]))[0])
        return lines.iloc[[place]] if place >= 0 else lines.head(0)


def _as_planned(lines: pd.DataFrame) -> Standing:
    """Return how lines stand that the ledger says nothing of."""
    states = [_STATES.index(state) for state in lines["status"].astype("str")]
    zeros = {name: np.zeros(len(lines), dtype=np.int64) for name in ("version", "approvals_needed", "batch")}
    nobody = np.full(len(lines), "", dtype=object)
    quantity = lines["quantity"].to_numpy(dtype=np.int64)
    return {"state": np.array(states, dtype=np.int8), "quantity": quantity, "approved_by": nobody, **zeros}


def _with_changes(standing: Standing, changed: pd.DataFrame, rows: NDArray[np.intp]) -> Standing:
    """Return how lines stand once some of them, in these rows, are as the ledger holds them."""
    now = {name: values.copy() for name, values in standing.items()}
    for name in now:
        values = changed[name].tolist()
        now[name][rows] = [_STATES.index(state) for state in values] if name == "state" else values
    return now


def _standing_lines(planned: pd.DataFrame, standing: Standing) -> pd.DataFrame:
    """Return the lines of a run as they stand."""
    states = pd.Categorical.from_codes(standing["state"], categories=pd.Index(_STATES))
    columns: dict[str, Any] = {**standing, "state": states}
    lines = planned.assign(**columns)
    value = lines["planned_value"].where(
        lines["quantity"] == lines["planned_quantity"], (lines["quantity"] * lines["unit_cost"]).round(2)
    )
    return lines.assign(value=value)


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
