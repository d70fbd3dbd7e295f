"""Calendar: open days, ship days, due days, working days and holidays."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.calendar import PUBLIC_HOLIDAY
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]

# 10 March 2024 is a Sunday, so day 0 is Monday the 11th.
SUNDAY = pd.Timestamp("2024-03-10")


@pytest.fixture
def one_lane(table: Make, chain: Chain) -> Callable[..., SupplyNetwork]:
    """A network with the single lane C>A:transfer, two days long, and whatever else is given."""

    def make(order_days: str = "", lead_time_days: int = 2, **tables: pd.DataFrame) -> SupplyNetwork:
        lanes = table("lanes", origin=["C"], destination="A", mode="transfer", lead_time_days=lead_time_days,
                      order_days=order_days, cutoff_time="18:00")  # fmt: skip
        return build_network(chain(lanes=lanes, **tables))

    return make


def days(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags[0]).tolist()


def test_goods_leave_on_the_lanes_order_days_only(one_lane: Callable[..., SupplyNetwork]) -> None:
    calendar = one_lane("MO,TH").calendar
    assert days(calendar.ship_days([0], SUNDAY, 10)) == [0, 3, 7]
    assert days(one_lane().calendar.ship_days([0], SUNDAY, 3)) == [0, 1, 2]


def test_a_closed_origin_or_lane_ships_nothing_and_a_lane_may_open_against_the_rule(
    table: Make, one_lane: Callable[..., SupplyNetwork]
) -> None:
    closures = table(
        "closures",
        location=["C", "", ""],
        lane=["", "C>A:transfer", "C>A:transfer"],
        date=["2024-03-11", "2024-03-14", "2024-03-16"],
        open=[False, False, True],
    )
    calendar = one_lane("MO,TH", closures=closures).calendar
    assert days(calendar.ship_days([0], SUNDAY, 10)) == [5, 7]  # not Monday, not Thursday, but Saturday


def test_goods_are_there_a_lead_time_less_one_after_they_left(one_lane: Callable[..., SupplyNetwork]) -> None:
    # Leaving on day d with L = 2 they are usable from the start of d + 1; with L = 0 or 1 on day d itself.
    assert one_lane().calendar.due_day([0], SUNDAY, 3).tolist() == [[1, 2, 3]]
    assert one_lane(lead_time_days=0).calendar.due_day([0], SUNDAY, 3).tolist() == [[0, 1, 2]]
    assert one_lane(lead_time_days=1).calendar.due_day([0], SUNDAY, 3).tolist() == [[0, 1, 2]]
    assert one_lane().calendar.due_day([0, 0], SUNDAY, 2, lead_time_days=[1, 5]).tolist() == [[0, 1], [4, 5]]


def test_goods_due_on_a_closed_day_are_there_on_the_next_open_one(
    table: Make, one_lane: Callable[..., SupplyNetwork]
) -> None:
    closures = table("closures", location="A", date=["2024-03-12", "2024-03-13"])
    # Day 0 + 1 = Tuesday the 12th, closed, and so is Wednesday: Thursday, day 3. Day 1 + 1 = Wednesday: Thursday too.
    assert one_lane(closures=closures).calendar.due_day([0], SUNDAY, 3).tolist() == [[3, 3, 3]]


def test_a_location_beats_the_group_that_holds_it(table: Make, one_lane: Callable[..., SupplyNetwork]) -> None:
    closures = table("closures", location=["A", "region:EAST", "*"], date="2024-03-12", open=[True, False, False])
    calendar = one_lane(closures=closures).calendar
    assert calendar.is_open("A", pd.Timestamp("2024-03-12"))
    assert not calendar.is_open("C", pd.Timestamp("2024-03-12"))
    assert not calendar.is_open("B", pd.Timestamp("2024-03-12"))
    assert calendar.is_open("B", pd.Timestamp("2024-03-13"))
    with pytest.raises(KeyError, match="no location 'Q'"):
        calendar.is_open("Q", SUNDAY)


def test_a_location_is_open_from_its_first_to_its_last_day_of_business(table: Make, chain: Chain) -> None:
    locations = table("locations", location=["A", "B"], tier="store", opens=["2024-03-12", None],
                      closes=[None, "2024-03-12"])  # fmt: skip
    calendar = build_network(chain(locations=locations)).calendar
    assert calendar.open_days(SUNDAY, 3).tolist() == [[False, True, True], [True, True, False]]


def test_a_closure_row_can_bring_the_cutoff_time_forward(table: Make, one_lane: Callable[..., SupplyNetwork]) -> None:
    closures = table("closures", lane=["C>A:transfer"], date="2024-03-12", open=True, cutoff_time="12:00")
    calendar = one_lane(closures=closures).calendar
    assert calendar.cutoff_time(0, pd.Timestamp("2024-03-12")) == "12:00"
    assert calendar.cutoff_time(0, pd.Timestamp("2024-03-13")) == "18:00"


def test_working_days_follow_the_calendar_of_the_region_then_of_all_then_the_week(table: Make, chain: Chain) -> None:
    rows = table("calendar", date=["2024-03-11", "2024-03-11", "2024-03-16"], region=["", "EAST", ""],
                 event=["Day off", "Day off", "Moved"], is_workday=[False, True, True])  # fmt: skip
    calendar = build_network(chain(calendar=rows)).calendar
    week = pd.date_range("2024-03-11", "2024-03-17")
    assert calendar.is_workday(week).tolist() == [False, True, True, True, True, True, False]
    assert calendar.is_workday(week, "EAST").tolist() == [True, True, True, True, True, True, False]
    assert calendar.holidays.tolist() == [pd.Timestamp("2024-03-11")]


def test_without_a_calendar_public_holidays_come_from_the_country(chain: Chain) -> None:
    calendar = build_network(chain("2024-03-10", settings=ChainSettings(country="CN"))).calendar
    # Spring Festival 2024: off from 10 to 17 February, worked on Sunday the 4th and 18th.
    festival = pd.date_range("2024-02-10", "2024-02-16")
    assert not calendar.is_workday(festival).any()
    assert calendar.is_workday(pd.to_datetime(["2024-02-04", "2024-02-18"])).all()
    assert (calendar.events["event_type"] == PUBLIC_HOLIDAY).all()
    assert pd.Timestamp("2024-02-12") in calendar.holidays
    bavaria = build_network(chain(settings=ChainSettings(country="DE-BY"))).calendar
    assert pd.Timestamp("2025-01-06") in bavaria.holidays  # Epiphany, not a holiday in most of Germany


def test_without_a_country_no_holiday_is_guessed(chain: Chain) -> None:
    calendar = build_network(chain()).calendar
    assert calendar.events.empty
    assert calendar.holidays.empty
    assert calendar.is_workday(["2024-01-01", "2024-01-06"]).tolist() == [True, False]


def test_a_declared_calendar_replaces_the_country(table: Make, chain: Chain) -> None:
    rows = table("calendar", date=["2024-11-11"], event="Double 11", is_workday=True)
    calendar = build_network(chain(calendar=rows, settings=ChainSettings(country="CN"))).calendar
    assert list(calendar.events["event"]) == ["Double 11"]


@given(
    closed=st.sets(st.integers(0, 24)),
    lead=st.integers(0, 6),
    order_days=st.sampled_from(["", "MO", "TU,SA", "MO,WE,FR,SU"]),
)
@settings(max_examples=40, deadline=None)
def test_due_days_are_open_and_never_early(table, chain, closed, lead, order_days) -> None:  # type: ignore[no-untyped-def]
    dates = [SUNDAY + pd.Timedelta(days=offset + 1) for offset in sorted(closed)]
    closures = table("closures", location=["A"] * len(dates) + ["C"] * len(dates), date=dates * 2)
    lanes = table("lanes", origin=["C"], destination="A", mode="transfer", lead_time_days=lead, order_days=order_days)
    calendar = build_network(chain(lanes=lanes, closures=closures)).calendar
    horizon = 14
    due = calendar.due_day([0], SUNDAY, horizon)[0]
    for day, arrival in enumerate(due):
        earliest = day + max(lead, 1) - 1
        assert arrival == next(later for later in range(earliest, 100) if later not in closed)
    allowed = calendar.ship_days([0], SUNDAY, horizon)[0]
    weekdays = [("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day % 7] for day in range(horizon)]
    expected = [day not in closed and (not order_days or weekdays[day] in order_days) for day in range(horizon)]
    assert allowed.tolist() == expected
