"""What is still to come of open orders: ordered or confirmed, less received, as it was known at the cutoff."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.orders_to_come import orders_to_come
from network.snapshot import Snapshot

CUTOFF = "2024-06-10"
ORDER = {
    "order_id": "P1", "origin": "S", "destination": "A", "sku": "x", "quantity": 100, "status": "confirmed",
    "ship_date": pd.Timestamp("2024-06-05"), "due_date": pd.Timestamp("2024-06-12"),
}  # fmt: skip


Known = Callable[..., Snapshot]


@pytest.fixture(scope="session")
def known(table: Callable[..., pd.DataFrame], chain: Callable[..., Snapshot]) -> Known:
    """Return the maker of a snapshot with one order, from rows written by hand."""

    def make(
        receipts: Sequence[dict[str, Any]] = (), confirmations: Sequence[dict[str, Any]] = (), quantity: int = 100
    ) -> Snapshot:
        rows = {"open_orders": [{**ORDER, "quantity": quantity}], "receipts": receipts, "confirmations": confirmations}
        frames = {
            name: table(name, **{key: [row[key] for row in given] for key in given[0]})
            for name, given in rows.items()
            if given
        }
        return chain(CUTOFF, **frames)

    return make


def receipt(quantity: int, date: str, order_id: str = "P1") -> dict[str, Any]:
    return {"order_id": order_id, "sku": "x", "date": pd.Timestamp(date), "quantity": quantity}


def promise(quantity: int, date: str | None = None, known_at: str | None = None) -> dict[str, Any]:
    days = {"date": pd.Timestamp(date), "known_at": pd.Timestamp(known_at)}
    return {"order_id": "P1", "confirmed_quantity": quantity, **days}


@pytest.mark.parametrize(
    ("receipts", "confirmations", "left"),
    [
        ([], [], 100),
        ([receipt(30, "2024-06-08"), receipt(10, "2024-06-09")], [], 60),  # 100 - 30 - 10
        ([], [promise(80)], 80),
        ([receipt(30, "2024-06-08")], [promise(80)], 50),  # 80 - 30
        ([receipt(30, "2024-06-08")], [promise(20)], 0),  # more came than was confirmed: nothing more is expected
        ([], [promise(120)], 100),  # more than was ordered is not counted before it comes
        ([], [promise(0)], 0),
        ([receipt(30, "2024-06-11")], [], 100),  # received after the cutoff
        ([], [promise(80, known_at="2024-06-11")], 100),  # told after the cutoff
        ([], [promise(80, known_at="2024-06-10 18:00")], 80),
        ([receipt(30, "2024-06-08", order_id="P2")], [], 100),  # of another order
    ],
)
def test_what_is_left_is_ordered_or_confirmed_less_received(
    known: Known, receipts: list[dict[str, Any]], confirmations: list[dict[str, Any]], left: int
) -> None:
    assert orders_to_come(known(receipts, confirmations))["quantity"].tolist() == [left]


def test_an_order_that_all_has_come_of_is_closed(known: Known) -> None:
    receipts = [receipt(60, "2024-06-08"), receipt(45, "2024-06-09")]
    assert orders_to_come(known(receipts)).empty


def test_the_confirmed_day_is_the_day_it_is_due(known: Known) -> None:
    told = known(confirmations=[promise(100, "2024-06-20")])
    silent = known(confirmations=[promise(100)])
    assert orders_to_come(told)["due_date"].tolist() == [pd.Timestamp("2024-06-20")]
    assert orders_to_come(silent)["due_date"].tolist() == [ORDER["due_date"]]


def test_setting_off_twice_takes_nothing_off_twice(known: Known) -> None:
    snapshot = known([receipt(30, "2024-06-08")])
    again = snapshot.replace(open_orders=snapshot.table("open_orders"), receipts=snapshot.table("receipts"))
    assert orders_to_come(again)["quantity"].tolist() == orders_to_come(snapshot)["quantity"].tolist() == [70]


@settings(max_examples=20, deadline=None)
@given(
    ordered=st.integers(1, 50),
    confirmed=st.none() | st.integers(0, 60),
    arrived=st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 40)), max_size=4, unique_by=lambda each: each[0]),
)
def test_it_is_what_counting_unit_by_unit_gives(
    known: Known, ordered: int, confirmed: int | None, arrived: list[tuple[int, int]]
) -> None:
    day = pd.Timestamp(CUTOFF)
    receipts = [receipt(units, str(day + pd.Timedelta(days=shift))) for shift, units in arrived]
    told = [] if confirmed is None else [promise(confirmed)]
    snapshot = known(receipts, told, ordered)
    waiting = set(range(ordered if confirmed is None else min(ordered, confirmed)))
    for shift, units in arrived:
        for _ in range(min(units, len(waiting)) if shift <= 0 else 0):
            waiting.pop()
    assert np.sum(orders_to_come(snapshot)["quantity"]) == len(waiting)
