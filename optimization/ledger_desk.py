"""Decisions of people at a screen: on the line as they saw it, and carried out once however often it is sent.

Each line has a version that grows with every change. A decision names the versions that were on the screen; if a line
has changed since, nothing is done and the caller is told what it is now. A decision with a key is answered once: sent
again, the first answer comes back. The change, its log rows and the answer are one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sql

from network.contracts import OrderState
from optimization.edited_sheet import Override
from optimization.ledger_approvals import approve_lines, override_lines
from optimization.ledger_lines import (
    STATE_COLUMNS,
    LedgerError,
    known_rows,
    lines_frame,
    move_lines,
    set_values,
    told_in_words,
)
from optimization.ledger_log import Event, append_events
from optimization.ledger_tables import ANSWERS, LOG, ORDERS, open_engine, reading, writing

KEPT_ANSWERS = timedelta(days=30)
_UNDONE = frozenset({OrderState.APPROVED, OrderState.REJECTED, OrderState.PROPOSED})


class Act(StrEnum):
    """What a person may decide about lines."""

    APPROVE = "approve"
    REJECT = "reject"
    CHANGE = "change"
    UNDO = "undo"


@dataclass(frozen=True)
class Decision:
    """What a person decides about some lines, all of them or none.

    Parameters
    ----------
    act
        Approve, reject, change the quantity, or undo: back to what was proposed, as long as nothing has left.
    order_ids
        The lines.
    versions
        Version that was on the screen, by order id; a line without one is taken as it is.
    quantity
        New quantity of every line, for a change [units].
    reason
        Why; needed to reject and to change.
    """

    act: Act
    order_ids: tuple[str, ...]
    versions: Mapping[str, int] = field(default_factory=dict)
    quantity: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.order_ids or len(set(self.order_ids)) < len(self.order_ids):
            raise LedgerError("name at least one line, and each once")
        if self.act in (Act.REJECT, Act.CHANGE) and not self.reason.strip():
            raise LedgerError(f"to {self.act} a line needs a reason: it is kept with the line")
        if (self.act is Act.CHANGE) != (self.quantity is not None):
            raise LedgerError("a change needs a quantity, and nothing else takes one")


class ChangedSince(LedgerError):
    """Lines are not any more as they were on the screen.

    Parameters
    ----------
    lines
        Those lines as they are now.
    """

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.lines = tuple(lines)
        names = ", ".join(str(line["order_id"]) for line in lines[:5])
        super().__init__(f"changed since you looked: {names} ({len(lines)} in all); nothing was done")


class KeyReused(LedgerError):
    """A key was sent before, with another request."""


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Parameters
    ----------
    document
        Plain values.
    is_replayed
        Whether it had been carried out before and nothing was done now.
    """

    document: dict[str, Any]
    is_replayed: bool = False


@dataclass(frozen=True)
class DecisionDesk:
    """Where decisions reach the order ledger of one chain.

    Parameters
    ----------
    path
        The ledger's file or address.
    lock_seconds
        How long a decision waits for another one [seconds].
    """

    path: Path | str
    lock_seconds: float = 30.0

    def decide(
        self, decision: Decision, *, at: datetime, user: str, key: str = "", four_eyes_above: float | None = None
    ) -> Answer:
        """Carry a decision out, all of it or nothing.

        Parameters
        ----------
        decision
            What to do with which lines.
        at, user
            When [UTC], and who.
        key
            Name that the caller gave this request; sent again, it is answered as the first time.
        four_eyes_above
            A changed line worth more needs two people from then on [money]; None for never.

        Returns the lines as they are now, how many are approved and how many wait for a second person.

        Raises
        ------
        ChangedSince
            If a line is not any more as it was on the screen.
        KeyReused
            If the key came with another request.
        LedgerError
            If a line is unknown or the change is not allowed.
        """
        request = json.dumps(asdict(decision), sort_keys=True, default=str)

        def act(connection: sql.Connection) -> dict[str, Any]:
            _refuse_changed(connection, decision)
            done = _carry_out(connection, decision, at=at, user=user, four_eyes_above=four_eyes_above)
            rows = known_rows(connection, decision.order_ids)
            return {**done, "lines": [_shown(row) for row in rows.values()]}

        with told_in_words(), writing(self._engine, self.lock_seconds) as connection:
            return _once(connection, act, key=key, request=request, at=at, user=user)

    def answered(self, request: str, *, user: str, key: str) -> Answer | None:
        """Return the answer to a request that was carried out before, None if it was not.

        Raises
        ------
        KeyReused
            If the key came with another request.
        """
        with told_in_words(), reading(self._engine) as connection:
            return _kept(connection, key=key, request=request, user=user)

    def keep_answer(self, request: str, document: dict[str, Any], *, at: datetime, user: str, key: str) -> Answer:
        """Keep the answer to a request that changed things elsewhere; of two that come at once the first stays."""
        with told_in_words(), writing(self._engine, self.lock_seconds) as connection:
            return _once(connection, lambda _: document, key=key, request=request, at=at, user=user)

    def line(self, order_id: str) -> dict[str, Any]:
        """Return one line as it is now.

        Raises
        ------
        LedgerError
            If there is no such line.
        """
        with told_in_words(), reading(self._engine) as connection:
            return _shown(known_rows(connection, [order_id])[order_id])

    def changed_lines(self, run_id: str, *, since: int) -> tuple[int, pd.DataFrame]:
        """Return the lines of a run that changed after a row of the log, and the number of its last row.

        Parameters
        ----------
        run_id
            The run.
        since
            Number of a log row; 0 for every line.
        """
        with told_in_words(), reading(self._engine) as connection:
            last = int(connection.execute(sql.select(sql.func.max(LOG.c.sequence))).scalar() or 0)
            if last == since:
                return last, pd.DataFrame(columns=list(STATE_COLUMNS))
            is_meant = ORDERS.c.run_id == run_id
            if since:
                is_meant &= ORDERS.c.order_id.in_(sql.select(LOG.c.order_id).where(LOG.c.sequence > since))
            return last, lines_frame(connection, STATE_COLUMNS, is_meant)

    def log_rows(
        self, *, order_id: str = "", user: str = "", limit: int = 100, offset: int = 0
    ) -> tuple[int, pd.DataFrame]:
        """Return how many log rows there are about a line and by a person, and some of them, newest first.

        Parameters
        ----------
        order_id, user
            The line and the person; empty for any.
        limit, offset
            How many rows, and how many newer ones to leave out.
        """
        wanted = [column == value for column, value in ((LOG.c.order_id, order_id), (LOG.c.user, user)) if value]
        rows = sql.select(LOG).where(*wanted).order_by(LOG.c.sequence.desc()).limit(limit).offset(offset)
        with told_in_words(), reading(self._engine) as connection:
            total = int(connection.execute(sql.select(sql.func.count()).select_from(LOG).where(*wanted)).scalar() or 0)
            found = [tuple(row) for row in connection.execute(rows)]
        return total, pd.DataFrame.from_records(found, columns=[column.name for column in LOG.columns])

    @cached_property
    def _engine(self) -> sql.Engine:
        return open_engine(self.path, self.lock_seconds)


def _once(
    connection: sql.Connection,
    act: Callable[[sql.Connection], dict[str, Any]],
    *,
    key: str,
    request: str,
    at: datetime,
    user: str,
) -> Answer:
    """Answer a request that was answered before as it was then; else carry it out and keep the answer."""
    kept = _kept(connection, key=key, request=request, user=user) if key else None
    if kept is not None:
        return kept
    document = act(connection)
    if key:
        connection.execute(ANSWERS.delete().where(ANSWERS.c.at < (at - KEPT_ANSWERS).isoformat()))
        row = {
            "user": user,
            "key": key,
            "request": _hash(request),
            "answer": json.dumps(document),
            "at": at.isoformat(),
        }
        connection.execute(ANSWERS.insert(), row)
    return Answer(document)


def _kept(connection: sql.Connection, *, key: str, request: str, user: str) -> Answer | None:
    query = sql.select(ANSWERS.c.request, ANSWERS.c.answer).where(ANSWERS.c.user == user, ANSWERS.c.key == key)
    row = connection.execute(query).first()
    if row is None:
        return None
    if row.request != _hash(request):
        raise KeyReused(f"the key {key!r} came before with another request: give each request a key of its own")
    return Answer(json.loads(row.answer), is_replayed=True)


def _hash(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()


def _refuse_changed(connection: sql.Connection, decision: Decision) -> None:
    rows = known_rows(connection, decision.order_ids)
    changed = [rows[name] for name, version in decision.versions.items() if rows[name]["version"] != version]
    if changed:
        raise ChangedSince([_shown(row) for row in changed])


def _carry_out(
    connection: sql.Connection, decision: Decision, *, at: datetime, user: str, four_eyes_above: float | None
) -> dict[str, Any]:
    """Do what was decided; returns counts."""
    ids, reason = list(decision.order_ids), decision.reason.strip()
    if decision.act is Act.APPROVE:
        given = approve_lines(connection, ids, at=at, user=user, reason=reason)
        return {"n_changed": given.n_approved, "n_waiting": given.n_waiting}
    if decision.act is Act.REJECT:
        return {"n_changed": move_lines(connection, ids, OrderState.REJECTED, at=at, user=user, reason=reason)}
    if decision.act is Act.UNDO:
        return {"n_changed": undo_lines(connection, ids, at=at, user=user, reason=reason)}
    overrides = [Override(name, int(decision.quantity or 0), reason) for name in ids]
    override_lines(connection, overrides, four_eyes_above=four_eyes_above, at=at, user=user)
    return {"n_changed": len(overrides)}


def undo_lines(connection: sql.Connection, order_ids: Sequence[str], *, at: datetime, user: str, reason: str) -> int:
    """Put lines back to what was proposed, to be decided anew; returns how many were anything else.

    Raises
    ------
    LedgerError
        If a line has left or is unknown.
    """
    rows = known_rows(connection, order_ids)
    for row in rows.values():
        if row["state"] not in _UNDONE:
            raise LedgerError(f"order {row['order_id']} is {row['state']}: what has left cannot be undone here")
    moving = [row for row in rows.values() if _is_decided(row)]
    events = []
    for row in moving:
        quantity = int(row["proposed_quantity"])
        changes = {"state": str(OrderState.PROPOSED), "quantity": quantity, "approved_by": ""}
        set_values(connection, [row["order_id"]], changes)
        events.append(Event("undo", row["order_id"], OrderState.PROPOSED, quantity, reason))
    append_events(connection, events, at=at, user=user)
    return len(moving)


def _is_decided(row: Mapping[Any, Any]) -> bool:
    is_changed = row["quantity"] != row["proposed_quantity"] or bool(row["approved_by"])
    return is_changed or row["state"] != OrderState.PROPOSED


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a line as plain values."""
    names = ("order_id", "run_id", "state", "quantity", "proposed_quantity", "lot", "approvals_needed", "approved_by")
    return {**{name: row[name] for name in names}, "version": int(row["version"])}
