"""Messages about open lines: hand-worked chains of one store and one supplier, then properties."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.action_messages import MESSAGE_COLUMNS, MESSAGE_TERMS, action_messages
from optimization.config import PlanConfig

CUTOFF = "2025-11-03"  # a Monday; day index 0 is Tuesday 4 November
DAY = pd.Timestamp(CUTOFF)
PLAIN = PlanConfig(change_cost=0.0, change_share=0.0, horizon_days=14)
MakeSnapshot = Callable[..., Snapshot]
PlanNight = Callable[..., Any]


def day(index: int) -> pd.Timestamp:
    return DAY + pd.Timedelta(days=index + 1)


def line(quantity: int, ship: int, due: int, **other: Any) -> dict[str, Any]:
    return {"order_id": "PO1", "origin": "SUP", "destination": "S1", "sku": "A", "quantity": quantity,
            "ship_date": day(ship), "due_date": day(due), "status": "released", **other}  # fmt: skip


def chain(make_snapshot: MakeSnapshot, lines: list[dict[str, Any]], on_hand: int, **other: Any) -> Snapshot:
    tables: dict[str, Any] = {
        "locations": [
            {"location": "SUP", "tier": "supplier"},
            {"location": "C1", "tier": "central"},
            {"location": "S1", "tier": "store"},
        ],
        "skus": [{"sku": "A", "unit_cost": 10.0, "unit_price": 20.0, "case_pack": 5, "min_order_quantity": 10}],
        "lanes": [
            {"origin": "SUP", "destination": "S1", "mode": "purchase", "lead_time_days": 3},
            {"origin": "C1", "destination": "S1", "mode": "transfer", "lead_time_days": 2},
        ],
        "stock": [{"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": on_hand}],
        "open_orders": lines,
    }
    return make_snapshot(CUTOFF, **{**tables, **other})


def messages(night: Any, config: PlanConfig = PLAIN, **other: Any) -> pd.DataFrame:
    return action_messages(
        night.snapshot, night.network, night.decisions, positions=night.positions, config=config, **other
    )


@pytest.fixture(scope="module")
def night_of(make_snapshot: MakeSnapshot, plan_night: PlanNight) -> Callable[..., Any]:
    def night(lines: list[dict[str, Any]], on_hand: int, rate: float = 2.0, **other: Any) -> Any:
        return plan_night(chain(make_snapshot, lines, on_hand, **other), {("A", "S1"): rate})

    return night


def test_a_line_that_comes_after_the_shelf_is_empty_is_brought_forward(night_of: Callable[..., Any]) -> None:
    # 6 on the shelf last three of the 14 days; the 30 units leave on day 9 and come on day 11. The lane takes 3 days,
    # so leaving tomorrow they are there on day 2: that is asked for.
    found = messages(night_of([line(30, 9, 11)], on_hand=6))
    assert found["action"].tolist() == ["expedite"]
    first = found.iloc[0]
    assert (first["amends_order_id"], first["quantity"], first["old_quantity"]) == ("PO1", 30, 30)
    assert (first["due_date"], first["old_due_date"]) == (day(2), day(11))
    assert first["ship_date"] == day(0)
    assert first["shortage_avoided"] > 0 > first["holding"]


def test_what_nobody_will_want_is_cancelled(night_of: Callable[..., Any]) -> None:
    # 400 on the shelf at 2 a day are cover for 200 days
    found = messages(night_of([line(50, 5, 7)], on_hand=400))
    assert found["action"].tolist() == ["cancel"]
    assert found["quantity"].tolist() == [0]
    assert found["holding"].iloc[0] > 0 == found["shortage_avoided"].iloc[0]


def test_too_much_is_reduced_in_whole_cases_to_no_less_than_the_minimum(night_of: Callable[..., Any]) -> None:
    found = messages(night_of([line(200, 1, 3)], on_hand=6))
    assert found["action"].tolist() == ["reduce"]
    assert 10 <= found["quantity"].iloc[0] < 60  # 2 a day for 14 days are 28 units
    assert found["quantity"].iloc[0] % 5 == 0


def test_what_is_needed_later_is_put_off(night_of: Callable[..., Any]) -> None:
    # 20 on the shelf last ten days; a minimum order of 25 leaves no smaller quantity to ask for
    sku = {"sku": "A", "unit_cost": 10.0, "unit_price": 20.0, "case_pack": 5, "min_order_quantity": 25}
    found = messages(night_of([line(25, 0, 2)], on_hand=20, skus=[sku]))
    assert found["action"].tolist() == ["defer"]
    assert day(2) < found["due_date"].iloc[0] <= day(10)
    # each of the 25 units is held for fewer days, at 25% of 10 a year; the curves add half for stock already sent
    days_later = (found["due_date"].iloc[0] - day(2)).days
    assert 0 < found["holding"].iloc[0] <= 25 * days_later * 10 * 0.25 / 365 * 1.5 + 0.01


@pytest.mark.parametrize(
    ("lines", "other", "config"),
    [
        pytest.param([line(50, -1, 7)], {}, PLAIN, id="left already"),
        pytest.param([line(50, 5, 7)], {}, PLAIN.replace(frozen_days=6), id="frozen window"),
        pytest.param(
            [line(50, 5, 7)], {"suppliers": [{"supplier": "SUP", "commit_fence_days": 6}]}, PLAIN, id="commit fence"
        ),
        pytest.param([line(50, 5, 7, status="cancelled")], {}, PLAIN, id="not coming"),
        pytest.param([line(50, 5, 7)], {}, PLAIN.replace(change_cost=1e6), id="costs more than it saves"),
    ],
)
def test_a_line_that_may_not_or_need_not_change_is_left_alone(
    night_of: Callable[..., Any], lines: list[dict[str, Any]], other: dict[str, Any], config: PlanConfig
) -> None:
    found = messages(night_of(lines, on_hand=400, **other), config)
    assert found.empty
    assert list(found.columns) == list(MESSAGE_COLUMNS)


def test_nothing_is_brought_into_the_frozen_window(night_of: Callable[..., Any]) -> None:
    found = messages(night_of([line(30, 9, 11)], on_hand=6), PLAIN.replace(frozen_days=4))
    assert found["ship_date"].tolist() == [day(4)]  # day indexes 0..3 are the four frozen days
    assert found["due_date"].tolist() == [day(6)]


def test_the_cost_of_a_change_is_paid_by_the_line_and_by_the_value_that_changes(night_of: Callable[..., Any]) -> None:
    night = night_of([line(50, 5, 7)], on_hand=400)
    free, priced = messages(night), messages(night, PLAIN.replace(change_cost=1.5, change_share=0.002))
    # 1.50 for the line and 0.2% of 50 units at 10.00 = 1.00
    assert priced["freeze"].tolist() == [-2.5]
    assert priced["net_benefit"].iloc[0] == pytest.approx(free["net_benefit"].iloc[0] - 2.5)


def test_a_message_is_not_repeated_and_its_opposite_pays_twice(night_of: Callable[..., Any]) -> None:
    night = night_of([line(50, 5, 7)], on_hand=400)
    config = PLAIN.replace(change_cost=1.0)
    before = pd.DataFrame({"amends_order_id": ["PO1"], "action": ["cancel"], "cutoff": [DAY - pd.Timedelta(days=1)]})
    second = messages(night, config, recent=before)
    assert "cancel" not in set(second["action"])
    other = messages(night, config, recent=before.assign(action="expedite"))
    assert other[["action", "freeze"]].to_numpy().tolist() == [["cancel", -2.0]]
    old = before.assign(cutoff=DAY - pd.Timedelta(days=30))
    assert messages(night, config, recent=old)["action"].tolist() == ["cancel"]


def test_two_lines_never_answer_the_same_need(night_of: Callable[..., Any]) -> None:
    # Empty shelf and 2 a day: 60 units in each of two late lines, either of which would do for the 14 days.
    both = [line(60, 9, 11), line(60, 10, 12, order_id="PO2")]
    alone = messages(night_of(both[:1], on_hand=0))
    assert alone["action"].tolist() == ["expedite"]
    found = messages(night_of(both, on_hand=0)).set_index("amends_order_id")
    assert sorted(found["action"]) != ["expedite", "expedite"]


def test_a_released_line_of_ours_is_looked_at_like_an_open_order(night_of: Callable[..., Any]) -> None:
    released = pd.DataFrame([{**line(50, 5, 7, order_id="PO-1"), "kind": "purchase"}])
    night = night_of([line(1, 5, 7, status="cancelled")], on_hand=400)
    # the night's curves do not know the line: its supply is given by hand
    supply = night.decisions.supply.copy()
    supply[:, 7:] += 50
    night = type(night)(*(getattr(night, name) for name in ("snapshot", "network", "forecast", "positions", "targets")),
                        night.decisions.replace(supply=supply))  # fmt: skip
    found = messages(night, released=released)
    assert found[["action", "amends_order_id"]].to_numpy().tolist() == [["cancel", "PO-1"]]


def test_units_that_stay_at_their_origin_are_worth_something_there(
    make_snapshot: MakeSnapshot, plan_night: PlanNight
) -> None:
    # S2 sells what lies at S1 in an open lateral: cancelling it frees the units where they sell
    lanes = [{"origin": "S1", "destination": "S2", "mode": "transshipment", "lead_time_days": 3}]
    places = [{"location": name, "tier": "store"} for name in ("S1", "S2")]
    stock = [
        {"as_of": CUTOFF, "sku": "A", "location": name, "on_hand": held} for name, held in (("S1", 20), ("S2", 300))
    ]
    orders = [line(20, 3, 5, origin="S1", destination="S2")]
    snapshot = chain(make_snapshot, orders, 0, locations=places, lanes=lanes, stock=stock)
    found = messages(plan_night(snapshot, {("A", "S1"): 2.0, ("A", "S2"): 2.0}))
    assert found["action"].tolist() == ["cancel"]
    assert found["origin_release"].iloc[0] > 100  # 20 lost sales of 10.00 margin were waiting at S1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.tuples(st.integers(1, 120), st.integers(0, 8), st.integers(0, 5)), min_size=1, max_size=6),
    on_hand=st.integers(0, 100),
    cost=st.floats(0.0, 20.0),
)
def test_messages_pay_in_whole_cents_and_only_as_their_action_says(
    night_of: Callable[..., Any], data: list[tuple[int, int, int]], on_hand: int, cost: float
) -> None:
    lines = [line(q, ship, ship + wait, order_id=f"PO{i}") for i, (q, ship, wait) in enumerate(data)]
    found = messages(night_of(lines, on_hand=on_hand), PLAIN.replace(change_cost=cost))
    assert found["amends_order_id"].is_unique
    assert (found["net_benefit"] > 0).all()
    cents = np.rint(found[list(MESSAGE_TERMS)].to_numpy() * 100).sum(axis=1)
    assert np.array_equal(cents, np.rint(found["net_benefit"].to_numpy() * 100))
    by = {str(name): rows for name, rows in found.groupby("action")}
    none = found.head(0)
    assert (by.get("expedite", none)["due_date"] < by.get("expedite", none)["old_due_date"]).all()
    assert (by.get("defer", none)["due_date"] > by.get("defer", none)["old_due_date"]).all()
    assert (by.get("cancel", none)["quantity"] == 0).all()
    reduced = by.get("reduce", none)
    assert ((reduced["quantity"] > 0) & (reduced["quantity"] < reduced["old_quantity"])).all()
    same = found[found["action"].isin(["expedite", "defer"])]
    assert (same["quantity"] == same["old_quantity"]).all()
