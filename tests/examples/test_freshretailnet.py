"""The FreshRetailNet adapter on a made-up file of the same format."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from examples import freshretailnet
from network.ingest import load_snapshot

DAYS = pd.date_range("2024-05-01", periods=10)


def publisher_rows() -> pd.DataFrame:
    """Two cities with two stores, two products each; store 0 is out of stock for 4 of 16 hours on the last day."""
    rows = pd.DataFrame(
        list(itertools.product((0, 1, 2, 3), (5, 9), DAYS)), columns=["store_id", "product_id", "dt"]
    ).assign(first_category_id=1, discount=0.8, holiday_flag=0, activity_flag=1, precpt=2.5, avg_temperature=18.0)
    rows["city_id"] = rows["store_id"] // 2
    rows["sale_amount_sum24"] = 0.3
    is_out = (rows["store_id"] == 0) & (rows["dt"] == DAYS[-1])
    rows["stockout_hours_6_22"] = np.where(is_out, 4, 0)
    rows.loc[rows["dt"] == "2024-05-01", "holiday_flag"] = 1
    return rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    publisher_rows().to_parquet(tmp_path / "train_daily.parquet")
    return tmp_path


def test_the_chain_is_valid_and_complete(data: Path) -> None:
    freshretailnet.main([str(data), str(data / "chain")])
    snapshot = load_snapshot(data / "chain")
    tiers = snapshot.table("locations")["tier"].value_counts().to_dict()
    assert tiers == {"store": 4, "forward": 2, "supplier": 1, "central": 1}
    assert snapshot.cutoff == DAYS[-1]
    assert snapshot.settings.unit_factor == 10
    assert {assumption.table for assumption in snapshot.settings.assumptions} >= {"stock", "lanes", "skus"}
    assert len(snapshot.table("stock")) == 4 * 2 + 2 * 2 + 2


def test_stock_out_hours_become_availability(data: Path) -> None:
    sales = freshretailnet.build_chain(freshretailnet.read_days(data, None)).tables["sales"]
    last = sales[(sales["location"] == "STORE_000") & (sales["date"] == DAYS[-1])]
    assert last["availability"].tolist() == [0.75, 0.75]
    assert sales["availability"].min() == 0.75
    assert sales["units"].unique().tolist() == [0.3]


def test_weather_is_known_a_day_later_and_nothing_is_known_of_the_last_day(data: Path) -> None:
    freshretailnet.main([str(data), str(data / "chain")])
    signals = load_snapshot(data / "chain").table("signals")
    assert signals["date"].max() == DAYS[-2]
    chain = freshretailnet.build_chain(freshretailnet.read_days(data, None))
    delay = chain.tables["signals"]["known_at"] - chain.tables["signals"]["date"]
    assert delay.unique().tolist() == [pd.Timedelta(days=1)]


def test_a_day_off_on_a_weekday_is_a_public_holiday(data: Path) -> None:
    calendar = freshretailnet.build_chain(freshretailnet.read_days(data, None)).tables["calendar"]
    assert calendar.loc[calendar["event"] == "public holiday", "date"].tolist() == [DAYS[0]]


def test_fewer_cities_and_the_publishers_own_names(tmp_path: Path) -> None:
    theirs = {ours: name for name, ours in freshretailnet.OUR_NAMES.items()}
    rows = publisher_rows().rename(columns=theirs)
    rows.assign(dt=rows["dt"].dt.strftime("%Y-%m-%d")).to_parquet(tmp_path / "train.parquet")
    assert set(freshretailnet.read_days(tmp_path, 1)["location"]) == {"STORE_000", "STORE_001"}


def test_laterals_reach_a_city_or_a_district(data: Path) -> None:
    rows = freshretailnet.read_days(data, None)
    for reach, group in (("city", "region:"), ("district", "zone:")):
        lanes = freshretailnet.build_chain(rows, reach).tables["lanes"]
        laterals = lanes[lanes["mode"] == "transshipment"]
        assert laterals["origin"].str.startswith(group).all()
        assert (laterals["origin"] == laterals["destination"]).all()


def test_the_same_chain_comes_out_twice(data: Path) -> None:
    for name in ("one", "two"):
        freshretailnet.main([str(data), str(data / name)])
    for path in (data / "one").iterdir():
        assert path.read_bytes() == (data / "two" / path.name).read_bytes()


def test_a_folder_without_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"train_daily\.parquet"):
        freshretailnet.main([str(tmp_path), str(tmp_path / "chain")])
