"""New settings for some locations: they hold there and nowhere else, and the plan is one."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from forecasting.forecast import Forecast
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.decisions import Decisions
from optimization.partition.plan import plan_in_parts
from optimization.position import inventory_positions
from optimization.switch import Switch

MakeSnapshot = Callable[..., Snapshot]
CUTOFF = "2024-06-02"
STOCK = 10
PLACES = [
    {"location": "V", "tier": "supplier"},
    {"location": "C", "tier": "central"},
    *({"location": name, "tier": "store"} for name in "AB"),
]
LANES = [
    {"origin": "V", "destination": "C", "mode": "purchase", "lead_time_days": 6, "order_days": "TU"},
    {"origin": "C", "destination": "tier:store", "mode": "transfer", "lead_time_days": 1},
]
GOALS = {"A": 0.95, "B": 0.95, "C": 0.95}


@pytest.fixture
def night(make_snapshot: MakeSnapshot) -> tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame]:
    """Two stores that sell 4 a day of goods whose lost sale costs next to nothing; ten units, all in the warehouse."""
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES,
        skus=[{"sku": "X", "unit_cost": 10.0, "unit_price": 15.0, "shortage_cost": 0.0001}],
        stock=[{"as_of": CUTOFF, "sku": "X", "location": "C", "on_hand": STOCK}],
    )  # fmt: skip
    network = build_network(snapshot)
    forecast = Forecast.from_rates(np.full((2, 28), 4.0), ["X", "X"], location=["A", "B"], cutoff=CUTOFF)
    return snapshot, network, forecast, inventory_positions(snapshot, network, series=forecast.series)


def planned(
    night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame], config: PlanConfig, switch: Switch | None = None
) -> tuple[pd.DataFrame, Decisions]:
    snapshot, network, forecast, positions = night
    targets, decisions = plan_in_parts(
        snapshot, network, forecast, positions=positions, released=None, config=config, switch=switch
    )
    broken = audit(
        decisions.moves, decisions.loads, snapshot=snapshot, network=network, positions=positions, targets=targets
    )
    assert broken.empty
    return targets.set_index("location"), decisions


def sent(decisions: Decisions) -> dict[str, int]:
    return decisions.moves.loc[decisions.moves["mode"] == "transfer"].groupby("destination")["quantity"].sum().to_dict()


def test_a_goal_holds_at_the_switched_store_and_at_no_other(
    night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame],
) -> None:
    """Daily review, one day's lead: 1 + 1 - 1 = 1 day, Poisson(4).

    b = 0.0001 against h = 10 * 0.25 / 365 = 0.00685: 0.014, so the lowest level of the grid, 0.02: 1 unit. The goal
    0.95 asks for 8 units: P(D <= 7) = 0.949, P(D <= 8) = 0.979.
    """
    targets, _ = planned(night, PlanConfig(), Switch({"cycle_service_goals": GOALS}, ("A",)))
    assert poisson.cdf([7, 8], 4.0).round(3).tolist() == [0.949, 0.979]
    assert targets.loc[["A", "B"], "order_up_to_level"].tolist() == [8, 1]
    assert targets.loc[["A", "B"], "critical_ratio"].tolist() == [0.95, 0.02]


def test_targets_are_those_of_the_new_run_where_switched_and_of_the_live_run_elsewhere(
    night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame],
) -> None:
    new = {"cycle_service_goals": GOALS, "lead_time_level": 0.6}
    live, _ = planned(night, PlanConfig())
    whole, _ = planned(night, PlanConfig().replace(**new))
    mixed, _ = planned(night, PlanConfig(), Switch(new, ("B",)))
    pd.testing.assert_frame_equal(mixed.loc[["B"]], whole.loc[["B"]], check_exact=True)
    pd.testing.assert_frame_equal(mixed.loc[["A", "C"]], live.loc[["A", "C"]], check_exact=True)
    assert not mixed.loc["C"].equals(whole.loc["C"])  # the pool under the new goal would be another one


def test_both_stores_draw_on_one_stock(night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame]) -> None:
    """Under one plan the warehouse's ten units are sent once; two plans pasted together would send more.

    With the goal everywhere each store gets half, by symmetry. With it at A alone, A gets what it asks for, more than
    half, and B, where a lost sale costs less than holding, nothing.
    """
    _, everywhere = planned(night, PlanConfig(cycle_service_goals=GOALS))
    _, mixed = planned(night, PlanConfig(), Switch({"cycle_service_goals": GOALS}, ("A",)))
    assert sent(everywhere) == {"A": STOCK // 2, "B": STOCK // 2}
    assert set(sent(mixed)) == {"A"} and STOCK // 2 < sent(mixed)["A"] <= STOCK


def test_cost_curves_follow_the_settings_of_their_location(
    night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame],
) -> None:
    """Holding below the central tier is h (1 + premium): 0.00685 * 1.5 live, 0.00685 * 3 where switched."""
    _, mixed = planned(night, PlanConfig(), Switch({"commitment_premium": 2.0, "ageing_weight": 0.4}, ("B",)))
    local = mixed.curves.take(np.arange(mixed.curves.n_local))
    rows = {name: index for index, name in enumerate(local.points["location"])}
    h = 10.0 * 0.25 / 365.0
    assert local.holding[[rows["A"], rows["B"], rows["C"]]] == pytest.approx([1.5 * h, 3.0 * h, h])
    assert local.waste[[rows["A"], rows["B"], rows["C"]]] == pytest.approx([1.0, 4.0, 1.0])


def test_a_switch_of_no_stock_point_of_the_chain_changes_nothing(
    night: tuple[Snapshot, SupplyNetwork, Forecast, pd.DataFrame],
) -> None:
    live_targets, live = planned(night, PlanConfig())
    targets, same = planned(night, PlanConfig(), Switch({"commitment_premium": 2.0}, ("elsewhere",)))
    pd.testing.assert_frame_equal(targets, live_targets, check_exact=True)
    pd.testing.assert_frame_equal(same.moves, live.moves, check_exact=True)
    assert same.objective == live.objective
