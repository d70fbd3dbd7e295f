"""The chain's rules of approval, line by line."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.approval import AUTOMATIC, ApprovalRules, changes, rules_from, verdicts

DAY = pd.Timestamp("2025-11-04")
NO_EXCEPTIONS = pd.DataFrame({"kind": [], "severity": [], "sku": [], "location": []}, dtype="str")


def lines(**values: list[float]) -> pd.DataFrame:
    """Lines A, B, ... of 10 units worth 100 each, all on one lane, one SKU a line."""
    n = len(next(iter(values.values())))
    names = [chr(ord("A") + i) for i in range(n)]
    given = {"order_id": names, "sku": names, "kind": "transfer", "origin": "C1", "destination": "S1"}
    given |= {"quantity": 10, "value": 100.0, "ship_date": DAY, "action": "new"}
    return pd.DataFrame({**given, **values})


def test_without_rules_nobody_has_to_approve_anything() -> None:
    judged = verdicts(lines(value=[1e9]), NO_EXCEPTIONS, None, rules=rules_from({}))
    assert (judged.needed, judged.approved) == ({}, {})


def test_a_line_up_to_the_limit_is_approved_by_itself_and_a_dearer_one_waits() -> None:
    judged = verdicts(lines(value=[100.0, 100.01]), NO_EXCEPTIONS, None, rules=ApprovalRules(max_value=100))
    assert judged.approved == {"A": AUTOMATIC}
    assert judged.waiting == {"B": "worth more than 100"}
    assert judged.needed == {"A": 1, "B": 1}


def test_a_line_above_the_second_limit_needs_two_people() -> None:
    rules = ApprovalRules(max_value=100, four_eyes_above=1000)
    judged = verdicts(lines(value=[1000.0, 1001.0]), NO_EXCEPTIONS, None, rules=rules)
    assert judged.needed == {"A": 1, "B": 2}
    assert judged.approved == {}


def test_change_is_the_difference_as_a_share_of_the_larger() -> None:
    planned = pd.DataFrame(
        {
            "sku": ["A", "B", "C"], "origin": "C1", "destination": "S1", "mode": "transfer",
            "ship_date": [DAY, DAY, DAY + pd.Timedelta(days=1)], "quantity": [10, 40, 10],
        }
    )  # fmt: skip
    # A: 10 as expected; B: 10 of 40, so |10 - 40| / 40 = 0.75; C: expected a day later, so 10 of nothing = 1
    assert changes(lines(quantity=[10, 10, 10]), planned).tolist() == [0.0, 0.75, 1.0]
    judged = verdicts(lines(quantity=[10, 10, 10]), NO_EXCEPTIONS, planned, rules=ApprovalRules(max_change=0.75))
    assert sorted(judged.approved) == ["A", "B"]


def test_without_a_run_before_every_line_is_a_change() -> None:
    assert changes(lines(quantity=[5.0]), None).tolist() == [1.0]


@pytest.mark.parametrize(
    ("kind", "severity", "sku", "location", "is_held"),
    [
        ("phantom stock", "warning", "A", "S1", True),
        ("phantom stock", "warning", "A", "C1", True),
        ("phantom stock", "warning", "A", "S2", False),
        ("phantom stock", "warning", "B", "S1", False),
        ("feed stale", "critical", "", "S1", True),
        ("stock-out coming", "critical", "A", "S1", True),  # by its severity
        ("slow mover", "info", "A", "S1", False),
    ],
)
def test_an_exception_at_one_end_holds_a_line(kind: str, severity: str, sku: str, location: str, is_held: bool) -> None:
    exceptions = pd.DataFrame({"kind": [kind], "severity": [severity], "sku": [sku], "location": [location]})
    rules = ApprovalRules(exceptions=("phantom stock", "critical"))
    assert bool(verdicts(lines(value=[1.0]), exceptions, None, rules=rules).waiting) is is_held


@pytest.mark.parametrize(
    "settings", [{"max_valu": 1}, {"max_value": -1}, {"max_change": 1.5}, {"exceptions": "all"}, {"max_value": "much"}]
)
def test_an_impossible_rule_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"known are|give a number|list kinds"):
        rules_from(settings)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.floats(0, 1e6), st.floats(0, 1e6))
def test_every_line_is_approved_or_waits_and_stricter_rules_approve_no_more(
    values: list[float], limit: float, lower: float
) -> None:
    loose, strict = ApprovalRules(max_value=max(limit, lower)), ApprovalRules(max_value=min(limit, lower))
    one, two = (verdicts(lines(value=values), NO_EXCEPTIONS, None, rules=rules) for rules in (loose, strict))
    for judged in (one, two):
        assert set(judged.approved) | set(judged.waiting) == set(judged.needed)
        assert not set(judged.approved) & set(judged.waiting)
    assert set(two.approved) <= set(one.approved)
