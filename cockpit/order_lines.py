"""Published order lines as they stand now: the run says what was planned, the ledger what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from network.contracts import OrderState
from optimization.actions import messages, new_lines

if TYPE_CHECKING:
    from optimization.ledger import OrderLedger

_LEFT_OUT = ("rejected", "cancelled")


def batch_lines(orders: pd.DataFrame, states: pd.DataFrame, batch: int) -> pd.DataFrame:
    """Return the lines of one batch as they were released; the messages of the run leave with the first."""
    held = states[states["batch"] == batch].set_index("order_id")
    lines, asked = new_lines(orders), messages(orders)
    kept = _with_quantities(lines[lines["order_id"].isin(held.index)].reset_index(drop=True), held)
    kept = kept.assign(status=str(OrderState.RELEASED))
    return pd.concat([kept, asked], ignore_index=True) if batch == 1 and len(asked) else kept


def _with_quantities(lines: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Lines with the quantity that the ledger holds, and cases and worth that go with it."""
    quantity = lines["order_id"].map(held["quantity"]).astype("int64")
    is_changed = quantity != lines["quantity"]
    value = lines["value"].where(~is_changed, (quantity * lines["unit_cost"]).round(2))
    changed = lines.assign(quantity=quantity, value=value)
    if "cases" in lines:
        lot = lines["order_id"].map(held["lot"]).astype("int64")
        changed = changed.assign(cases=lines["cases"].where(~is_changed, quantity // lot))
    return changed


def with_states(orders: pd.DataFrame, ledger: OrderLedger, run_id: str) -> pd.DataFrame:
    """Return the order lines that may leave, with the state and quantity that the ledger holds.

    Messages about published lines follow as they are: they are no lines, and the ledger does not know them.
    """
    if orders.empty or not ledger.exists:
        return orders
    held = ledger.states(run_id).set_index("order_id")
    if held.empty:
        return orders
    asked, orders = messages(orders), new_lines(orders)
    kept = orders[~orders["order_id"].map(held["state"]).isin(_LEFT_OUT)].reset_index(drop=True)
    kept = _with_quantities(kept, held).assign(status=kept["order_id"].map(held["state"]).astype("str"))
    return pd.concat([kept, asked], ignore_index=True) if len(asked) else kept
