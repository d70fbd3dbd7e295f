"""What could be done instead of a line: hand-worked, then what must always hold."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from network.snapshot import Snapshot
from optimization.alternatives import ALTERNATIVE_COLUMNS, alternatives_table, line_alternatives
from optimization.config import PlanConfig
from optimization.explain import line_terms, net_benefit

CUTOFF = "2025-11-03"  # a Monday; lines leave on Tuesday 4 November, day index 0
DAY = pd.Timestamp(CUTOFF)
CHAIN: dict[str, list[dict[str, Any]]] = {
    "locations": [
        {"location": "SUP", "tier": "supplier"},
        {"location": "C1", "tier": "central"},
        {"location": "C2", "tier": "central"},
        {"location": "S1", "tier": "store"},
    ],
    "skus": [{"sku": "A", "unit_cost": 10.0, "unit_price": 30.0}],
    "lanes": [
        {"origin": "SUP", "destination": "tier:central", "mode": "purchase", "lead_time_days": 7},
        {"origin": "C1", "destination": "S1", "mode": "transfer", "lead_time_days": 2, "order_days": "TU,FR"},
        {"origin": "C2", "destination": "S1", "mode": "transfer", "lead_time_days": 2, "unit_cost": 1.0},
    ],
    "stock": [
        {"as_of": CUTOFF, "sku": "A", "location": place, "on_hand": held}
        for place, held in (("C1", 100), ("C2", 100), ("S1", 2))
    ],
}  # fmt: skip


def alternatives(
    make_snapshot: Callable[..., Snapshot],
    plan_night: Callable[..., Any],
    *,
    held_at_c2: int = 100,
    mode: str = "transfer",
    **other: Any,
) -> tuple[float, pd.DataFrame]:
    """Net benefit of a line of 12 from C1 to S1, and its alternatives by name."""
    stock = [{**row, "on_hand": held_at_c2} if row["location"] == "C2" else row for row in CHAIN["stock"]]
    move = {"sku": "A", "origin": "C1", "destination": "S1", "mode": mode, "ship_date": DAY + pd.Timedelta(days=1),
            "due_date": DAY + pd.Timedelta(days=2), "arrival_day": 1, "quantity": 12, "cases": 12, "load_id": "",
            "flow_quantity": 12, "note": ""}  # fmt: skip
    snapshot = make_snapshot(CUTOFF, **{**CHAIN, "stock": stock, **other})
    night = plan_night(snapshot, {("A", "S1"): 2.0}, [move])
    terms = line_terms(night.decisions, night.snapshot, network=night.network)
    found = line_alternatives(
        night.decisions, terms, night.snapshot, network=night.network, positions=night.positions, config=PlanConfig()
    )
    return float(net_benefit(terms)["net_benefit"].iloc[0]), found.set_index("alternative")


def test_doing_nothing_is_worth_nothing_and_waiting_costs_the_sales_of_the_days_between(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    own, found = alternatives(make_snapshot, plan_night)
    assert found.loc["nothing", ["net_benefit", "regret"]].tolist() == [0.0, own]
    later = found.loc["next ship day"]
    assert (later["ship_date"], later["due_date"]) == (DAY + pd.Timedelta(days=4), DAY + pd.Timedelta(days=5))
    # 2 on the shelf and 2 a day: three days without the line, up to 6 sales of 20 margin lost, no more
    assert 60 < later["regret"] <= 120


def test_another_source_that_goes_tonight_costs_its_freight_more(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    # Two suppliers, the goods of both there on the same day: 12 x 1.00 of freight, and the handling that makes no move
    # free (0.2% of 10.00 a unit), are all that differs.
    lanes = [{**lane, "mode": "purchase"} for lane in CHAIN["lanes"] if lane["destination"] == "S1"]
    places = [{"location": name, "tier": "supplier"} for name in ("C1", "C2")] + [{"location": "S1", "tier": "store"}]
    tables = {"locations": places, "lanes": lanes, "stock": CHAIN["stock"][2:]}
    _, found = alternatives(make_snapshot, plan_night, mode="purchase", **tables)
    other = found.loc["other source"]
    assert other["alternative_origin"] == "C2"
    assert other["regret"] == pytest.approx(12.0 + 12 * 0.02)


def test_a_source_without_the_units_is_no_alternative(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    _, found = alternatives(make_snapshot, plan_night, held_at_c2=11)
    assert sorted(found.index) == ["next ship day", "nothing"]


def test_the_table_names_one_next_best_a_line_and_regret_is_the_difference(
    make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]
) -> None:
    own, found = alternatives(make_snapshot, plan_night)
    orders = pd.DataFrame({"order_id": ["TR-1"], "sku": ["A"], "origin": ["C1"], "destination": ["S1"],
                           "kind": ["transfer"], "due_date": [DAY + pd.Timedelta(days=2)]})  # fmt: skip
    table = alternatives_table(found.reset_index(), orders)
    assert list(table.columns) == list(ALTERNATIVE_COLUMNS)
    assert table["is_next_best"].tolist() == [True, False, False]
    assert table["regret"].is_monotonic_increasing
    assert (table["net_benefit"] + table["regret"]).tolist() == pytest.approx([own] * 3)
