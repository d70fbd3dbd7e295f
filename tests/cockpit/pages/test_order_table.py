"""Lines found, sorted, summed and kept up to date; a slow loop says the same."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.pages.order_table import Grouping, OrderQuery, OrderTable, order_table

ROWS = [
    # order_id, kind, origin, destination, sku, load, quantity, value, net, priority
    ("TR-1", "transfer", "DC", "S1", "milk", "L1", 10, 100.0, 9.0, 2),
    ("TR-2", "transfer", "DC", "S2", "milk", "L2", 20, 200.0, 8.0, 1),
    ("PO-1", "purchase", "SUP", "DC", "bread", "L3", 30, 900.0, 7.0, 3),
    ("EM-1", "emergency", "DC", "S1", "eggs", "L4", 5, 50.0, -1.0, 4),
]
COLUMNS = [
    *("order_id", "kind", "origin", "destination", "sku", "load_id"),
    *("quantity", "value", "net_benefit", "priority"),
]
EXCEPTIONS = pd.DataFrame(
    {"rank": [1, 2], "kind": ["stock-out coming", "slow mover"], "sku": ["milk", "milk"], "location": ["S1", "S1"],
     "money": [70.0, 5.0]}
)  # fmt: skip


def made(rows: list[Any] = ROWS) -> OrderTable:
    orders = pd.DataFrame(rows, columns=COLUMNS).assign(
        status="proposed", action="new", barcode="", reason="runs out Thursday", unit_cost=10.0, version=1,
        due_date=pd.Timestamp("2025-01-02"), ship_date=pd.Timestamp("2025-01-01"), cover_before=[*range(len(rows))],
    )  # fmt: skip
    return order_table(orders, EXCEPTIONS)


def ids(table: OrderTable, **asked: Any) -> list[str]:
    return table.find(OrderQuery(**asked)).rows["order_id"].astype(str).tolist()


def test_lines_come_by_urgency_unless_something_else_is_asked() -> None:
    assert ids(made()) == ["TR-2", "TR-1", "PO-1", "EM-1"]
    assert ids(made(), sort="value", is_descending=True) == ["PO-1", "TR-2", "TR-1", "EM-1"]
    assert ids(made(), sort="sku") == ["PO-1", "EM-1", "TR-2", "TR-1"]  # bread, eggs, milk; milk by urgency


def test_every_word_has_to_stand_in_the_line_whatever_its_case() -> None:
    assert ids(made(), search="MILK s1") == ["TR-1"]
    assert ids(made(), search="milk eggs") == []


def test_filters_take_exact_values_and_unknown_ones_find_nothing() -> None:
    assert ids(made(), wanted=(("kind", "transfer"), ("destination", "S2"))) == ["TR-2"]
    assert ids(made(), wanted=(("sku", "mil"),)) == []
    assert ids(made(), wanted=(("exception", "stock-out coming"),)) == ["TR-1"]


def test_sums_are_of_all_lines_found_and_not_of_the_page() -> None:
    found = made().find(OrderQuery(size=1, page=9))
    # 10 + 20 + 30 + 5 units; the ninth page of four is the last one
    assert (found.n, found.n_pages, found.page, found.units, found.value) == (4, 4, 4, 65.0, 1250.0)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match="password"):
        OrderQuery(sort="password")
    with pytest.raises(ValueError, match="reason"):
        OrderQuery(wanted=(("reason", "x"),))


def test_groups_add_up_and_suppliers_are_those_of_purchases() -> None:
    lanes = made().group(OrderQuery(), Grouping.LANE)
    assert lanes[["origin", "destination", "lines", "value"]].astype(str).to_numpy().tolist()[0] == [
        "SUP", "DC", "1", "900.0",
    ]  # fmt: skip
    assert lanes["value"].sum() == 1250.0
    assert made().group(OrderQuery(), Grouping.SUPPLIER)["origin"].astype(str).tolist() == ["SUP"]
    assert made().group(OrderQuery(), Grouping.EXCEPTION)["lines"].tolist() == [1]


def test_the_lines_beside_one_follow_the_query() -> None:
    assert made().beside(OrderQuery(), "TR-1") == ("TR-2", "PO-1")
    assert made().beside(OrderQuery(), "TR-2") == ("", "TR-1")
    assert made().beside(OrderQuery(wanted=(("kind", "purchase"),)), "TR-1") == ("", "")


def test_what_becomes_of_lines_is_taken_over() -> None:
    table = made()
    changed = table.lines.assign(state=["approved", "proposed", "proposed", "rejected"], quantity=[1, 20, 30, 5])
    after = table.with_standing(changed)
    assert ids(after, wanted=(("state", "approved"),)) == ["TR-1"]
    assert int(after.line("TR-1")["quantity"]) == 1
    assert ids(table, wanted=(("state", "approved"),)) == []  # the old table stays as it was


def test_lines_that_somebody_has_to_approve_are_told_from_those_that_leave_anyway() -> None:
    table = made()
    assert ids(table, wanted=(("approval", "needed"),)) == []  # the lines do not say that anybody has to
    states = ["proposed", "proposed", "approved", "rejected"]
    after = table.with_standing(table.lines.assign(state=states, approvals_needed=[2, 0, 1, 1]))
    assert ids(after, wanted=(("approval", "needed"),)) == ["TR-1"]
    assert ids(after, wanted=(("approval", "not_needed"),)) == ["TR-2"]
    assert after.choices("approval") == ["needed", "not_needed"]


def test_an_unknown_line_is_named() -> None:
    with pytest.raises(KeyError, match="TR-9"):
        made().line("TR-9")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 5), st.floats(-9, 9)), min_size=1, max_size=30),
    st.sampled_from(["sku", "quantity", "net_benefit"]),
    st.booleans(),
    st.sampled_from(["", "a", "b"]),
)
def test_a_slow_loop_finds_the_same_lines_in_the_same_order(
    drawn: list[tuple[str, int, float]], sort: str, is_descending: bool, sku: str
) -> None:
    rows = [(f"T{i}", "transfer", "D", "S", each[0], "L", each[1], 1.0, each[2], i) for i, each in enumerate(drawn)]
    kept = [row for row in rows if not sku or row[4] == sku]
    place = {"sku": 4, "quantity": 6, "net_benefit": 8}[sort]
    slow = sorted(kept, key=lambda row: row[9])
    slow = sorted(slow, key=lambda row: row[place], reverse=False) if not is_descending else slow
    if is_descending:
        values = sorted({row[place] for row in kept}, reverse=True)
        slow = [row for value in values for row in slow if row[place] == value]
    wanted = (("sku", sku),) if sku else ()
    assert ids(made(rows), wanted=wanted, sort=sort, is_descending=is_descending) == [row[0] for row in slow]
