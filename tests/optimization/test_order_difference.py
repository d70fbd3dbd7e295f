"""How two plans differ."""

from __future__ import annotations

import pandas as pd

from optimization.order_difference import kpi_difference, order_difference


def orders(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["sku", "quantity", "value"])
    frame = frame.astype({"sku": "str", "quantity": "int64", "value": "float64"})
    return frame.assign(kind="transfer", origin="DC", destination="S1")


def test_lines_are_added_removed_or_changed_and_the_largest_change_comes_first() -> None:
    before = orders([("A", 5, 50.0), ("B", 3, 30.0), ("C", 1, 1.0)])
    after = orders([("A", 7, 70.0), ("C", 1, 1.0), ("D", 9, 900.0)])
    difference = order_difference(before, after)
    columns = ["sku", "change", "quantity_before", "quantity_after", "value_change"]
    assert difference[columns].values.tolist() == [
        ["D", "added", 0, 9, 900.0],
        ["B", "removed", 3, 0, -30.0],
        ["A", "changed", 5, 7, 20.0],
    ]


def test_equal_plans_have_no_difference_also_when_a_line_is_split() -> None:
    assert order_difference(orders([("A", 5, 50.0)]), orders([("A", 2, 20.0), ("A", 3, 30.0)])).empty
    assert order_difference(orders([]), orders([])).empty


def test_kpis_of_two_runs_stand_side_by_side() -> None:
    columns = ["kpi", "today", "planned", "unit", "meaning"]
    first = pd.DataFrame([("fill_rate", 0.8, 0.9, "share", "")], columns=columns)
    second = pd.DataFrame([("fill_rate", 0.8, 0.95, "share", ""), ("new", 0.0, 1.0, "", "")], columns=columns)
    both = kpi_difference(first, second)
    assert both.loc[0, ["today", "planned"]].tolist() == [0.9, 0.95]
    assert both["today"].isna().tolist() == [False, True]
