"""What if: a scenario is a name and an ordered tuple of frozen changes of a chain; comparing plans says what they do.

    snapshot = load_snapshot(Path("demo"))
    closed = Scenario("Port closed", LaneClosed(origin="V01", start="2025-11-06", end="2025-11-15"))
    what_if(snapshot, closed)

Changes are data; neither the engine nor any model knows what a scenario is. Models fitted on the chain as it is are
reused, never fitted again on a chain that is not.
"""

from __future__ import annotations

from experiments.scenario_case import Case, Change, Scenario, ScenarioError
from experiments.scenario_compare import Comparison, compare
from experiments.scenario_demand import DemandFactor, PromotionAdded, PromotionMoved
from experiments.scenario_locations import LocationAdded, LocationClosed
from experiments.scenario_run import WhatIf, plan_scenario, what_if
from experiments.scenario_signals import SignalLost, SocialBurst, Storm
from experiments.scenario_supply import LaneClosed, LaneDelayed, LaneOpened, SupplierLate
from experiments.scenario_terms import (
    Budget,
    CapacityChanged,
    HoldingCost,
    ServiceGoal,
    Setting,
    ShelfLife,
    TruckPrice,
)
from experiments.scenario_toml import scenario_from_mapping

__all__ = [
    "Budget", "CapacityChanged", "Case", "Change", "Comparison", "DemandFactor", "HoldingCost", "LaneClosed",
    "LaneDelayed", "LaneOpened", "LocationAdded", "LocationClosed", "PromotionAdded", "PromotionMoved", "Scenario",
    "ScenarioError", "ServiceGoal", "Setting", "ShelfLife", "SignalLost", "SocialBurst", "Storm", "SupplierLate",
    "TruckPrice", "WhatIf", "compare", "plan_scenario", "scenario_from_mapping", "what_if",
]  # fmt: skip
