"""The Breakfast adapter on made-up files of the same format."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from examples import breakfast
from network.ingest import load_snapshot

SATURDAYS = pd.date_range("2011-10-08", periods=10, freq="7D")


def store_weeks(store: int, upc: int, units: float) -> pd.DataFrame:
    """Steady weeks; in the circular in the second week, on display in the third, no facts but units in the last."""
    rows = pd.DataFrame({"store_id": store, "upc": upc, "week_end_date": SATURDAYS, "units": units})
    rows = rows.assign(visits=units - 1, hss=units - 2, feature=0.0, display=0.0)
    rows.loc[1, "feature"] = rows.loc[2, "display"] = 1.0
    rows.loc[9, ["visits", "hss", "feature", "display"]] = None
    return rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pretzels and cereal in one store of Kentucky and one of Ohio; trends of two terms a group."""
    weeks = [
        store_weeks(store, upc, 10.0 * (1 + store % 2)) for store in (389, 2277) for upc in (1111009477, 1600027527)
    ]
    pd.concat(weeks).to_csv(tmp_path / "sales_12series_reconstructed.csv", index=False)
    terms = [
        ("cold_cereal", "HoneyNutCheerios_AllCategories_Web_US", 40),
        ("cold_cereal", "HoneyNutCheerios_Shopping_Web_US", 60),
        ("cold_cereal", "Kashi_AllCategories_Web_US", 80),
        ("cold_cereal", "Kellogg's_AllCategories_Web_KY", 10),
        ("cross_category", "Costco_Shopping_Web_US", 30),
        ("cross_category", "Costco_Shopping_Web_TX", 99),
        ("olist/telephony", "MotoG5_Shopping_Web_BR", 99),
    ]
    trends = pd.DataFrame(terms, columns=["group", "series", "index"])
    trends.assign(term="", gt_category="", freq="Week", period_start="2011-12-04").to_csv(
        tmp_path / "google_trends_all.csv", index=False
    )
    return tmp_path


def test_the_chain_is_valid_and_complete(data: Path) -> None:
    breakfast.main([str(data), str(data / "chain")])
    snapshot = load_snapshot(data / "chain")
    assert snapshot.cutoff == SATURDAYS[-1]
    skus = snapshot.table("skus").set_index("sku")
    assert skus.loc["UPC_1600027527", "category"] == "cold_cereal"
    assert skus.loc["UPC_1600027527", "brand"] == "HoneyNutCheerios"
    assert snapshot.table("locations").set_index("location").loc["STORE_2277", "region"] == "OH"


def test_a_week_is_sold_on_its_saturday_and_the_other_days_are_closed(data: Path) -> None:
    tables = breakfast.build_chain(data).tables
    assert len(tables["sales"]) == 4 * 10
    assert set(tables["sales"]["date"].dt.day_name()) == {"Saturday"}
    closures = tables["closures"]
    assert "Saturday" not in set(closures["date"].dt.day_name())
    # the six days before the first Saturday, nine gaps of six days, and 27 weeks to come, for two stores
    assert len(closures) == 2 * 6 * (1 + 9 + breakfast.WEEKS_CLOSED_AHEAD)


def test_visits_are_summed_over_products_and_known_when_the_week_is_over(data: Path) -> None:
    signals = breakfast.build_chain(data).tables["signals"]
    assert (signals["known_at"] - signals["date"]).unique().tolist() == [pd.Timedelta(days=1)]
    visits = signals[(signals["signal"] == "visits") & (signals["key"] == "STORE_389")]
    assert visits["value"].unique().tolist() == [2 * 19.0]
    assert visits["date"].max() == SATURDAYS[-2]  # the last week has no visits
    breakfast.main([str(data), str(data / "chain")])
    told = load_snapshot(data / "chain").table("signals")
    assert (told["known_at"] <= SATURDAYS[-1]).all()


def test_trends_are_means_over_the_terms_of_a_brand_a_category_and_a_state(data: Path) -> None:
    signals = breakfast.build_chain(data).tables["signals"]
    search = signals[signals["family"] == "search"]
    values = {(row.signal, row.key_type, row.key): row.value for row in search.itertuples()}
    assert values == {
        ("google_trends", "category", "cold_cereal"): 60.0,  # (40 + 60 + 80) / 3
        ("google_trends_brand", "brand", "HoneyNutCheerios"): 50.0,
        ("google_trends_cold_cereal", "region", "KY"): 10.0,
        ("google_trends_cross_category", "global", ""): 30.0,  # no store of these files lies in Texas
    }
    assert search["date"].unique().tolist() == [pd.Timestamp("2011-12-10")]  # the Saturday that ends the week


def test_circulars_and_displays_are_known_ahead(data: Path) -> None:
    promotions = breakfast.build_chain(data).tables["promotions"]
    assert promotions.groupby("mechanism")["to"].unique().map(list).to_dict() == {
        "discount": [SATURDAYS[1]],
        "bundle": [SATURDAYS[2]],
    }
    assert (promotions["to"] - promotions["from"]).unique().tolist() == [pd.Timedelta(days=6)]
    assert (promotions["from"] - promotions["known_at"]).unique().tolist() == [pd.Timedelta(days=28)]
