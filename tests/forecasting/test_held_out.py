"""What came on held-out days: days that nobody saw are drawn, and days of part shelves can be left out."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecasting.folds import HeldOut
from forecasting.held_out import HeldOutDays, full_shelf_errors, with_unseen

N_DAYS = 11
HELD_OUT = HeldOut((3,), 7)


def evidence_of(wanted: np.ndarray, available: np.ndarray) -> SimpleNamespace:
    """As much of evidence as is read: arrays (n_series, N_DAYS)."""
    return SimpleNamespace(panel=SimpleNamespace(wanted=wanted, available=available))


def test_unseen_days_are_drawn_around_what_was_expected():
    n = 3000
    wanted = np.full((n, N_DAYS), 2.0)
    demand = np.full((1, n, 7), np.nan)
    filled = with_unseen(demand, evidence_of(wanted, wanted), HELD_OUT, np.arange(n), seed=0)
    # mean 2, variance 2 + 0.5 * 2 ** 2 = 4; 21,000 draws: the mean's standard error is 2 / 145 = 0.014
    assert filled.mean() == pytest.approx(2.0, abs=0.06)
    assert filled.var() == pytest.approx(4.0, rel=0.1)


def test_seen_days_stay_and_days_without_any_expectation_stay_unseen():
    wanted = np.array([[5.0] * N_DAYS, [0.0] * N_DAYS])
    demand = np.full((1, 2, 7), 3.0)
    demand[0, 1, 2] = np.nan
    filled = with_unseen(demand, evidence_of(wanted, wanted), HELD_OUT, np.arange(2), seed=0)
    assert (filled[0, 0] == 3.0).all() and np.isnan(filled[0, 1, 2]) and np.isnan(filled).sum() == 1


def test_draws_read_the_days_after_their_own_origin():
    # expected demand is 0 up to the origin on day 3 and on day 10, 1000 between: days 4 to 10 are held out
    wanted = np.zeros((1, N_DAYS))
    wanted[0, 4:10] = 1000.0
    filled = with_unseen(np.full((1, 1, 7), np.nan), evidence_of(wanted, wanted), HELD_OUT, np.arange(1), seed=0)
    assert (filled[0, 0, :6] > 0).all() and np.isnan(filled[0, 0, 6])


def test_full_shelf_errors_leave_out_part_shelves_and_want_every_active_day():
    available = np.ones((2, N_DAYS))
    available[1, 5] = 0.6
    demand = np.full((1, 2, 7), 4.0)
    active = np.ones(demand.shape, dtype=bool)
    active[0, 1, 6] = False
    codes = np.ones((1, 2), dtype=np.int64)
    days = HeldOutDays(HELD_OUT, [], np.arange(2), codes, ~active, demand, active, demand)
    keys = pd.DataFrame({"sku": ["K", "L"], "location": ["S", "S"]})
    full = full_shelf_errors(evidence_of(available, available), days, errors=days.errors(demand, keys))
    # day 5 is the second day after the origin on day 3; the inactive last day stays known
    assert np.isnan(full.demand).sum() == 1 and np.isnan(full.demand[0, 1, 1])
    assert full.least_observed == 1.0 and full.sku.tolist() == [0, 1] and full.location.tolist() == [0, 0]
