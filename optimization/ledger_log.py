"""The hash-chained log behind the order ledger: each row carries the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

FIRST_HASH = "0" * 64


@dataclass(frozen=True)
class Event:
    """One change of one order.

    Parameters
    ----------
    event
        propose, move or override.
    order_id
        The line.
    state
        Its state after the change.
    quantity
        Its quantity after the change [units].
    detail
        Run id of a proposal; reason of a move or an override.
    """

    event: str
    order_id: str
    state: str
    quantity: int
    detail: str


def append_events(connection: sqlite3.Connection, events: Sequence[Event], *, at: datetime, user: str) -> None:
    """Append events to the log, each chained to the row before it, inside the caller's transaction."""
    last = connection.execute("SELECT sequence, hash FROM log ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = last if last is not None else (0, FIRST_HASH)
    rows = []
    for event in events:
        sequence += 1
        content = (
            sequence,
            at.isoformat(),
            user,
            event.event,
            event.order_id,
            str(event.state),
            event.quantity,
            event.detail,
        )
        digest = _digest(previous, content)
        rows.append((*content, previous, digest))
        previous = digest
    connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def find_problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Recompute the chain and replay the log into states: what does not agree, in words."""
    problems: list[str] = []
    previous = FIRST_HASH
    expected: dict[str, tuple[str, int]] = {}
    for place, row in enumerate(connection.execute("SELECT * FROM log ORDER BY sequence"), start=1):
        content, previous_hash, digest = row[:8], row[8], row[9]
        if row[0] != place or previous_hash != previous or digest != _digest(previous, content):
            problems.append(f"log row {row[0]} does not follow from the row before it")
            break
        previous = digest
        expected[row[4]] = (row[5], row[6])
    if problems:
        return tuple(problems)
    actual = {
        order_id: (state, quantity)
        for order_id, state, quantity in connection.execute("SELECT order_id, state, quantity FROM orders")
    }
    for order_id in sorted(set(expected) | set(actual)):
        if expected.get(order_id) != actual.get(order_id):
            found, logged = actual.get(order_id, "missing"), expected.get(order_id, "nothing")
            problems.append(f"order {order_id} is {found}, the log says {logged}")
    return tuple(problems)


def _digest(previous: str, content: Sequence[object]) -> str:
    """sha256 over the previous hash and the row as canonical JSON."""
    text = previous + json.dumps(list(content), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
