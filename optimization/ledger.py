"""Order states, in one SQLite file or one PostgreSQL database: the only SQL writer.

Every change of a state or a quantity is one row of a hash-chained log, written in the same transaction as the change.
What a call acknowledged by returning survives a crash. There is no clock in here; every timestamp is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
import sqlalchemy as sql

from network.contracts import OrderState
from optimization.actions import new_lines
from optimization.edited_sheet import Override
from optimization.ledger_approvals import RULES_USER, Approval, Verdicts, approve_lines, override_lines
from optimization.ledger_lines import (
    ALLOWED_TRANSITIONS,
    LINE_COLUMNS,
    STATE_COLUMNS,
    LedgerError,
    LedgerUnavailable,
    Superseded,
    line_rows,
    lines_frame,
    move_lines,
    propose_lines,
    status_by_ref,
    told_in_words,
    unreleased_lines,
)
from optimization.ledger_log import Event, append_events, find_problems
from optimization.ledger_outbox import (
    Delivery,
    DoubleOrders,
    ask_deliveries,
    batches_of,
    deliveries_of,
    release_lines,
    tick_off,
)
from optimization.ledger_tables import LOG, ORDERS, fact, open_engine, reading, set_fact, writing

__all__ = [
    "ALLOWED_TRANSITIONS", "LINE_COLUMNS", "Approval", "Delivery", "DoubleOrders", "LedgerError",
    "LedgerUnavailable", "OrderLedger", "Override", "Superseded", "Verdicts",
]  # fmt: skip


@dataclass(frozen=True)
class OrderLedger:
    """The order states of one chain.

    Parameters
    ----------
    path
        The SQLite file, made with its folder when first opened; or the address of a database, as SQLAlchemy writes it.
    lock_seconds
        How long a writer waits for another writer before it gives up [seconds].
    """

    path: Path | str
    lock_seconds: float = 30.0

    @property
    def exists(self) -> bool:
        """Whether anything was ever written; a database counts as there."""
        return self.path.is_file() if isinstance(self.path, Path) else True

    def begin_job(self, chain_id: str, *, at: datetime, user: str) -> int:
        """Return the number of a new job: from now on no older one can record what it found.

        Raises
        ------
        LedgerError
            If a database holds the orders of another chain.
        """
        with self._writing() as connection:
            owner = fact(connection, "chain")
            if isinstance(self.path, str) and owner not in (None, chain_id):
                raise LedgerError(f"this database holds the orders of chain {owner!r}, not of {chain_id!r}")
            number = 1 + int(fact(connection, "job") or 0)
            set_fact(connection, "chain", chain_id)
            set_fact(connection, "job", str(number))
            append_events(connection, [Event("job", "", "", number, chain_id)], at=at, user=user)
        return number

    @contextmanager
    def proposing(
        self,
        run_id: str,
        orders: pd.DataFrame,
        *,
        at: datetime,
        user: str,
        job: int | None = None,
        verdicts: Verdicts | None = None,
        instead_of: Collection[str] = (),
    ) -> Iterator[int]:
        """Record as `record_proposed` does, when the block inside has succeeded: both happen, or neither.

        While the block runs no other job can begin, so a job that has been overtaken can publish nothing in it. Lines
        of the runs in `instead_of` that have not left are cancelled: this run has decided on them anew.

        Raises
        ------
        Superseded
            If `job` is not the latest one.
        """
        rules = verdicts or Verdicts()
        rows = line_rows(run_id, new_lines(orders), needed=rules.needed)
        with self._writing() as connection:
            if job is not None and fact(connection, "job") != str(job):
                latest = fact(connection, "job")
                raise Superseded(f"job {job} was overtaken by job {latest}; run {run_id} was not published by it")
            dropped = unreleased_lines(connection, instead_of)
            move_lines(connection, dropped, OrderState.CANCELLED, at=at, user=user, reason=f"planned anew by {run_id}")
            n_new = propose_lines(connection, rows, waiting=rules.waiting, at=at, user=user)
            if n_new:
                for why in sorted(set(rules.approved.values())):
                    chosen = [name for name, each in rules.approved.items() if each == why]
                    move_lines(connection, chosen, OrderState.APPROVED, at=at, user=RULES_USER, reason=why)
            yield n_new

    def record_proposed(
        self,
        run_id: str,
        orders: pd.DataFrame,
        *,
        at: datetime,
        user: str,
        job: int | None = None,
        verdicts: Verdicts | None = None,
    ) -> int:
        """Record the orders of a run as proposed; lines that are there already stay as they are.

        Parameters
        ----------
        run_id, at, user
            Run that proposes, when [UTC], and who, or which job.
        orders
            At least the columns of `LINE_COLUMNS`, one row per order id; messages about published lines are left out.
        job
            Number from `begin_job`; the lines are refused if a newer job has begun.
        verdicts
            Approvals needed and given by the chain's rules.

        Returns the number of lines that were new.

        Raises
        ------
        LedgerError
            If an order id is already held by a different line.
        """
        with self.proposing(run_id, orders, at=at, user=user, job=job, verdicts=verdicts) as n_new:
            return n_new

    def release(
        self,
        run_id: str,
        *,
        at: datetime,
        user: str,
        counted: Collection[str] | None = None,
        target: str = "",
        format: str = "",
        is_approved_only: bool = False,
    ) -> int:
        """Release every line of a run that may leave, as its next batch; released lines stay as they are.

        With a `target`, each batch of the run is written into the outbox for it, in the same transaction.

        Parameters
        ----------
        run_id
            The run; approved lines leave, and proposed ones that nobody has to approve, unless `is_approved_only`.
        counted
            Runs, or batches of runs as `batches` names them, whose lines the plan counted; if others have left that
            nobody acknowledged, the release is refused.
        target, format
            Where to and in which form the batches leave.

        Returns the number of lines released by this call; 0 the second time.

        Raises
        ------
        LedgerError
            If the run is unknown; `DoubleOrders` if releasing it would order twice.
        """
        with self._writing() as connection:
            n_released = release_lines(
                connection, run_id, counted=counted, at=at, user=user, is_approved_only=is_approved_only
            )
            if target:
                ask_deliveries(connection, run_id, target, format, at=at, user=user)
        return n_released

    def batches(self, order_ids: Sequence[str]) -> tuple[str, ...]:
        """Name the batches that some lines left in."""
        with self._reading() as connection:
            return batches_of(connection, order_ids)

    def deliveries(self, run_id: str | None = None) -> tuple[Delivery, ...]:
        """Batches that have left or have to leave, of one run or of all."""
        with self._reading() as connection:
            return deliveries_of(connection, run_id)

    def delivered(self, delivery: Delivery, *, at: datetime, user: str) -> None:
        """Tick a delivery off: what it names is at its place."""
        with self._writing() as connection:
            tick_off(connection, delivery, at=at, user=user)

    def approve(self, order_ids: Sequence[str], *, at: datetime, user: str, reason: str = "") -> Approval:
        """Approve lines, all or none; a line that needs two people waits for the second, who must be another.

        Raises
        ------
        LedgerError
            If an order is unknown, has left or has ended.
        """
        with self._writing() as connection:
            return approve_lines(connection, order_ids, at=at, user=user, reason=reason)

    def move(self, order_ids: Sequence[str], to_state: OrderState, *, at: datetime, user: str, reason: str = "") -> int:
        """Move lines to another state; lines already in it stay as they are. All move, or none.

        Returns the number of lines moved.

        Raises
        ------
        LedgerError
            If an order is unknown or may not go from its state to this one.
        """
        with self._writing() as connection:
            return move_lines(connection, order_ids, to_state, at=at, user=user, reason=reason)

    def override(
        self,
        order_id: str,
        quantity: int,
        *,
        at: datetime,
        user: str,
        reason: str,
        four_eyes_above: float | None = None,
    ) -> None:
        """Change one quantity, as `override_all` does, to a whole number of lots above 0."""
        if quantity == 0:
            raise LedgerError(f"override of {order_id}: quantity 0 sends nothing; reject the line instead")
        changes = (Override(order_id, quantity, reason),)
        self.override_all(changes, at=at, user=user, four_eyes_above=four_eyes_above)

    def override_all(
        self, overrides: Sequence[Override], *, at: datetime, user: str, four_eyes_above: float | None = None
    ) -> None:
        """Change several quantities, all or none; 0 rejects a line, the proposed quantity is kept beside the new one.

        A line worth more than `four_eyes_above` [money] needs two people from then on.

        Raises
        ------
        LedgerError
            With everything that is wrong with any of them: a line that is released or ended, a quantity that is no
            whole number of its lots, a reason that is missing.
        """
        with self._writing() as connection:
            override_lines(connection, overrides, four_eyes_above=four_eyes_above, at=at, user=user)

    def acknowledge(self, open_orders: pd.DataFrame, *, at: datetime, user: str) -> int:
        """Take over what the outside system says about our released lines.

        A line named in `open_orders.external_ref` becomes rejected, cancelled or closed if its status there says so,
        else confirmed. It then stays acknowledged, also after it has left `open_orders`.

        Returns the number of lines whose state changed.
        """
        status_by_id = status_by_ref(open_orders)
        is_out = ORDERS.c.state.in_(["released", "confirmed"])
        n_moved = 0
        with self._writing() as connection:
            found = connection.execute(sql.select(ORDERS.c.order_id, ORDERS.c.state).where(is_out))
            rows = sorted((str(order_id), str(state)) for order_id, state in found)
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

        Returns columns of `LINE_COLUMNS` and `released_at`, sorted by order id.
        """
        with self._reading() as connection:
            frame = lines_frame(connection, (*LINE_COLUMNS, "released_at"), ORDERS.c.state == "released")
        is_kept = ~frame["order_id"].isin(set(acknowledged))
        if shipped_until is not None:
            is_kept &= frame["ship_date"] <= pd.Timestamp(shipped_until)
        return frame.loc[is_kept].reset_index(drop=True)

    def states(self, run_id: str) -> pd.DataFrame:
        """State, quantities, approvals and batch of every line of a run, sorted by order id."""
        with self._reading() as connection:
            return lines_frame(connection, STATE_COLUMNS, ORDERS.c.run_id == run_id)

    def audit_rows(self, order_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """The log, oldest first: who did what to which line, when and why; all of it, or that of some lines."""
        with self._reading() as connection:
            rows = [tuple(row) for row in connection.execute(LOG.select().order_by(LOG.c.sequence))]
        frame = pd.DataFrame.from_records(rows, columns=[column.name for column in LOG.columns])
        return frame if order_ids is None else frame.loc[frame["order_id"].isin(order_ids)].reset_index(drop=True)

    def verify(self) -> tuple[str, ...]:
        """Check the hash chain, and that the states follow from the log; each problem in words, none if sound."""
        with self._reading() as connection:
            return find_problems(connection)

    @cached_property
    def _engine(self) -> sql.Engine:
        return open_engine(self.path, self.lock_seconds)

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with told_in_words(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        """One transaction: all of it, or nothing."""
        with told_in_words(), writing(self._engine, self.lock_seconds) as connection:
            yield connection
