"""What did not fit is told by site, lane, day and amount, with what it costs."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd

from optimization.decisions import CUT_COLUMNS, typed
from optimization.exception_case import ExceptionCase
from optimization.exception_cuts import capacity_cut, scarce_source

DAY = pd.Timestamp("2025-11-04")
LINE = {"kind": "ship", "location": "C1", "date": DAY, "unit": "cases", "origin": "C1", "destination": "S1",
        "mode": "transfer", "wanted": 10, "priority": np.nan}  # fmt: skip


def case(*rows: dict[str, Any]) -> ExceptionCase:
    cuts = typed(pd.DataFrame(list(rows)), CUT_COLUMNS)
    return cast("ExceptionCase", SimpleNamespace(decisions=SimpleNamespace(cuts=cuts)))


def test_a_full_place_is_one_exception_a_lane_and_day() -> None:
    found = capacity_cut(
        case({**LINE, "sku": "A", "quantity": 6, "money": 12.0}, {**LINE, "sku": "B", "quantity": 4, "money": 3.5})
    )
    (row,) = found.to_dict("records")
    assert (row["kind"], row["location"], row["date"], row["money"]) == ("capacity cut", "C1", DAY, 15.5)
    assert row["message"] == (
        "C1 to S1: 10 units of 2 lines cannot be shipped from C1 on Tuesday 4 Nov: its cases are full"
    )


def test_a_scarce_source_names_who_was_cut_by_how_much_and_who_came_first() -> None:
    cut = {**LINE, "kind": "scarcity", "unit": "units", "sku": "A", "quantity": 6, "money": 12.0}
    found = scarce_source(case(cut, {**cut, "sku": "B", "priority": 2.0}))
    assert found["location"].tolist() == ["S1", "S1"]
    assert found["message"].tolist() == [
        "gets 4 of 10 units: C1 has no more",
        "gets 4 of 10 units: C1 has no more and others come first (priority 2)",
    ]
    assert capacity_cut(case(cut)).empty


def test_nothing_cut_is_nothing_to_tell() -> None:
    assert capacity_cut(case()).empty
    assert scarce_source(case()).empty
