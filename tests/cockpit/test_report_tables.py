"""What the tiles and tables of the report hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cockpit import report_tables as tables


def kpi(name: str, today: Any, planned: Any, unit: str) -> tables.Tile:
    frame = pd.DataFrame([(name, today, planned, unit, "")], columns=["kpi", "today", "planned", "unit", "meaning"])
    return tables.tiles(frame, "CNY")[0]


def test_less_stock_out_is_better_and_a_share_changes_by_points() -> None:
    tile = kpi("stockout_rate", 0.12, 0.03, "share")
    assert (tile.today, tile.planned, tile.change, tile.verdict) == ("12.0%", "3.0%", "▼ 9.0 points", "better")


def test_more_fill_is_better_and_more_cost_is_worse() -> None:
    assert kpi("fill_rate", 0.9, 0.95, "share").verdict == "better"
    assert kpi("total_cost", 100.0, 150.0, "money").verdict == "worse"
    assert kpi("total_cost", 100.0, 150.0, "money").change == "▲ 50%"


@pytest.mark.parametrize("today", [None, np.nan])
def test_an_unknown_kpi_says_so_and_claims_no_change(today: Any) -> None:
    tile = kpi("truck_fill", today, 0.8, "share")
    assert (tile.today, tile.change, tile.verdict, tile.is_pair) == ("–", "", "same", False)


def test_lanes_are_ranked_by_value_and_bars_are_relative_to_the_largest() -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "origin": ["A", "A", "B"],
            "destination": ["X", "X", "Y"],
            "kind": ["transfer"] * 3,
            "quantity": [1, 2, 4],
            "value": [10.0, 30.0, 80.0],
            "net_benefit": [1.0, 1.0, 1.0],
        }
    )
    lanes = tables.by_lane(orders)
    assert lanes[["origin", "lines", "value", "bar"]].values.tolist() == [["B", 1, 80.0, 100.0], ["A", 2, 40.0, 50.0]]
    assert tables.by_lane(orders.head(0)).empty


def test_fill_is_weighted_by_cost_and_lanes_without_a_truck_size_are_left_out() -> None:
    # (0.5 * 100 + 1.0 * 300) / 400 = 0.875
    loads = pd.DataFrame(
        {
            "vehicle": ["truck", "truck", "truck", "truck", "parcel"],
            "trucks": [1, 1, 1, 0, 3],
            "truck_volume_m3": [10.0, 10.0, np.inf, 10.0, 0.1],
            "fill": [0.5, 1.0, 0.0, 0.1, 0.2],
            "cost": [100.0, 300.0, 50.0, 9.0, 60.0],
        }
    )
    assert tables.cost_weighted_fill(loads) == pytest.approx(0.875)
    assert np.isnan(tables.cost_weighted_fill(loads.head(0)))


def test_top_orders_carry_their_terms_and_leave_out_nothings(fake_plan: Any) -> None:
    best = tables.top_orders(fake_plan.orders, fake_plan.order_terms, 5)
    assert [order["net_benefit"] for order in best] == sorted(fake_plan.orders["net_benefit"], reverse=True)[:5]
    for order in best:
        assert sum(amount for _, amount in order["terms"]) == pytest.approx(order["net_benefit"])


def test_alerts_count_critical_exceptions_by_location(fake_plan: Any) -> None:
    alerts = tables.alerts_by_location(fake_plan.exceptions)
    assert sum(alerts.values()) == (fake_plan.exceptions["severity"] == "critical").sum()
