"""Expected sales: the share of demand that the shelf lets through, by hand and between 0 and 1."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import availability
from forecasting.availability import shelf_share
from forecasting.panel import Panel


def panel_of(sales, wanted, locations=None) -> Panel:
    sales, wanted = np.array(sales, dtype=np.float32), np.array(wanted, dtype=np.float32)
    names = [f"S{row}" for row in range(len(sales))] if locations is None else locations
    return Panel(
        series=pd.DataFrame({"location": names}),
        dates=pd.date_range("2024-01-01", periods=sales.shape[1]),
        sales=sales,
        demand=wanted,
        available=np.ones_like(sales),
        price=np.ones_like(sales),
        is_promoted=np.zeros(sales.shape, dtype=bool),
        wanted=wanted,
    )


def test_the_share_is_own_losses_shrunk_to_the_location_and_to_everybody():
    # five days (no whole week: no weekday pattern): 40 wanted, 10 lost at S0; 60 wanted, none lost at S1; 10% of all
    share = shelf_share(panel_of([[8, 8, 8, 3, 3], [12] * 5], [[8] * 5, [12] * 5]), horizon=2)
    of_location = (10 + 300 * 0.1) / (40 + 300)
    own = (10 + 30 * of_location) / (40 + 30)
    assert share[0].tolist() == pytest.approx([1 - own] * 2)
    assert share[1, 0] == pytest.approx(1 - 30 * (30 / 360) / (60 + 30))


def test_what_is_lost_moves_with_the_weekday():
    # two weeks; half is lost on the third day of each
    sold = np.full((1, 14), 1000.0)
    sold[0, [2, 9]] = 500
    share = shelf_share(panel_of(sold, np.full((1, 14), 1000.0)), horizon=14)
    assert share[0].argmin() == 2
    assert share[0, :7].tolist() == share[0, 7:].tolist()
    assert share[0, 2] == pytest.approx(0.5, abs=0.06)


def test_a_shelf_that_never_was_empty_lets_everything_through():
    panel = panel_of([[3, 0, 4]], [[3, 0, 4]])
    assert shelf_share(panel, horizon=3).tolist() == [[1, 1, 1]]
    nothing = dataclasses.replace(panel, sales=panel.sales * 0, wanted=panel.wanted * 0)
    assert shelf_share(nothing, horizon=1).tolist() == [[1]]


@given(st.lists(st.floats(0, 100), min_size=20, max_size=20), st.floats(0, 1))
def test_a_share_is_a_share(wanted, sold):
    panel = panel_of([[sold * units for units in wanted]], [wanted])
    share = shelf_share(panel, horizon=5)
    assert ((share >= 0) & (share <= 1)).all()


def test_expected_sales_are_right_where_busy_days_sell_out():
    # stock of 4 against gamma-Poisson demand of mean 4: sales are 100 x share of demand, though the shelf is full on
    # most of the quiet days; the share of the day on the shelf would say more
    random = np.random.default_rng(0)
    demand = random.poisson(random.gamma(2.0, 2.0, (500, 56)))
    sold = np.minimum(demand, 4)
    share = shelf_share(panel_of(sold[:, :42], demand[:, :42]), horizon=14)
    expected = (demand[:, :42].mean(axis=1)[:, None] * share).sum()
    assert expected / sold[:, 42:].sum() == pytest.approx(1.0, abs=0.03)
    assert availability.SHARE_DAYS == 28
