"""Pegging by hand, then conservation on random supplies."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.pegging import PEGGING_COLUMNS, peg
from optimization.projection import Projection

CUTOFF = pd.Timestamp("2025-11-03")


def date(day: int) -> pd.Timestamp:
    return CUTOFF + pd.Timedelta(days=day + 1)


def projected(daily: list[float], before: list[int], gone: int = 0, lines: list[tuple[int, int]] = ()) -> Projection:  # type: ignore[assignment]
    """One store: demand a day, cumulative supply without the plan, units that leave tonight, lines (due day, units)."""
    demand = np.cumsum([daily], axis=1).astype(float)
    supply = np.array([before], dtype=np.int64)
    change = np.full(supply.shape, -gone)
    for day, units in lines:
        change[:, day:] += units
    points = pd.DataFrame({"sku": ["A"], "location": ["S1"]})
    return Projection(
        CUTOFF, points, np.array([False]), demand, supply, supply + change, demand, supply, supply + change
    )


def order(day: int, units: int, order_id: str = "TR-1") -> dict[str, Any]:
    return {"action": "new", "order_id": order_id, "sku": "A", "destination": "S1", "due_date": date(day),
            "quantity": units}  # fmt: skip


def uses(table: pd.DataFrame, supply: str) -> list[tuple[str, object, float]]:
    rows = table[table["supply"] == supply]
    days = [(when - CUTOFF).days - 1 if pd.notna(when) else None for when in rows["demand_date"]]
    return list(zip(rows["use"], days, rows["units"], strict=True))


def test_stock_serves_the_first_days_and_the_line_the_days_after_it_comes() -> None:
    # 5 on the shelf and 2 a day: days 0 and 1 whole, 1 unit of day 2; 4 units come on day 2: 1 more on day 2, then
    # day 3, and 1 unit on day 4, of which the other is lost
    table = peg(pd.DataFrame([order(2, 4)]), projected([2.0] * 5, [5] * 5, lines=[(2, 4)]))
    assert uses(table, "stock") == [("demand", 0, 2.0), ("demand", 1, 2.0), ("demand", 2, 1.0)]
    assert uses(table, "line") == [("demand", 2, 1.0), ("demand", 3, 2.0), ("demand", 4, 1.0)]
    assert list(table.columns) == list(PEGGING_COLUMNS)


def test_demand_before_a_line_comes_is_lost_and_what_nobody_wants_is_left() -> None:
    # nothing there on days 0 and 1; 10 units come on day 2 for the 6 of days 2 to 4
    table = peg(pd.DataFrame([order(2, 10)]), projected([2.0] * 5, [0] * 5, lines=[(2, 10)]))
    assert uses(table, "line") == [("demand", 2, 2.0), ("demand", 3, 2.0), ("demand", 4, 2.0),
                                   ("left at the end", None, 4.0)]  # fmt: skip


def test_goods_that_leave_tonight_are_served_first_and_open_orders_come_in_turn() -> None:
    # 5 there, 3 leave tonight; an open order of 2 comes on day 1, the line of 2 on day 2
    orders = pd.DataFrame([order(2, 2)])
    table = peg(orders, projected([1.0] * 6, [5, 7, 7, 7, 7, 7], gone=3, lines=[(2, 2)]))
    assert uses(table, "stock") == [("leaves tonight", None, 3.0), ("demand", 0, 1.0), ("demand", 1, 1.0)]
    assert uses(table, "open order") == [("demand", 2, 1.0), ("demand", 3, 1.0)]
    assert uses(table, "line") == [("demand", 4, 1.0), ("demand", 5, 1.0)]


def test_messages_bring_nothing_and_no_lines_give_no_pegs() -> None:
    message = {**order(2, 4), "action": "defer"}
    table = peg(pd.DataFrame([message]), projected([2.0] * 5, [5] * 5))
    assert table.empty
    assert list(table.columns) == list(PEGGING_COLUMNS)


@settings(max_examples=60, deadline=None)
@given(
    daily=st.lists(st.floats(0, 9), min_size=2, max_size=8),
    on_hand=st.integers(0, 30),
    lines=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 20)), min_size=1, max_size=4),
    gone=st.integers(0, 10),
)
def test_units_are_conserved_both_ways(
    daily: list[float], on_hand: int, lines: list[tuple[int, int]], gone: int
) -> None:
    orders = pd.DataFrame([order(day, units, f"TR-{i}") for i, (day, units) in enumerate(lines)])
    inside = [each for each in lines if each[0] < len(daily)]
    table = peg(orders, projected(daily, [on_hand] * len(daily), gone=min(gone, on_hand), lines=inside))
    by_line = table.groupby("order_id")["units"].sum().drop("", errors="ignore")
    assert by_line.to_numpy() == pytest.approx(
        orders.set_index("order_id")["quantity"].reindex(by_line.index).to_numpy()
    )
    assert set(by_line.index) == set(orders["order_id"])
    served = table[table["use"] == "demand"].groupby("demand_date")["units"].sum()
    wanted = pd.Series(daily, index=[date(day) for day in range(len(daily))])
    assert (served <= wanted.reindex(served.index) + 1e-6).all()
    in_time = table[table["use"] == "demand"]
    assert (in_time["available_date"] <= in_time["demand_date"]).all()
    assert table.loc[table["supply"] == "stock", "units"].sum() == pytest.approx(on_hand)
