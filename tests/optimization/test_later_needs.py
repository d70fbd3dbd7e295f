"""What purchases will be needed later, beyond the end of the plan."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.later_needs import later_purchases


def needs(planned: list[int], *, rate: float, is_going: bool = False, gap: int = 7, max_days: int = 21) -> list[int]:
    """Cumulative needs of one line whose place sells so much a day; it is its own echelon."""
    curves: Any = SimpleNamespace(echelon_of=np.array([-1]), later_demand=lambda rows: np.full(rows.size, rate))
    part = {"point": np.array([0]), "next_day": np.array([gap])}
    found = later_purchases(
        np.cumsum([planned], axis=1), part, curves=curves, is_going=np.array([is_going]), max_days=max_days
    )
    result: list[int] = found[0].tolist()
    return result


def test_from_the_first_order_on_each_brings_what_is_sold_until_the_next() -> None:
    """Plan: 9 on day 7, 3 on day 14. Sold: 3 a day. By day 14 9 + 7 x 3 = 30, by day 21 9 + 14 x 3 = 51."""
    plan = [0] * 7 + [9] + [0] * 6 + [3] + [0] * 3
    assert needs(plan, rate=3.0) == [0] * 7 + [9] * 7 + [30] * 7 + [51]


def test_what_is_ordered_tonight_is_ordered_again_as_it_is_sold() -> None:
    assert needs([0] * 10, rate=2.0, is_going=True, max_days=14) == [0] * 7 + [14] * 7 + [28]


def test_a_peak_that_the_plan_knows_of_is_kept() -> None:
    assert needs([0] * 7 + [5] + [0] * 6 + [90], rate=1.0)[14] == 95


@pytest.mark.parametrize(("gap", "max_days", "last"), [(1, 3, 3), (7, 3, 7)])
def test_it_looks_at_least_to_the_next_ship_day(gap: int, max_days: int, last: int) -> None:
    assert len(needs([0] * 10, rate=1.0, is_going=True, gap=gap, max_days=max_days)) == last + 1


def test_what_is_not_sold_any_more_is_not_ordered() -> None:
    assert needs([0] * 7 + [4] + [0] * 3, rate=0.0)[-1] == 4


@given(
    plan=st.lists(st.integers(0, 20), min_size=1, max_size=20),
    rate=st.floats(0.0, 9.0),
    is_going=st.booleans(),
    gap=st.integers(1, 9),
)
def test_needs_never_fall_nor_below_the_plan(plan: list[int], rate: float, is_going: bool, gap: int) -> None:
    plan = [0, *plan]
    found = needs(plan, rate=rate, is_going=is_going, gap=gap, max_days=15)
    known = np.cumsum(plan)[np.minimum(np.arange(len(found)), len(plan) - 1)]
    assert (np.diff(found) >= 0).all()
    assert (np.array(found) >= known).all()
