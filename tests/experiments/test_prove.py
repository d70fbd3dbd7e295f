"""The proof on a chain's own past: by hand where nothing is planned, and no look ahead where it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine import EngineConfig
from experiments.prove import Proof, prove
from experiments.prove_history import CannotProve, PastOrders, demand_between, history, moves_between, whole_units
from experiments.twin import Night
from experiments.world import WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from network.check import check_tables
from network.graph import build_network
from network.ingest import Chain, load_chain
from network.settings import ChainSettings
from network.snapshot import snapshot_at

QUICK = EngineConfig(forecast=ForecastConfig(max_rounds=5, n_origins=1, max_training_rows=3000, threads=1))
LAST = pd.Timestamp("2025-11-05")
START = pd.Timestamp("2025-03-10")


def tiny(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A warehouse and a store; one SKU; one order of 10 on the 11th that came short by 2."""
    tables = {
        "locations": pd.DataFrame({"location": ["V", "C", "S"], "tier": ["supplier", "central", "store"]}),
        "skus": pd.DataFrame({"sku": ["A"], "unit_cost": [2.0], "unit_price": [3.0]}),
        "lanes": pd.DataFrame({"origin": ["V", "C", "C"], "destination": ["C", "S", "S"],
                               "mode": ["purchase", "transfer", "emergency"], "lead_time_days": [3, 3, 0]}),
        "sales": pd.DataFrame({"date": ["2025-02-01", "2025-03-12", "2025-03-13"], "sku": "A", "location": "S",
                               "units": [1, 2, 3], "availability": 1.0}),
        "stock": pd.DataFrame({"as_of": ["2025-03-10", "2025-03-10"], "sku": "A", "location": ["C", "S"],
                               "on_hand": [9, 4]}),
        "open_orders": pd.DataFrame({"order_id": ["1", "2", "3"], "origin": ["C", "C", "X"], "destination": "S",
                                     "sku": "A", "quantity": [10, 5, 1],
                                     "ship_date": ["2025-03-11", "2025-03-12", "2025-03-12"],
                                     "due_date": ["2025-03-13", "2025-03-12", "2025-03-13"],
                                     "status": ["closed", "released", "closed"]}),
        "receipts": pd.DataFrame({"order_id": ["1"], "sku": "A", "date": ["2025-03-13"], "quantity": [8]}),
    }  # fmt: skip
    return tables | changed


@cache
def past() -> Chain:
    places = {"location": ["V", "C", "S", "X"], "tier": ["supplier", "central", "store", "supplier"]}
    checked = check_tables(tiny(locations=pd.DataFrame(places)), ChainSettings())
    return Chain(ChainSettings(), checked.tables, (), checked.rejects)


def test_orders_become_moves_on_the_nearest_lane_with_what_was_received() -> None:
    whole = snapshot_at(past().tables, past().settings, pd.Timestamp("2025-03-20"))
    moves, unmatched = moves_between(whole, build_network(whole), start=START)
    # Order 1 was planned for 3 days, order 2 for one: the emergency lane is nearer. Order 3 is on no lane.
    assert moves[["mode", "quantity"]].to_numpy().tolist() == [["transfer", 8], ["emergency", 5]]
    assert unmatched == 1


def test_a_line_leaves_only_what_the_origin_has_and_the_rest_is_counted() -> None:
    moves = pd.DataFrame({"sku": "A", "origin": ["C", "C", "V"], "destination": "S", "mode": "transfer",
                          "ship_date": START + pd.Timedelta(days=1), "due_date": START + pd.Timedelta(days=3),
                          "quantity": [6, 6, 50]})  # fmt: skip
    policy = PastOrders(moves, frozenset({"C", "S"}))
    stock = pd.DataFrame({"sku": ["A"], "location": ["C"], "on_hand": [9]})
    none = pd.DataFrame()
    sent = policy(Night(START, stock, none, none, none))
    assert sent["quantity"].tolist() == [6, 3, 50]  # 9 on hand: 6, then 3 of 6; a supplier has enough
    assert policy.clipped == 3
    assert policy(Night(START + pd.Timedelta(days=1), stock, none, none, none)).empty


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (3, 9), elements=st.floats(0, 5)))
def test_rounding_keeps_running_sums(amounts: np.ndarray) -> None:
    units = whole_units(amounts)
    assert (units >= 0).all()
    assert np.abs(np.cumsum(units, axis=1) - np.cumsum(amounts, axis=1)).max() <= 1 + 1e-6


def test_demand_is_what_was_sold_where_shelves_were_full() -> None:
    whole = snapshot_at(past().tables, past().settings, pd.Timestamp("2025-03-20"))
    demand, lifted = demand_between(whole, build_network(whole), start=START, own=frozenset({"C", "S"}))
    assert demand[["date", "zone", "units"]].to_numpy().tolist() == [
        [pd.Timestamp("2025-03-12"), "@S", 2], [pd.Timestamp("2025-03-13"), "@S", 3]
    ]  # fmt: skip
    assert lifted == 0


@cache
def chain() -> Chain:
    with TemporaryDirectory() as folder:
        write_world(build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120)), Path(folder))
        return load_chain(Path(folder))


@cache
def proof() -> Proof:
    return prove(chain().tables, chain().settings, last_day=LAST, n_weeks=1, config=QUICK)


def test_both_ways_meet_the_same_demand_and_the_replay_retells_the_records() -> None:
    made = proof()
    assert made.n_days == 7
    assert made.ordered.days["latent_units"].tolist() == made.tierflow.days["latent_units"].tolist()
    ratio = made.fidelity["replayed"] / made.fidelity["recorded"]
    assert ratio.between(0.85, 1.15).all()
    totals = made.table.set_index("measure").loc["total_cost"]
    assert [made.weeks["ordered"].sum(), made.weeks["tierflow"].sum()] == pytest.approx(
        [totals["ordered"], totals["tierflow"]]
    )
    assert made.assumptions and made.limits


def test_our_orders_of_the_first_nights_do_not_change_with_what_came_later() -> None:
    cut = LAST - pd.Timedelta(days=4)
    sales = chain().tables["sales"]
    changed = sales.assign(units=sales["units"].where(sales["date"] <= cut, sales["units"] * 3 + 1))
    other = prove({**chain().tables, "sales": changed}, chain().settings, last_day=LAST, n_weeks=1, config=QUICK)
    columns = ["sku", "origin", "destination", "mode", "ship_date", "quantity"]
    ours = [each.tierflow.moves[each.tierflow.moves["decided_on"] <= cut][columns] for each in (proof(), other)]
    pd.testing.assert_frame_equal(ours[0].reset_index(drop=True), ours[1].reset_index(drop=True))


def test_what_is_missing_is_said_and_refused() -> None:
    tables = chain().tables
    late = tables["stock"][tables["stock"]["as_of"] > LAST - pd.Timedelta(days=3)]
    with pytest.raises(CannotProve, match="No stock record in the week up to 2025-10-29"):
        prove({**tables, "stock": late}, chain().settings, last_day=LAST, n_weeks=1)
    with pytest.raises(CannotProve, match="no order that left after"):
        prove({**tables, "open_orders": tables["open_orders"].head(0)}, chain().settings, last_day=LAST, n_weeks=1)
    with pytest.raises(CannotProve, match="choose fewer"):
        prove(tables, chain().settings, last_day=LAST, n_weeks=15)


def test_limits_name_what_the_data_lack() -> None:
    sales = chain().tables["sales"].assign(availability=np.nan)
    from experiments.prove_limits import limits_of

    tables = {**chain().tables, "sales": sales}
    words = " ".join(
        limits_of(tables, history(tables, chain().settings, start=LAST - pd.Timedelta(days=7), last_day=LAST))
    )
    assert "do not say how long the shelf was full" in words
