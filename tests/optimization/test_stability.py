"""Nervousness between two nights by hand, and published nights that stay as they are."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.stability import PLAN_COLUMNS, Published, is_published, nervousness, planned_table, revision

CUTOFF = pd.Timestamp("2025-11-03")


def day(index: int) -> pd.Timestamp:
    return CUTOFF + pd.Timedelta(days=index + 1)


def plan(moves: list[tuple[int, int]], planned: list[tuple[int, int]], horizon: int = 14) -> Any:
    """Moves of tonight and of later days as (day index, quantity), all due a day later."""
    key = {"sku": "A", "origin": "C1", "destination": "S1", "mode": "transfer"}
    tonight = [{**key, "ship_date": day(d), "due_date": day(d + 1), "quantity": q} for d, q in moves]
    later = [{**key, "day": d, "arrival_day": d + 1, "quantity": q} for d, q in planned]
    return SimpleNamespace(
        moves=pd.DataFrame(tonight, columns=list(PLAN_COLUMNS)),
        planned=pd.DataFrame(later, columns=[*key, "day", "arrival_day", "quantity"]),
        curves=SimpleNamespace(horizon=horizon),
    )


def published(planned: list[tuple[int, int]], last_day: int = 12) -> Published:
    before = planned_table(plan([], planned), CUTOFF)
    return Published(("run",), before, day(last_day), pd.DataFrame())


def test_what_was_planned_and_is_planned_again_is_no_change() -> None:
    assert nervousness(plan([(0, 10)], [(3, 20)]), published([(0, 10), (3, 20)]), CUTOFF) == 0.0


def test_change_is_counted_by_ship_day_over_what_was_planned() -> None:
    # before: 10 on day 0 and 20 on day 3; now 12 on day 0 and the 20 on day 4: 2 + 20 + 20 of 30
    assert nervousness(plan([(0, 12)], [(4, 20)]), published([(0, 10), (3, 20)]), CUTOFF) == pytest.approx(42 / 30)


def test_days_that_only_one_plan_sees_and_days_gone_by_are_left_out() -> None:
    # day -1 has left; day 12 is due on day 13, which the plan before did not cover
    now = plan([(0, 10)], [(12, 500)])
    assert nervousness(now, published([(-1, 99), (0, 10)], last_day=12), CUTOFF) == 0.0


def test_without_a_plan_before_nervousness_is_unknown() -> None:
    now = plan([(0, 10)], [])
    assert np.isnan(nervousness(now, None, CUTOFF))
    assert np.isnan(nervousness(now, published([]), CUTOFF))
    assert np.isnan(nervousness(now, Published(("run",), None, None, pd.DataFrame()), CUTOFF))


def test_a_night_is_published_once_a_line_of_it_has_left() -> None:
    lines = pd.DataFrame({"ship_date": [CUTOFF, day(0)]})
    assert is_published(lines, CUTOFF)
    assert not is_published(lines.head(1), CUTOFF)
    assert not is_published(None, CUTOFF)


def test_a_fresh_plan_like_the_published_one_wants_nothing_and_settles_every_line() -> None:
    line = {"sku": "A", "origin": "C1", "destination": "S1", "ship_date": day(0), "due_date": day(1), "quantity": 10}
    left = pd.DataFrame([{**line, "order_id": "TR-1"}, {**line, "order_id": "TR-2", "sku": "B"}])
    same = revision(left.drop(columns="order_id"), left, CUTOFF)
    assert (same.wanting, same.settled) == (frozenset(), {"TR-1", "TR-2"})
    # the data changed: A wants 2 more, B is down to 4, and S2 has never been thought of
    fresh = pd.DataFrame([{**line, "quantity": 12}, {**line, "sku": "B", "quantity": 4}, {**line, "destination": "S2"}])
    other = revision(fresh, left, CUTOFF)
    assert (other.wanting, other.settled) == ({("A", "S1"), ("A", "S2")}, {"TR-1"})
