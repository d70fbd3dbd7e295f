"""The purchase budget and room in store: worked out by hand on a chain of five places, then what must always hold."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.storage import daily_rates, storage_limits
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, RATES, SKU, Case, planned, random_chain, stock

BIG = {**SKU, "volume_m3": 0.5}
ALONE = PlanConfig(laterals=False)


def breaches(case: Case, budget: float | None = None) -> list[str]:
    decisions = case.decisions
    found = audit(decisions.moves, decisions.loads, snapshot=case.snapshot, network=case.network,
                  positions=case.positions, targets=case.targets, purchase_budget=budget)  # fmt: skip
    return sorted(set(found["rule"]))


def places(**room: float) -> list[dict[str, Any]]:
    return [{**row, "storage_volume_m3": room.get(row["location"])} for row in PLACES]


def test_no_more_is_bought_than_there_is_money_for_and_what_is_left_out_is_told(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # 64 units and more are wanted (see test_plan_moves) at 10 each; 305 buys 30.
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=0, F=16, A=8, B=8)}
    free = planned(make_snapshot(CUTOFF, **tables), RATES)
    tight = planned(make_snapshot(CUTOFF, **tables), RATES, PlanConfig(purchase_budget=305.0))
    assert free.quantity("SUP", "C") >= 64
    assert tight.quantity("SUP", "C") == 30
    (cut,) = tight.decisions.cuts[tight.decisions.cuts["kind"] == "budget"].to_dict("records")
    assert cut["quantity"] + 30 == cut["wanted"] == free.quantity("SUP", "C")
    assert cut["money"] > 0
    assert tight.decisions.moves.set_index("mode").loc["purchase", "capacity_price"] > 0
    assert breaches(tight, 305.0) == []
    assert breaches(free, 305.0) == ["purchase_budget"]


def test_a_store_is_filled_to_its_room_and_no_further(make_snapshot: Callable[..., Snapshot]) -> None:
    # Units of 0.5 m3. 13 to 15 go to the empty store A on Tuesday, index 1; with room for 3 m3, 6 do.
    tables = {"lanes": LANES, "skus": [BIG], "stock": stock(C=300, F=60, A=0, B=60)}
    free = planned(make_snapshot(CUTOFF, locations=PLACES, **tables), RATES, ALONE)
    tight = planned(make_snapshot(CUTOFF, locations=places(A=3.0), **tables), RATES, ALONE)
    assert free.quantity("C", "A") >= 13
    assert tight.quantity("C", "A") == 6
    assert breaches(tight) == []
    (cut,) = tight.decisions.cuts[tight.decisions.cuts["kind"] == "store"].to_dict("records")
    assert (cut["location"], cut["unit"], cut["quantity"]) == ("A", "m3", free.quantity("C", "A") - 6)
    too_much = Case(tight.snapshot, tight.network, tight.positions, tight.targets, free.decisions)
    assert breaches(too_much) == ["storage_room"]


def test_what_sells_before_goods_come_makes_room_for_them(make_snapshot: Callable[..., Snapshot]) -> None:
    # C feeds 8 a day, holds 100 and has room for 50 m3, 100 units of 0.5 m3; a purchase comes on index 4, when 4 days
    # of 8 are gone: room for 32 units.
    tables = {"lanes": LANES, "skus": [BIG], "stock": stock(C=100, F=16, A=8, B=8)}
    case = planned(make_snapshot(CUTOFF, locations=places(C=50.0), **tables), RATES, ALONE)
    due = pd.Timestamp(CUTOFF) + pd.Timedelta(days=5)
    line = pd.DataFrame({"destination": ["C"], "due_date": [due]})
    (room,) = storage_limits(line, case.positions, rates=daily_rates(case.targets), snapshot=case.snapshot)["amount"]
    assert 15.5 <= room <= 16.0
    assert case.quantity("SUP", "C") <= 32
    assert breaches(case) == []


def test_more_can_be_stored_for_money_where_a_line_is_worth_it(make_snapshot: Callable[..., Snapshot]) -> None:
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=300, F=60, A=0, B=60)}
    room = {"location": "A", "kind": "store", "unit": "units", "weekday": "", "amount": 6.0}
    bought = {
        price: planned(
            make_snapshot(CUTOFF, **tables, capacity=[{**room, "overtime_cost": price}]), RATES, ALONE
        ).quantity("C", "A")
        for price in (0.01, 100.0)
    }
    assert bought[0.01] >= 13
    assert bought[100.0] == 6


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_random_chains_stay_within_their_rooms_and_budget(make_snapshot: Callable[..., Snapshot], seed: int) -> None:
    snapshot, rates = random_chain(make_snapshot, seed)
    rooms = snapshot.table("locations").assign(storage_volume_m3=[float((seed + 3 * row) % 7) for row in range(7)])
    budget = float(seed % 900)
    case = planned(snapshot.replace(tables={"locations": rooms}), rates, PlanConfig(purchase_budget=budget))
    assert breaches(case, budget) == []
