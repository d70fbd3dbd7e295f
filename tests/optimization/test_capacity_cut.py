"""What tonight's lines may ask of a place: whole nights on a chain of five places, worked out by hand."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from network.snapshot import Snapshot
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, RATES, SKU, planned, stock

TRUCKS = [
    {**lane, "truck_cost": 20.0, "truck_volume_m3": 0.12} if lane["mode"] == "transfer" else lane for lane in LANES
]
SMALL = {**SKU, "volume_m3": 0.01}
TABLES: dict[str, Any] = {"locations": PLACES, "skus": [SMALL], "stock": stock(C=300, F=60, A=0, B=0)}


def capacity(**row: Any) -> list[dict[str, Any]]:
    return [{"location": "C", "kind": "ship", "weekday": "", **row}]


def test_more_than_a_place_can_ship_waits(make_snapshot: Callable[..., Snapshot]) -> None:
    # Both stores are empty and want 13 to 15 units each; 18 can be shipped, shared by what a unit is worth: 9 and 9,
    # give or take a step of the cost curve.
    free = planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES), RATES)
    wanted = free.quantity("C", "A") + free.quantity("C", "B")
    tight = planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES, capacity=capacity(amount=18, unit="units")), RATES)
    assert wanted > 18
    assert tight.quantity("C", "A") + tight.quantity("C", "B") <= 18
    assert tight.violations.empty


def test_a_day_has_its_own_capacity(make_snapshot: Callable[..., Snapshot]) -> None:
    # The limit is for Wednesdays; tonight's lines leave on Monday.
    table = capacity(amount=1, unit="units") + capacity(amount=0, unit="lines")
    wednesday = [{**row, "weekday": "WE"} for row in table]
    case = planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES, capacity=wednesday), RATES)
    assert case.quantity("C", "A") > 1


def test_one_truck_at_the_dock_goes_where_more_is_lost(make_snapshot: Callable[..., Snapshot]) -> None:
    # A sells 4 a day, B 1: with one truck to load, A's goes and B's waits, with the dock as the reason.
    rates = {("X", "F"): 4.0, ("X", "A"): 4.0, ("X", "B"): 1.0}
    one = capacity(amount=1, unit="trucks")
    case = planned(make_snapshot(CUTOFF, **TABLES, lanes=TRUCKS, capacity=one), rates)
    both = planned(make_snapshot(CUTOFF, **TABLES, lanes=TRUCKS), rates)
    assert both.quantity("C", "A") > 0
    assert both.quantity("C", "B") > 0
    assert case.quantity("C", "A") > 0
    assert case.quantity("C", "B") == 0
    assert case.violations.empty
    dropped = case.decisions.dropped
    assert dropped.loc[dropped["destination"] == "B", "quantity"].gt(0).all()


def test_overtime_is_bought_where_a_line_is_worth_more(make_snapshot: Callable[..., Snapshot]) -> None:
    cheap = capacity(amount=1, unit="lines", overtime_cost=0.5)
    dear = capacity(amount=1, unit="lines", overtime_cost=1_000.0)
    lines = {
        name: len(planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES, capacity=table), RATES).decisions.moves)
        for name, table in (("cheap", cheap), ("dear", dear))
    }
    assert lines["cheap"] > lines["dear"] == 1


@pytest.mark.parametrize("unit", ["units", "cases", "m3", "lines", "trucks"])
def test_nothing_leaves_a_closed_dock_and_there_is_still_a_plan(
    make_snapshot: Callable[..., Snapshot], unit: str
) -> None:
    case = planned(make_snapshot(CUTOFF, **TABLES, lanes=TRUCKS, capacity=capacity(amount=0, unit=unit)), RATES)
    moves = case.decisions.moves
    assert moves[moves["origin"] == "C"].empty
    assert isinstance(case.decisions.dropped, pd.DataFrame)


def test_what_is_cut_names_site_lane_day_and_amount_and_what_stays_pays_the_price(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # A and B are alike: of 26 to 30 units 18 go, the rest is cut, each unit at what it would have earned; a unit that
    # stays pays what the best unit without a place would have given for it.
    tight = planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES, capacity=capacity(amount=18, unit="units")), RATES)
    cuts = tight.decisions.cuts[tight.decisions.cuts["kind"] == "ship"]
    assert set(cuts["location"]) == {"C"}
    assert set(cuts["date"]) == {pd.Timestamp(CUTOFF) + pd.Timedelta(days=1)}
    assert set(cuts["unit"]) == {"units"}
    moves = tight.decisions.moves
    assert cuts["quantity"].sum() + moves["quantity"].sum() == cuts["wanted"].sum() + (
        moves[~moves["destination"].isin(cuts["destination"])]["quantity"].sum()
    )
    price = (moves["capacity_price"] / moves["quantity"]).to_numpy()
    assert price.max() - price.min() < 1e-9
    assert price.max() == pytest.approx((cuts["money"] / cuts["quantity"]).max())


def test_overtime_is_the_price_where_it_is_bought(make_snapshot: Callable[..., Snapshot]) -> None:
    # Two lines, room for one, another costs 0.50: both go, and a place in a line is worth 0.50.
    cheap = capacity(amount=1, unit="lines", overtime_cost=0.5)
    moves = planned(make_snapshot(CUTOFF, **TABLES, lanes=LANES, capacity=cheap), RATES).decisions.moves
    assert moves["capacity_price"].tolist() == pytest.approx([0.5] * len(moves))
