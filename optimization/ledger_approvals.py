"""People and lines: who approved, who changed a quantity, and whether one pair of eyes is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from network.contracts import OrderState
from optimization.edited_sheet import Override
from optimization.ledger_lines import LedgerError, known_rows, move_lines, set_values
from optimization.ledger_log import Event, append_events

RULES_USER = "rules"
"""Who approves what the rules of the chain let through."""
_OPEN = (OrderState.PROPOSED, OrderState.APPROVED)


@dataclass(frozen=True)
class Verdicts:
    """What the chain's rules say about the lines of a run.

    Parameters
    ----------
    needed
        People who have to approve a line before it leaves (1 or 2), by order id; none where absent.
    approved
        Why a line is approved by itself, by order id.
    waiting
        Why a line waits for people, by order id.
    """

    needed: Mapping[str, int] = field(default_factory=dict)
    approved: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Approval:
    """What an approval did.

    Parameters
    ----------
    n_approved
        Lines that are approved now and were not before.
    n_waiting
        Lines that a second person has to approve.
    """

    n_approved: int
    n_waiting: int


def approve_lines(
    connection: sql.Connection, order_ids: Sequence[str], *, at: datetime, user: str, reason: str
) -> Approval:
    """Approve lines; one that needs two people is approved when the second one, who is another, says so too."""
    rows = known_rows(connection, order_ids)
    for row in rows.values():
        if row["state"] not in _OPEN:
            raise LedgerError(f"order {row['order_id']} is {row['state']} and cannot become approved")
    asked = [row for row in rows.values() if row["state"] == OrderState.PROPOSED]
    first = [row for row in asked if row["approvals_needed"] > 1 and not row["approved_by"]]
    own = [row for row in asked if row["approvals_needed"] > 1 and row["approved_by"] == user]
    waiting = {row["order_id"] for row in (*first, *own)}
    set_values(connection, [row["order_id"] for row in first], {"approved_by": user})
    events = [Event("approve", row["order_id"], OrderState.PROPOSED, row["quantity"], reason) for row in first]
    append_events(connection, events, at=at, user=user)
    settled = [row["order_id"] for row in asked if row["order_id"] not in waiting]
    n_moved = move_lines(connection, settled, OrderState.APPROVED, at=at, user=user, reason=reason)
    return Approval(n_moved, len(waiting))


def override_lines(
    connection: sql.Connection,
    overrides: Sequence[Override],
    *,
    four_eyes_above: float | None,
    at: datetime,
    user: str,
) -> None:
    """Change quantities of lines that have not left, all of them or none; what is wrong with any is told at once.

    A quantity of 0 rejects the line.
    """
    rows = known_rows(connection, [each.order_id for each in overrides])
    faults = [fault for each in overrides if (fault := override_fault(each, rows[each.order_id]))]
    if len(rows) < len(overrides):
        faults.append("a line is named twice")
    if faults:
        raise LedgerError("; ".join(faults))
    events: list[Event] = []
    for each in (each for each in overrides if each.quantity):
        row = rows[each.order_id]
        changes = {"quantity": int(each.quantity), "approved_by": ""}
        events.append(Event("override", each.order_id, row["state"], int(each.quantity), each.reason))
        needed = row["approvals_needed"]
        if four_eyes_above is not None and each.quantity * (row["unit_cost"] or 0.0) > four_eyes_above and needed < 2:
            needed = 2
            events.append(Event("require", each.order_id, row["state"], needed, ""))
        set_values(connection, [each.order_id], {**changes, "approvals_needed": needed})
    append_events(connection, events, at=at, user=user)
    for each in (each for each in overrides if not each.quantity):
        move_lines(connection, [each.order_id], OrderState.REJECTED, at=at, user=user, reason=each.reason)


def override_fault(override: Override, row: Mapping[Any, Any]) -> str:
    """Say why a line cannot take this quantity; nothing if it can."""
    name, quantity, lot = override.order_id, override.quantity, int(row["lot"])
    if not override.reason.strip():
        return f"override of {name} needs a reason"
    if int(quantity) != quantity or quantity < 0:
        return f"override of {name}: quantity {quantity} is not a whole number of 0 or more"
    if row["state"] not in _OPEN:
        return f"order {name} is {row['state']}: only a proposed or approved line can be overridden"
    if quantity and row["state"] == OrderState.APPROVED and row["approvals_needed"]:
        return f"order {name} is approved: its quantity was agreed on; only a line still proposed can be overridden"
    if quantity % lot:
        return f"override of {name}: {quantity} is no multiple of {lot}, which it is ordered in"
    return ""
