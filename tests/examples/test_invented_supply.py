"""What the adapters invent, by hand-worked cases."""

from __future__ import annotations

import invented_supply
import numpy as np
import pandas as pd
import pytest
from invented_supply import StockRule

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
    means = invented_supply.recent_mean(sales, 2, unit_factor=10.0)
    assert means["units_per_day"].tolist() == [10.0]  # only the 2 of the last two days: 2 x 10 / 2


def test_invented_stock_is_cover_times_mean_at_every_tier() -> None:
    locations, sales = two_stores()
    made = invented_supply.invented_stock(sales, locations, rule(), unit_factor=1.0, rng=np.random.default_rng(0))
    on_hand = made["stock"].set_index("location")["on_hand"].to_dict()
    # stores 2 days of 1 and 3; forward 3 days of 4; central 4 days of 4
    assert on_hand == {"S1": 2, "S2": 6, "FWD": 12, "DC": 16}
    order = made["open_orders"].iloc[0]
    assert (order["origin"], order["destination"], order["quantity"]) == ("SUP", "DC", 6)  # 1.5 days of 4
    assert (order["ship_date"], order["due_date"]) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-06"))


def test_an_empty_share_of_one_leaves_the_stores_empty() -> None:
    means = pd.DataFrame({"sku": ["A"] * 3, "location": ["1", "2", "3"], "units_per_day": [5.0] * 3})
    rng = np.random.default_rng(1)
    stock = invented_supply.starting_stock(means, DAYS[0], days_of_cover=(1, 2), empty_share=1.0, rng=rng)
    assert stock["on_hand"].tolist() == [0, 0, 0]


def test_a_degree_of_latitude_is_111_km() -> None:
    assert invented_supply.distance_km((0.0, 0.0), (1.0, 0.0)) == pytest.approx(111.2, abs=0.1)
