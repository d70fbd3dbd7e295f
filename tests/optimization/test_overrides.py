"""A planner's change in money: the ledger still sums to the line, and the term is what the plan's value changes by."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.snapshot import Snapshot
from optimization.explain import LINE_KEY, line_terms, net_benefit, order_terms
from optimization.overrides import overridden
from optimization.quantity_worth import quantity_worth
from tests.optimization.test_explain import CHAIN, CUTOFF, LOADS, RATES, move

Tables = tuple[Any, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def plan(make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]) -> Tables:
    moves = [move("A", 10), move("B", 20)]
    night = plan_night(make_snapshot(CUTOFF, **CHAIN), RATES, moves, loads=[{"vehicle": "truck", **LOADS[0]}])
    terms = line_terms(night.decisions, night.snapshot, network=night.network)
    orders = night.decisions.moves[[*LINE_KEY, "quantity", "cases"]].rename(columns={"mode": "kind"})
    orders = orders.assign(
        order_id=["TR-1", "TR-2"],
        action="new",
        unit_cost=2.0,
        value=orders["quantity"] * 2.0,
        net_benefit=net_benefit(terms)["net_benefit"],
        proposed_quantity=orders["quantity"],
    )
    return night, orders, order_terms(terms, orders)


def changed(plan: Tables, **quantities: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    night, orders, ledger = plan
    names = {name.replace("_", "-"): units for name, units in quantities.items()}
    return overridden(orders, ledger, names, decisions=night.decisions, snapshot=night.snapshot, network=night.network)


def test_fewer_units_give_back_their_freight_and_lose_sales(plan: Tables) -> None:
    # 10 of A become 4: 6 units less. They save 6 x (0.05 freight + handling + 60 / 10 m3 x 0.1 m3 = 0.60 of a truck).
    night = plan[0]
    orders, ledger = changed(plan, TR_1=4)
    row = orders.set_index("order_id").loc["TR-1"]
    assert (row["quantity"], row["cases"], row["value"], row["proposed_quantity"]) == (4, 4, 8.0, 10)
    paid = ledger.set_index(["order_id", "term"])["amount"]
    saved = 6 * (0.05 + night.snapshot.settings.economics.handling_cost + 0.6)
    assert paid["TR-1", "override"] < saved  # what it saves less what it loses
    assert "override" not in ledger.loc[ledger["order_id"] == "TR-2", "term"].tolist()


@pytest.mark.parametrize("units", [1, 9, 10, 11, 60])
def test_the_ledger_still_sums_to_the_line_in_cents(plan: Tables, units: int) -> None:
    orders, ledger = changed(plan, TR_1=units)
    sums = ledger.groupby("order_id")["amount"].sum().mul(100).round().astype(int)
    assert sums.tolist() == np.rint(orders["net_benefit"].to_numpy() * 100).astype(int).tolist()


def test_an_unknown_order_is_named(plan: Tables) -> None:
    with pytest.raises(KeyError, match="TR-9"):
        changed(plan, TR_9=1)


def test_the_worth_of_other_quantities_is_what_a_planners_change_to_them_is(plan: Tables) -> None:
    night, orders, _ = plan
    table = quantity_worth(
        orders, night.decisions, forecast=night.forecast, projection=night.projection, targets=night.targets,
        snapshot=night.snapshot, network=night.network,
    ).set_index("order_id")  # fmt: skip
    row = table.loc["TR-1"]
    assert row["quantities"].tolist() == [0, 5, 10, 15, 20]
    before = orders.set_index("order_id").loc["TR-1", "net_benefit"]
    for units, gain in zip(row["quantities"][1:], row["gains"][1:], strict=True):
        after = changed(plan, TR_1=int(units))[0].set_index("order_id").loc["TR-1", "net_benefit"]
        assert after - before == pytest.approx(gain, abs=0.011)
    assert row["gains"].tolist()[2] == 0.0
    assert (np.diff(row["unmet"]) <= 0).all()
    assert row["unmet"][0] <= row["expected_demand"]
