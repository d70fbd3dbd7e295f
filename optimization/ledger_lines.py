"""The lines behind the order ledger: their rows, their states and the transitions that are allowed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from network.contracts import OrderState
from optimization.ledger_log import Event, append_events

ALLOWED_TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PROPOSED: frozenset(
        {OrderState.APPROVED, OrderState.RELEASED, OrderState.REJECTED, OrderState.CANCELLED}
    ),
    OrderState.APPROVED: frozenset({OrderState.RELEASED, OrderState.REJECTED, OrderState.CANCELLED}),
    OrderState.RELEASED: frozenset(
        {OrderState.CONFIRMED, OrderState.CLOSED, OrderState.REJECTED, OrderState.CANCELLED}
    ),
    OrderState.CONFIRMED: frozenset({OrderState.CLOSED, OrderState.REJECTED, OrderState.CANCELLED}),
    OrderState.CLOSED: frozenset(),
    OrderState.REJECTED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}

LINE_COLUMNS = ("order_id", "run_id", "kind", "origin", "destination", "sku", "quantity", "ship_date", "due_date")


class LedgerError(Exception):
    """A change the ledger refuses: an illegal transition, an unknown order, or an order id used for another line."""


def line_tuples(run_id: str, orders: pd.DataFrame) -> list[tuple[str, str, str, str, str, str, int, str, str]]:
    """Rows of an orders table as plain values, dates as ISO text."""
    frame = orders.assign(run_id=run_id).sort_values("order_id")
    dates = {name: frame[name].dt.strftime("%Y-%m-%d") for name in ("ship_date", "due_date")}
    frame = frame.assign(**dates)
    return [
        (*(str(value) for value in row[:6]), int(row[6]), str(row[7]), str(row[8]))  # type: ignore[misc]
        for row in frame[list(LINE_COLUMNS)].itertuples(index=False, name=None)
    ]


def held_lines(connection: sqlite3.Connection, order_ids: Sequence[str]) -> dict[str, tuple[object, ...]]:
    """Lines the ledger holds under these ids, as they were proposed."""
    columns = ", ".join("proposed_quantity" if name == "quantity" else name for name in LINE_COLUMNS)
    held: dict[str, tuple[object, ...]] = {}
    for ids in in_chunks(order_ids):
        marks = ", ".join("?" * len(ids))
        rows = connection.execute(f"SELECT {columns} FROM orders WHERE order_id IN ({marks})", ids)
        held.update({row[0]: tuple(row) for row in rows})
    return held


def refuse_another_line(line: tuple[object, ...], held: tuple[object, ...] | None) -> None:
    """An order id means one line for ever: same sku, places, dates and proposed quantity."""
    if held is not None and held[2:] != line[2:]:
        raise LedgerError(f"order {line[0]} is already held by run {held[1]} as {held[2:]}, now proposed as {line[2:]}")


def refuse_unknown_run(connection: sqlite3.Connection, run_id: str) -> None:
    if connection.execute("SELECT 1 FROM orders WHERE run_id = ? LIMIT 1", (run_id,)).fetchone() is None:
        raise LedgerError(f"run {run_id} has no orders in the ledger: record them as proposed first")


def states_of(connection: sqlite3.Connection, order_ids: Sequence[str]) -> dict[str, OrderState]:
    """State by order id; an unknown id is refused."""
    states: dict[str, OrderState] = {}
    for ids in in_chunks(order_ids):
        marks = ", ".join("?" * len(ids))
        rows = connection.execute(f"SELECT order_id, state FROM orders WHERE order_id IN ({marks})", ids)
        states.update({order_id: OrderState(state) for order_id, state in rows})
    unknown = sorted(set(order_ids) - set(states))
    if unknown:
        raise LedgerError(f"unknown orders: {', '.join(unknown[:5])} ({len(unknown)} in all)")
    return states


def move_lines(
    connection: sqlite3.Connection,
    order_ids: Sequence[str],
    to_state: OrderState,
    *,
    at: datetime,
    user: str,
    reason: str,
) -> int:
    """Check every transition, then write the states and the log."""
    states = states_of(connection, order_ids)
    moving = [order_id for order_id, state in states.items() if state is not to_state]
    for order_id in moving:
        if to_state not in ALLOWED_TRANSITIONS[states[order_id]]:
            allowed = ", ".join(sorted(ALLOWED_TRANSITIONS[states[order_id]])) or "nothing: it has ended"
            raise LedgerError(
                f"order {order_id} is {states[order_id]} and cannot become {to_state}; allowed: {allowed}"
            )
    quantities: dict[str, int] = {}
    for ids in in_chunks(moving):
        marks = ", ".join("?" * len(ids))
        quantities.update(
            connection.execute(f"SELECT order_id, quantity FROM orders WHERE order_id IN ({marks})", ids).fetchall()
        )
    released_at = at.isoformat() if to_state is OrderState.RELEASED else None
    connection.executemany(
        "UPDATE orders SET state = ?, released_at = coalesce(?, released_at) WHERE order_id = ?",
        [(str(to_state), released_at, order_id) for order_id in moving],
    )
    events = [Event("move", order_id, to_state, quantities[order_id], reason) for order_id in moving]
    append_events(connection, events, at=at, user=user)
    return len(moving)


def status_by_ref(open_orders: pd.DataFrame) -> dict[str, OrderState]:
    """What the outside system says, by our order id; any living status means confirmed."""
    named = open_orders.loc[open_orders["external_ref"].notna(), ["external_ref", "status"]]
    ended = {OrderState.REJECTED, OrderState.CANCELLED, OrderState.CLOSED}
    return {
        str(ref): OrderState(status) if status in ended else OrderState.CONFIRMED
        for ref, status in named.itertuples(index=False, name=None)
    }


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """ISO text back to dates, whole quantities to int64, text to str."""
    dates = {
        name: pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[ns]")
        for name in ("ship_date", "due_date")
    }
    return frame.assign(**dates, quantity=frame["quantity"].astype("int64"), order_id=frame["order_id"].astype("str"))


def in_chunks(values: Sequence[str], size: int = 500) -> Iterator[tuple[str, ...]]:
    """Pieces small enough for one SQL statement."""
    for start in range(0, len(values), size):
        yield tuple(values[start : start + size])
