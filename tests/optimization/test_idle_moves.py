"""Moves left out without planning again: what that can cost at most, against planning again."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from network.snapshot import Snapshot
from optimization import idle_moves
from optimization.config import PlanConfig
from optimization.decisions import FlowPlan
from optimization.flow.data import FlowData, flow_data
from optimization.flow.model import solve_flows
from optimization.idle_moves import left_out, worth_planning_again
from optimization.tonight import supply_of, tonight_lines
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, prepared, random_chain, stock

CONFIG = PlanConfig(lateral_margin=0.0, ageing_weight=1.0)


def flows(snapshot: Snapshot, rates: dict[tuple[str, str], float]) -> tuple[FlowData, FlowPlan]:
    p = prepared(snapshot, rates, CONFIG)
    data = flow_data(
        p.forecast, p.network, snapshot, positions=p.positions, targets=p.targets, curves=p.curves, config=CONFIG
    )
    return data, solve_flows(data, CONFIG)


def cost(data: FlowData, flow: FlowPlan, snapshot: Snapshot) -> float:
    lines = tonight_lines(data, flow.quantity, snapshot)
    later = np.where(data.regular.day > 0, flow.quantity[: data.regular.pair.size], 0)
    moved = float((lines["move_cost"] * lines["quantity"]).sum()) + float((data.regular.cost * later).sum())
    return float(data.curves.expected_cost(supply_of(data, lines, later)).sum()) + moved


def test_a_move_that_saves_much_is_planned_again_and_one_that_saves_little_is_not(
    make_snapshot: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A is empty until Thursday's truck and B idle: the lateral saves some 8 units x 6, most of what the SKU costs."""
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=60, A=0, B=200))
    data, flow = flows(snapshot, {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0})
    lines = tonight_lines(data, flow.quantity, snapshot)
    is_idle = (~lines["is_regular"] & (lines["flow_quantity"] > 0)).to_numpy(dtype=bool)
    assert is_idle.any()
    assert (worth_planning_again(lines, data, flow, is_idle=is_idle) == is_idle).all()
    monkeypatch.setattr(idle_moves, "LEAST_LOSS", 10.0)
    assert not worth_planning_again(lines, data, flow, is_idle=is_idle).any()


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_planning_again_gains_no_more_than_what_was_lost(make_snapshot: Callable[..., Snapshot], seed: int) -> None:
    snapshot, rates = random_chain(make_snapshot, seed)
    data, flow = flows(snapshot, rates)
    lines = tonight_lines(data, flow.quantity, snapshot)
    is_idle = (~lines["is_regular"] & (lines["flow_quantity"] > 0)).to_numpy(dtype=bool)
    idle = np.flatnonzero(is_idle)
    loss = float(idle_moves._losses(lines, data, flow, idle).sum()) if idle.size else 0.0
    without = left_out(flow, lines, data, is_out=is_idle)
    # The loss is told from the rows at the lines' ends alone; here the whole plan is valued twice.
    assert cost(data, without, snapshot) - cost(data, flow, snapshot) == pytest.approx(loss, abs=1e-6)
    # What a move brings may have been sent on: then planning without it has to do without that, too.
    sent = np.concatenate([data.regular.origin, data.tonight.origin])[flow.quantity > 0]
    assume(not np.isin(lines["point"].to_numpy()[idle], sent).any())
    again = solve_flows(replace(data, is_banned=np.ones_like(data.is_banned)), CONFIG)
    rounding = flow.objective - flow.bound if flow.bound is not None else 0.0
    assert again.objective <= flow.objective + loss + rounding + 1e-6
