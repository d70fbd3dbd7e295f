"""The life of orders: approval by people, the outbox, jobs that overtake one another, and many processes at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from network.contracts import OrderState
from optimization.ledger import (
    DoubleOrders,
    LedgerError,
    LedgerUnavailable,
    OrderLedger,
    Override,
    Superseded,
    Verdicts,
)

AT = datetime(2025, 11, 3, 22, 15)


def orders(*ids: str, quantity: int = 12, cases: int = 2, unit_cost: float = 10.0) -> pd.DataFrame:
    """Lines of two cases of 6, worth 120 each."""
    day = pd.Timestamp("2025-11-04")
    fixed = {"kind": "transfer", "origin": "C1", "destination": "S1", "quantity": quantity, "cases": cases}
    return pd.DataFrame(
        {"order_id": list(ids), "sku": list(ids), **fixed, "unit_cost": unit_cost, "ship_date": day, "due_date": day}
    )


@pytest.fixture
def ledger(tmp_path: Path) -> OrderLedger:
    return OrderLedger(tmp_path / "ledger.sqlite")


def state_of(ledger: OrderLedger, run_id: str = "R1") -> dict[str, str]:
    states = ledger.states(run_id)
    return dict(zip(states["order_id"], states["state"], strict=True))


def test_rules_approve_some_lines_and_the_rest_waits_for_a_person(ledger: OrderLedger) -> None:
    rules = Verdicts(needed={"A": 1, "B": 1}, approved={"A": "within the rules"}, waiting={"B": "worth more than 100"})
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=rules)
    assert state_of(ledger) == {"A": "approved", "B": "proposed"}
    assert ledger.release("R1", at=AT, user="ann") == 1  # B stays until somebody approves it
    assert state_of(ledger) == {"A": "released", "B": "proposed"}
    assert ledger.approve(["B"], at=AT, user="ann").n_approved == 1
    assert ledger.release("R1", at=AT, user="ann") == 1
    assert ledger.states("R1")["batch"].tolist() == [1, 2]
    assert set(ledger.audit_rows(["B"])["detail"]) >= {"worth more than 100"}
    assert ledger.verify() == ()


def test_only_the_approved_lines_leave_when_asked_and_the_rest_is_a_batch_of_its_own(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job", verdicts=Verdicts(needed={"A": 1, "C": 1}))
    ledger.approve(["A"], at=AT, user="ann")
    out = {"at": AT, "user": "ann", "target": "/out", "format": "csv"}
    assert [ledger.release("R1", **out, is_approved_only=True) for _ in range(2)] == [1, 0]
    assert state_of(ledger) == {"A": "released", "B": "proposed", "C": "proposed"}
    assert ledger.release("R1", **out) == 1  # B, which nobody has to approve; C still waits
    assert ledger.states("R1")["batch"].tolist() == [1, 2, 0]
    assert [each.batch for each in ledger.deliveries("R1")] == [1, 2]
    assert ledger.verify() == ()


def test_a_line_for_four_eyes_is_approved_by_the_second_person_only(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job", verdicts=Verdicts(needed={"A": 2}))
    with pytest.raises(LedgerError, match="approved by 2 people"):
        ledger.move(["A"], OrderState.APPROVED, at=AT, user="ann")
    with pytest.raises(LedgerError, match="needs to be approved"):
        ledger.move(["A"], OrderState.RELEASED, at=AT, user="ann")
    first = ledger.approve(["A"], at=AT, user="ann")
    again = ledger.approve(["A"], at=AT, user="ann")
    assert [(each.n_approved, each.n_waiting) for each in (first, again)] == [(0, 1), (0, 1)]
    assert ledger.release("R1", at=AT, user="ann") == 0
    second = ledger.approve(["A"], at=AT, user="bob")
    assert (second.n_approved, second.n_waiting) == (1, 0)
    assert ledger.release("R1", at=AT, user="ann") == 1
    assert ledger.verify() == ()


def test_another_quantity_takes_the_first_approval_back_and_may_need_two_people(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"A": 2, "B": 1}))
    ledger.approve(["A"], at=AT, user="ann")
    ledger.override("A", 18, at=AT, user="ann", reason="fair")
    assert ledger.approve(["A"], at=AT, user="bob").n_waiting == 1  # bob is the first again
    ledger.override("B", 60, at=AT, user="ann", reason="fair", four_eyes_above=500.0)  # 60 x 10 = 600
    assert ledger.states("R1")["approvals_needed"].tolist() == [2, 2]
    ledger.approve(["A"], at=AT, user="cid")
    with pytest.raises(LedgerError, match="its quantity was agreed on"):
        ledger.override("A", 12, at=AT, user="ann", reason="after all")
    assert ledger.verify() == ()


def test_overrides_keep_whole_cases_and_all_faults_are_told_at_once(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job")
    wrong = [Override("A", 13, "more"), Override("B", 18, " "), Override("C", 18, "fine")]
    with pytest.raises(LedgerError, match=r"13 is no multiple of 6.*override of B needs a reason"):
        ledger.override_all(wrong, at=AT, user="ann")
    assert ledger.states("R1")["quantity"].tolist() == [12, 12, 12]
    ledger.override_all([Override("C", 18, "fine")], at=AT, user="ann")
    assert ledger.states("R1")["quantity"].tolist() == [12, 12, 18]


def test_a_quantity_of_nothing_rejects_the_line_with_its_reason(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job")
    ledger.override_all([Override("A", 0, "closed"), Override("B", 18, "fair")], at=AT, user="ann")
    assert state_of(ledger) == {"A": "rejected", "B": "proposed"}
    assert ledger.audit_rows(["A"])["detail"].iloc[-1] == "closed"
    assert ledger.verify() == ()


def test_a_ledger_that_another_writer_holds_says_so_and_nothing_is_changed(tmp_path: Path) -> None:
    ledger = OrderLedger(tmp_path / "ledger.sqlite", lock_seconds=0.05)
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match="database is locked"):
        ledger.release("R1", at=AT, user="ann")
    assert state_of(ledger) == {"A": "proposed"}  # reading goes on
    other.close()
    assert ledger.release("R1", at=AT, user="ann") == 1


def test_an_ended_line_cannot_be_approved(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    ledger.move(["A"], OrderState.REJECTED, at=AT, user="ann")
    with pytest.raises(LedgerError, match="is rejected"):
        ledger.approve(["A"], at=AT, user="ann")


def test_a_release_and_what_has_to_leave_are_one_and_a_second_time_adds_nothing(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"B": 1}))
    for _ in range(3):
        ledger.release("R1", at=AT, user="ann", target="/out", format="csv")
    (first,) = ledger.deliveries("R1")
    assert (first.batch, first.target, first.is_delivered) == (1, "/out", False)
    ledger.delivered(first, at=AT, user="ann")
    ledger.delivered(first, at=AT, user="ann")
    ledger.approve(["B"], at=AT, user="ann")
    assert ledger.release("R1", at=AT, user="ann", target="/out", format="csv") == 1
    assert [(each.batch, each.is_delivered) for each in ledger.deliveries("R1")] == [(1, True), (2, False)]
    assert ledger.audit_rows()["event"].tolist().count("deliver") == 1
    assert ledger.verify() == ()


def test_a_run_that_did_not_count_what_has_left_is_not_released(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    ledger.record_proposed("R2", orders("B"), at=AT, user="job")
    ledger.release("R1", at=AT, user="ann", counted=())
    with pytest.raises(DoubleOrders) as refused:
        ledger.release("R2", at=AT, user="ann", counted=())
    assert refused.value.others == ("R1",)
    assert ledger.release("R2", at=AT, user="ann", counted={"R1"}) == 1


def test_a_batch_that_left_after_a_run_was_planned_is_not_counted_by_it(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"B": 1}))
    ledger.release("R1", at=AT, user="ann")
    counted = ledger.batches(["A"])
    assert counted == ("R1#1",)
    ledger.record_proposed("R2", orders("C"), at=AT, user="job")  # planned with A on order, and without B
    ledger.approve(["B"], at=AT, user="ann")
    ledger.release("R1", at=AT, user="ann")
    with pytest.raises(DoubleOrders):
        ledger.release("R2", at=AT, user="ann", counted=counted)
    assert ledger.release("R2", at=AT, user="ann", counted=ledger.batches(["A", "B"])) == 1


def test_an_older_job_publishes_nothing_once_a_newer_one_has_begun(ledger: OrderLedger) -> None:
    older = ledger.begin_job("chain", at=AT, user="job")
    newer = ledger.begin_job("chain", at=AT, user="job")
    with pytest.raises(Superseded, match=f"job {older} was overtaken by job {newer}"):
        ledger.record_proposed("R1", orders("A"), at=AT, user="job", job=older)
    assert ledger.states("R1").empty
    assert ledger.record_proposed("R1", orders("A"), at=AT, user="job", job=newer) == 1
    assert ledger.verify() == ()


def test_a_run_in_place_of_another_cancels_what_has_not_left(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"B": 1}))
    ledger.release("R1", at=AT, user="ann")
    with ledger.proposing("R2", orders("C"), at=AT, user="job", instead_of=["R1", "R0"]):
        pass
    assert state_of(ledger) == {"A": "released", "B": "cancelled"}
    assert state_of(ledger, "R2") == {"C": "proposed"}
    assert ledger.audit_rows(["B"])["detail"].iloc[-1] == "planned anew by R2"
    with ledger.proposing("R2", orders("C"), at=AT, user="job", instead_of=["R1"]):
        pass  # again: nothing more happens
    assert ledger.verify() == ()


def test_lines_are_recorded_only_if_what_goes_with_them_succeeds(ledger: OrderLedger) -> None:
    with pytest.raises(OSError, match="disk full"), ledger.proposing("R1", orders("A"), at=AT, user="job"):
        raise OSError("disk full")
    assert ledger.states("R1").empty


TAMPERINGS = (
    "UPDATE orders SET sku = 'Z' WHERE order_id = 'A'",
    "UPDATE orders SET approved_by = 'eve' WHERE order_id = 'A'",
    "UPDATE orders SET approvals_needed = 0 WHERE order_id = 'A'",
    "UPDATE outbox SET delivered_at = NULL",
    "UPDATE outbox SET lines_hash = 'x'",
    "DELETE FROM outbox",
    "UPDATE facts SET value = '0' WHERE name = 'job'",
)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_any_change_beside_the_log_is_found(ledger: OrderLedger, tampering: str) -> None:
    ledger.begin_job("chain", at=AT, user="job")
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"A": 2}))
    ledger.release("R1", at=AT, user="ann", target="/out", format="csv")
    ledger.delivered(ledger.deliveries()[0], at=AT, user="ann")
    assert ledger.verify() == ()
    execute(ledger, tampering)
    assert ledger.verify() != ()


def test_any_changed_row_of_a_hundred_is_found(ledger: OrderLedger) -> None:
    ledger.record_proposed("R1", orders(*(f"{i:03d}" for i in range(100))), at=AT, user="job")
    for row in range(1, 101):
        column, value = (("user", "eve"), ("detail", "R1"), ("quantity", 13), ("at", "2020-01-01"))[row % 4]
        before = ledger.audit_rows()[column].iloc[row - 1]
        execute(ledger, f"UPDATE log SET {column} = '{value}' WHERE sequence = {row}")
        assert ledger.verify() == (f"log row {row} does not follow from the row before it",)
        execute(ledger, f"UPDATE log SET {column} = '{before}' WHERE sequence = {row}")
    assert ledger.verify() == ()


def execute(ledger: OrderLedger, statement: str) -> None:
    connection = sqlite3.connect(ledger.path)
    connection.execute(statement)
    connection.commit()
    connection.close()


EARLIER = """
CREATE TABLE orders (
    order_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
    destination TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, proposed_quantity INTEGER NOT NULL,
    ship_date TEXT NOT NULL, due_date TEXT NOT NULL, state TEXT NOT NULL, released_at TEXT
);
INSERT INTO orders VALUES
    ('A', 'R0', 'transfer', 'C1', 'S1', 'A', 12, 12, '2025-11-03', '2025-11-03', 'released', 'x'),
    ('B', 'R0', 'transfer', 'C1', 'S1', 'B', 12, 12, '2025-11-03', '2025-11-03', 'proposed', NULL);
"""


def test_a_file_of_an_earlier_version_is_brought_up_to_date(ledger: OrderLedger) -> None:
    connection = sqlite3.connect(ledger.path)
    connection.executescript(EARLIER)
    connection.close()
    assert ledger.states("R0")["batch"].tolist() == [1, 0]
    assert ledger.release("R0", at=AT, user="ann") == 1
    assert ledger.states("R0")["batch"].tolist() == [1, 2]


def publish_and_release(path: str, n_times: int) -> None:
    ledger = OrderLedger(Path(path))
    for _ in range(n_times):
        ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job")
        ledger.release("R1", at=AT, user="job", counted=(), target="/out", format="csv")


def test_eight_processes_at_once_publish_and_release_one_set_of_orders(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["optimization.ledger"])
    workers = [context.Process(target=publish_and_release, args=(str(path), 13)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 8
    ledger = OrderLedger(path)
    assert state_of(ledger) == dict.fromkeys("ABC", "released")
    assert sorted(ledger.audit_rows()["event"]) == ["ask", *["move"] * 3, *["propose"] * 3]
    assert ledger.verify() == ()
