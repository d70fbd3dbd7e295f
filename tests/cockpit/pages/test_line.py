"""One line: its stock path, what another quantity would change, its money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.pages.line import (
    alternatives_of,
    between,
    effect_of,
    left_at_origin,
    left_over,
    paid_anyway,
    pegged,
    stock_path,
    terms_of,
)

CUTOFF = pd.Timestamp("2025-01-01")
LINE = pd.Series(
    {"order_id": "T1", "sku": "milk", "destination": "S1", "quantity": 6, "proposed_quantity": 6, "load_id": "L1",
     "due_date": pd.Timestamp("2025-01-03"), "unit_cost": 2.0}
)  # fmt: skip
WORTH = pd.DataFrame(
    {"order_id": ["T1"], "lot": [3], "volume_m3": [0.5], "weight_kg": [1.0], "expected_demand": [10.0],
     "quantities": [np.array([0, 3, 6, 12])], "gains": [np.array([-30.0, -10.0, 0.0, -6.0])],
     "unmet": [np.array([8.0, 4.0, 1.0, 0.0])]}
)  # fmt: skip
LOADS = pd.DataFrame(
    {"load_id": ["L1"], "vehicle": ["truck"], "trucks": [1], "volume_m3": [8.0], "weight_kg": [100.0],
     "truck_volume_m3": [10.0], "fill": [0.8], "cost": [50.0]}
)  # fmt: skip


def effect(quantity: int, **changes: Any) -> Any:
    given_tables = {"worth": WORTH, "loads": LOADS, **changes}
    return effect_of(LINE, quantity, **given_tables)


def test_the_effect_of_another_quantity_is_read_between_those_that_were_valued() -> None:
    # 9 lies halfway between 6 (0) and 12 (-6): -3; unmet halfway between 1 and 0: 0.5 of 10, so 95% served
    nine = effect(9)
    assert (nine.gain, nine.value_change) == (-3.0, 6.0)
    assert (nine.fill_before, nine.fill_after) == (0.9, pytest.approx(0.95))
    # 8 m3 of 10; three more units of 0.5 m3 are 9.5 m3
    assert (nine.truck_before, nine.truck_after) == (0.8, pytest.approx(0.95))
    assert nine.is_whole_cases
    assert nine.is_within
    assert nine.fits


def test_what_does_not_fit_or_breaks_a_case_is_said() -> None:
    # 6 + 8 units: 8 + 4 = 12 m3 of 10; 14 is no multiple of 3 and beyond what was valued
    more = effect(14)
    assert not more.fits
    assert not more.is_whole_cases
    assert not more.is_within
    assert more.gain == pytest.approx(-8.0)  # the last slope, -1 a unit, goes on


def test_a_line_may_take_what_its_origin_has_beside_its_other_lines() -> None:
    # DC has 20; its other line takes 5 of them, a rejected one nothing: 15 are there for T1
    line = {"order_id": "T1", "sku": "milk", "origin": "DC"}
    lines = pd.DataFrame(
        {"order_id": ["T1", "T2", "T3", "T4"], "sku": ["milk", "milk", "milk", "tea"], "origin": "DC",
         "quantity": [6, 5, 9, 7], "state": ["proposed", "approved", "rejected", "proposed"]}
    )  # fmt: skip
    targets = pd.DataFrame({"sku": ["milk"], "location": ["DC"], "on_hand": [20]})
    assert left_at_origin(line, lines, targets) == 15.0
    assert np.isnan(left_at_origin({**line, "origin": "SUPPLIER"}, lines, targets))
    assert effect(15, at_origin=15.0).is_there
    assert not effect(18, at_origin=15.0).is_there
    assert effect(6, at_origin=0.0).is_there  # as proposed
    assert effect(18).is_there  # nobody knows what a supplier has


def test_a_truck_that_weight_fills_is_judged_by_weight() -> None:
    # 80% full by 100 kg, so it carries 125 kg; 9 more units of 1 kg: 109 / 125
    heavy = LOADS.assign(volume_m3=1.0)
    assert effect(15, loads=heavy).truck_after == pytest.approx(109 / 125)


def test_what_the_run_does_not_know_stays_unknown() -> None:
    blank = effect(9, worth=WORTH.iloc[:0])
    assert np.isnan(blank.gain)
    assert np.isnan(blank.fill_after)
    assert np.isnan(blank.truck_after)
    assert blank.fits  # nobody can say that it does not


def test_keeping_the_quantity_changes_nothing() -> None:
    same = effect(6)
    assert (same.gain, same.value_change, same.fill_before == same.fill_after) == (0.0, 0.0, True)


def test_the_stock_path_without_the_line_lacks_its_units_from_the_day_they_arrive() -> None:
    paths = pd.DataFrame(
        {"sku": ["milk"], "location": ["S1"], "is_echelon": [False], "demand": [np.array([1.0, 3.0, 6.0])],
         "supply_before": [np.array([2, 2, 2])], "supply_after": [np.array([2, 8, 8])]}
    )  # fmt: skip
    path = stock_path(paths, LINE, CUTOFF)
    assert path is not None
    # with: 2-1, 8-3, 8-6; without: 2-1, then 2-3 runs out, and what is lost is never caught up
    assert path.with_line.tolist() == [1.0, 5.0, 2.0]
    assert path.without.tolist() == [1.0, 0.0, 0.0]
    assert path.arrives == 1
    assert stock_path(paths, LINE.replace("S1", "S9"), CUTOFF) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_stock_left_over_is_what_a_day_by_day_walk_leaves(days: list[tuple[int, int]]) -> None:
    comes, wanted = (np.array([day[i] for day in days], dtype=float) for i in (0, 1))
    stock, walked = 0.0, []
    for arrived, asked in days:
        stock = max(stock + arrived - asked, 0.0)
        walked.append(stock)
    assert left_over(np.cumsum(comes), np.cumsum(wanted)).tolist() == walked


def test_between_points_lines_are_straight() -> None:
    xs, ys = np.array([0.0, 2.0, 4.0]), np.array([0.0, 4.0, 0.0])
    assert [between(x, xs, ys) for x in (1, 2, 3, 5)] == [2.0, 4.0, 2.0, -2.0]
    assert between(7, np.array([3.0]), np.array([1.0])) == 1.0


def test_terms_alternatives_and_pegs_are_those_of_the_line() -> None:
    terms = pd.DataFrame({"order_id": ["T1", "T1", "T1", "T2"], "term": ["a", "b", "c", "a"],
                          "amount": [1.0, -5.0, 0.001, 9.0]})  # fmt: skip
    assert terms_of(terms, "T1") == [("b", -5.0), ("a", 1.0)]
    others = pd.DataFrame({"order_id": ["T1", "T1"], "alternative": ["nothing", "next ship day"], "regret": [9.0, 2.0]})
    assert [each["alternative"] for each in alternatives_of(others, "T1")] == ["next ship day", "nothing"]
    # the line is worth 7.70 and pays 1.30 of a truck that goes anyway: without it 9.00 are missing
    assert paid_anyway(alternatives_of(others, "T1"), 7.7) == 1.3
    assert paid_anyway(alternatives_of(others, "T2"), 7.7) == 0.0
    days = pd.to_datetime(["2025-01-03", "2025-01-05", None])
    uses = ["demand", "demand", "left at the end"]
    pegs = pd.DataFrame({"order_id": ["T1"] * 3, "use": uses, "units": [2.0, 3.0, 1.0], "demand_date": days})
    found = pegged(pegs, "T1")
    assert (found["units"], found["first"], found["last"], found["left"]) == (5.0, days[0], days[1], 1.0)
    assert not pegged(pegs, "T9")["is_known"]
