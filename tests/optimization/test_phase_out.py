"""A display that is phased out, and goods that are not."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.config import PlanConfig
from optimization.phase_out import display_share
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, planned, stock

RATES = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}


def test_the_display_goes_down_over_the_last_protection_interval() -> None:
    share = display_share(np.array([[-9]]), np.array([[6]]), np.array([[4]]), np.arange(8))
    assert share.tolist() == [[1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]]


def test_the_display_stands_from_the_evening_before_the_first_day_of_sale() -> None:
    share = display_share(np.array([[3]]), np.array([[99]]), np.array([[4]]), np.arange(5))
    assert share.tolist() == [[0.0, 0.0, 1.0, 1.0, 1.0]]


@given(st.integers(-5, 40), st.integers(1, 20))
def test_it_never_rises_again_and_is_gone_on_the_last_day(last: int, protection: int) -> None:
    share = display_share(np.array([-9]), np.array([last]), np.array([protection]), np.arange(60))
    assert (np.diff(share) <= 0).all()
    assert (share[max(last, 0) :] == 0).all()
    assert (share[: max(last - protection + 1, 0)] == 1).all()


def test_a_phased_out_display_is_not_filled_up_again(make_snapshot: Callable[..., Snapshot]) -> None:
    """A shows 10 and holds 10 that it could sell; it is delisted on cutoff + 5 (index 4).

    Until index 4 it sells 2 a day, 10 in all. A display that stays asks for 10 more than one that goes.
    """
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=300, F=60, A=10, B=60)}
    row = {"sku": "X", "location": "A", "presentation_stock": 10}
    config = PlanConfig(laterals=False)
    stays = planned(make_snapshot(CUTOFF, **tables, assortment=[row]), RATES, config)
    last = pd.Timestamp(CUTOFF) + pd.Timedelta(days=5)
    goes = planned(make_snapshot(CUTOFF, **tables, assortment=[{**row, "to": last}]), RATES, config)
    assert stays.quantity("C", "A") - goes.quantity("C", "A") >= 5
    level = [case.targets.set_index("location").loc["A", "order_up_to_level"] for case in (stays, goes)]
    assert level[0] - level[1] == 10, "protection takes 5 days, so nothing is shown when tonight's order runs out"


@pytest.mark.parametrize("where", ["launch", "listing", "opening"])
def test_nothing_is_bought_for_a_display_that_stands_in_a_year(
    make_snapshot: Callable[..., Snapshot], where: str
) -> None:
    """A shows 10 of a SKU from next year on. Nobody asks for it before, so nothing is bought or sent tonight."""
    later = pd.Timestamp(CUTOFF) + pd.Timedelta(days=365)
    sku = {**SKU, "launch_date": later} if where == "launch" else SKU
    row = {"sku": "X", "location": "A", "presentation_stock": 10, "min_stock": 4}
    row = {**row, "from": later} if where == "listing" else row
    places = [
        {**place, "opens": later} if where == "opening" and place["location"] == "A" else place for place in PLACES
    ]
    tables = {"locations": places, "lanes": LANES, "skus": [sku], "stock": [], "assortment": [row]}
    nobody = dict.fromkeys(RATES, 0.0)
    case = planned(make_snapshot(CUTOFF, **tables), nobody)
    assert case.decisions.moves.empty
    assert (case.targets["order_up_to_level"] == 0).all()
    soon = {**row, "from": pd.Timestamp(CUTOFF) + pd.Timedelta(days=4)} if where == "listing" else row
    if where == "listing":
        listed = planned(make_snapshot(CUTOFF, **{**tables, "stock": stock(C=50), "assortment": [soon]}), nobody)
        assert listed.quantity("C", "A") == 10, "Monday's truck is the last before the first day of sale"


def test_the_end_of_the_horizon_drains_nothing(make_snapshot: Callable[..., Snapshot]) -> None:
    """Goods that stay are sent alike whether the plan ends after 14 or 28 days, give or take 5 of 80 bought."""
    for on_hand in (stock(C=300, F=60, A=0, B=60), stock(C=300, F=100, A=70, B=90), stock(C=20, F=8, A=4, B=30)):
        tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": on_hand}
        short = planned(make_snapshot(CUTOFF, **tables), RATES, PlanConfig(horizon_days=14)).decisions.moves
        long = planned(make_snapshot(CUTOFF, **tables), RATES, PlanConfig(horizon_days=28)).decisions.moves
        both = short.merge(long, on=["origin", "destination", "mode"], how="outer", suffixes=("", "_long")).fillna(0)
        assert (both["quantity"] - both["quantity_long"]).abs().max() <= 5 if len(both) else True
