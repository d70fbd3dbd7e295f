"""The lines behind the order ledger: their rows, their states and the transitions that are allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sql

from network.contracts import OrderState
from optimization.ledger_log import Event, append_events, line_hash
from optimization.ledger_tables import ORDERS

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
STATE_COLUMNS = (
    *LINE_COLUMNS,
    *("proposed_quantity", "state", "released_at", "lot", "unit_cost", "approvals_needed", "approved_by", "batch"),
    "version",
)
_SAME = ("kind", "origin", "destination", "sku", "proposed_quantity", "ship_date", "due_date")


class LedgerError(Exception):
    """A change the ledger refuses: an illegal transition, an unknown order, or an order id used for another line."""


class LedgerUnavailable(LedgerError):
    """The ledger could not be read or written: held by another writer for too long, full, or not there."""


class Superseded(LedgerError):
    """A newer job has begun since this one did; what this one found is not recorded."""


@contextmanager
def told_in_words() -> Iterator[None]:
    """Name what keeps the ledger from being used in words of ours."""
    try:
        yield
    except (sql.exc.OperationalError, sql.exc.InterfaceError) as error:
        raise LedgerUnavailable(f"the order ledger cannot be used: {error.orig}") from error


def line_rows(run_id: str, orders: pd.DataFrame, *, needed: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows of an orders table as the ledger holds them at first, dates as ISO text.

    Parameters
    ----------
    run_id
        Run that proposes.
    orders
        New lines, with `LINE_COLUMNS` but the run id; `cases` gives the lot, `unit_cost` the worth, where present.
    needed
        Approvals needed before a line may leave, by order id; none where absent.
    """
    frame = orders.assign(run_id=run_id).sort_values("order_id")
    quantity = frame["quantity"].to_numpy(dtype=np.int64)
    cases = frame["cases"].to_numpy(dtype=np.int64) if "cases" in frame else quantity
    is_whole = (cases > 0) & (quantity % np.maximum(cases, 1) == 0)
    dates = {name: frame[name].dt.strftime("%Y-%m-%d") for name in ("ship_date", "due_date")}
    frame = frame.assign(
        **dates,
        proposed_quantity=quantity,
        lot=np.where(is_whole, quantity // np.maximum(cases, 1), 1),
        unit_cost=frame["unit_cost"].astype(float) if "unit_cost" in frame else np.nan,
    )
    names = (*LINE_COLUMNS, "proposed_quantity", "lot", "unit_cost")
    rows = [dict(zip(names, row, strict=True)) for row in frame[list(names)].itertuples(index=False, name=None)]
    for row in rows:
        row |= {name: int(row[name]) for name in ("quantity", "proposed_quantity", "lot")}
        row |= {"unit_cost": None if np.isnan(row["unit_cost"]) else float(row["unit_cost"])}
        row |= {"state": str(OrderState.PROPOSED), "approvals_needed": int(needed.get(row["order_id"], 0))}
    return rows


def propose_lines(
    connection: sql.Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    waiting: Mapping[str, str],
    at: datetime,
    user: str,
) -> int:
    """Insert the lines that are new and log them, and why they wait for people; returns how many."""
    held = rows_of(connection, [row["order_id"] for row in rows])
    for row in rows:
        refuse_another_line(row, held.get(row["order_id"]))
    new = [row for row in rows if row["order_id"] not in held]
    if not new:
        return 0
    connection.execute(ORDERS.insert(), new)
    events = []
    for row in new:
        name, state = row["order_id"], OrderState.PROPOSED
        events.append(Event("propose", name, state, row["quantity"], f"{row['run_id']} line {line_hash(row)}"))
        if row["approvals_needed"]:
            events.append(Event("require", name, state, row["approvals_needed"], waiting.get(name, "")))
    append_events(connection, events, at=at, user=user)
    return len(new)


def refuse_another_line(line: Mapping[str, Any], held: Mapping[Any, Any] | None) -> None:
    """An order id means one line for ever: same sku, places, dates and proposed quantity."""
    if held is None:
        return
    was, now = tuple(held[name] for name in _SAME), tuple(line[name] for name in _SAME)
    if was != now:
        raise LedgerError(f"order {line['order_id']} is already held by run {held['run_id']} as {was}, now {now}")


def refuse_unknown_run(connection: sql.Connection, run_id: str) -> None:
    """A run without lines in the ledger was never proposed."""
    if connection.execute(sql.select(ORDERS.c.run_id).where(ORDERS.c.run_id == run_id).limit(1)).first() is None:
        raise LedgerError(f"run {run_id} has no orders in the ledger: record them as proposed first")


def rows_of(connection: sql.Connection, order_ids: Sequence[str]) -> dict[str, Mapping[Any, Any]]:
    """Lines by order id, in the order of their ids; unknown ids are absent."""
    rows: dict[str, Mapping[Any, Any]] = {}
    for ids in in_chunks(order_ids):
        query = ORDERS.select().where(ORDERS.c.order_id.in_(ids))
        rows.update({str(row["order_id"]): row for row in connection.execute(query).mappings()})
    return dict(sorted(rows.items()))


def known_rows(connection: sql.Connection, order_ids: Sequence[str]) -> dict[str, Mapping[Any, Any]]:
    """Lines by order id; an unknown id is refused."""
    rows = rows_of(connection, order_ids)
    unknown = sorted(set(order_ids) - set(rows))
    if unknown:
        raise LedgerError(f"unknown orders: {', '.join(unknown[:5])} ({len(unknown)} in all)")
    return rows


def move_lines(
    connection: sql.Connection,
    order_ids: Sequence[str],
    to_state: OrderState,
    *,
    at: datetime,
    user: str,
    reason: str,
    batch: int = 1,
) -> int:
    """Check every transition, then write the states and the log."""
    rows = known_rows(connection, order_ids)
    moving = [row for row in rows.values() if row["state"] != to_state]
    for row in moving:
        _refuse_move(row, to_state, user)
    if not moving:
        return 0
    changes: dict[str, Any] = {"state": str(to_state)}
    if to_state is OrderState.RELEASED:
        changes |= {"released_at": at.isoformat(), "batch": batch}
    set_values(connection, [row["order_id"] for row in moving], changes)
    events = [Event("move", row["order_id"], to_state, row["quantity"], reason) for row in moving]
    append_events(connection, events, at=at, user=user)
    return len(moving)


def unreleased_lines(connection: sql.Connection, run_ids: Collection[str]) -> list[str]:
    """Order ids of runs that are proposed or approved and have not left."""
    is_open = ORDERS.c.state.in_([str(OrderState.PROPOSED), str(OrderState.APPROVED)])
    query = sql.select(ORDERS.c.order_id).where(ORDERS.c.run_id.in_(sorted(run_ids)), is_open)
    return sorted(str(row[0]) for row in connection.execute(query))


def _refuse_move(row: Mapping[Any, Any], to_state: OrderState, user: str) -> None:
    """A line goes only where the table lets it, and not past the people who have to approve it."""
    name, state = row["order_id"], OrderState(row["state"])
    if to_state not in ALLOWED_TRANSITIONS[state]:
        allowed = ", ".join(sorted(ALLOWED_TRANSITIONS[state])) or "nothing: it has ended"
        raise LedgerError(f"order {name} is {state} and cannot become {to_state}; allowed: {allowed}")
    n_needed = row["approvals_needed"]
    if to_state is OrderState.RELEASED and state is OrderState.PROPOSED and n_needed:
        raise LedgerError(f"order {name} needs to be approved before it leaves")
    if to_state is OrderState.APPROVED and n_needed > 1 and row["approved_by"] in ("", user):
        raise LedgerError(f"order {name} needs to be approved by {n_needed} people, one after the other")


def set_values(connection: sql.Connection, order_ids: Sequence[str], changes: Mapping[str, Any]) -> None:
    """Give columns of some lines a value; their versions grow by one."""
    grown = ORDERS.c.version + 1
    for ids in in_chunks(order_ids):
        connection.execute(ORDERS.update().where(ORDERS.c.order_id.in_(ids)).values(**changes, version=grown))


def status_by_ref(open_orders: pd.DataFrame) -> dict[str, OrderState]:
    """What the outside system says, by our order id; any living status means confirmed."""
    named = open_orders.loc[open_orders["external_ref"].notna(), ["external_ref", "status"]]
    ended = {OrderState.REJECTED, OrderState.CANCELLED, OrderState.CLOSED}
    return {
        str(ref): OrderState(status) if status in ended else OrderState.CONFIRMED
        for ref, status in named.itertuples(index=False, name=None)
    }


def lines_frame(connection: sql.Connection, columns: Collection[str], *where: sql.ColumnElement[bool]) -> pd.DataFrame:
    """Lines as a table sorted by order id: ISO text back to dates, whole quantities to int64, text to str."""
    query = sql.select(*(ORDERS.c[name] for name in columns)).where(*where)
    rows = [tuple(row) for row in connection.execute(query)]
    frame = pd.DataFrame.from_records(rows, columns=list(columns)).sort_values("order_id", ignore_index=True)
    dates = {
        name: pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[ns]")
        for name in ("ship_date", "due_date")
    }
    numbers = ("quantity", "proposed_quantity", "lot", "approvals_needed", "batch", "version")
    whole = [name for name in numbers if name in frame]
    return frame.assign(**dates).astype({**dict.fromkeys(whole, "int64"), "order_id": "str"})


def in_chunks(values: Sequence[str], size: int = 500) -> Iterator[tuple[str, ...]]:
    """Pieces small enough for one SQL statement."""
    for start in range(0, len(values), size):
        yield tuple(values[start : start + size])
