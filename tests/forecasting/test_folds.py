"""Rolling origins end before what scores them."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from forecasting.folds import held_out_origins, rolling_cutoffs, rolling_folds


def test_cutoffs_roll_back_from_the_last_fully_scored_day():
    cutoffs = rolling_cutoffs(pd.Timestamp("2024-01-31"), horizon=7, n_origins=2, gap_days=5)
    assert [f"{day:%m-%d}" for day in cutoffs] == ["01-19", "01-24"]


def test_a_fold_holds_nothing_of_the_days_that_score_it(make_chain):
    chain = make_chain(2, 2, 40)
    cutoffs = pd.DatetimeIndex(["2024-01-20", "2024-01-27"])
    for fold in rolling_folds(chain.tables, chain.settings, cutoffs=cutoffs, horizon=7):
        assert fold.scored[0] == fold.snapshot.cutoff + pd.Timedelta(days=1)
        assert fold.snapshot.table("sales")["date"].max() == fold.snapshot.cutoff
        assert len(fold.scored) == 7


@given(n_days=st.integers(1, 800), horizon=st.integers(1, 42), n_origins=st.integers(1, 6))
def test_held_out_days_are_always_past_and_leave_a_past(n_days, horizon, n_origins):
    held_out = held_out_origins(n_days, horizon=horizon, n_origins=n_origins)
    assert len(held_out.origins) <= n_origins
    assert len(set(held_out.origins)) == len(held_out.origins)
    for day in held_out.origins:
        assert day >= 6 and day + held_out.horizon <= n_days - 1
    if n_days < 14:
        assert held_out.origins == ()
