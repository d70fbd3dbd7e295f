"""The calendar tells each day its distance to festivals, and which weekend days are worked."""

import numpy as np
import pandas as pd
import pytest

from forecasting.seasons import FAR_DAYS, FESTIVAL_DAYS, NAMES, build_seasons
from network.graph import build_network
from network.snapshot import snapshot_at

FIRST = pd.Timestamp("2024-01-20")
SPRING = pd.date_range("2024-02-10", "2024-02-17")


@pytest.fixture(scope="module")
def by_day(make_chain) -> pd.DataFrame:
    rows = [(day, "", "Spring Festival", "holiday", False) for day in SPRING]
    rows += [(pd.Timestamp("2024-02-04"), "", "moved working day", "moved_workday", True)]
    rows += [(day, "", "Double 11", "sale", day.weekday() < 5) for day in pd.date_range("2024-03-09", "2024-03-12")]
    rows += [(pd.Timestamp("2024-02-01"), "EAST", "fair", "fair", True)]
    calendar = pd.DataFrame(rows, columns=["date", "region", "event", "event_type", "is_workday"])
    chain = make_chain(1, 2, 30, calendar=calendar)
    network = build_network(snapshot_at(chain.tables, chain.settings, pd.Timestamp("2024-01-30")))
    seasons = build_seasons(network.calendar, pd.Series(["WEST", "EAST"]), first=FIRST, n_days=70)
    row = seasons.rows(pd.Series(["WEST"]))
    dates = pd.date_range(FIRST, periods=70)
    return pd.DataFrame(seasons.at(np.repeat(row, 70), np.arange(70)), columns=NAMES, index=dates)


def test_spring_festival_is_told_by_signed_distance_in_days(by_day):
    distance = by_day["festival_distance"]
    assert distance.loc["2024-02-05":"2024-02-10"].tolist() == [-5, -4, -3, -2, -1, 0]
    assert distance.loc["2024-02-17":"2024-02-19"].tolist() == [0, 1, 2]
    assert distance.loc["2024-03-29"] == FESTIVAL_DAYS


def test_a_moved_working_day_is_worked_and_a_holiday_is_not(by_day):
    # 2024-02-04 is a Sunday that is worked, 02-12 a Monday that is free
    assert by_day.loc["2024-02-03":"2024-02-05", "is_workday"].tolist() == [0, 1, 1]
    assert by_day.loc["2024-02-03", "workday_next"] == 1
    assert by_day.loc["2024-02-09":"2024-02-12", "is_workday"].tolist() == [1, 0, 0, 0]
    assert by_day.loc["2024-02-04", "weekday"] == 6


def test_shopping_festivals_have_a_distance_of_their_own(by_day):
    distance = by_day["sale_distance"]
    assert distance.loc["2024-03-07":"2024-03-14"].tolist() == [-2, -1, 0, 0, 0, 0, 1, 2]
    assert distance.loc["2024-02-10"] == FAR_DAYS


def test_an_event_of_another_region_is_not_seen(by_day):
    assert by_day.loc["2024-02-01", "event_code"] == 0
