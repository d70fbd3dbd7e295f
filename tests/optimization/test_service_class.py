"""Classes computed from sales, and the goals of a class."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.config import PlanConfig
from optimization.service_class import abc_classes, class_goals, service_classes, xyz_classes
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, planned, stock

CUTS = (0.80, 0.95)


def test_classes_are_cut_where_the_value_before_a_sku_reaches_the_share() -> None:
    """60, 25, 9, 4, 2: 0, 60, 85, 94 and 98% come before; given in another order."""
    assert abc_classes(np.array([4.0, 60.0, 2.0, 25.0, 9.0]), CUTS).tolist() == ["B", "A", "C", "A", "B"]
    assert xyz_classes(np.array([0.5, 0.51, 1.2, np.nan]), (0.5, 1.0)).tolist() == ["X", "Y", "Z", "Z"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_a_sku_that_sells_for_more_is_never_in_a_worse_class(values: list[float]) -> None:
    value = np.array(values)
    classes = abc_classes(value, CUTS)
    ranked = classes[np.argsort(-value, kind="stable")]
    assert (np.diff([ord(letter) for letter in ranked]) >= 0).all()
    assert all(letter == "C" for letter in classes[value == 0])


def test_weekly_sales_tell_the_class_and_later_ones_do_not(make_snapshot: Callable[..., Snapshot]) -> None:
    """X sells 10 every week: no variation, all but 4% of the value. Y sells 10 once: 10/250 of X's, CV of 25 zeros.

    Y's only sale is 26 weeks ago, so that it counts as on sale since: mean 10/26, deviation sqrt(sum / 25) = 1.96,
    a CV of 5.1. Z never sells.
    """
    days = pd.Timestamp(CUTOFF) - pd.to_timedelta(np.arange(26) * 7, unit="D")
    sales = [{"date": day, "sku": "X", "location": "A", "units": 10.0} for day in days]
    sales.append({"date": days[-1], "sku": "Y", "location": "A", "units": 10.0})
    skus = [{**SKU, "sku": name} for name in ("X", "Y", "Z")]
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=skus, sales=sales, stock=stock(A=1))
    found = service_classes(snapshot, PlanConfig())
    assert found.to_dict() == {"X": "AX", "Y": "CZ", "Z": "CZ"}
    later = [{"date": pd.Timestamp(CUTOFF) + pd.Timedelta(days=1), "sku": "Z", "location": "A", "units": 1e6}]
    leaky = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=skus, sales=sales + later, stock=stock(A=1))
    pd.testing.assert_series_equal(found, service_classes(leaky, PlanConfig()))


def test_the_whole_name_of_a_class_goes_before_its_letter() -> None:
    goals = class_goals(pd.Series(["AX", "AZ", "BX", ""]), {"A": 0.95, "AX": 0.99})
    assert goals[:2].tolist() == [0.99, 0.95] and np.isnan(goals[2:]).all()


def test_a_goal_of_the_class_raises_targets_and_an_own_goal_goes_before_it(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    """Goods with a margin of 1% and dear holding: the critical ratio is low, a floor of 0.99 for class A lifts it."""
    sku = {"sku": "X", "unit_cost": 10.0, "unit_price": 10.1, "holding_cost": 0.5}
    assortment = [
        {"sku": "X", "location": "A", "cycle_service_level": 0.6},
        {"sku": "X", "location": "B", "class": "K"},
    ]
    sales = [{"date": pd.Timestamp(CUTOFF), "sku": "X", "location": "A", "units": 2.0}]
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[sku], sales=sales, stock=stock(C=300, F=0, A=0, B=0),
        assortment=assortment,
    )  # fmt: skip
    rates = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}
    plain = planned(snapshot, rates).targets.set_index("location")
    floors = PlanConfig(cycle_service_goals={"A": 0.99})
    raised = planned(snapshot, rates, floors).targets.set_index("location")
    assert raised["service_class"].to_dict() == {"C": "AZ", "F": "AZ", "A": "AZ", "B": "K"}
    assert raised.loc["F", "critical_ratio"] == pytest.approx(0.99) and plain.loc["F", "critical_ratio"] < 0.9
    assert raised.loc["A", "critical_ratio"] == pytest.approx(max(0.6, plain.loc["A", "critical_ratio"]))
    assert raised.loc["B", "critical_ratio"] == plain.loc["B", "critical_ratio"]
    assert raised.loc["F", "order_up_to_level"] > plain.loc["F", "order_up_to_level"]


def test_a_goal_that_is_no_level_is_refused() -> None:
    with pytest.raises(ValueError, match="fill_rate_goals"):
        PlanConfig(fill_rate_goals={"A": 98})
