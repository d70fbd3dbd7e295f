"""The hash-chained log behind the order ledger: each row carries the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from optimization.ledger_tables import FACTS, LOG, ORDERS, OUTBOX

FIRST_HASH = "0" * 64
LINE_FACTS = (
    *("run_id", "kind", "origin", "destination", "sku", "proposed_quantity", "ship_date", "due_date", "lot"),
    "unit_cost",
)
"""What never changes about a line; its hash stands in the log beside the proposal."""
_CONTENT = tuple(column.name for column in LOG.columns)[:8]
_OF_LINES = ("propose", "move", "override", "require", "approve", "undo")


@dataclass(frozen=True)
class Event:
    """One change.

    Parameters
    ----------
    event
        propose, move, override, require (approvals), approve (by the first of two), undo; ask, deliver (of the outbox);
        job.
    order_id
        The line; run, batch, target and format of a delivery; empty for a job.
    state
        State after the change.
    quantity
        Quantity of the line after the change [units]; approvals needed for `require`; number of a job.
    detail
        Run id and hash of a proposal; reason of a move or an override; hash of the lines of a delivery.
    """

    event: str
    order_id: str
    state: str
    quantity: int
    detail: str


def append_events(connection: sql.Connection, events: Sequence[Event], *, at: datetime, user: str) -> None:
    """Append events to the log, each chained to the row before it, inside the caller's transaction."""
    if not events:
        return
    last = connection.execute(sql.select(LOG.c.sequence, LOG.c.hash).order_by(LOG.c.sequence.desc()).limit(1)).first()
    sequence, previous = (int(last[0]), str(last[1])) if last is not None else (0, FIRST_HASH)
    rows = []
    for event in events:
        sequence += 1
        changed = (event.event, event.order_id, str(event.state), event.quantity, event.detail)
        content = (sequence, at.isoformat(), user, *changed)
        digest = _digest(previous, content)
        rows.append({**dict(zip(_CONTENT, content, strict=True)), "previous_hash": previous, "hash": digest})
        previous = digest
    connection.execute(LOG.insert(), rows)


def line_hash(line: Mapping[Any, Any]) -> str:
    """Return sixteen hex digits of what never changes about a line."""
    text = json.dumps([line[name] for name in LINE_FACTS], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def delivery_name(run_id: str, batch: int, target: str, format: str) -> str:
    """Return the name of a delivery in the log."""
    return "\t".join((run_id, str(batch), format, target))


def find_problems(connection: sql.Connection) -> tuple[str, ...]:
    """Recompute the chain and replay the log into states: what does not agree, in words."""
    previous = FIRST_HASH
    replay = _Replay({}, {}, {})
    for place, row in enumerate(connection.execute(LOG.select().order_by(LOG.c.sequence)), start=1):
        content = tuple(row[:8])
        if row.sequence != place or row.previous_hash != previous or row.hash != _digest(previous, content):
            return (f"log row {row.sequence} does not follow from the row before it",)
        previous = row.hash
        replay.hear(row)
    return tuple(_differences(connection, replay))


@dataclass(frozen=True)
class _Replay:
    """What the log says: lines as (state, quantity, approvals needed, first approver), their hashes, and the rest."""

    lines: dict[str, tuple[str, int, int, str]]
    hashes: dict[str, str]
    rest: dict[str, tuple[str, str]]

    def hear(self, row: Any) -> None:
        """Take in one row."""
        if row.event in _OF_LINES:
            _, quantity, needed, approver = self.lines.get(row.order_id, ("", 0, 0, ""))
            if row.event == "propose":
                self.hashes[row.order_id] = row.detail.partition(" line ")[2]
            needed = row.quantity if row.event == "require" else needed
            quantity = quantity if row.event == "require" else row.quantity
            approver = {"approve": row.user, "override": "", "undo": ""}.get(row.event, approver)
            self.lines[row.order_id] = (row.state, quantity, needed, approver)
        elif row.event in ("ask", "deliver"):
            self.rest[row.order_id] = (row.state, row.detail)
        elif row.event == "job":
            self.rest["job"] = (str(row.quantity), "")


def _differences(connection: sql.Connection, replay: _Replay) -> Iterable[str]:
    """Tell every line, delivery and number that is not as the log says."""
    actual: dict[str, tuple[str, int, int, str]] = {}
    for row in connection.execute(ORDERS.select()).mappings():
        name = str(row["order_id"])
        actual[name] = (row["state"], row["quantity"], row["approvals_needed"], row["approved_by"])
        logged = replay.hashes.get(name, "")
        if logged and logged != line_hash(row):
            yield f"order {name} is another line than the one that was proposed"
    for name in sorted(set(replay.lines) | set(actual)):
        if replay.lines.get(name) != actual.get(name):
            found, said = actual.get(name, "missing"), replay.lines.get(name, "nothing")
            yield f"order {name} is {found}, the log says {said}"
    rest: dict[str, tuple[str, str]] = {}
    for row in connection.execute(OUTBOX.select()).mappings():
        key = delivery_name(row["run_id"], row["batch"], row["target"], row["format"])
        rest[key] = ("pending" if row["delivered_at"] is None else "delivered", row["lines_hash"])
    job = connection.execute(sql.select(FACTS.c.value).where(FACTS.c.name == "job")).scalar()
    if job is not None:
        rest["job"] = (str(job), "")
    for key in sorted(set(rest) ^ set(replay.rest) | {key for key in rest if replay.rest.get(key) != rest[key]}):
        yield f"{key!r} is {rest.get(key, 'missing')}, the log says {replay.rest.get(key, 'nothing')}"


def _digest(previous: str, content: Sequence[object]) -> str:
    """sha256 over the previous hash and the row as canonical JSON."""
    text = previous + json.dumps(list(content), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
