from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from forecasting.forecast import Forecast
from network.graph import build_network
from network.snapshot import Snapshot
from optimization.config import PlanConfig
from optimization.position import inventory_positions
from optimization.targets import interpolated, plan_horizon, stock_targets

CUTOFF = "2024-06-02"
PLACES = [
    {"location": "SUP", "tier": "supplier"},
    {"location": "C", "tier": "central"},
    {"location": "A", "tier": "store"},
    {"location": "B", "tier": "store"},
]
LANES = [
    {"origin": "SUP", "destination": "C", "mode": "purchase", "lead_time_days": 6, "order_days": "TU"},
    {"origin": "C", "destination": "tier:store", "mode": "transfer", "lead_time_days": 2},
]


def targets(make_snapshot: Callable[..., Snapshot], **tables: Any) -> pd.DataFrame:
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[{"sku": "X", "unit_cost": 10.0, "unit_price": 15.0}], **tables
    )
    forecast = Forecast.from_rates(np.full((2, 28), 3.0), ["X", "X"], location=["A", "B"], cutoff=CUTOFF)
    network = build_network(snapshot)
    positions = inventory_positions(snapshot, network, series=forecast.series)
    return stock_targets(forecast, network, snapshot, positions=positions, config=PlanConfig()).set_index("location")


def test_a_store_covers_review_plus_lead_time_less_one(make_snapshot: Callable[..., Snapshot]) -> None:
    """Daily review, two days' lead: 1 + 2 - 1 = 2 days, 6 units.

    b = 5, h = 10 * 0.25 / 365 = 0.00685 a day: 5 / 5.00685 = 0.9986; Poisson(6) at 0.9986 is 15.
    """
    store = targets(make_snapshot).loc["A"]
    assert (store["protection_days"], store["expected_demand"], store["main_source"]) == (2, pytest.approx(6.0), "C")
    assert store["critical_ratio"] == pytest.approx(0.99863, abs=1e-5)
    assert abs(store["order_up_to_level"] - poisson.ppf(0.99863, 6.0)) <= 1
    assert store["safety_stock"] == pytest.approx(store["order_up_to_level"] - 6.0)


def test_a_warehouse_pools_what_it_feeds(make_snapshot: Callable[..., Snapshot]) -> None:
    # Weekly review, six days' lead: 7 + 6 - 1 = 12 days of 6 units: 72, and less than two separate quantiles of 36.
    central = targets(make_snapshot).loc["C"]
    assert (central["protection_days"], central["expected_demand"]) == (12, pytest.approx(72.0))
    assert 72 < central["order_up_to_level"] < 2 * poisson.ppf(central["critical_ratio"], 36.0)


def test_limits_and_goals_of_the_assortment_hold(make_snapshot: Callable[..., Snapshot]) -> None:
    plain = targets(make_snapshot)
    shown = targets(make_snapshot, assortment=[{"sku": "X", "location": "A", "presentation_stock": 4}])
    assert shown.loc["A", "order_up_to_level"] == plain.loc["A", "order_up_to_level"] + 4
    capped = targets(make_snapshot, assortment=[{"sku": "X", "location": "A", "max_stock": 7}])
    assert capped.loc["A", "order_up_to_level"] == 7
    least = targets(make_snapshot, assortment=[{"sku": "X", "location": "A", "min_stock": 40}])
    assert least.loc["A", "order_up_to_level"] == 40


def test_a_service_goal_raises_the_level_of_a_cheap_sale(make_snapshot: Callable[..., Snapshot]) -> None:
    # A lost sale worth next to nothing: the ratio would be 0.02 without the goal.
    cheap = [{"sku": "X", "unit_cost": 10.0, "unit_price": 15.0, "shortage_cost": 0.0001}]
    snapshot = make_snapshot(
        CUTOFF,
        locations=PLACES,
        lanes=LANES,
        skus=cheap,
        assortment=[
            {"sku": "X", "location": "A", "cycle_service_level": 0.95},
            {"sku": "X", "location": "B", "fill_rate": 0.97},
        ],
    )
    forecast = Forecast.from_rates(np.full((2, 28), 3.0), ["X", "X"], location=["A", "B"], cutoff=CUTOFF)
    network = build_network(snapshot)
    positions = inventory_positions(snapshot, network, series=forecast.series)
    found = stock_targets(forecast, network, snapshot, positions=positions, config=PlanConfig()).set_index("location")
    assert found.loc["A", "order_up_to_level"] == poisson.ppf(0.95, 6.0)
    level = int(found.loc["B", "order_up_to_level"])
    short = sum(1.0 - poisson.cdf(k, 6.0) for k in range(level, 60))
    assert short <= 0.03 * 3.0 + 0.02, "a cycle is one day of 3 units"


def test_the_horizon_reaches_a_week_past_review_and_lead_time(make_snapshot: Callable[..., Snapshot]) -> None:
    assert plan_horizon(targets(make_snapshot), PlanConfig()) == 7 + 6 + 7
    assert plan_horizon(targets(make_snapshot), PlanConfig(horizon_days=9)) == 9


def test_rows_are_interpolated_at_their_own_place() -> None:
    grid = np.array([0.0, 0.5, 1.0])
    values = np.array([[0.0, 10.0, 30.0], [0.0, 1.0, 2.0]])
    assert interpolated(grid, values, at=np.array([0.75, 0.25])).tolist() == [20.0, 0.5]
