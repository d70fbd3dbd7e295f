"""The Rossmann adapter on made-up files of the same format."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from examples import rossmann
from network.ingest import load_snapshot

DAYS = pd.date_range("2015-05-04", "2015-06-19")  # a Monday to a Friday


def store_days(store: int, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Open on weekdays and Saturdays; Promo from Monday to Friday of every second week, the first included."""
    is_open = days.day_of_week < 6
    week = (days - DAYS[0]).days // 7
    return pd.DataFrame(
        {
            "Store": store,
            "Date": days,
            "Sales": is_open * 5000,
            "Customers": is_open * 600,
            "Open": is_open.astype(int),
            "Promo": ((week % 2 == 0) & (days.day_of_week < 5)).astype(int),
            "StateHoliday": ["a" if day == pd.Timestamp("2015-05-14") else "0" for day in days],
            "SchoolHoliday": 0,
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Store 1 (HE, type c), store 2 (HB,NI, type a, Promo2 in Jan, Apr, Jul, Oct) that lacks a week in May."""
    lacking = DAYS[(DAYS < "2015-05-11") | (DAYS > "2015-05-17")]
    pd.concat([store_days(1, DAYS), store_days(2, lacking)]).to_csv(tmp_path / "train.csv", index=False)
    pd.DataFrame(
        {
            "Store": [1, 2],
            "StoreType": ["c", "a"],
            "Promo2": [0, 1],
            "Promo2SinceWeek": [None, 13],
            "Promo2SinceYear": [None, 2010],
            "PromoInterval": [None, "Jan,Apr,Jul,Oct"],
        }
    ).to_csv(tmp_path / "store.csv", index=False)
    pd.DataFrame({"Store": [1, 2], "State": ["HE", "HB,NI"]}).to_csv(tmp_path / "store_states.csv", index=False)
    pd.DataFrame(
        {"state": ["DE", "HE", "NI", "SL"], "week_start": "2015-06-07", "week": "", "trend": [70, 71, 72, 73]}
    ).to_csv(tmp_path / "googletrend.csv", index=False)
    pd.DataFrame(
        {"state_name": ["Hessen", "Bremen"], "Date": "2015-06-17", "Mean_TemperatureC": 18, "Precipitationmm": 1.5}
    ).to_csv(tmp_path / "weather.csv", index=False)
    return tmp_path


def test_the_chain_is_valid_and_complete(data: Path) -> None:
    rossmann.main([str(data), str(data / "chain")])
    snapshot = load_snapshot(data / "chain")
    assert snapshot.cutoff == DAYS[-1]
    locations = snapshot.table("locations").set_index("location")
    assert locations.loc["STORE_0002", "region"] == "NI"
    assert sorted(snapshot.table("skus")["sku"]) == ["TURNOVER_A", "TURNOVER_C"]
    assert snapshot.settings.unit_factor == pytest.approx(0.01)


def test_closed_and_lacking_days_are_not_available(data: Path) -> None:
    sales = rossmann.build_chain(data).tables["sales"].set_index(["location", "date"])["availability"]
    assert sales["STORE_0001", pd.Timestamp("2015-05-10")] == 0.0  # a Sunday
    assert sales["STORE_0002", pd.Timestamp("2015-05-12")] == 0.0  # a Tuesday without a row
    assert sales["STORE_0001", pd.Timestamp("2015-05-12")] == 1.0
    assert len(sales) == 2 * len(DAYS)


def test_the_next_sundays_stay_closed(data: Path) -> None:
    closures = rossmann.build_chain(data).tables["closures"]
    ahead = closures[closures["date"] > DAYS[-1]]
    assert set(ahead["date"].dt.day_of_week) == {6}
    assert len(ahead) == 2 * rossmann.CLOSED_SUNDAYS_AHEAD


def test_signals_are_known_only_after_the_fact(data: Path) -> None:
    signals = rossmann.build_chain(data).tables["signals"]
    assert (signals["known_at"] > signals["date"]).all()
    trend = signals[signals["family"] == "search"]
    assert set(trend["key"]) == {"", "HE", "NI"}
    assert trend["date"].unique().tolist() == [pd.Timestamp("2015-06-13")]  # the Saturday that ends the week
    rossmann.main([str(data), str(data / "chain")])
    visible = load_snapshot(data / "chain").table("signals")
    customers = visible[visible["signal"] == "customers"]
    assert customers["date"].max() == DAYS[-2]


def test_promo_runs_go_on_in_their_rhythm_and_are_known_ahead(data: Path) -> None:
    promotions = rossmann.build_chain(data).tables["promotions"]
    runs = promotions[promotions["mechanism"] == "discount"]
    assert runs["from"].dt.strftime("%m-%d").tolist() == [
        *("05-04", "05-18", "06-01", "06-15"),
        *("06-29", "07-13", "07-27"),
    ]
    assert (runs["to"] - runs["from"]).unique().tolist() == [pd.Timedelta(days=4)]
    assert (runs["from"] - runs["known_at"]).unique().tolist() == [pd.Timedelta(days=28)]


def test_promo2_covers_the_months_of_its_interval(data: Path) -> None:
    promotions = rossmann.build_chain(data).tables["promotions"]
    months = promotions[promotions["mechanism"] == "gift"]
    assert months[["location", "from"]].to_numpy().tolist() == [["STORE_0002", pd.Timestamp("2015-07-01")]]
    assert months["to"].tolist() == [pd.Timestamp("2015-07-31")]


def test_holidays_are_marked_by_state(data: Path) -> None:
    calendar = rossmann.build_chain(data).tables["calendar"]
    assert calendar["event"].tolist() == ["public holiday"]
    assert calendar["region"].tolist() == ["HE"]  # store 2, the only one of NI, has no row that week
