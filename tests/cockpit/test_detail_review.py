"""Each loss is put down once, to the first cause in the declared order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cockpit.detail_review import (
    CAUSES,
    Cause,
    Week,
    changed_by_people,
    doubtful_points,
    held_back_points,
    idle_stock,
    lost_sales,
    overdue_points,
    review,
    told_late_points,
)

CUTOFF = pd.Timestamp("2025-01-08")
POINT = pd.MultiIndex.from_tuples([("milk", "S1")], names=["sku", "location"])
NONE = POINT[:0]
LOST = pd.DataFrame({"loss": ["lost sales"], "sku": ["milk"], "location": ["S1"], "units": [5.0], "money": [50.0]})
IDLE = LOST.assign(loss="idle stock")
FIELD = {Cause.SUPPLIER: "overdue", Cause.RECORD: "doubtful", Cause.OVERRIDE: "cut_by_people",
         Cause.CAPACITY: "held_back", Cause.SIGNAL: "told_late"}  # fmt: skip


def week(wanted: float = 10.0, expected: float = 10.0, **points: Any) -> Week:
    fields = {"overdue", "doubtful", "cut_by_people", "raised_by_people", "held_back", "told_late"}
    given = {name: points.get(name, NONE) for name in fields}
    return Week(CUTOFF, pd.Series([wanted], index=POINT), pd.Series([expected], index=POINT), **given)


def cause(losses: pd.DataFrame, known: Week) -> str:
    return str(review(losses, known)["cause"].iloc[0])


@pytest.mark.parametrize("first", CAUSES[:5])
def test_the_first_cause_in_order_is_named_even_if_all_later_ones_fit(first: Cause) -> None:
    fitting = CAUSES[CAUSES.index(first) : 5]
    known = week(20.0, 10.0, **{FIELD[each]: POINT for each in fitting})
    assert cause(LOST, known) == first


def test_a_surprise_that_no_signal_told_is_the_forecasts_and_what_was_foreseen_is_policy() -> None:
    # 20 wanted, 10 expected: more than a quarter above; 11 wanted: within it
    assert cause(LOST, week(20.0, 10.0)) == Cause.FORECAST
    assert cause(LOST, week(11.0, 10.0)) == Cause.POLICY
    assert cause(LOST, week(1.3, 0.5)) == Cause.POLICY  # less than a unit


def test_idle_stock_is_no_fault_of_suppliers_but_of_what_was_raised_or_overforecast() -> None:
    assert cause(IDLE, week(overdue=POINT, raised_by_people=POINT)) == Cause.OVERRIDE
    assert cause(IDLE, week(5.0, 10.0, overdue=POINT)) == Cause.FORECAST
    assert cause(IDLE, week(overdue=POINT, cut_by_people=POINT)) == Cause.POLICY


def test_every_loss_stands_once_and_the_dearest_first() -> None:
    both = pd.concat([LOST, LOST.assign(sku="bread", money=90.0), LOST.assign(sku="eggs", money=0.0)])
    found = review(both, week())
    assert found["sku"].tolist() == ["bread", "milk"]


def test_lost_sales_are_what_was_wanted_and_not_sold_while_the_shelf_was_empty() -> None:
    series = pd.DataFrame({"sku": ["milk"], "location": ["S1"]})
    wanted, sales, available = (np.array([row]) for row in ([5.0, 4.0, 3.0], [2.0, 1.0, 3.0], [0.5, 1.0, 0.0]))
    found = lost_sales(series, wanted, sales, available, margin=pd.Series({"milk": 2.0}))
    # day 1: 3 lost on half a shelf; day 2: a full shelf loses nothing; day 3: sold all the same
    assert (found["units"].iloc[0], found["money"].iloc[0]) == (3.0, 6.0)


def test_where_causes_come_from() -> None:
    orders = pd.DataFrame({"sku": ["milk", "eggs"], "destination": ["DC", "S2"],
                           "due_date": [CUTOFF - pd.Timedelta(days=1), CUTOFF + pd.Timedelta(days=1)]})  # fmt: skip
    targets = pd.DataFrame({"sku": ["milk"], "location": ["S1"], "main_source": ["DC"]})
    assert set(overdue_points(orders, targets, CUTOFF)) == {("milk", "DC"), ("milk", "S1")}
    states = pd.DataFrame({"sku": ["a", "b", "c"], "destination": "S1", "quantity": [1, 9, 5],
                           "proposed_quantity": [5, 5, 5], "state": ["proposed", "approved", "rejected"]})  # fmt: skip
    less, more = changed_by_people(states)
    assert (set(less), set(more)) == ({("a", "S1"), ("c", "S1")}, {("b", "S1")})
    lines = pd.DataFrame(
        {"sku": ["a", "b"], "destination": "S1", "reason": ["cut to the trucks there are", "runs out"]}
    )
    breaches = pd.DataFrame(
        {"kind": ["capacity breach", "phantom stock"], "sku": [None, "p"], "location": ["S2", "S3"]}
    )
    assert set(held_back_points(lines, breaches)) == {("a", "S1"), ("", "S2")}
    counts = pd.DataFrame({"date": [CUTOFF, CUTOFF], "sku": ["x", "y"], "location": "S4", "recorded": [9, 9],
                           "counted": [5, 8]})  # fmt: skip
    assert set(doubtful_points(breaches, counts, CUTOFF)) == {("p", "S3"), ("x", "S4")}


def test_a_signal_is_late_if_it_burst_after_the_plan() -> None:
    known = CUTOFF - pd.Timedelta(days=7)
    days = [known - pd.Timedelta(days=3), known + pd.Timedelta(days=2)]
    signals = pd.DataFrame({"signal": "search", "key_type": "sku", "key": ["milk", "milk"], "date": days,
                            "known_at": days, "value": [10.0, 30.0]})  # fmt: skip
    points = pd.DataFrame({"sku": ["milk", "eggs"], "location": "S1"})
    assert set(told_late_points(signals, points, known)) == {("milk", "S1")}
    assert len(told_late_points(signals.assign(value=[10.0, 12.0]), points, known)) == 0
    early = signals.assign(known_at=known)
    assert len(told_late_points(early, points, known)) == 0


def test_idle_and_expired_stock_are_told_apart() -> None:
    slow = pd.DataFrame(
        {"kind": ["slow mover", "late order"], "sku": ["a", "b"], "location": "S1", "money": [7.0, 1.0]}
    )
    lots = pd.DataFrame({"sku": ["m", "m"], "location": "S1", "quantity": [2, 3], "value": [4.0, 6.0],
                         "expiry_date": [CUTOFF, CUTOFF + pd.Timedelta(days=1)]})  # fmt: skip
    found = idle_stock(slow, lots, CUTOFF).set_index("loss")["money"]
    assert found.to_dict() == {"idle stock": 7.0, "expired stock": 4.0}


def test_a_week_without_anything_known_is_reviewed_all_the_same() -> None:
    empty = replace(week(), wanted=pd.Series(dtype=float), expected=pd.Series(dtype=float))
    assert cause(LOST, empty) == Cause.POLICY
