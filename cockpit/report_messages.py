"""What the report says about messages: changes asked of published lines, each with its money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cockpit import report_tables as tables
from cockpit.wording import ACTION_LABELS, label, money, whole
from optimization.actions import messages

if TYPE_CHECKING:
    from engine import Plan

N_MESSAGES = 20
_HINT = (
    "A published line is never edited. Where another day or quantity would save more than a change costs, this is what "
    "to ask of whoever holds the order."
)


def message_values(plan: Plan, currency: str) -> dict[str, Any]:
    """Return the messages of most money as the template shows them."""
    asked = messages(plan.orders)
    rows = [_row(order, currency) for order in tables.top_orders(asked, plan.order_terms, N_MESSAGES)]
    note = f": the first {len(rows)} of {len(asked):,}, all in orders.csv" if len(asked) > len(rows) else ""
    return {"rows": rows, "note": note, "hint": _HINT}


def _row(order: dict[str, Any], currency: str) -> dict[str, str]:
    terms = sorted(order["terms"], key=lambda term: -abs(term[1]))
    return {
        **{name: str(order[name]) for name in ("sku", "kind", "origin", "destination", "reason")},
        "line": str(order["amends_order_id"]),
        "action": ACTION_LABELS.get(str(order["action"]), label(str(order["action"]))),
        "quantity": whole(order["quantity"]),
        "due": f"{order['due_date']:%a} {order['due_date'].day} {order['due_date']:%b}",
        "terms": " · ".join(f"{label(name).lower()} {money(a, '', is_signed=True)}" for name, a in terms),
        "benefit": money(order["net_benefit"], currency),
    }
