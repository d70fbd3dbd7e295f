"""Decisions at a screen: nobody overwrites what they have not seen, and a repeated request is carried out once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from optimization.ledger import LedgerError, OrderLedger, Verdicts
from optimization.ledger_desk import Act, ChangedSince, Decision, DecisionDesk, KeyReused

AT = datetime(2025, 11, 3, 22, 15)


def orders(*ids: str) -> pd.DataFrame:
    """Lines of two cases of 6, worth 120 each."""
    day = pd.Timestamp("2025-11-04")
    fixed = {"kind": "transfer", "origin": "C1", "destination": "S1", "quantity": 12, "cases": 2, "unit_cost": 10.0}
    return pd.DataFrame({"order_id": list(ids), "sku": list(ids), **fixed, "ship_date": day, "due_date": day})


@pytest.fixture
def ledger(tmp_path: Path) -> OrderLedger:
    ledger = OrderLedger(tmp_path / "ledger.sqlite")
    ledger.record_proposed("R1", orders("A", "B"), at=AT, user="job", verdicts=Verdicts(needed={"A": 1, "B": 2}))
    return ledger


@pytest.fixture
def desk(ledger: OrderLedger) -> DecisionDesk:
    return DecisionDesk(ledger.path)


def test_the_second_of_two_planners_is_told_and_the_first_ones_change_stays(
    desk: DecisionDesk, ledger: OrderLedger
) -> None:
    seen = desk.line("A")["version"]  # both have the page open
    desk.decide(Decision(Act.CHANGE, ("A",), {"A": seen}, 18, "promotion"), at=AT, user="ann")
    with pytest.raises(ChangedSince) as told:
        desk.decide(Decision(Act.CHANGE, ("A",), {"A": seen}, 6, "shelf is full"), at=AT, user="bob")
    assert [(line["quantity"], line["version"]) for line in told.value.lines] == [(18, seen + 1)]
    assert desk.line("A")["quantity"] == 18
    desk.decide(Decision(Act.CHANGE, ("A",), {"A": seen + 1}, 6, "shelf is full"), at=AT, user="bob")
    assert desk.line("A")["quantity"] == 6
    assert ledger.verify() == ()


def test_one_changed_line_stops_a_decision_about_many(desk: DecisionDesk) -> None:
    desk.decide(Decision(Act.CHANGE, ("B",), {}, 6, "less"), at=AT, user="ann")
    with pytest.raises(ChangedSince):
        desk.decide(Decision(Act.APPROVE, ("A", "B"), {"A": 0, "B": 0}), at=AT, user="bob")
    assert desk.line("A")["state"] == "proposed"


def test_a_request_sent_again_is_answered_as_the_first_time_and_not_carried_out(
    desk: DecisionDesk, ledger: OrderLedger
) -> None:
    change = Decision(Act.CHANGE, ("A",), {"A": 0}, 18, "promotion")
    first = desk.decide(change, at=AT, user="ann", key="key-00001")
    again = desk.decide(change, at=AT + timedelta(hours=1), user="ann", key="key-00001")
    assert (first.document, first.is_replayed, again.is_replayed) == (again.document, False, True)
    assert ledger.audit_rows(["A"])["event"].tolist().count("override") == 1


def test_a_key_belongs_to_one_request_of_one_person(desk: DecisionDesk) -> None:
    desk.decide(Decision(Act.CHANGE, ("A",), {}, 18, "promotion"), at=AT, user="ann", key="key-00001")
    with pytest.raises(KeyReused):
        desk.decide(Decision(Act.CHANGE, ("A",), {}, 6, "promotion"), at=AT, user="ann", key="key-00001")
    desk.decide(Decision(Act.CHANGE, ("A",), {}, 6, "less"), at=AT, user="bob", key="key-00001")
    assert desk.line("A")["quantity"] == 6


def test_a_refused_request_leaves_its_key_free(desk: DecisionDesk) -> None:
    with pytest.raises(LedgerError, match="no multiple of 6"):
        desk.decide(Decision(Act.CHANGE, ("A",), {}, 7, "one more"), at=AT, user="ann", key="key-00001")
    desk.decide(Decision(Act.CHANGE, ("A",), {}, 12, "as it was"), at=AT, user="ann", key="key-00001")


def test_answers_are_kept_for_a_month(desk: DecisionDesk) -> None:
    change = Decision(Act.CHANGE, ("A",), {}, 18, "promotion")
    desk.decide(change, at=AT, user="ann", key="key-00001")
    desk.decide(Decision(Act.APPROVE, ("A",)), at=AT + timedelta(days=31), user="ann", key="key-00002")
    assert desk.answered("any", user="ann", key="key-00001") is None


def test_undo_brings_back_what_was_proposed_until_it_has_left(desk: DecisionDesk, ledger: OrderLedger) -> None:
    desk.decide(Decision(Act.CHANGE, ("A",), {}, 18, "promotion"), at=AT, user="ann")
    desk.decide(Decision(Act.APPROVE, ("A", "B")), at=AT, user="ann")
    undone = desk.decide(Decision(Act.UNDO, ("A", "B")), at=AT, user="ann")
    assert [(line["state"], line["quantity"], line["approved_by"]) for line in undone.document["lines"]] == [
        ("proposed", 12, ""),
        ("proposed", 12, ""),
    ]
    assert ledger.verify() == ()
    desk.decide(Decision(Act.APPROVE, ("A",)), at=AT, user="ann")
    ledger.release("R1", at=AT, user="ann")
    with pytest.raises(LedgerError, match="A is released"):
        desk.decide(Decision(Act.UNDO, ("A",)), at=AT, user="ann")


def test_a_rejected_line_can_be_taken_up_again(desk: DecisionDesk, ledger: OrderLedger) -> None:
    desk.decide(Decision(Act.REJECT, ("A",), {}, None, "shelf is full"), at=AT, user="ann")
    desk.decide(Decision(Act.UNDO, ("A",)), at=AT, user="ann")
    assert desk.decide(Decision(Act.APPROVE, ("A",)), at=AT, user="ann").document["n_changed"] == 1
    assert ledger.verify() == ()


def test_only_what_changed_is_read_again(desk: DecisionDesk) -> None:
    last, everything = desk.changed_lines("R1", since=0)
    assert everything["order_id"].tolist() == ["A", "B"]
    assert desk.changed_lines("R1", since=last)[1].empty
    desk.decide(Decision(Act.CHANGE, ("B",), {}, 6, "less"), at=AT, user="ann")
    later, changed = desk.changed_lines("R1", since=last)
    assert (changed["order_id"].tolist(), changed["quantity"].tolist(), later > last) == (["B"], [6], True)


def test_the_newest_log_rows_come_first_and_in_parts(desk: DecisionDesk) -> None:
    desk.decide(Decision(Act.CHANGE, ("A",), {}, 18, "promotion"), at=AT, user="ann")
    total, rows = desk.log_rows(order_id="A", limit=1)
    assert (total, rows["event"].tolist(), rows["user"].tolist()) == (3, ["override"], ["ann"])  # propose, require, it
    assert desk.log_rows(user="ann")[0] == 1


@pytest.mark.parametrize(
    "given",
    [
        {"act": Act.REJECT, "order_ids": ("A",)},
        {"act": Act.CHANGE, "order_ids": ("A",), "reason": "more"},
        {"act": Act.APPROVE, "order_ids": ("A",), "quantity": 3},
        {"act": Act.APPROVE, "order_ids": ()},
        {"act": Act.APPROVE, "order_ids": ("A", "A")},
    ],
)
def test_a_decision_that_says_too_little_or_too_much_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(LedgerError):
        Decision(**given)  # type: ignore[arg-type]


def test_a_ledger_from_before_gets_versions_and_answers(tmp_path: Path, ledger: OrderLedger) -> None:
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("ALTER TABLE orders DROP COLUMN version")
        connection.execute("DROP TABLE answers")
    desk = DecisionDesk(ledger.path)
    assert desk.line("A")["version"] == 0
    assert desk.decide(Decision(Act.APPROVE, ("A",), {"A": 0}), at=AT, user="ann", key="key-00001").document[
        "n_changed"
    ]


def change_one(path: Path, user: str, results: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    try:
        DecisionDesk(path).decide(Decision(Act.CHANGE, ("A",), {"A": 0}, 18, "mine"), at=AT, user=user)
        results.put("done")
    except ChangedSince:
        results.put("told")


def test_of_four_processes_that_change_one_line_at_once_one_does_and_three_are_told(ledger: OrderLedger) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=change_one, args=(ledger.path, f"u{i}", results)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(results.get(timeout=5) for _ in workers) == ["done", "told", "told", "told"]
    assert ledger.verify() == ()
