from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.snapshot import Snapshot
from optimization.explain import LINE_KEY, TERMS
from optimization.kpis import KPI_COLUMNS, build_kpis

CUTOFF = "2025-11-03"
DAY = pd.Timestamp("2025-11-04")
CHAIN: dict[str, list[dict[str, Any]]] = {
    "locations": [
        {"location": "SUP", "tier": "supplier"},
        {"location": "C1", "tier": "central"},
        {"location": "S1", "tier": "store"},
        {"location": "S2", "tier": "store"},
    ],
    "skus": [{"sku": "A", "unit_cost": 2.0, "unit_price": 5.0}],
    "lanes": [
        {"origin": "SUP", "destination": "C1", "mode": "purchase", "lead_time_days": 7},
        {"origin": "C1", "destination": "tier:store", "mode": "transfer", "lead_time_days": 1},
        {"origin": "tier:store", "destination": "tier:store", "mode": "emergency", "lead_time_days": 0},
    ],
    "stock": [
        {"as_of": CUTOFF, "sku": "A", "location": "C1", "on_hand": 100},
        {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 0},
        {"as_of": CUTOFF, "sku": "A", "location": "S2", "on_hand": 200},
    ],
    "sales": [
        {"date": pd.Timestamp(CUTOFF) - pd.Timedelta(days=age), "sku": "A", "location": "S2", "units": 1.0,
         "availability": 0.75}
        for age in range(28)
    ],
}  # fmt: skip
RATES = {("A", "S1"): 5.0, ("A", "S2"): 1.0}


def move(origin: str, destination: str, mode: str, quantity: int, load: str = "") -> dict[str, Any]:
    return {"sku": "A", "origin": origin, "destination": destination, "mode": mode, "ship_date": DAY, "due_date": DAY,
            "arrival_day": 0, "quantity": quantity, "load_id": load}  # fmt: skip


MOVES = [move("C1", "S1", "transfer", 40, "L1"), move("S2", "S1", "transshipment", 100)]
LOADS = [
    {"load_id": "L1", "mode": "transfer", "trucks": 1, "cost": 30.0, "fill": 0.9, "truck_volume_m3": 9.0},
    {"load_id": "L2", "mode": "transfer", "trucks": 1, "cost": 10.0, "fill": 0.5},
    {"load_id": "L3", "mode": "emergency", "trucks": 1, "cost": 99.0, "fill": 0.1},
]


def kpis_of(night: Any) -> pd.DataFrame:
    moves = night.decisions.moves
    orders = moves.rename(columns={"mode": "kind"}).assign(value=moves["quantity"] * 2.0, net_benefit=1.5)
    terms = moves[LINE_KEY].assign(**dict.fromkeys(TERMS, 0.0)).assign(transport_share=-20.0, unit_freight=-1.0)
    table = build_kpis(
        night.facts, night.decisions, forecast=night.forecast, orders=orders, terms=terms, snapshot=night.snapshot
    )
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == KPI_COLUMNS
    assert table["kpi"].is_unique
    return table.set_index("kpi")


@pytest.fixture(scope="module")
def kpis(make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]) -> pd.DataFrame:
    return kpis_of(
        plan_night(make_snapshot(CUTOFF, **CHAIN), RATES, MOVES, loads=[{"vehicle": "truck", **load} for load in LOADS])
    )


def test_every_figure_says_its_unit_and_meaning(kpis: pd.DataFrame) -> None:
    assert (kpis["unit"] != "").all()
    assert (kpis["meaning"].str.len() > 8).all()


def test_out_of_stock_shares_count_active_points_only(kpis: pd.DataFrame) -> None:
    # S1 is empty, S2 is not; central is left out. After the plan S1 has 140 for 14 x 5 = 70.
    assert kpis.loc["out_of_stock_points", "today"] == 0.5
    assert kpis.loc["out_of_stock_days", ["today", "planned"]].tolist() == [0.5, 0.0]
    assert kpis.loc["unavailable_time_28d", "today"] == pytest.approx(0.25)


def test_the_plan_serves_what_was_unserved(kpis: pd.DataFrame) -> None:
    # of the demand of both stores only that of S2 is served today
    assert kpis.loc["fill_rate", "today"] == pytest.approx(1 / 6, abs=0.01)
    assert kpis.loc["fill_rate", "planned"] > 0.99
    assert kpis.loc["lost_margin", "today"] > 5.0 * 3.0 * 0.9
    assert kpis.loc["lost_margin", "planned"] < 0.1


def test_turnover_is_stock_at_cost_over_daily_cost_of_goods_sold(kpis: pd.DataFrame) -> None:
    # 300 units x 2 / (28 units x 2 / 28 days) = 300 days
    assert kpis.loc["stock_value", "today"] == 600.0
    assert kpis.loc["turnover_days", "today"] == pytest.approx(300.0)
    # expected: 300 less 6 a day, over 14 days 300 - 6 x 7.5 = 255 on average; / 6 a day
    assert kpis.loc["turnover_days", "planned"] == pytest.approx(255 / 6)


def test_slow_movers_are_counted_and_valued_before_and_after(kpis: pd.DataFrame) -> None:
    # S2: 200 units at 1 a day, 140 beyond 60 days; with 100 gone 40 beyond
    assert kpis.loc["slow_movers", ["today", "planned"]].tolist() == [1.0, 1.0]
    assert kpis.loc["slow_mover_value", ["today", "planned"]].tolist() == [280.0, 80.0]


def test_truck_fill_is_weighted_by_cost_and_leaves_emergencies_out(kpis: pd.DataFrame) -> None:
    # (30 x 0.9 + 10 x 0.5) / 40
    assert kpis.loc["truck_fill", "planned"] == pytest.approx(0.8)
    assert kpis.loc["trucks", "planned"] == 2
    assert kpis.loc["transport_cost", "planned"] == 42.0


def test_orders_are_counted_by_kind(kpis: pd.DataFrame) -> None:
    assert kpis.loc["orders", "planned"] == 2
    assert kpis.loc["orders_transfer", "planned"] == 1
    assert kpis.loc["orders_transshipment", "planned"] == 1
    assert kpis.loc["order_value", "planned"] == 280.0
    assert kpis.loc["net_benefit", "planned"] == 3.0


def test_the_records_are_as_true_as_random_counts_say(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any], kpis: pd.DataFrame
) -> None:
    assert "record_accuracy" not in kpis.index  # nothing was counted
    counts = [{"date": CUTOFF, "sku": "A", "location": at, "recorded": 100, "counted": n, "reason": "random"}
              for at, n in (("S1", 100), ("S2", 90))]  # fmt: skip
    counted = kpis_of(plan_night(make_snapshot(CUTOFF, **CHAIN, counts=counts), RATES))
    assert counted.loc["record_accuracy", "today"] == 0.5


def test_what_the_data_cannot_tell_is_missing_and_never_zero(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    chain = {**CHAIN, "sales": []}
    kpis = kpis_of(plan_night(make_snapshot(CUTOFF, **chain), RATES))
    assert np.isnan(kpis.loc["turnover_days", "today"])
    assert np.isnan(kpis.loc["truck_fill", "planned"])
    assert np.isnan(kpis.loc["unavailable_time_28d", "today"])
    assert np.isnan(kpis.loc["transport_cost", "today"])
