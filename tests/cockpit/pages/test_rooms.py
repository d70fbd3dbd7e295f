"""Trucks, stock, forecasts, exceptions and runs as the pages show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cockpit.pages.exceptions import STOCK_KINDS, n_points, ranked_exceptions
from cockpit.pages.forecasts import demand_picture, forecast_index, found_points, signal_rows
from cockpit.pages.runs import changes_between, run_rows
from cockpit.pages.stock import by_expiry_day, expiring, stock_points, with_cover
from cockpit.pages.trucks import summary, truck, trucks, with_approvable
from cockpit.pages.value_added import newest_value_added
from network.store import RunStore

CUTOFF = pd.Timestamp("2025-01-01")
LOADS = pd.DataFrame(
    {"load_id": ["A", "B", "P"], "origin": "DC", "destination": ["S1", "S2", "S3"],
     "mode": ["transfer", "transfer", "emergency"], "vehicle": ["truck", "truck", "parcel"], "trucks": [1, 2, 1],
     "volume_m3": [9.0, 8.0, 0.1], "weight_kg": [50.0, 60.0, 1.0], "truck_volume_m3": [10.0, 10.0, 0.2],
     "fill": [0.9, 0.4, 0.5], "cost": [100.0, 300.0, 8.0], "lines": [2, 1, 1], "value": [1.0, 1.0, 1.0],
     "ship_date": CUTOFF + pd.Timedelta(days=1)}
)  # fmt: skip
LINES = pd.DataFrame(
    {"order_id": ["T1", "T2", "T3"], "sku": ["a", "b", "a"], "load_id": ["A", "A", "B"], "quantity": [10, 4, 5],
     "net_benefit": [20.0, 40.0, 9.0], "state": ["proposed", "approved", "proposed"]}
)  # fmt: skip
WORTH = pd.DataFrame({"order_id": ["T1", "T2", "T3"], "volume_m3": [0.5, 1.0, 0.5]})
PLANNED = pd.DataFrame(
    {"sku": ["a", "b", "a"], "origin": "DC", "destination": ["S1", "S1", "S2"], "mode": "transfer",
     "ship_date": [CUTOFF + pd.Timedelta(days=days) for days in (2, 3, 2)], "quantity": [1, 9, 3]}
)  # fmt: skip


def test_the_truck_with_the_dearest_empty_room_comes_first() -> None:
    # B: 60% of 300 empty = 180; A: 10% of 100 = 10; the parcel: 50% of 8 = 4
    found = trucks(LOADS, LINES)
    assert found["load_id"].tolist() == ["B", "A", "P"]
    assert found["wasted"].tolist() == pytest.approx([180.0, 10.0, 4.0])
    assert found["proposed"].tolist() == [1, 1, 0]
    assert trucks(LOADS, LINES, kind="emergency")["load_id"].tolist() == ["P"]
    assert trucks(LOADS, LINES, search="dc s2")["load_id"].tolist() == ["B"]


def test_a_person_approves_what_is_proposed_and_does_not_wait_for_another() -> None:
    lines = LINES.assign(version=[1, 5, 2], approvals_needed=[2, 0, 2], approved_by=["ann", "", ""])
    ann, bob = (with_approvable(LOADS, lines, name).set_index("load_id") for name in ("ann", "bob"))
    # T1 on A has ann's approval and waits for another's; T2 on A is approved; T3 on B waits for the first
    assert ann["approvable"].to_dict() == {"A": 0, "B": 1, "P": 0}
    assert bob["approvable"].to_dict() == {"A": 1, "B": 1, "P": 0}
    assert ann["seen"].to_dict() == {"A": 6, "B": 2, "P": 0}


def test_parcels_are_counted_beside_trucks() -> None:
    # fill weighted by cost: (100 x 0.9 + 300 x 0.4) / 400
    found = summary(LOADS)
    assert (found["trucks"], found["cost"], found["parcels"]) == (3.0, 400.0, 1.0)
    assert found["fill"] == pytest.approx(0.525)


def test_the_line_that_earns_least_for_its_room_would_stay_behind_first() -> None:
    shown = truck("A", LOADS, LINES, planned=PLANNED, worth=WORTH)
    # T1: 20 on 5 m3 = 4 a m3; T2: 40 on 4 m3 = 10 a m3
    assert [line["order_id"] for line in shown.lines] == ["T1", "T2"]
    assert [line["earns"] for line in shown.lines] == [4.0, 10.0]
    assert shown.by_volume == pytest.approx(0.9)
    # 1 m3 is left: the half m3 of the second fits, the 9 m3 of the third do not
    assert [(each["sku"], each["fits"]) for each in shown.fillers] == [("a", True), ("b", False)]
    with pytest.raises(KeyError, match="Z"):
        truck("Z", LOADS, LINES, planned=PLANNED, worth=WORTH)


def test_a_truck_filled_by_weight_says_nothing_of_room() -> None:
    heavy = LOADS.assign(volume_m3=1.0)
    shown = truck("A", heavy, LINES, planned=PLANNED, worth=None)
    assert shown.by_weight == 0.9
    assert np.isnan(shown.room_m3)


def test_stock_points_of_least_cover_come_first() -> None:
    targets = pd.DataFrame(
        {"sku": ["a", "b", "c"], "location": "S1", "on_hand": [10, 1, 5], "expected_demand": [10.0, 10.0, 0.0],
         "protection_days": [5.0, 5.0, 5.0]}
    ).reindex(
        columns=["sku", "location", "tier", "on_hand", "on_order", "inventory_position", "expected_demand",
                 "protection_days", "order_up_to_level", "safety_stock", "service_class", "main_source"]
    )  # fmt: skip
    targets = with_cover(targets)
    page = stock_points(targets)
    # 2 a day: 10 last 5 days, 1 lasts half a day; without demand the cover is unknown and comes last
    assert [(row["sku"], row["cover_days"]) for row in page.rows[:2]] == [("b", 0.5), ("a", 5.0)]
    assert page.rows[2]["sku"] == "c"
    assert stock_points(targets, search="b").n == 1


def test_lots_are_listed_by_expiry_with_the_days_left() -> None:
    days = [CUTOFF + pd.Timedelta(days=n) for n in (9, -1, 90)]
    lots = pd.DataFrame(
        {"sku": "a", "location": "S1", "expiry_date": days, "quantity": [3, 2, 1], "value": [6.0, 4.0, 2.0]}
    )
    assert [lot["days_left"] for lot in expiring(lots, CUTOFF)] == [-1, 9]
    assert [day["value"] for day in by_expiry_day(lots, CUTOFF)] == [4.0, 6.0]


def forecast(levels: tuple[str, ...] = ("q05", "q25", "q50", "q75", "q95")) -> pd.DataFrame:
    days = pd.date_range(CUTOFF + pd.Timedelta(days=1), periods=2)
    rows = [(sku, "S1", "FOOD", "smooth", "blend", "", day) for sku in ("a", "b") for day in days]
    table = pd.DataFrame(rows, columns=["sku", "location", "category", "demand_class", "model", "fallback", "date"])
    mean = np.array([1.0, 2.0, 5.0, 6.0])
    return table.assign(mean=mean, **{name: mean + i - 2 for i, name in enumerate(levels)})


def test_forecasts_are_laid_out_by_stock_point_and_day() -> None:
    index = forecast_index(forecast())
    assert index.mean.tolist() == [[1.0, 2.0], [5.0, 6.0]]
    assert index.quantiles[1, 0].tolist() == [3.0, 4.0, 6.0, 7.0]
    assert index.row("b", "S1") == 1
    assert index.row("b", "S9") == -1
    assert [row["sku"] for row in found_points(index)[0]] == ["b", "a"]
    assert found_points(index, search="food blend")[1] == 2
    assert found_points(index, search="toys")[1] == 0


def test_a_picture_joins_history_promotions_and_drivers() -> None:
    history = pd.DataFrame({"sku": ["a"], "location": ["S1"], "sales": [np.array([1.0, 2.0])],
                            "is_censored": [np.array([False, True])]})  # fmt: skip
    promoted = pd.DataFrame({"sku": ["a"], "location": ["S1"], "from": [CUTOFF], "to": [CUTOFF + pd.Timedelta(days=1)]})
    drivers = pd.DataFrame(
        {"sku": "a", "location": "S1", "days": 7, "family": ["base", "search"], "amount": [1.0, -3.0]}
    )
    draws = pd.DataFrame({"sku": ["a"], "location": ["S1"], "draws": [np.array([1.0, 2.0, 3.0, 4.0])]})
    index = forecast_index(forecast())
    shown = demand_picture(index, 0, history=history, promoted=promoted, drivers=drivers, draws=draws)
    assert shown.history_days[-1] == CUTOFF
    assert shown.is_promotion.tolist() == [False, True, True, False]  # two days of history, two ahead
    assert shown.draws.tolist() == [[1.0, 2.0], [3.0, 4.0]]  # two courses of two days
    assert shown.drivers == (("search", -3.0), ("base", 1.0))
    bare = demand_picture(index, 1, history=None, promoted=None, drivers=None, draws=None)
    assert len(bare.history_days) == 0
    assert bare.drivers == ()


def test_signals_tell_where_they_are_on_and_how_old_their_feeds_are() -> None:
    verdicts = [{"family": "search", "key_type": "sku", "category": name, "value": value, "low": 0.0, "high": 0.1,
                 "is_on": value > 0} for name, value in (("FOOD", 0.05), ("TOYS", 0.0))]  # fmt: skip
    feeds = pd.DataFrame({"signal": ["s"], "family": ["search"], "last_day": [CUTOFF],
                          "last_known": [CUTOFF - pd.Timedelta(hours=50)], "rows": [3]})  # fmt: skip
    families, ages = signal_rows({"signals": verdicts}, feeds, CUTOFF)
    assert families[0]["on"][0]["category"] == "FOOD"
    assert families[0]["off"] == ["TOYS"]
    assert ages[0]["age_days"] == 3  # 30 December
    assert signal_rows({}, None, CUTOFF) == ([], [])


def exceptions() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [
        (2, "slow mover", "warning", "b", "S1", 5.0, "stock for a year", ""),
        (1, "stock-out coming", "critical", "a", "S1", 9.0, "runs out", ""),
        (3, "feed stale", "warning", None, "S2", 0.0, "no sales since Monday", ""),
    ]
    names = ["rank", "kind", "severity", "sku", "location", "money", "message", "suggestion"]
    return pd.DataFrame(rows, columns=names)


def test_exceptions_are_ranked_filtered_and_counted() -> None:
    found = ranked_exceptions(exceptions())
    assert [row["rank"] for row in found.rows] == [1, 2, 3]
    assert found.rows[2]["sku"] == ""
    assert next((kind["kind"], kind["n"], kind["n_critical"]) for kind in found.kinds) == ("stock-out coming", 1, 1)
    assert ranked_exceptions(exceptions(), kind="slow mover").money == 5.0
    assert ranked_exceptions(exceptions(), search="monday s2").n == 1
    critical = ranked_exceptions(exceptions(), severity="critical")
    assert (critical.n, [kind["kind"] for kind in critical.kinds]) == (1, ["stock-out coming"])
    assert found.n_critical == ranked_exceptions(exceptions(), kind="slow mover").n_critical == 1
    assert ranked_exceptions(exceptions(), n=1).n == 3


def test_a_stock_point_with_two_exceptions_is_one_stock_point() -> None:
    twice = pd.concat([exceptions(), exceptions().head(1).assign(kind="excess after promotion", rank=4)])
    parts = [ranked_exceptions(twice, kind=kind) for kind in STOCK_KINDS["slow"]]
    assert (sum(part.n for part in parts), n_points(parts)) == (2, 1)


def test_runs_say_what_they_changed_and_why() -> None:
    names = ["kind", "origin", "destination", "sku", "quantity", "value", "reason", "action"]
    before = pd.DataFrame([("transfer", "D", "S", "a", 5, 50.0, "old", "new")], columns=names)
    rows = [
        ("transfer", "D", "S", "a", 7, 70.0, "runs out", "new"),
        ("transfer", "D", "S", "b", 1, 90.0, "new one", "new"),
    ]
    after = pd.DataFrame(rows, columns=names)
    kpis = pd.DataFrame({"kpi": ["x"], "planned": [1.0], "unit": [""], "meaning": [""]})
    found = changes_between((before, kpis), (after, kpis.assign(planned=2.0)))
    assert [(row["sku"], row["reason"]) for row in found["orders"]] == [("b", "new one"), ("a", "runs out")]
    assert found["counts"] == {"added": 1, "changed": 1}
    assert found["value"] == 110.0
    assert found["kpis"][0]["today"] == 1.0
    assert run_rows([{"run_id": "r"}])[0]["gap"] is None


def test_the_newest_backtest_says_what_each_step_is_worth(tmp_path: Path) -> None:
    columns = ["step", "compared_with", "category", "measure", "value_added", "low", "high"]
    rows = [("history", "best_baseline", "", "weekly WAPE", 0.05, 0.01, 0.09),
            ("search", "calendar_price", "", "weekly WAPE", -0.01, -0.02, 0.01),
            ("search", "calendar_price", "FOOD", "weekly WAPE", 0.2, 0.1, 0.3)]  # fmt: skip
    store = RunStore(tmp_path)
    assert newest_value_added(store) is None
    for name, cutoff, n in (("old", "2025-01-01", 3), ("new", "2025-02-01", 2)):
        table = pd.DataFrame(rows[:n], columns=columns)

        def write(place: Path, table: pd.DataFrame = table) -> None:
            RunStore.write_table(place, "fva", table, csv=False)

        store.publish(name, write, {"cutoff": cutoff, "origins": ["a"] * n, "beaten_share": 0.8})
    added = newest_value_added(store)
    assert added is not None
    assert (added.name, added.n_origins, added.beaten_share) == ("new", 2, 0.8)
    assert [(row["step"], row["verdict"]) for row in added.rows] == [("history", "helps"), ("search", "unsure")]
