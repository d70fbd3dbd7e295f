"""Suppliers with shares: whose turn it is by hand, how close the shares are kept, and what layers and pallets ask."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.graph import build_network
from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.sourcing_turns import full_shares, share_kept, turns
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, planned, stock

TWO = [*PLACES, {"location": "OTHER", "tier": "supplier"}]
WEEKLY = [*LANES, {**LANES[0], "origin": "OTHER"}]
RULES = [{"sku": "X", "origin": "SUP", "destination": "C", "share": 0.7},
         {"sku": "X", "origin": "OTHER", "destination": "C", "share": 0.3}]  # fmt: skip
RATES = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}


def test_shares_are_made_whole() -> None:
    assert full_shares(np.array([0.6, 0.2, np.nan])).tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert full_shares(np.array([0.9, 0.9])).tolist() == [0.5, 0.5]


def test_the_one_furthest_behind_takes_the_next_order() -> None:
    # Orders of 10 on five days, shares 0.7 and 0.3. Behind: 7, 3 -> A; 4, 6 -> B; 11, -1 -> A; 8, 2 -> A; 5, 5 -> A.
    ships = np.ones((2, 5), dtype=bool)
    mine = turns(ships, share=np.array([0.7, 0.3]), bought=np.zeros(2), size=10.0)
    assert mine[0].tolist() == [True, False, True, True, True]
    assert (mine[0] != mine[1]).all()


def test_an_order_waits_for_the_one_whose_turn_it_is_and_not_for_ever() -> None:
    # B is behind and ships on day 3 only: days 0 to 2 wait. Where B never ships A steps in.
    ships = np.array([[True] * 5, [False, False, False, True, False]])
    behind = {"share": np.array([0.5, 0.5]), "bought": np.array([50.0, 0.0]), "size": 10.0}
    assert turns(ships, **behind)[1].tolist() == [False, False, False, True, False]
    assert not turns(ships, **behind)[0, :4].any()
    never = np.array([[True] * 5, [False] * 5])
    assert turns(never, **behind)[0].all()


@given(share=st.floats(0.05, 0.95), days=st.integers(1, 60), bought=st.tuples(st.integers(0, 500), st.integers(0, 500)))
def test_a_supplier_is_never_more_than_an_order_ahead_of_its_share(
    share: float, days: int, bought: tuple[int, int]
) -> None:
    shares, before = np.array([share, 1 - share]), np.array(bought, dtype=float)
    mine = turns(np.ones((2, days), dtype=bool), share=shares, bought=before, size=20.0)
    assert mine.sum() == days
    total = before + 20.0 * mine.sum(axis=1)
    ahead = total - shares * total.sum()
    assert ahead.max() <= max((before - shares * before.sum()).max(), 20.0) + 1e-9


def test_over_half_a_year_of_mondays_the_shares_are_kept(make_snapshot: Callable[..., Snapshot]) -> None:
    # C is short every Monday and buys what eight days ask for. 26 orders alike split 0.7 to 0.3 as 18 to 8, and no
    # supplier is ever more than one order off: the shares are within 1 / 26 of 0.7 and 0.3.
    orders: list[dict[str, Any]] = []
    config = PlanConfig(laterals=False, emergency=False)
    for week in range(26):
        sunday = pd.Timestamp(CUTOFF) + pd.Timedelta(weeks=week)
        on_hand = [{**row, "as_of": sunday} for row in stock(C=20, F=16, A=8, B=8)]
        snapshot = make_snapshot(
            f"{sunday:%Y-%m-%d}", locations=TWO, lanes=WEEKLY, skus=[SKU], stock=on_hand, sourcing=RULES,
            open_orders=[{key: row[key] for key in row if key != "date"} for row in orders],
            receipts=[{key: row[key] for key in ("order_id", "sku", "date", "quantity")} for row in orders],
        )  # fmt: skip
        moves = planned(snapshot, RATES, config).decisions.moves
        bought = moves[moves["mode"] == "purchase"]
        assert len(bought) == 1  # one of the two, never both
        orders += [
            {"order_id": f"P{week}", "sku": "X", "origin": row["origin"], "destination": "C", "status": "closed",
             "quantity": row["quantity"], "ship_date": sunday, "due_date": sunday, "date": sunday}
            for row in bought.to_dict("records")
        ]  # fmt: skip
    rules = build_network(make_snapshot(CUTOFF, locations=TWO, lanes=WEEKLY, skus=[SKU], sourcing=RULES)).sourcing
    kept = share_kept(rules, pd.DataFrame(orders)).set_index("origin")
    assert kept.loc["SUP", "kept"] == pytest.approx(0.7, abs=0.05)
    assert kept["kept"].sum() == pytest.approx(1.0)


def test_a_preferred_source_is_used_first_and_the_second_where_the_first_cannot(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    ranked = [{**RULES[0], "share": None, "priority": 2}, {**RULES[1], "share": None, "priority": 1}]
    tables = {"locations": TWO, "skus": [SKU], "stock": stock(C=0, F=16, A=8, B=8), "sourcing": ranked}
    both = planned(make_snapshot(CUTOFF, lanes=WEEKLY, **tables), RATES).decisions.moves
    assert both.loc[both["mode"] == "purchase", "origin"].tolist() == ["OTHER"]
    late = [{**lane, "order_days": "FR"} if lane["origin"] == "OTHER" else lane for lane in WEEKLY]
    first = planned(make_snapshot(CUTOFF, lanes=late, **tables), RATES).decisions.moves
    assert first.loc[first["mode"] == "purchase", "origin"].tolist() == ["SUP"]


@pytest.mark.parametrize(("unit", "size"), [("case", 6), ("layer", 24), ("pallet", 96)])
def test_the_source_says_what_is_ordered_whole(make_snapshot: Callable[..., Snapshot], unit: str, size: int) -> None:
    # Cases of 6, layers of 4 cases, pallets of 16: 64 units and more are bought (see test_plan_moves), in whole ones.
    rule = {"sku": "X", "origin": "SUP", "destination": "C", "order_unit": unit, "cases_per_layer": 4,
            "cases_per_pallet": 16}  # fmt: skip
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[{**SKU, "case_pack": 6}], stock=stock(C=0, F=16, A=8, B=8),
        sourcing=[rule],
    )  # fmt: skip
    case = planned(snapshot, RATES)
    (line,) = case.decisions.moves[case.decisions.moves["mode"] == "purchase"].to_dict("records")
    assert line["quantity"] % size == 0
    assert line["cases"] == line["quantity"] // 6
    assert case.violations.empty
    broken = case.decisions.moves.assign(quantity=case.decisions.moves["quantity"] + 6)
    found = audit(broken, case.decisions.loads, snapshot=snapshot, network=case.network, positions=case.positions)
    rules = found.loc[found["destination"] == "C", "rule"].tolist()
    assert ("whole_cases" in rules) == (unit != "case")


def test_a_suppliers_week_counts_what_it_was_asked_for_before(make_snapshot: Callable[..., Snapshot]) -> None:
    # 100 a week. Alone, the purchase of 64 and more fits. With 70 asked for on Thursday 30 are left, next week all 100.
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=0, F=16, A=8, B=8)}
    week = [{"supplier": "SUP", "weekly_capacity": 100.0}]
    thursday = pd.Timestamp(CUTOFF) - pd.Timedelta(days=3)
    order = {"order_id": "P1", "sku": "X", "origin": "SUP", "destination": "C", "quantity": 70, "status": "confirmed",
             "ship_date": thursday, "due_date": thursday + pd.Timedelta(days=30)}  # fmt: skip
    free = planned(make_snapshot(CUTOFF, suppliers=week, **tables), RATES)
    busy = planned(make_snapshot(CUTOFF, suppliers=week, open_orders=[order], **tables), RATES)
    earlier = {**order, "ship_date": thursday - pd.Timedelta(days=7)}
    before = planned(make_snapshot(CUTOFF, suppliers=week, open_orders=[earlier], **tables), RATES)
    assert 64 <= free.quantity("SUP", "C") <= 100
    assert 0 < busy.quantity("SUP", "C") <= 30
    assert before.quantity("SUP", "C") > 30
    assert free.violations.empty and busy.violations.empty and before.violations.empty


def test_stock_that_idles_in_a_store_goes_back_up_where_it_is_needed(make_snapshot: Callable[..., Snapshot]) -> None:
    """B idles on 400, sells 0.1 a day; C has nothing, its next purchase comes in 5 days, and A and F are empty."""
    lanes = [*(lane for lane in LANES if lane["mode"] in ("purchase", "transfer")),
             {"origin": "tier:store", "destination": "C", "mode": "return", "lead_time_days": 1}]  # fmt: skip
    rates = {("X", "F"): 4.0, ("X", "A"): 4.0, ("X", "B"): 0.1}
    tables = {"locations": PLACES, "lanes": lanes, "skus": [SKU], "stock": stock(C=0, F=0, A=0, B=400)}
    case = planned(make_snapshot(CUTOFF, **tables), rates)
    back = case.decisions.moves[case.decisions.moves["mode"] == "return"]
    assert back["origin"].tolist() == ["B"]
    assert 0 < back["quantity"].sum() < 400
    assert case.violations.empty
    kept = planned(make_snapshot(CUTOFF, **tables), rates, PlanConfig(returns=False)).decisions.moves
    assert "return" not in set(kept["mode"])
