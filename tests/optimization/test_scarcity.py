"""Scarce stock: worked out by hand on a chain of five places, then what must always hold."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.config import PlanConfig
from optimization.scarcity import stock_priorities
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, RATES, SKU, planned, random_chain, stock

TABLES: dict[str, Any] = {"skus": [SKU], "lanes": LANES}
NO_LATERALS = PlanConfig(laterals=False)


def places(**priority: int) -> list[dict[str, Any]]:
    return [{**row, "priority": priority.get(row["location"])} for row in PLACES]


def test_who_comes_first_gets_what_will_probably_sell_there_and_the_rest_goes_by_value(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # A and B are alike and empty, 16 units for both: by value 8 each, give or take a step of the curve. C is bought for
    # on Monday and has stock again on index 4, so its next truck is Monday's, index 8: 2 a day on the indexes 1 to 8
    # are 16, of which some are lost before the first truck. With B first it gets half of its demand and more.
    held = stock(C=16, F=60, A=0, B=0)
    equal = planned(make_snapshot(CUTOFF, locations=PLACES, stock=held, **TABLES), RATES, NO_LATERALS)
    first = planned(make_snapshot(CUTOFF, locations=places(B=1, A=2), stock=held, **TABLES), RATES, NO_LATERALS)
    assert abs(equal.quantity("C", "A") - equal.quantity("C", "B")) <= 2
    assert 10 <= first.quantity("C", "B") <= 15
    assert first.quantity("C", "A") == 16 - first.quantity("C", "B")
    assert first.violations.empty


def test_one_who_would_get_nothing_by_value_is_served_first_where_it_comes_first(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # B sells 0.2 a day: against 4 a day at A, 3 units go to A by value. By priority B takes what it earns by.
    rates = {("X", "F"): 1.0, ("X", "A"): 4.0, ("X", "B"): 0.2}
    held = stock(C=3, F=60, A=0, B=0)
    by_value = planned(make_snapshot(CUTOFF, locations=PLACES, stock=held, **TABLES), rates, NO_LATERALS)
    first = planned(make_snapshot(CUTOFF, locations=places(B=1), stock=held, **TABLES), rates, NO_LATERALS)
    assert by_value.quantity("C", "A") == 3
    assert first.quantity("C", "B") >= 1
    assert first.quantity("C", "A") + first.quantity("C", "B") == 3


def test_the_plan_says_who_was_cut_by_how_much_and_what_it_costs(make_snapshot: Callable[..., Snapshot]) -> None:
    # B is first; A wants as much for the same days and gets 16 less B's. A unit that it lacks is worth at most 6.
    held = stock(C=16, F=60, A=0, B=0)
    case = planned(make_snapshot(CUTOFF, locations=places(B=1, A=2), stock=held, **TABLES), RATES, NO_LATERALS)
    cuts = case.decisions.cuts
    (cut,) = cuts[cuts["destination"] == "A"].to_dict("records")
    assert (cut["kind"], cut["location"], cut["origin"], cut["priority"]) == ("scarcity", "C", "C", 2.0)
    assert cut["wanted"] == cut["quantity"] + case.quantity("C", "A")
    assert cut["wanted"] > 16
    assert 0 < cut["money"] <= 6.0 * cut["quantity"]
    # and what B got has this price: no unit of it earns less at A than the last one that A lacks
    line = case.decisions.moves.set_index("destination").loc["B"]
    assert 0 < line["scarcity_price"] <= 6.0 * line["quantity"]


def test_plenty_costs_nothing_and_cuts_nobody(make_snapshot: Callable[..., Snapshot]) -> None:
    held = stock(C=300, F=60, A=0, B=0)
    case = planned(make_snapshot(CUTOFF, locations=places(B=1, A=2), stock=held, **TABLES), RATES, NO_LATERALS)
    assert case.decisions.cuts.empty
    assert (case.decisions.moves["scarcity_price"] == 0).all()


def test_a_location_goes_before_the_channel_that_sells_most_there(make_snapshot: Callable[..., Snapshot]) -> None:
    day = pd.Timestamp(CUTOFF)
    sales = [
        {"date": day, "sku": "X", "location": place, "channel": channel, "units": units}
        for place, channel, units in (
            ("A", "instant", 3.0), ("A", "walk_in", 2.0), ("B", "walk_in", 9.0), ("F", "instant", 1.0),
        )
    ]  # fmt: skip
    snapshot = make_snapshot(CUTOFF, locations=places(F=5), sales=sales, **TABLES)
    points = pd.DataFrame({"sku": "X", "location": ["A", "B", "C", "F"]})
    config = PlanConfig(channel_priority={"instant": 1, "walk_in": 2})
    found = stock_priorities(points, snapshot, config)
    assert found is not None
    assert found.tolist() == [1.0, 2.0, float("inf"), 5.0]
    silent = make_snapshot(CUTOFF, locations=PLACES, sales=sales, **TABLES)
    assert stock_priorities(points, silent, PlanConfig()) is None


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_priorities_break_no_rule_and_make_no_units(make_snapshot: Callable[..., Snapshot], seed: int) -> None:
    snapshot, rates = random_chain(make_snapshot, seed)
    ranks = snapshot.table("locations").assign(priority=[float(1 + (seed + row) % 3) for row in range(7)])
    case = planned(snapshot.replace(tables={"locations": ranks}), rates)
    assert case.violations.empty, case.violations.to_string()
    cuts = case.decisions.cuts
    assert ((cuts["quantity"] > 0) & (cuts["wanted"] >= cuts["quantity"])).all()
    assert (cuts["money"] >= 0).all()
    assert (case.decisions.moves[["capacity_price", "scarcity_price"]] >= 0).all(axis=None)


def test_priorities_must_be_positive(make_snapshot: Callable[..., Snapshot]) -> None:
    with pytest.raises(ValueError, match="channel_priority"):
        PlanConfig(channel_priority={"instant": 0})
