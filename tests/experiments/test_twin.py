"""The twin: event order, conservation, lost sales, expiry; each case small enough to do by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.twin import MOVE_COLUMNS, Night, Replay, replay
from network.contracts import empty
from network.graph import build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

CUTOFF = pd.Timestamp("2024-01-31")


def _table(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    blank = empty(name)
    return pd.DataFrame(rows).reindex(columns=blank.columns).astype(blank.dtypes.to_dict())


def chain(
    store_stock: int = 5, central_stock: int = 20, shelf_life: float = float("nan"), lead_time: int = 2
) -> Snapshot:
    """One supplier, one central, one store, one SKU: cost 10, shortage 4, holding 0.1 a day; a truck costs 7."""
    tables = {
        "locations": _table(
            "locations",
            [
                {"location": "SUP", "tier": "supplier"},
                {"location": "CEN", "tier": "central"},
                {"location": "S1", "tier": "store"},
            ],
        ).fillna({"ownership": "own"}),
        "skus": _table(
            "skus",
            [
                {
                    "sku": "A",
                    "unit_cost": 10.0,
                    "unit_price": 14.0,
                    "shortage_cost": 4.0,
                    "holding_cost": 0.1,
                    "case_pack": 1,
                    "min_order_quantity": 0,
                    "volume_m3": 0.1,
                    "shelf_life_days": shelf_life,
                    "temperature": "ambient",
                },
            ],
        ),
        "lanes": _table(
            "lanes",
            [
                {"origin": "SUP", "destination": "CEN", "mode": "purchase", "lead_time_days": 3},
                {
                    "origin": "CEN",
                    "destination": "S1",
                    "mode": "transfer",
                    "lead_time_days": lead_time,
                    "truck_cost": 7.0,
                    "truck_volume_m3": 1.0,
                },
            ],
        ),
        "sales": _table(
            "sales",
            [
                {
                    "date": CUTOFF,
                    "sku": "A",
                    "location": "S1",
                    "channel": "walk_in",
                    "zone": "Z1",
                    "units": 1.0,
                    "is_promotion": False,
                },
            ],
        ),
        "stock": _table(
            "stock",
            [
                {"as_of": CUTOFF, "sku": "A", "location": place, "on_hand": units, "allocated": 0, "stock_type": "free"}
                for place, units in (("S1", store_stock), ("CEN", central_stock))
            ],
        ),
        "serving": _table("serving", [{"zone": "Z1", "location": "S1", "channel": "walk_in", "priority": 1}]),
        "zones": _table("zones", [{"zone": "Z1"}]),
    }
    return snapshot_at(tables, ChainSettings(id="tiny"), CUTOFF)


def demand(units: list[int]) -> pd.DataFrame:
    days = pd.date_range(CUTOFF + pd.Timedelta(days=1), periods=len(units))
    return pd.DataFrame({"date": days, "sku": "A", "zone": "Z1", "channel": "walk_in", "units": units})


def nothing(night: Night) -> pd.DataFrame:
    return pd.DataFrame(columns=list(MOVE_COLUMNS))


def ships(quantity: int, on: int = 0, lead_time: int = 2):
    """A policy that ships once from the central, `on` nights after the start."""

    def decide(night: Night) -> pd.DataFrame:
        if (night.date - CUTOFF).days != on:
            return nothing(night)
        leaves = night.date + pd.Timedelta(days=1)
        return pd.DataFrame(
            [
                {
                    "sku": "A",
                    "origin": "CEN",
                    "destination": "S1",
                    "mode": "transfer",
                    "ship_date": leaves,
                    "due_date": leaves + pd.Timedelta(days=max(lead_time, 1) - 1),
                    "quantity": quantity,
                }
            ]
        )

    return decide


def run(policy, units: list[int], **kwargs: float) -> Replay:
    snapshot = chain(**kwargs)
    return replay(snapshot, build_network(snapshot), demand=demand(units), policy=policy, n_days=len(units))


def test_demand_beyond_the_shelf_is_lost_and_never_comes_back():
    # 5 on the shelf, demand 3, 3, 3: served 3, 2, 0; 4 units lost at 4 each = 16
    result = run(nothing, [3, 3, 3])
    assert result.days["served_units"].tolist() == [3, 2, 0]
    assert result.days["lost_margin"].tolist() == [0, 4, 12]


def test_an_order_decided_tonight_with_a_lead_time_of_two_days_sells_the_day_after_tomorrow():
    # decided at the end of day 0: usable from the start of day 2, so day 1 still sells from the shelf
    result = run(ships(4), [5, 4, 4])
    assert result.days["served_units"].tolist() == [5, 4, 0]


def test_an_emergency_without_lead_time_is_there_tomorrow():
    result = run(ships(4, lead_time=0), [9, 0], lead_time=0)
    assert result.days["served_units"].tolist() == [9, 0]


def test_holding_counts_stock_on_shelves_and_under_way():
    # day 1: 20 - 4 in the central, 5 on the shelf, 4 under way = 25 units x 0.1
    result = run(ships(4), [0, 0])
    assert result.days["holding_cost"].tolist() == pytest.approx([2.5, 2.5])


def test_trucks_are_counted_whole():
    # 12 units x 0.1 m3 = 1.2 m3 in trucks of 1 m3: two trucks, 14 money, 60% full
    result = run(ships(12), [0, 0])
    assert result.days["logistics_cost"].tolist() == [14.0, 0.0]
    assert result.summary()["truck_fill"] == pytest.approx(1.2 / 2)


def test_goods_expire_after_their_shelf_life_first_expired_first_out():
    # life 2 days: unsold after day 2 is waste: 5 + 20 units less 1 sold a day = 23 x 10
    result = run(nothing, [1, 1, 1], shelf_life=2.0)
    assert result.days["waste_cost"].tolist() == [0.0, 230.0, 0.0]
    assert result.days["served_units"].tolist() == [1, 1, 0]


def test_shipping_more_than_there_is_stops_the_replay():
    with pytest.raises(ValueError, match="more than CEN had"):
        run(ships(21), [0, 0])


def test_a_policy_never_sees_demand_it_could_not_sell():
    seen: list[float] = []

    def watch(night: Night) -> pd.DataFrame:
        seen.append(float(night.sales["units"].sum()) if len(night.sales) else 0.0)
        return nothing(night)

    run(watch, [100, 100, 1])
    assert seen == [0.0, 5.0, 5.0]


@settings(max_examples=30, deadline=None)
@given(
    units=st.lists(st.integers(0, 9), min_size=2, max_size=12),
    store=st.integers(0, 15),
    quantity=st.integers(1, 20),
    night=st.integers(0, 5),
)
def test_units_are_conserved(units, store, quantity, night):
    result = run(ships(quantity, on=night), units, store_stock=store)
    held = result.days["stock_value"].iloc[-1] / 10
    assert held + result.days["served_units"].sum() == pytest.approx(store + 20)


@settings(max_examples=20, deadline=None)
@given(units=st.lists(st.integers(0, 9), min_size=4, max_size=8), day=st.integers(1, 3))
def test_demand_after_a_day_never_changes_what_happened_by_it(units, day):
    other = [*units[:day], *(9 - u for u in units[day:])]
    first, second = run(ships(5), units), run(ships(5), other)
    pd.testing.assert_frame_equal(first.days.iloc[:day], second.days.iloc[:day])


def test_equal_runs_give_equal_results():
    first, second = run(ships(3), [2, 5, 1]), run(ships(3), [2, 5, 1])
    assert np.array_equal(first.days.drop(columns="date").to_numpy(), second.days.drop(columns="date").to_numpy())
