"""Messages leave with the orders and count as no quantity, in the ledger as in the file."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from cockpit.exports import with_states
from optimization.ledger import OrderLedger
from optimization.order_difference import order_difference

AT = datetime(2025, 11, 3, 20, tzinfo=UTC)
DAY = pd.Timestamp("2025-11-04")
LINE = {"order_id": "TR-1", "action": "new", "amends_order_id": "", "kind": "transfer", "origin": "C1",
        "destination": "S1", "sku": "A", "quantity": 12, "unit_cost": 2.0, "value": 24.0, "ship_date": DAY,
        "due_date": DAY, "status": "proposed"}  # fmt: skip
MESSAGE = {**LINE, "order_id": "AM-1", "action": "reduce", "amends_order_id": "PO-9", "quantity": 30, "value": -40.0}
ORDERS = pd.DataFrame([LINE, MESSAGE])


def test_the_ledger_holds_lines_and_no_messages(tmp_path: Path) -> None:
    ledger = OrderLedger(tmp_path / "ledger.sqlite")
    assert ledger.record_proposed("run", ORDERS, at=AT, user="me") == 1
    ledger.release("run", at=AT, user="me")
    assert ledger.released_unacknowledged()[["order_id", "quantity"]].to_numpy().tolist() == [["TR-1", 12]]


def test_an_export_holds_released_lines_and_then_the_messages_as_they_were(tmp_path: Path) -> None:
    ledger = OrderLedger(tmp_path / "ledger.sqlite")
    ledger.record_proposed("run", ORDERS, at=AT, user="me")
    ledger.release("run", at=AT, user="me")
    leaving = with_states(ORDERS, ledger, "run")
    assert leaving[["order_id", "status", "quantity"]].to_numpy().tolist() == [
        ["TR-1", "released", 12],
        ["AM-1", "proposed", 30],
    ]


def test_two_plans_are_compared_by_their_lines_alone() -> None:
    assert order_difference(ORDERS, ORDERS.head(1)).empty
