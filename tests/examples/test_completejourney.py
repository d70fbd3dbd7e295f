"""The Complete Journey adapter on made-up frames of the same format."""

from __future__ import annotations

from pathlib import Path

import completejourney
import pandas as pd
import pytest
from chain_writer import write_chain

from network.ingest import load_snapshot


def line(store: int, product: int, quantity: int, stamp: str) -> dict[str, object]:
    """One transaction line; 2.00 paid and 0.50 of discount a unit."""
    time = pd.Timestamp(stamp)
    week = 1 + (time - pd.Timedelta(hours=5) - pd.Timestamp("2016-12-26")).days // 7
    return {
        "household_id": 1,
        "store_id": store,
        "basket_id": int(time.timestamp()) + store,
        "product_id": product,
        "quantity": quantity,
        "sales_value": 2.0 * quantity,
        "retail_disc": 0.5 * quantity,
        "coupon_disc": 0.0,
        "coupon_match_disc": 0.0,
        "week": week,
        "transaction_timestamp": time,
    }


@pytest.fixture
def data() -> dict[str, pd.DataFrame]:
    """Product 10 in stores 330 and 31782 on ten days, product 20 once, fuel every day."""
    stamps = [f"2017-01-{day:02d} 18:00:00" for day in range(2, 12)]
    lines = [line(store, 10, 2, stamp) for stamp in stamps for store in (330, 31782)]
    lines += [line(330, 20, 1, stamps[3])] + [line(330, 30, 20000, stamp) for stamp in stamps]
    lines += [line(330, 10, 1, "2017-01-12 04:30:00")]  # half past eleven in the evening of the 11th in New York
    return {
        "transactions": pd.DataFrame(lines),
        "products": pd.DataFrame(
            {
                "product_id": [10, 20, 30],
                "manufacturer_id": [1, 2, 3],
                "department": ["PRODUCE", "GROCERY", "FUEL"],
                "product_category": ["SALAD MIX", None, "FUEL"],
            }
        ),
        "promotions": pd.DataFrame(
            {
                "product_id": 10,
                "store_id": 330,
                "display_location": ["0", "0", "5"],
                "mailer_location": ["A", "A", "0"],
                "week": [1, 2, 3],
            }
        ),
        "coupons": pd.DataFrame({"coupon_upc": [1, 2], "product_id": [10, 10], "campaign_id": [7, 7]}),
        "campaign_descriptions": pd.DataFrame(
            {
                "campaign_id": [7],
                "campaign_type": ["Type A"],
                "start_date": [pd.Timestamp("2017-01-05")],
                "end_date": [pd.Timestamp("2017-01-20")],
            }
        ),
    }


def test_the_chain_is_valid_and_complete(data: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    write_chain(completejourney.build_chain(data, 3), tmp_path)
    snapshot = load_snapshot(tmp_path)
    assert snapshot.cutoff == pd.Timestamp("2017-01-11")
    assert sorted(snapshot.table("skus")["sku"]) == ["P10", "P20"]
    assert snapshot.table("skus").set_index("sku").loc["P10", "unit_price"] == pytest.approx(2.5)


def test_fuel_is_dropped_and_the_busiest_points_kept(data: dict[str, pd.DataFrame]) -> None:
    points = completejourney.build_chain(data, 2).tables["assortment"]
    assert points[["sku", "location"]].to_numpy().tolist() == [["P10", "STORE_31782"], ["P10", "STORE_330"]]


def test_days_are_those_of_the_store(data: dict[str, pd.DataFrame]) -> None:
    sales = completejourney.build_chain(data, 3).tables["sales"]
    last = sales[(sales["date"] == "2017-01-11") & (sales["location"] == "STORE_330")]
    assert last["units"].tolist() == [3]  # 2 in the afternoon and 1 before midnight
    assert sales["price"].unique().tolist() == [2.0]


def test_weeks_of_one_mechanism_join_into_a_promotion_known_a_week_ahead(data: dict[str, pd.DataFrame]) -> None:
    promotions = completejourney.build_chain(data, 3).tables["promotions"].set_index("mechanism")
    mailer, display = promotions.loc["discount"], promotions.loc["bundle"]
    assert (mailer["from"], mailer["to"]) == (pd.Timestamp("2016-12-26"), pd.Timestamp("2017-01-08"))
    assert (display["from"], display["to"]) == (pd.Timestamp("2017-01-09"), pd.Timestamp("2017-01-15"))
    assert ((promotions["from"] - promotions["known_at"]) == pd.Timedelta(days=7)).all()
    assert promotions.loc["gift", "location"] == ""


def test_sales_in_a_promoted_week_are_marked(data: dict[str, pd.DataFrame]) -> None:
    sales = completejourney.build_chain(data, 3).tables["sales"]
    assert sales.loc[sales["is_promotion"], "location"].unique().tolist() == ["STORE_330"]
    assert sales.loc[sales["is_promotion"], "sku"].unique().tolist() == ["P10"]


def test_baskets_are_traffic_known_a_day_later(data: dict[str, pd.DataFrame]) -> None:
    signals = completejourney.build_chain(data, 3).tables["signals"]
    busy = signals[(signals["key"] == "STORE_330") & (signals["date"] == "2017-01-11")]
    assert busy["value"].tolist() == [2.0]
    assert (signals["known_at"] - signals["date"]).unique().tolist() == [pd.Timedelta(days=1)]
