"""Scenarios: each change by hand on a tiny chain, everything wrong told at once, plans that differ where asked."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from experiments.scenario_toml import CHANGES
from experiments.scenarios import (
    Budget,
    CapacityChanged,
    Change,
    DemandFactor,
    HoldingCost,
    LaneClosed,
    LaneDelayed,
    LaneOpened,
    LocationAdded,
    LocationClosed,
    PromotionAdded,
    PromotionMoved,
    Scenario,
    ScenarioError,
    ServiceGoal,
    Setting,
    ShelfLife,
    SignalLost,
    SocialBurst,
    Storm,
    SupplierLate,
    TruckPrice,
    WhatIf,
    compare,
    scenario_from_mapping,
    what_if,
)
from experiments.world import LAST_DAY, promotion_story_world, write_world
from forecasting.adjustments import adjusted_mean
from forecasting.config import ForecastConfig
from network.check import check_tables
from network.graph import build_network
from network.ingest import load_snapshot
from network.lead_time import lead_times
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at
from optimization.position import arrivals

CUTOFF = pd.Timestamp("2025-03-10")
# A closed lane may leave a place without any: for a scenario that is an answer, not an error.
CUT_OFF = "no lane reaches it from a supplier"


def tables() -> dict[str, pd.DataFrame]:
    """A supplier, a warehouse, two stores in two zones, two SKUs; S1 sells half of A by delivery to zone Z2."""
    return {
        "locations": pd.DataFrame({"location": ["V", "C", "S1", "S2"],
                                   "tier": ["supplier", "central", "store", "store"],
                                   "region": ["", "N", "N", "E"], "zone": ["", "", "Z1", "Z2"]}),
        "skus": pd.DataFrame({"sku": ["A", "B"], "category": ["FOOD", "TOYS"], "unit_cost": [2.0, 5.0],
                              "shelf_life_days": [10, None], "holding_cost": [0.1, None]}),
        "lanes": pd.DataFrame({"origin": ["V", "C"], "destination": ["C", "tier:store"],
                               "mode": ["purchase", "transfer"], "lead_time_days": [5, 2],
                               "truck_cost": [100.0, 40.0]}),
        "sales": pd.DataFrame({"date": ["2025-03-09"] * 4, "sku": ["A", "A", "A", "B"],
                               "location": ["S1", "S1", "S2", "S2"], "units": [3, 3, 4, 1],
                               "channel": ["walk_in", "delivery", "walk_in", "walk_in"], "zone": ["", "Z2", "", ""]}),
        "stock": pd.DataFrame({"as_of": ["2025-03-10"] * 2, "sku": ["A", "A"], "location": ["C", "S1"],
                               "on_hand": [50, 5]}),
        "open_orders": pd.DataFrame({"order_id": ["1", "2"], "origin": ["V", "V"], "destination": ["C", "C"],
                                     "sku": ["A", "A"], "quantity": [10, 10], "ship_date": ["2025-03-08", "2025-02-01"],
                                     "due_date": ["2025-03-12", "2025-02-05"], "status": ["released", "closed"]}),
        "receipts": pd.DataFrame({"order_id": ["2"], "sku": ["A"], "date": ["2025-02-05"], "quantity": [10]}),
        "signals": pd.DataFrame({"signal": ["social_mentions", "rain_mm"], "key_type": ["sku", "region"],
                                 "key": ["A", "N"], "date": ["2025-03-10", "2025-03-11"],
                                 "known_at": ["2025-03-10", "2025-03-10T06:00"], "family": ["social", "weather"],
                                 "value": [4.0, 2.0]}),
        "promotions": pd.DataFrame({"promotion": ["P1"], "sku": ["A"], "from": ["2025-03-20"], "to": ["2025-03-22"],
                                    "known_at": ["2025-03-01"]}),
        "capacity": pd.DataFrame({"location": ["C"], "kind": ["receive"], "amount": [100]}),
        "assortment": pd.DataFrame({"sku": ["A", "B"], "location": ["S1", "S2"], "fill_rate": [0.9, None]}),
    }  # fmt: skip


@cache
def chain() -> Snapshot:
    checked = check_tables(tables(), ChainSettings())
    assert checked.breaches == ()
    return snapshot_at(checked.tables, ChainSettings(), CUTOFF)


def after(*changes: Change) -> Snapshot:
    return Scenario("test", *changes).applied(chain()).snapshot


QUICK = ForecastConfig(max_rounds=5, n_origins=1, max_training_rows=5000, threads=1)
EVERY_CHANGE: tuple[Change, ...] = (
    DemandFactor(factor=1.5, category="FOOD"),
    DemandFactor(factor=0.5, channel="delivery"),
    PromotionAdded(sku="B", start="2025-03-12", end="2025-03-14", price=3.0),
    PromotionMoved(promotion="P1", start="2025-03-25"),
    SocialBurst(key="A", value=90),
    Storm(value=60, start="2025-03-12", end="2025-03-13"),
    SignalLost(family="social", days=2),
    LaneDelayed(days=3, origin="C"),
    LaneClosed(origin="C", destination="S1"),
    LaneOpened(origin="V", destination="S1", mode="purchase", lead_time_days=4),
    SupplierLate(supplier="V", days=4),
    LocationClosed(location="S2"),
    LocationAdded(location="S3", like="S1"),
    TruckPrice(factor=1.5),
    CapacityChanged(what="receive", factor=0.5),
    ServiceGoal(fill_rate=0.99, category="FOOD"),
    ShelfLife(days=4, sku="A"),
    HoldingCost(factor=2),
    Budget(amount=100),
    Setting(name="laterals", value=False),
)


def test_every_kind_of_change_is_tried_here() -> None:
    assert {type(change) for change in EVERY_CHANGE} == set(CHANGES)


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=lambda change: change.kind)
def test_a_change_keeps_the_past_and_the_contract_and_is_known_tonight(change: Change) -> None:
    case = Scenario("test", change).applied(chain())
    for name in ("sales", "stock", "receipts"):
        pd.testing.assert_frame_equal(case.snapshot.table(name), chain().table(name))
    assert dict(case.snapshot.excluded) == dict(chain().excluded)
    for name, table in case.snapshot.tables.items():
        assert table.dtypes.to_dict() == chain().table(name).dtypes.to_dict()
    broken = check_tables(dict(case.snapshot.tables), ChainSettings()).breaches
    assert [breach for breach in broken if breach.rule != CUT_OFF] == []


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=lambda change: change.kind)
def test_a_change_says_that_it_is_none_of_the_chain_it_came_from(change: Change) -> None:
    case = Scenario("test", change).applied(chain())
    assert (case.snapshot.content_hash, case.config) != (chain().content_hash, engine.EngineConfig())


def factors(snapshot: Snapshot) -> dict[str, float]:
    rows = snapshot.table("adjustments")
    return dict(zip(rows["key"], rows["value"].round(6), strict=True))


def test_a_demand_factor_is_an_adjustment_of_whatever_is_named() -> None:
    assert factors(after(DemandFactor(factor=1.3, category="FOOD", region="N"))) == {"category:FOOD@region:N": 1.3}
    assert factors(after(DemandFactor(factor=1.3))) == {"location:C": 1.3, "location:S1": 1.3, "location:S2": 1.3}


def test_a_channel_moves_each_place_by_its_share_of_sales() -> None:
    # S1 sold 3 of 6 units by delivery: half of it doubles, 1 + 0.5 * 1 = 1.5. S2 delivered nothing.
    assert factors(after(DemandFactor(factor=2, channel="delivery"))) == {"location:S1": 1.5}


def test_a_zone_is_where_customers_are() -> None:
    # Z2 bought 3 of 6 units at S1 and all of S2, whose customers stand where it does.
    assert factors(after(DemandFactor(factor=3, zone="Z2"))) == {"location:S1": 2.0, "location:S2": 3.0}
    # of B nothing was bought at S1
    assert factors(after(DemandFactor(factor=3, zone="Z2", sku="B"))) == {"sku:B@location:S2": 3.0}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=4))
def test_factors_one_after_the_other_multiply(values: list[float]) -> None:
    case = Scenario("all", *(DemandFactor(factor=value, category="FOOD") for value in values)).applied(chain())
    series = pd.DataFrame({"sku": ["A", "B"], "category": ["FOOD", "TOYS"], "location": ["S1", "S2"]})
    series = series.assign(brand="", zone="", region="")
    mean, active = np.ones((2, 3)), np.ones((2, 3), dtype=bool)
    result = adjusted_mean(mean, case.snapshot.table("adjustments"), series, cutoff=CUTOFF, is_active=active).mean
    assert result[0] == pytest.approx(np.full(3, np.prod(values)))
    assert result[1] == pytest.approx(np.ones(3))


def test_a_delay_moves_lane_receipts_and_goods_on_the_way_alike() -> None:
    late = after(SupplierLate(supplier="V", days=4))
    lanes = late.table("lanes").set_index("origin")["lead_time_days"]
    assert lanes["V"] == 9
    assert set(lanes["C"]) == {2}
    coming = arrivals(late, None, build_network(late), cutoff=CUTOFF, horizon=20)
    assert coming[["location", "day", "quantity"]].to_numpy().tolist() == [["C", 5, 10]]  # the 16th
    closed = late.table("open_orders").set_index("order_id").loc["2"]
    assert closed["ship_date"] == pd.Timestamp("2025-01-28")  # received on the same day, so it took 4 days more


def test_what_receipts_teach_of_a_lane_moves_with_it() -> None:
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(20)],
            "origin": "V",
            "destination": "C",
            "sku": "A",
            "quantity": 1,
            "ship_date": "2025-01-01",
            "due_date": "2025-01-07",
            "status": "closed",
        }
    )
    receipts = pd.DataFrame({"order_id": orders["order_id"], "sku": "A", "date": "2025-01-07", "quantity": 1})
    changed = tables() | {"open_orders": orders, "receipts": receipts}
    snapshot = snapshot_at(check_tables(changed, ChainSettings()).tables, ChainSettings(), CUTOFF)
    late = Scenario("late", LaneDelayed(days=6, origin="V")).applied(snapshot).snapshot
    means = [
        lead_times(build_network(each), each).set_index("lane_id").loc["V>C:purchase"] for each in (snapshot, late)
    ]
    assert means[0]["source"] == means[1]["source"] == "learnt"
    assert means[1]["mean_days"] - means[0]["mean_days"] == pytest.approx(6)


def test_one_lane_of_a_group_closes_for_good() -> None:
    lanes = after(LaneClosed(origin="C", destination="S1")).table("lanes")
    assert lanes[["origin", "destination"]].to_numpy().tolist() == [["C", "S2"], ["V", "C"]]


def test_a_lane_closes_for_some_days() -> None:
    shut = after(LaneClosed(origin="C", destination="S1", start="2025-03-12", end="2025-03-13"))
    network = build_network(shut)
    rows = network.lanes.set_index("destination").index.get_indexer(pd.Index(["S1", "S2"]))
    assert network.calendar.ship_days(rows, CUTOFF, 4).tolist() == [[True, False, False, True], [True] * 4]


def test_a_closed_location_closes() -> None:
    calendar = build_network(after(LocationClosed(location="S2", start="2025-03-12"))).calendar
    assert calendar.open_days(CUTOFF, 3)[list(calendar.locations).index("S2")].tolist() == [True, False, False]


def test_a_new_location_has_the_lanes_and_the_assortment_of_the_other() -> None:
    grown = after(LocationAdded(location="S3", like="S1", region="E"))
    network = build_network(grown)
    assert ("C", "S3") in set(zip(network.lanes["origin"], network.lanes["destination"], strict=True))
    assert grown.table("assortment").query("location == 'S3'")["sku"].tolist() == ["A"]
    assert grown.table("locations").set_index("location").loc["S3", "region"] == "E"


def test_prices_goals_shelf_life_and_capacity_change_where_named() -> None:
    assert sorted(after(TruckPrice(factor=2, mode="transfer")).table("lanes")["truck_cost"]) == [80.0, 100.0]
    goals = after(ServiceGoal(fill_rate=0.99, category="FOOD")).table("assortment")["fill_rate"]
    assert goals.iloc[0] == 0.99 and np.isnan(goals.iloc[1])
    assert after(ShelfLife(days=4, category="FOOD")).table("skus")["shelf_life_days"].tolist()[0] == 4
    assert after(CapacityChanged(what="receive", factor=0.5)).table("capacity")["amount"].tolist() == [50]
    dearer = after(HoldingCost(factor=2))
    assert dearer.table("skus")["holding_cost"].iloc[0] == 0.2
    assert dearer.settings.economics.holding_rate_per_year == 0.5


def test_a_promotion_moves_with_its_length() -> None:
    row = after(PromotionMoved(promotion="P1", start="2025-03-25")).table("promotions").iloc[0]
    assert (row["from"], row["to"]) == (pd.Timestamp("2025-03-25"), pd.Timestamp("2025-03-27"))
    assert after(PromotionMoved(promotion="P1")).table("promotions").empty


def test_a_burst_and_a_storm_are_the_last_word_on_their_days() -> None:
    burst = after(SocialBurst(key="A", value=90, days=2)).table("signals").query("signal == 'social_mentions'")
    latest = burst.sort_values("known_at").drop_duplicates("date", keep="last").set_index("date")["value"]
    assert latest.to_dict() == {pd.Timestamp("2025-03-09"): 90.0, pd.Timestamp("2025-03-10"): 90.0}
    storm = after(Storm(value=60, start="2025-03-11", end="2025-03-11")).table("signals").query("signal == 'rain_mm'")
    assert storm.sort_values("known_at")["value"].tolist() == [2.0, 60.0]


def test_a_lost_feed_forgets_what_became_known_lately() -> None:
    assert set(after(SignalLost(family="social", days=1)).table("signals")["family"]) == {"weather"}
    assert len(after(SignalLost(signal="rain_mm")).table("signals")) == 1


def test_everything_wrong_with_a_scenario_is_told_at_once() -> None:
    bad = Scenario(
        "bad",
        DemandFactor(factor=-1, category="FOD"),
        LaneClosed(origin="X"),
        LaneDelayed(days=0, origin="C"),
        PromotionAdded(start="2025-03-01", end="2025-02-01", sku="A"),
        LaneOpened(origin="S1", destination="S2", mode="purchase", lead_time_days=1),
        Setting(name="lateral", value=False),
        Setting(name="frozen_days", value=-1),
    )
    with pytest.raises(ScenarioError) as error:
        bad.applied(chain())
    text = str(error.value)
    for words in ("-1 is out of range", "Did you mean 'FOOD'?", "no lane from X", "0 is out of range", "is not ahead",
                  "before the start", "purchase cannot join", "'laterals'?", "frozen_days is -1"):  # fmt: skip
        assert words in text
    assert all(breach.table.startswith("bad: change ") for breach in error.value.breaches)


def test_a_later_change_sees_what_an_earlier_one_made() -> None:
    case = Scenario("two", LocationAdded(location="S3", like="S1"), DemandFactor(factor=2, location="S3"))
    assert factors(case.applied(chain()).snapshot) == {"location:S3": 2.0}


TOML = """
name = "Port closed, drinks up"

[[change]]
kind = "lane_closed"
origin = "V"
start = 2025-03-12
end = 2025-03-15

[[change]]
kind = "demand"
factor = 2
category = "FOOD"
"""


def test_toml_says_the_same_as_python() -> None:
    read = scenario_from_mapping(tomllib.loads(TOML))
    python = Scenario("Port closed, drinks up", LaneClosed(origin="V", start="2025-03-12", end="2025-03-15"),
                      DemandFactor(factor=2, category="FOOD"))  # fmt: skip
    assert read.name == python.name
    assert read.applied(chain()).snapshot.content_hash == python.applied(chain()).snapshot.content_hash


def test_every_breach_of_a_toml_file_is_told_at_once() -> None:
    text = 'title = 1\n[[change]]\nkind = "demand"\nfactr = 2\n[[change]]\nkind = "storms"\n'
    text += '[[change]]\nkind = "supplier_late"\nsupplier = 3\ndays = 1.5\n'
    with pytest.raises(ScenarioError) as error:
        scenario_from_mapping(tomllib.loads(text), "file")
    said = [str(breach) for breach in error.value.breaches]
    assert len(said) == 6
    for words in ("title: unknown key", "Did you mean 'factor'?", "factor: missing. Give a number", "'storm'?",
                  "supplier: 3 has the wrong type. Give a text.", "days: 1.5 has the wrong type"):  # fmt: skip
        assert any(words in each for each in said), words


@pytest.mark.parametrize(
    "mapping", [{}, {"change": []}, {"change": "x"}, {"change": [3]}, {"name": "", "change": [{}]}]
)
def test_a_file_without_a_change_is_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        scenario_from_mapping(mapping)


@cache
def story() -> Snapshot:
    with TemporaryDirectory() as folder:
        write_world(promotion_story_world(), Path(folder))
        return load_snapshot(Path(folder), cutoff=LAST_DAY.date())


@cache
def answer() -> WhatIf:
    lanes = story().table("lanes")
    lateral = lanes[lanes["mode"] == "transshipment"].iloc[0]
    return what_if(
        story(),
        Scenario("nothing"),
        Scenario("no laterals", LaneClosed(mode=str(lateral["mode"]))),
        Scenario("cheap", Budget(amount=100)),
        config=engine.EngineConfig(forecast=QUICK),
    )


def test_a_scenario_without_changes_changes_nothing() -> None:
    same = answer().comparisons[0]
    assert same.orders.empty and same.kpis.empty
    assert "The same orders, line by line." in str(same)


def test_closed_lanes_carry_nothing_and_the_plan_says_why() -> None:
    closed = answer().comparisons[1]
    assert not (closed.after.orders["kind"] == "transshipment").any()
    gone = closed.orders[closed.orders["kind"] == "transshipment"]
    assert len(gone) and gone["why"].str.contains("the lane is closed").all()
    assert closed.after.forecaster is closed.before.forecaster  # reused, not fitted again
    assert closed.after.run_id != closed.before.run_id
    assert closed.after.manifest["scenario"] == "no laterals"


def test_differences_of_orders_and_kpis_are_those_of_the_plans() -> None:
    for each in answer().comparisons:
        value = each.after.orders["value"].sum() - each.before.orders["value"].sum()
        assert each.orders["value_change"].sum() == pytest.approx(value)
        assert (each.kpis["after"] - each.kpis["before"]).to_numpy() == pytest.approx(
            each.kpis["change"].to_numpy(), nan_ok=True
        )


def test_a_budget_holds() -> None:
    tight = answer().comparisons[2]
    bought, unbound = (plan.orders.query("kind == 'purchase'")["value"].sum() for plan in (tight.after, tight.before))
    assert bought <= 100 and bought < unbound


def test_a_comparison_reads_as_text_and_as_safe_html() -> None:
    closed = answer().comparisons[1]
    hostile = compare(closed.before, closed.after, name="<script>alert(1)</script>")
    assert "What if: no laterals" in str(answer())
    assert "<table>" in answer()._repr_html_()
    assert "<script>" not in hostile._repr_html_()


def test_plans_of_different_nights_are_not_compared() -> None:
    plan = answer().baseline
    other = type(plan)(**{**vars(plan), "cutoff": plan.cutoff + pd.Timedelta(days=1)})
    with pytest.raises(ValueError, match="not comparable"):
        compare(plan, other)
