"""Order states, in one SQLite file: the only SQL writer.

Every change of a state or a quantity is one row of a hash-chained log, written in the same transaction as the change.
The file is in WAL mode with ``synchronous=FULL``: what a call acknowledged by returning survives a crash. There is no
clock in here; every timestamp is an argument.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from network.contracts import OrderState
from optimization.actions import new_lines
from optimization.ledger_lines import (
    ALLOWED_TRANSITIONS,
    LINE_COLUMNS,
    LedgerError,
    dated,
    held_lines,
    line_tuples,
    move_lines,
    refuse_another_line,
    refuse_unknown_run,
    states_of,
    status_by_ref,
)
from optimization.ledger_log import Event, append_events, find_problems

__all__ = ["ALLOWED_TRANSITIONS", "LINE_COLUMNS", "LedgerError", "OrderLedger"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
    destination TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, proposed_quantity INTEGER NOT NULL,
    ship_date TEXT NOT NULL, due_date TEXT NOT NULL, state TEXT NOT NULL, released_at TEXT
);
CREATE INDEX IF NOT EXISTS orders_by_run ON orders (run_id);
CREATE INDEX IF NOT EXISTS orders_by_state ON orders (state);
CREATE TABLE IF NOT EXISTS log (
    sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, user TEXT NOT NULL, event TEXT NOT NULL, order_id TEXT NOT NULL,
    state TEXT NOT NULL, quantity INTEGER NOT NULL, detail TEXT NOT NULL, previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class OrderLedger:
    """The order states of one chain.

    Parameters
    ----------
    path
        The SQLite file; made, with its folder, when first opened.
    lock_seconds
        How long a writer waits for another writer before it gives up [seconds].
    """

    path: Path
    lock_seconds: float = 30.0

    def record_proposed(self, run_id: str, orders: pd.DataFrame, *, at: datetime, user: str) -> int:
        """Record the orders of a run as proposed; lines that are there already stay as they are.

        Parameters
        ----------
        run_id
            Run that proposes.
        orders
            At least the columns of `LINE_COLUMNS`, one row per order id; messages about published lines are no lines
            and are left out.
        at
            When [UTC].
        user
            Who, or which job.

        Returns
        -------
        int
            Number of lines that were new.

        Raises
        ------
        LedgerError
            If an order id is already held by a different line.
        """
        lines = line_tuples(run_id, new_lines(orders))
        with self._writing() as connection:
            held = held_lines(connection, [line[0] for line in lines])
            for line in lines:
                refuse_another_line(line, held.get(line[0]))
            new = [line for line in lines if line[0] not in held]
            connection.executemany(
                "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', NULL)",
                [(*line[:7], line[6], *line[7:]) for line in new],
            )
            events = [Event("propose", line[0], OrderState.PROPOSED, line[6], run_id) for line in new]
            append_events(connection, events, at=at, user=user)
        return len(new)

    def release(self, run_id: str, *, at: datetime, user: str) -> int:
        """Release (export) every proposed or approved line of a run; released lines stay as they are.

        Returns
        -------
        int
            Number of lines released by this call; 0 the second time.

        Raises
        ------
        LedgerError
            If the run is unknown.
        """
        with self._writing() as connection:
            refuse_unknown_run(connection, run_id)
            rows = connection.execute(
                "SELECT order_id FROM orders WHERE run_id = ? AND state IN ('proposed', 'approved') ORDER BY order_id",
                (run_id,),
            ).fetchall()
            order_ids = [row[0] for row in rows]
            move_lines(connection, order_ids, OrderState.RELEASED, at=at, user=user, reason="")
        return len(order_ids)

    def move(self, order_ids: Sequence[str], to_state: OrderState, *, at: datetime, user: str, reason: str = "") -> int:
        """Move lines to another state; lines already in it stay as they are. All move, or none.

        Returns
        -------
        int
            Number of lines moved.

        Raises
        ------
        LedgerError
            If an order is unknown or may not go from its state to this one.
        """
        with self._writing() as connection:
            return move_lines(connection, order_ids, to_state, at=at, user=user, reason=reason)

    def override(self, order_id: str, quantity: int, *, at: datetime, user: str, reason: str) -> None:
        """Change the quantity of a line that is not released; the proposed quantity is kept beside it.

        Raises
        ------
        LedgerError
            If the line is released or ended, the quantity is not a whole number above 0, or there is no reason.
        """
        if not reason.strip():
            raise LedgerError(f"override of {order_id} needs a reason")
        if int(quantity) != quantity or quantity <= 0:
            raise LedgerError(f"override of {order_id}: quantity {quantity} is not a whole number above 0")
        with self._writing() as connection:
            state = states_of(connection, [order_id])[order_id]
            if state not in (OrderState.PROPOSED, OrderState.APPROVED):
                raise LedgerError(f"order {order_id} is {state}: only a proposed or approved line can be overridden")
            connection.execute("UPDATE orders SET quantity = ? WHERE order_id = ?", (int(quantity), order_id))
            append_events(connection, [Event("override", order_id, state, int(quantity), reason)], at=at, user=user)

    def acknowledge(self, open_orders: pd.DataFrame, *, at: datetime, user: str) -> int:
        """Take over what the outside system says about our released lines.

        A line named in `open_orders.external_ref` becomes rejected, cancelled or closed if its status there says so,
        else confirmed. It then stays acknowledged, also after it has left `open_orders`.

        Returns
        -------
        int
            Number of lines whose state changed.
        """
        status_by_id = status_by_ref(open_orders)
        n_moved = 0
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT order_id, state FROM orders WHERE state IN ('released', 'confirmed') ORDER BY order_id"
            ).fetchall()
            for target in (OrderState.CONFIRMED, OrderState.REJECTED, OrderState.CANCELLED, OrderState.CLOSED):
                order_ids = [
                    order_id
                    for order_id, state in rows
                    if status_by_id.get(order_id) == target and target in ALLOWED_TRANSITIONS[OrderState(state)]
                ]
                n_moved += move_lines(connection, order_ids, target, at=at, user=user, reason="open_orders")
        return n_moved

    def released_unacknowledged(
        self, acknowledged: Iterable[str] = (), *, shipped_until: date | None = None
    ) -> pd.DataFrame:
        """Lines released and not yet acknowledged: they still count in the inventory position.

        Parameters
        ----------
        acknowledged
            Order ids that the outside system knows (`open_orders.external_ref`).
        shipped_until
            Keep lines with a ship date up to this day. With the cutoff of a run here, lines of the same night (which
            ship the day after the cutoff) are left out, so that a night planned again gives the same plan.

        Returns
        -------
        pandas.DataFrame
            Columns of `LINE_COLUMNS` and `released_at`, sorted by order id.
        """
        columns = (*LINE_COLUMNS, "released_at")
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(columns)} FROM orders WHERE state = 'released' ORDER BY order_id"
            ).fetchall()
        frame = dated(pd.DataFrame.from_records(rows, columns=list(columns)))
        is_kept = ~frame["order_id"].isin(set(acknowledged))
        if shipped_until is not None:
            is_kept &= frame["ship_date"] <= pd.Timestamp(shipped_until)
        return frame.loc[is_kept].reset_index(drop=True)

    def states(self, run_id: str) -> pd.DataFrame:
        """State, quantity and proposed quantity of every line of a run, sorted by order id."""
        columns = (*LINE_COLUMNS, "proposed_quantity", "state", "released_at")
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(columns)} FROM orders WHERE run_id = ? ORDER BY order_id", (run_id,)
            ).fetchall()
        return dated(pd.DataFrame.from_records(rows, columns=list(columns)))

    def audit_rows(self, order_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """The log, oldest first: who did what to which line, when and why; all of it, or that of some lines."""
        with self._reading() as connection:
            frame = pd.read_sql_query("SELECT * FROM log ORDER BY sequence", connection)
        return frame if order_ids is None else frame.loc[frame["order_id"].isin(order_ids)].reset_index(drop=True)

    def verify(self) -> tuple[str, ...]:
        """Check the hash chain, and that the states follow from the log; each problem in words, none if sound."""
        with self._reading() as connection:
            return find_problems(connection)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=self.lock_seconds, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
        return connection
