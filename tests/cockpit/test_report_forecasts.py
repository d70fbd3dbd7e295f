"""Which forecasts are shown, and which days a promotion covers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from cockpit.report_forecasts import demand_pictures, promotion_days, shown_rows

DAYS = pd.date_range("2024-11-01", periods=10)
SKUS = pd.DataFrame({"sku": ["A", "B"], "category": ["tea", "toys"]})
PLACES = pd.DataFrame({"location": ["S1", "S2"], "zone": ["Z1", "Z2"], "region": ["EAST", "WEST"]})


def covered(**promotion: Any) -> list[int]:
    row = {"sku": None, "category": None, "location": None, "zone": None, "region": None} | promotion
    row |= {"from": pd.Timestamp("2024-11-03"), "to": pd.Timestamp("2024-11-04")}
    tables = {"promotions": pd.DataFrame([row]), "skus": SKUS, "locations": PLACES}
    snapshot: Any = SimpleNamespace(table=tables.__getitem__)
    return [int(day) for day in promotion_days(snapshot, "A", "S1", days=DAYS).nonzero()[0]]


def test_a_promotion_covers_its_days_where_its_sku_category_or_place_fits() -> None:
    assert covered(sku="A") == [2, 3]
    assert covered(category="tea", region="EAST") == [2, 3]
    assert covered(zone="Z1") == [2, 3]


def test_a_promotion_of_something_else_or_elsewhere_covers_nothing() -> None:
    assert covered(sku="B") == []
    assert covered(category="toys") == []
    assert covered(sku="A", region="WEST") == []


def test_no_sku_is_shown_twice_while_there_are_others(fake_plan: Any) -> None:
    rows = shown_rows(fake_plan, n=6)
    assert len(set(fake_plan.forecast.series["sku"].iloc[rows])) == 6


def test_a_chain_of_one_sku_is_shown_at_several_locations(plan_maker: Any) -> None:
    assert len(shown_rows(plan_maker(n_skus=1), n=4)) == 4


def test_history_and_horizon_join_without_a_gap(fake_plan: Any) -> None:
    shown = demand_pictures(fake_plan, n=1)[0]
    assert shown.days[0] - shown.history_days[-1] == pd.Timedelta(days=1)
    assert shown.quantiles.shape == (len(shown.days), 4)
    assert len(shown.is_promotion) == len(shown.history_days) + len(shown.days)
    assert shown.is_censored.sum() == 3  # the made-up panel has three days of an empty shelf
