"""The audit of messages: what was found passes, and every way of tampering with it is refused."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from network.graph import build_network
from network.snapshot import Snapshot
from optimization.audit_messages import audit_messages

CUTOFF = "2025-11-03"
DAY = pd.Timestamp(CUTOFF)


def day(index: int) -> pd.Timestamp:
    return DAY + pd.Timedelta(days=index + 1)


def open_line(order_id: str, ship: int, due: int) -> dict[str, Any]:
    return {"order_id": order_id, "origin": "SUP", "destination": "S1", "sku": "A", "quantity": 50,
            "ship_date": day(ship), "due_date": day(due), "status": "released"}  # fmt: skip


CHAIN: dict[str, list[dict[str, Any]]] = {
    "locations": [{"location": "SUP", "tier": "supplier"}, {"location": "S1", "tier": "store"}],
    "skus": [{"sku": "A", "unit_cost": 10.0, "unit_price": 20.0, "case_pack": 5, "min_order_quantity": 10}],
    "lanes": [{"origin": "SUP", "destination": "S1", "mode": "purchase", "lead_time_days": 3, "order_days": "TU,FR"}],
    "stock": [{"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 5}],
    "suppliers": [{"supplier": "SUP", "commit_fence_days": 2}],
    "open_orders": [open_line("PO1", 7, 9), open_line("PO2", -1, 1), open_line("PO3", 1, 3)],
}  # day index 0 is a Tuesday, 3 and 10 are Fridays
GOOD = {"action": "expedite", "amends_order_id": "PO1", "kind": "purchase", "origin": "SUP", "destination": "S1",
        "sku": "A", "quantity": 50, "cases": 10, "ship_date": day(3), "due_date": day(5)}  # fmt: skip
LESS = {**GOOD, "action": "reduce", "quantity": 20, "cases": 4, "ship_date": day(7), "due_date": day(9)}


def rules(make_snapshot: Callable[..., Snapshot], *messages: dict[str, Any], frozen_days: int = 0) -> set[str]:
    snapshot = make_snapshot(CUTOFF, **CHAIN)
    positions = pd.DataFrame({"sku": ["A"], "location": ["S1"], "inventory_position": [5]})
    found = audit_messages(
        pd.DataFrame(list(messages)), snapshot=snapshot, network=build_network(snapshot), positions=positions,
        frozen_days=frozen_days,
    )  # fmt: skip
    return set(found["rule"])


@pytest.mark.parametrize(
    "message",
    [GOOD, LESS, {**LESS, "action": "cancel", "quantity": 0},
     {**GOOD, "action": "defer", "ship_date": day(10), "due_date": day(12)}],
)  # fmt: skip
def test_a_sound_message_passes(make_snapshot: Callable[..., Snapshot], message: dict[str, Any]) -> None:
    assert rules(make_snapshot, message) == set()


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        pytest.param({**GOOD, "amends_order_id": "PO9"}, "amends_a_line", id="unknown line"),
        pytest.param({**GOOD, "sku": "B"}, "amends_a_line", id="other goods"),
        pytest.param({**LESS, "action": "cancel", "quantity": 0, "amends_order_id": "PO2", "due_date": day(1)},
                     "line_has_not_left", id="left already"),
        pytest.param({**LESS, "action": "cancel", "quantity": 0, "amends_order_id": "PO3", "due_date": day(3)},
                     "line_has_not_left", id="inside the commit fence"),
        pytest.param({**GOOD, "quantity": 45}, "quantity_fits_action", id="another day and less"),
        pytest.param({**LESS, "quantity": 22}, "quantity_fits_action", id="no whole cases"),
        pytest.param({**LESS, "quantity": 5}, "quantity_fits_action", id="below the minimum"),
        pytest.param({**LESS, "quantity": 60}, "quantity_fits_action", id="more"),
        pytest.param({**GOOD, "action": "rush"}, "quantity_fits_action", id="unknown action"),
        pytest.param({**GOOD, "ship_date": day(10), "due_date": day(12)}, "date_fits_action", id="later is not sooner"),
        pytest.param({**GOOD, "ship_date": day(4), "due_date": day(6)}, "calendar_allows", id="no order day"),
        pytest.param({**GOOD, "due_date": day(4)}, "calendar_allows", id="shorter than the lead time"),
        pytest.param({**GOOD, "ship_date": day(0), "due_date": day(2)}, "calendar_allows", id="into the fence"),
    ],
)  # fmt: skip
def test_a_message_that_asks_for_what_cannot_be_is_refused(
    make_snapshot: Callable[..., Snapshot], message: dict[str, Any], rule: str
) -> None:
    assert rule in rules(make_snapshot, message)


def test_a_line_gets_one_message_and_none_inside_the_frozen_window(make_snapshot: Callable[..., Snapshot]) -> None:
    assert "amends_a_line" in rules(make_snapshot, GOOD, LESS)
    assert "line_has_not_left" in rules(make_snapshot, LESS, frozen_days=8)
    assert rules(make_snapshot, LESS, frozen_days=7) == set()
