"""What the plan expects of later days: units that are there, however tonight's lines were cut."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.decisions import Decisions
from optimization.later_moves import _beyond
from tests.optimization.test_plan_moves import planned, random_chain


def test_what_an_origin_does_not_have_is_kept_back_last_rows_first() -> None:
    """Origin 0 has 30 for 20 and 28: 18 too many. Origin 2 owes 5, so all of its 7 stay."""
    beyond = _beyond(np.array([20, 28, 7]), np.array([0, 0, 2]), np.array([30, 0, -5]))
    assert beyond.tolist() == [0, 18, 7]
    assert _beyond(np.array([], dtype=np.int64), np.array([], dtype=np.int64), np.array([3])).size == 0


def too_much(decisions: Decisions) -> pd.DataFrame:
    """Origins and days whose later moves send more than the origin had the evening before."""
    later = decisions.planned.groupby(["sku", "origin", "day"], as_index=False)["quantity"].sum()
    rows = decisions.curves.local_index.get_indexer(pd.MultiIndex.from_frame(later[["sku", "origin"]]))
    later, rows = later[rows >= 0], rows[rows >= 0]
    had = decisions.supply[rows, later["day"].to_numpy() - 1]
    return later[later["quantity"].to_numpy() > had]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_no_later_move_promises_units_before_they_are_there(make_snapshot: Callable[..., Snapshot], seed: int) -> None:
    snapshot, rates = random_chain(make_snapshot, seed)
    decisions = planned(snapshot, rates).decisions
    assert too_much(decisions).empty
    assert decisions.bound is not None
    assert decisions.bound <= decisions.objective + 1e-6
