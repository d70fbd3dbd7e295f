"""One planning run from end to end on a small synthetic chain."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import engine
from experiments.world import LAST_DAY, WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from network.ingest import Chain, load_chain
from network.snapshot import Snapshot, snapshot_at
from optimization.audit import audit
from optimization.position import inventory_positions

CONFIG = engine.EngineConfig(forecast=ForecastConfig(max_rounds=40, n_origins=2, max_training_rows=60_000))


@cache
def chain() -> Chain:
    world = build_world(WorldConfig(n_skus=12, n_stores=4, n_days=120))
    with TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        return load_chain(Path(folder))


def snapshot(cutoff: pd.Timestamp = LAST_DAY) -> Snapshot:
    return snapshot_at(chain().tables, chain().settings, cutoff)


@cache
def planned() -> engine.Plan:
    return engine.plan(snapshot(), CONFIG)


def scrambled_after(cutoff: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every number dated after the cutoff replaced by another one, in sales, stock and signals alike."""
    rng = np.random.default_rng(0)
    tables = dict(chain().tables)
    limit = cutoff + pd.Timedelta(days=1)
    for name, when, value in (
        ("sales", "date", "units"),
        ("stock", "as_of", "on_hand"),
        ("receipts", "date", "quantity"),
        ("signals", "known_at", "value"),
        ("promotions", "known_at", "price"),
    ):
        frame = tables[name].copy()
        late = (frame[when] >= limit).to_numpy()
        frame.loc[late, value] = rng.permutation(frame.loc[late, value].to_numpy()) + 7
        tables[name] = frame
    return tables


def test_a_plan_has_orders_and_passes_its_own_audit():
    plan = planned()
    assert len(plan.orders) > 0
    moves, loads = plan.decisions.moves, plan.decisions.loads
    assert set(plan.orders["destination"]) <= set(plan.targets["location"])
    held = inventory_positions(plan.snapshot, plan.network, None, series=plan.forecast.series)
    assert audit(moves, loads, snapshot=plan.snapshot, network=plan.network, positions=held).empty


def test_money_terms_sum_to_the_net_benefit_of_their_line():
    plan = planned()
    sums = plan.order_terms.groupby("order_id")["amount"].sum().round(2)
    assert sums.to_dict() == plan.orders.set_index("order_id")["net_benefit"].round(2).to_dict()


def test_the_same_plan_twice_is_the_same_to_the_bit():
    again = engine.plan(snapshot(), CONFIG)
    assert again.run_id == planned().run_id
    assert again.orders.to_csv(index=False) == planned().orders.to_csv(index=False)
    assert np.array_equal(again.forecast.mean, planned().forecast.mean)


def test_another_setting_gives_another_run_id():
    other = CONFIG.replace(plan=CONFIG.plan.replace(laterals=False))
    assert engine.run_id_of(snapshot(), other) != engine.run_id_of(snapshot(), CONFIG)


def test_nothing_dated_or_known_after_the_cutoff_changes_a_decision():
    cutoff = LAST_DAY - pd.Timedelta(days=21)
    honest = engine.plan(snapshot(cutoff), CONFIG)
    other = engine.plan(snapshot_at(scrambled_after(cutoff), chain().settings, cutoff), CONFIG)
    assert other.run_id == honest.run_id
    assert np.array_equal(other.forecast.mean, honest.forecast.mean)
    assert other.orders.to_csv(index=False) == honest.orders.to_csv(index=False)


def test_the_same_night_again_after_its_lines_left_adds_and_changes_nothing():
    orders = planned().orders
    columns = ["order_id", "kind", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]
    again = engine.plan_with(
        snapshot(), planned().network, planned().forecaster, config=CONFIG, released=orders[columns]
    )
    assert orders["quantity"].sum() > 0
    assert len(again.orders) == 0


def test_open_orders_of_a_chain_without_runs_get_messages_too():
    # Nothing was ever released or published here: all that is known of the order is its row in `open_orders`.
    tables = dict(chain().tables)
    busiest = planned().orders.query("kind == 'purchase'").iloc[0]
    days = {"ship_date": LAST_DAY + pd.Timedelta(days=3), "due_date": LAST_DAY + pd.Timedelta(days=12)}
    far_too_much = tables["open_orders"].iloc[:1].assign(
        order_id="ERP-1", sku=busiest["sku"], origin=busiest["origin"], destination=busiest["destination"],
        quantity=1_000_000, status="confirmed", external_ref="", **days,
    )  # fmt: skip
    tables["open_orders"] = pd.concat([tables["open_orders"], far_too_much], ignore_index=True)
    known = snapshot_at(tables, chain().settings, LAST_DAY)
    plan = engine.plan_with(known, planned().network, planned().forecaster, config=CONFIG)
    (message,) = plan.orders[plan.orders["amends_order_id"] == "ERP-1"].to_dict("records")
    assert message["action"] in ("reduce", "cancel")
    assert message["net_benefit"] > 0


def test_stages_are_told_in_order():
    stages: list[str] = []
    engine.plan_with(snapshot(), planned().network, planned().forecaster, config=CONFIG, on_stage=stages.append)
    assert stages == ["forecast", "targets", "flow", "trucks", "audit", "explain", "drivers", "exceptions"]


def test_a_plan_that_breaks_a_rule_is_refused(monkeypatch):
    import optimization.partition.plan as parts

    settle = parts.settle

    def greedy(*args, **kwargs):
        decisions = settle(*args, **kwargs)
        return replace(decisions, moves=decisions.moves.assign(quantity=decisions.moves["quantity"] * 1000))

    monkeypatch.setattr(parts, "settle", greedy)
    try:
        engine.plan_with(snapshot(), planned().network, planned().forecaster, config=CONFIG)
    except engine.AuditError as error:
        assert len(error.violations) > 0
        assert "was not published" in str(error)
    else:
        raise AssertionError("a plan that ships more than there is was let through")
