import signal
import sqlite3
import subprocess
import sys
import textwrap
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.contracts import OrderState
from optimization.ledger import ALLOWED_TRANSITIONS, LedgerError, OrderLedger

AT = datetime(2025, 11, 3, 22, 15)
LATER = datetime(2025, 11, 4, 8, 0)


def orders(*ids: str, ship: str = "2025-11-04", quantity: int = 12) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": list(ids),
            "kind": "transfer",
            "origin": "C1",
            "destination": "S1",
            "sku": [f"SKU-{order_id}" for order_id in ids],
            "quantity": quantity,
            "ship_date": pd.Timestamp(ship),
            "due_date": pd.Timestamp(ship),
        }
    )


@pytest.fixture
def ledger(tmp_path: Path) -> OrderLedger:
    return OrderLedger(tmp_path / "runs" / "ledger.sqlite")


def test_recording_a_run_twice_records_it_once(ledger: OrderLedger) -> None:
    assert ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job") == 2
    assert ledger.record_proposed("R1", orders("A", "B"), at=LATER, user="job") == 0
    states = ledger.states("R1")
    assert states["order_id"].tolist() == ["A", "B"]
    assert states["state"].tolist() == ["proposed", "proposed"]
    assert len(ledger.audit_rows()) == 2
    assert ledger.verify() == ()


def test_releasing_a_run_twice_releases_it_once(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
    assert ledger.release("R1", at=AT, user="job") == 2
    assert ledger.release("R1", at=LATER, user="job") == 0
    assert ledger.states("R1")["released_at"].tolist() == [AT.isoformat()] * 2


def test_recording_a_released_run_again_does_not_bring_it_back_to_proposed(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    ledger.release("R1", at=AT, user="job")
    assert ledger.record_proposed("R1", orders("A"), at=LATER, user="job") == 0
    assert ledger.states("R1")["state"].tolist() == ["released"]


def test_an_order_id_never_means_two_lines(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    with pytest.raises(LedgerError, match="already held by run R1"):
        ledger.record_proposed("R2", orders("A", quantity=13), at=AT, user="job")
    assert ledger.record_proposed("R2", orders("A"), at=AT, user="job") == 0
    assert ledger.states("R2").empty


def test_a_rejected_line_is_not_released(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
    ledger.move(["A"], OrderState.REJECTED, at=AT, user="ann", reason="shop closes")
    assert ledger.release("R1", at=AT, user="ann") == 1
    assert ledger.states("R1")["state"].tolist() == ["rejected", "released"]


def test_every_transition_that_is_not_allowed_is_refused_and_changes_nothing(ledger: OrderLedger) -> None:
    paths = {
        OrderState.PROPOSED: [],
        OrderState.APPROVED: [OrderState.APPROVED],
        OrderState.RELEASED: [OrderState.RELEASED],
        OrderState.CONFIRMED: [OrderState.RELEASED, OrderState.CONFIRMED],
        OrderState.CLOSED: [OrderState.RELEASED, OrderState.CLOSED],
        OrderState.REJECTED: [OrderState.REJECTED],
        OrderState.CANCELLED: [OrderState.CANCELLED],
    }
    for state, path in paths.items():
        for target in OrderState:
            order_id = f"{state}-{target}"
            ledger.record_proposed(order_id, orders(order_id), at=AT, user="job")
            for step in path:
                ledger.move([order_id], step, at=AT, user="job")
            if target is state:
                assert ledger.move([order_id], target, at=AT, user="job") == 0
            elif target in ALLOWED_TRANSITIONS[state]:
                assert ledger.move([order_id], target, at=AT, user="job") == 1
            else:
                with pytest.raises(LedgerError, match=f"is {state} and cannot become {target}"):
                    ledger.move([order_id], target, at=AT, user="job")
                assert ledger.states(order_id)["state"].tolist() == [state]
    assert ledger.verify() == ()


def test_lines_move_together_or_not_at_all(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
    ledger.move(["B"], OrderState.REJECTED, at=AT, user="ann")
    with pytest.raises(LedgerError):
        ledger.move(["A", "B"], OrderState.APPROVED, at=AT, user="ann")
    with pytest.raises(LedgerError, match="unknown orders: Z"):
        ledger.move(["A", "Z"], OrderState.APPROVED, at=AT, user="ann")
    assert ledger.states("R1")["state"].tolist() == ["proposed", "rejected"]


def test_releasing_an_unknown_run_is_refused(ledger: OrderLedger) -> None:
    with pytest.raises(LedgerError, match="run R9 has no orders"):
        ledger.release("R9", at=AT, user="job")


def test_an_override_keeps_the_proposed_quantity_who_when_and_why(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    ledger.override("A", 24, at=LATER, user="ann", reason="street festival")
    line = ledger.states("R1").iloc[0]
    assert (line["quantity"], line["proposed_quantity"]) == (24, 12)
    last = ledger.audit_rows().iloc[-1]
    assert (last["user"], last["at"], last["detail"], last["quantity"]) == (
        "ann",
        LATER.isoformat(),
        "street festival",
        24,
    )
    ledger.release("R1", at=LATER, user="ann")
    with pytest.raises(LedgerError, match="only a proposed or approved line"):
        ledger.override("A", 6, at=LATER, user="ann", reason="too late")
    assert ledger.verify() == ()


@pytest.mark.parametrize(("quantity", "reason"), [(0, "x"), (-1, "x"), (1.5, "x"), (6, " ")])
def test_an_override_needs_a_whole_quantity_and_a_reason(ledger: OrderLedger, quantity: int, reason: str) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    with pytest.raises(LedgerError):
        ledger.override("A", quantity, at=AT, user="ann", reason=reason)


def test_released_lines_count_until_they_are_acknowledged(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job")
    assert ledger.released_unacknowledged().empty
    ledger.release("R1", at=AT, user="job")
    waiting = ledger.released_unacknowledged(["A"])
    assert waiting["order_id"].tolist() == ["B", "C"]
    assert waiting["quantity"].dtype == "int64"
    assert waiting["ship_date"].dtype == "datetime64[ns]"


def test_lines_of_the_same_night_are_left_out_when_the_night_is_planned_again(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", ship="2025-11-04"), at=AT, user="job")
    ledger.record_proposed("R2", orders("B", ship="2025-11-05"), at=AT, user="job")
    ledger.release("R1", at=AT, user="job")
    ledger.release("R2", at=AT, user="job")
    assert ledger.released_unacknowledged(shipped_until=date(2025, 11, 4))["order_id"].tolist() == ["A"]


def test_an_acknowledged_line_stays_so_after_it_left_the_open_orders(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B", "C", "D"), at=AT, user="job")
    ledger.release("R1", at=AT, user="job")
    seen = pd.DataFrame(
        {"external_ref": ["A", "B", None, "foreign"], "status": ["released", "rejected", "x", "closed"]}
    )
    assert ledger.acknowledge(seen, at=LATER, user="job") == 2
    assert ledger.acknowledge(seen, at=LATER, user="job") == 0
    assert ledger.states("R1")["state"].tolist() == ["confirmed", "rejected", "released", "released"]
    assert ledger.released_unacknowledged()["order_id"].tolist() == ["C", "D"]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE log SET user = 'eve' WHERE sequence = 2",
        "DELETE FROM log WHERE sequence = 1",
        "DELETE FROM log WHERE sequence = 4",
        "UPDATE orders SET quantity = 999 WHERE order_id = 'A'",
        "UPDATE orders SET state = 'approved' WHERE order_id = 'B'",
        "DELETE FROM orders WHERE order_id = 'A'",
    ],
)
def test_tampering_with_the_log_or_the_states_is_found(ledger: OrderLedger, tampering: str) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
    ledger.release("R1", at=AT, user="job")
    assert ledger.verify() == ()
    connection = sqlite3.connect(ledger.path)
    connection.execute(tampering)
    connection.commit()
    connection.close()
    assert ledger.verify() != ()


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(list(OrderState))), max_size=12))
def test_any_history_of_moves_verifies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, OrderState]]
) -> None:
    ledger = OrderLedger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job")
    state = dict.fromkeys("ABC", OrderState.PROPOSED)
    for order_id, target in steps:
        if target is state[order_id] or target in ALLOWED_TRANSITIONS[state[order_id]]:
            ledger.move([order_id], target, at=AT, user="job")
            state[order_id] = target
        else:
            with pytest.raises(LedgerError):
                ledger.move([order_id], target, at=AT, user="job")
    assert ledger.states("R1")["state"].tolist() == [state[order_id] for order_id in "ABC"]
    assert ledger.verify() == ()


CRASHING = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
sys.path.insert(0, {here!r})
import optimization.ledger_lines as module
from optimization.ledger import OrderLedger
from test_ledger import AT, orders
ledger = OrderLedger(Path(sys.argv[1]))
ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
ledger.release("R1", at=AT, user="job")
print("acknowledged", flush=True)
append = module.append_events
def crash(connection, events, *, at, user):
    append(connection, events[:1], at=at, user=user)
    os.kill(os.getpid(), signal.SIGKILL)
module.append_events = crash
ledger.record_proposed("R2", orders("C", "D"), at=AT, user="job")
"""


def test_a_kill_in_the_middle_of_a_transaction_loses_nothing_acknowledged(tmp_path: Path) -> None:
    script = tmp_path / "crash.py"
    here = Path(__file__).parent
    script.write_text(textwrap.dedent(CRASHING).format(root=str(here.parents[1]), here=str(here)))
    path = tmp_path / "ledger.sqlite"
    done = subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout == "acknowledged\n"
    ledger = OrderLedger(path)
    assert ledger.states("R1")["state"].tolist() == ["released", "released"]
    assert ledger.states("R2").empty
    assert ledger.verify() == ()
    assert ledger.record_proposed("R2", orders("C", "D"), at=AT, user="job") == 2
