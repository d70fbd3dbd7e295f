"""The shared part of the adapters: what is written, and what is invented."""

from __future__ import annotations

import tomllib
from pathlib import Path

import chain_writer
import numpy as np
import pandas as pd
import pytest
from chain_writer import ChainFolder, Lane, StockRule

DAYS = pd.date_range("2024-01-01", periods=4)


def two_stores() -> tuple[pd.DataFrame, pd.DataFrame]:
    locations = pd.DataFrame(
        {
            "location": ["SUP", "DC", "FWD", "S1", "S2"],
            "tier": ["supplier", "central", "forward", "store", "store"],
            "region": [None, None, "R", "R", "R"],
        }
    )
    sales = pd.DataFrame({"date": DAYS.repeat(2), "sku": "A", "location": ["S1", "S2"] * 4, "units": [1.0, 3.0] * 4})
    return locations, sales


def rule() -> StockRule:
    return StockRule(
        store_days=(2, 2),
        forward_days=(3, 3),
        central_days=(4, 4),
        empty_share=0.0,
        order_days=1.5,
        due_in_days=(2,),
        lead_time_days=5,
        mean_days=2,
    )


def test_means_count_days_without_a_sale() -> None:
    sales = pd.DataFrame({"date": [DAYS[0], DAYS[3]], "sku": "A", "location": "S1", "units": [7.0, 2.0]})
    means = chain_writer.recent_mean(sales, 2, unit_factor=10.0)
    assert means["units_per_day"].tolist() == [10.0]  # only the 2 of the last two days: 2 x 10 / 2


def test_invented_stock_is_cover_times_mean_at_every_tier() -> None:
    locations, sales = two_stores()
    made = chain_writer.invented_stock(sales, locations, rule(), unit_factor=1.0, rng=np.random.default_rng(0))
    on_hand = made["stock"].set_index("location")["on_hand"].to_dict()
    # stores 2 days of 1 and 3; forward 3 days of 4; central 4 days of 4
    assert on_hand == {"S1": 2, "S2": 6, "FWD": 12, "DC": 16}
    order = made["open_orders"].iloc[0]
    assert (order["origin"], order["destination"], order["quantity"]) == ("SUP", "DC", 6)  # 1.5 days of 4
    assert (order["ship_date"], order["due_date"]) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-06"))


def test_an_empty_share_of_one_leaves_the_stores_empty() -> None:
    means = pd.DataFrame({"sku": ["A"] * 3, "location": ["1", "2", "3"], "units_per_day": [5.0] * 3})
    rng = np.random.default_rng(1)
    stock = chain_writer.starting_stock(means, DAYS[0], days_of_cover=(1, 2), empty_share=1.0, rng=rng)
    assert stock["on_hand"].tolist() == [0, 0, 0]


def test_labels_follow_the_numbers_and_keep_the_index() -> None:
    named = chain_writer.labels("S_{:02d}", pd.Series([7, 3, 7], index=[5, 6, 9]))
    assert named.to_dict() == {5: "S_07", 6: "S_03", 9: "S_07"}


def test_a_degree_of_latitude_is_111_km() -> None:
    assert chain_writer.distance_km((0.0, 0.0), (1.0, 0.0)) == pytest.approx(111.2, abs=0.1)


def test_small_tables_are_csv_and_large_ones_parquet(tmp_path: Path) -> None:
    big = pd.DataFrame({"n": range(chain_writer.CSV_ROWS + 1)})
    lanes = chain_writer.lane_table([Lane("A", "B", "transfer", 1)])
    chain = ChainFolder("x", "EUR", "UTC", {"sales": big, "lanes": lanes}, ())
    chain_writer.write_chain(chain, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.toml", "lanes.csv", "sales.parquet"]


def test_writing_again_replaces_the_other_form(tmp_path: Path) -> None:
    (tmp_path / "sales.parquet").write_bytes(b"old")
    chain = ChainFolder("x", "EUR", "UTC", {"sales": pd.DataFrame({"n": [1]})}, ())
    chain_writer.write_chain(chain, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.toml", "sales.csv"]


def test_settings_read_back_as_written() -> None:
    chain = ChainFolder(
        "x",
        "EUR",
        "Europe/Berlin",
        {},
        (("stock", 'ein "Lager" in Köln'),),
        country="DE",
        unit_factor=0.01,
        economics={"gross_margin": 0.3},
    )
    assert tomllib.loads(chain_writer.chain_toml(chain)) == {
        "id": "x",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "unit_factor": 0.01,
        "economics": {"gross_margin": 0.3},
        "assumptions": [{"table": "stock", "text": 'ein "Lager" in Köln'}],
    }
