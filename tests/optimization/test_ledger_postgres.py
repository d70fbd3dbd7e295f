"""The order ledger in a real PostgreSQL database: the same life of orders, the same refusals, many writers at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pandas as pd
import pytest

from optimization.ledger import (
    DoubleOrders,
    LedgerError,
    LedgerUnavailable,
    OrderLedger,
    Override,
    Superseded,
    Verdicts,
)
from tests.data.postgres_server import ServerMissing, running_server

psycopg = pytest.importorskip("psycopg", reason="misses the ledger in PostgreSQL: the extra sql is not installed")
AT = datetime(2025, 11, 3, 22, 15)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    try:
        with running_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(f"misses the ledger in PostgreSQL: {missing}")


@pytest.fixture
def address(server: str) -> str:
    """The server with an empty database."""
    with psycopg.connect(server.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return "postgresql+psycopg://" + server.partition("://")[2]


def orders(*ids: str) -> pd.DataFrame:
    """Lines of two cases of 6, worth 120 each."""
    day = pd.Timestamp("2025-11-04")
    fixed = {"kind": "transfer", "origin": "C1", "destination": "S1", "quantity": 12, "cases": 2, "unit_cost": 10.0}
    return pd.DataFrame({"order_id": list(ids), "sku": list(ids), **fixed, "ship_date": day, "due_date": day})


def test_the_life_of_orders_is_the_same_in_a_database(address: str) -> None:
    ledger = OrderLedger(address)
    job = ledger.begin_job("chain", at=AT, user="job")
    rules = Verdicts(needed={"A": 1, "B": 2, "C": 1}, approved={"A": "within the rules"}, waiting={"B": "dear"})
    assert ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job", job=job, verdicts=rules) == 3
    assert ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job", job=job, verdicts=rules) == 0
    assert ledger.release("R1", at=AT, user="ann", counted=(), target="/out", format="csv") == 1
    ledger.override_all([Override("C", 0, "closed")], at=AT, user="ann")
    assert ledger.approve(["B"], at=AT, user="ann").n_waiting == 1
    assert ledger.approve(["B"], at=AT, user="bob").n_approved == 1
    assert ledger.release("R1", at=AT, user="ann", counted=(), target="/out", format="csv") == 1
    ledger.delivered(ledger.deliveries("R1")[0], at=AT, user="ann")
    assert [(each.batch, each.is_delivered) for each in ledger.deliveries()] == [(1, True), (2, False)]
    seen = pd.DataFrame({"external_ref": ["A"], "status": ["released"]})
    assert ledger.acknowledge(seen, at=AT, user="job") == 1
    assert ledger.states("R1")["state"].tolist() == ["confirmed", "released", "rejected"]
    assert ledger.released_unacknowledged()["order_id"].tolist() == ["B"]
    assert ledger.verify() == ()


def test_a_database_refuses_what_a_file_refuses(address: str) -> None:
    ledger = OrderLedger(address)
    older = ledger.begin_job("chain", at=AT, user="job")
    ledger.begin_job("chain", at=AT, user="job")
    with pytest.raises(Superseded):
        ledger.record_proposed("R1", orders("A"), at=AT, user="job", job=older)
    with pytest.raises(LedgerError, match="holds the orders of chain 'chain', not of 'other'"):
        ledger.begin_job("other", at=AT, user="job")
    with pytest.raises(OSError, match="disk full"), ledger.proposing("R1", orders("A"), at=AT, user="job"):
        raise OSError("disk full")
    assert ledger.states("R1").empty
    ledger.record_proposed("R1", orders("A"), at=AT, user="job")
    ledger.record_proposed("R2", orders("B"), at=AT, user="job")
    ledger.release("R1", at=AT, user="ann", counted=())
    with pytest.raises(DoubleOrders):
        ledger.release("R2", at=AT, user="ann", counted=())
    assert ledger.verify() == ()


def test_writers_at_once_publish_and_release_one_set_of_orders(address: str) -> None:
    def publish_and_release(_: int) -> None:
        ledger = OrderLedger(address)
        for _ in range(3):
            ledger.record_proposed("R1", orders("A", "B", "C"), at=AT, user="job")
            ledger.release("R1", at=AT, user="job", counted=(), target="/out", format="csv")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish_and_release, range(8)))
    ledger = OrderLedger(address)
    assert sorted(ledger.audit_rows()["event"]) == ["ask", *["move"] * 3, *["propose"] * 3]
    assert ledger.verify() == ()


def test_a_database_that_does_not_answer_is_named(address: str) -> None:
    with pytest.raises(LedgerUnavailable):
        OrderLedger("postgresql+psycopg://nobody@127.0.0.1:1/none").release("R1", at=AT, user="ann")
