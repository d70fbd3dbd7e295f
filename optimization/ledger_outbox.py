"""The outbox of the order ledger: what leaves is written down with the release, and ticked off once it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql

from network.contracts import OrderState
from optimization.ledger_lines import LedgerError, move_lines, refuse_unknown_run, rows_of
from optimization.ledger_log import Event, append_events, delivery_name
from optimization.ledger_tables import ORDERS, OUTBOX

_LEAVING = (str(OrderState.PROPOSED), str(OrderState.APPROVED))


class DoubleOrders(LedgerError):
    """Orders of other runs are on their way which this run did not count: releasing it too would order twice.

    Parameters
    ----------
    run_id
        The run that may not be released.
    others
        Runs whose orders have left.
    """

    def __init__(self, run_id: str, others: Collection[str]) -> None:
        self.run_id, self.others = run_id, tuple(sorted(others))
        super().__init__(f"run {run_id} was planned without the released orders of {', '.join(self.others)}")


@dataclass(frozen=True)
class Delivery:
    """One batch of a run that leaves to one place in one form.

    Parameters
    ----------
    run_id, batch
        What leaves; batch 1 is the first release of the run.
    target
        Where to, such as a folder.
    format
        In which form.
    lines_hash
        Hash of the order ids and quantities of the batch.
    is_delivered
        Whether it was ticked off.
    """

    run_id: str
    batch: int
    target: str
    format: str
    lines_hash: str
    is_delivered: bool

    @property
    def name(self) -> str:
        """Its name in the log."""
        return delivery_name(self.run_id, self.batch, self.target, self.format)


def release_lines(
    connection: sql.Connection,
    run_id: str,
    *,
    counted: Collection[str] | None,
    at: datetime,
    user: str,
    is_approved_only: bool = False,
) -> int:
    """Release what may leave of a run, or its approved lines only, as its next batch; returns the number of lines."""
    refuse_unknown_run(connection, run_id)
    may_leave = ORDERS.c.state == _LEAVING[1]
    if not is_approved_only:
        may_leave |= (ORDERS.c.state == _LEAVING[0]) & (ORDERS.c.approvals_needed == 0)
    query = sql.select(ORDERS.c.order_id).where(ORDERS.c.run_id == run_id, may_leave)
    order_ids = sorted(str(row[0]) for row in connection.execute(query))
    if not order_ids:
        return 0
    if counted is not None:
        others = {run for run, name in _waiting_batches(connection) if not {run, name} & {run_id, *counted}}
        if others:
            raise DoubleOrders(run_id, others)
    batch = 1 + _last_batch(connection, run_id)
    return move_lines(connection, order_ids, OrderState.RELEASED, at=at, user=user, reason="", batch=batch)


def ask_deliveries(
    connection: sql.Connection, run_id: str, target: str, format: str, *, at: datetime, user: str
) -> tuple[Delivery, ...]:
    """Write down that every batch of a run has to leave to a place; asked again, nothing is added."""
    here = [each for each in deliveries_of(connection, run_id) if (each.target, each.format) == (target, format)]
    there = {each.batch: each for each in here}
    n_batches = _last_batch(connection, run_id)
    asked = [
        Delivery(run_id, batch, target, format, _lines_hash(connection, run_id, batch), False)
        for batch in range(1, n_batches + 1)
        if batch not in there
    ]
    for each in asked:
        values = {"run_id": run_id, "batch": each.batch, "target": target, "format": format}
        connection.execute(OUTBOX.insert().values(**values, lines_hash=each.lines_hash, asked_at=at.isoformat()))
    events = [Event("ask", each.name, "pending", 0, each.lines_hash) for each in asked]
    append_events(connection, events, at=at, user=user)
    return tuple(sorted((*there.values(), *asked), key=lambda each: each.batch))


def tick_off(connection: sql.Connection, delivery: Delivery, *, at: datetime, user: str) -> None:
    """Note that a delivery is there; a second time changes nothing."""
    is_this = (
        (OUTBOX.c.run_id == delivery.run_id)
        & (OUTBOX.c.batch == delivery.batch)
        & (OUTBOX.c.target == delivery.target)
        & (OUTBOX.c.format == delivery.format)
    )
    open_rows = is_this & OUTBOX.c.delivered_at.is_(None)
    if connection.execute(OUTBOX.update().where(open_rows).values(delivered_at=at.isoformat())).rowcount:
        event = Event("deliver", delivery.name, "delivered", 0, delivery.lines_hash)
        append_events(connection, [event], at=at, user=user)


def deliveries_of(connection: sql.Connection, run_id: str | None = None) -> tuple[Delivery, ...]:
    """Deliveries of a run, or of all, by run, batch, target and form."""
    query = OUTBOX.select() if run_id is None else OUTBOX.select().where(OUTBOX.c.run_id == run_id)
    found = [
        Delivery(row.run_id, row.batch, row.target, row.format, row.lines_hash, row.delivered_at is not None)
        for row in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda each: (each.run_id, each.batch, each.target, each.format)))


def batches_of(connection: sql.Connection, order_ids: Sequence[str]) -> tuple[str, ...]:
    """Name the batches that some lines left in."""
    names = {batch_name(row["run_id"], row["batch"]) for row in rows_of(connection, order_ids).values()}
    return tuple(sorted(names))


def batch_name(run_id: str, batch: int) -> str:
    """Name a batch as runs do that counted it."""
    return f"{run_id}#{batch}"


def _waiting_batches(connection: sql.Connection) -> set[tuple[str, str]]:
    """Runs and names of the batches that hold a released line which nobody acknowledged."""
    query = sql.select(ORDERS.c.run_id, ORDERS.c.batch).where(ORDERS.c.state == str(OrderState.RELEASED)).distinct()
    return {(str(run), batch_name(str(run), int(str(batch)))) for run, batch in connection.execute(query)}


def _last_batch(connection: sql.Connection, run_id: str) -> int:
    """Number of the latest batch of a run, 0 before its first."""
    query = sql.select(sql.func.max(ORDERS.c.batch)).where(ORDERS.c.run_id == run_id)
    return int(connection.execute(query).scalar() or 0)


def _lines_hash(connection: sql.Connection, run_id: str, batch: int) -> str:
    """Sixteen hex digits of which lines leave, and how much of each."""
    query = sql.select(ORDERS.c.order_id, ORDERS.c.quantity)
    rows = connection.execute(query.where(ORDERS.c.run_id == run_id, ORDERS.c.batch == batch))
    text = "\n".join(f"{order_id} {quantity}" for order_id, quantity in sorted(map(tuple, rows)))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
