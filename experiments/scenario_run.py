"""Plan a chain as it is and as scenarios would have it, with the same models, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

import engine
from experiments.scenario_case import Scenario
from experiments.scenario_compare import Comparison, compare
from experiments.scenario_signals import SignalLost, SocialBurst, Storm
from network.graph import build_network
from network.snapshot import Snapshot

if TYPE_CHECKING:
    from engine import EngineConfig, Plan
    from forecasting.forecaster import Forecaster
    from optimization.partition.run import Workers
    from optimization.stability import Published


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A plan of the chain as it is, and one comparison a scenario.

    Parameters
    ----------
    baseline
        The plan without any change; its `forecaster` is the champion of all.
    comparisons
        In the order of the scenarios.
    """

    baseline: Plan
    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        return "\n\n".join(str(each) for each in self.comparisons)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(each._repr_html_() for each in self.comparisons)


def what_if(
    snapshot: Snapshot,
    *scenarios: Scenario,
    config: EngineConfig | None = None,
    champion: Forecaster | None = None,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    workers: Workers = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> WhatIf:
    """Plan a chain as it is and under each scenario; nothing is written.

    Parameters
    ----------
    snapshot
        The chain as known.
    scenarios
        All are checked before anything is planned.
    config
        Settings; defaults where absent.
    champion
        Models fitted earlier, on data up to the cutoff; without, they are fitted once, on the chain as it is.
    released, published, workers, on_stage
        As for `engine.plan`; the same for every plan.

    Raises
    ------
    ScenarioError
        With everything that is wrong with a scenario.
    """
    config = config or engine.EngineConfig()
    for scenario in scenarios:
        scenario.applied(snapshot, config)
    if champion is None:
        from forecasting.pipeline import fit_forecaster

        on_stage("fit")
        champion = fit_forecaster(snapshot, build_network(snapshot), config.forecast)
    baseline = engine.replenish(
        snapshot, config, champion, released=released, published=published, workers=workers, on_stage=on_stage
    )
    comparisons = []
    for scenario in scenarios:
        on_stage(scenario.name)
        changed, notes = plan_scenario(
            snapshot, scenario, config=config, champion=champion, released=released, published=published,
            workers=workers,
        )  # fmt: skip
        comparisons.append(compare(baseline, changed, name=scenario.name, notes=notes))
    return WhatIf(baseline, tuple(comparisons))


def plan_scenario(
    snapshot: Snapshot,
    scenario: Scenario,
    *,
    config: EngineConfig,
    champion: Forecaster,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    workers: Workers = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan of a scenario and what it takes for granted; its manifest names the scenario.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it.
    """
    case = scenario.applied(snapshot, config)
    notes = scenario.assumptions(snapshot) + unread_signals(scenario, champion)
    plan = engine.replenish(
        case.snapshot, case.config, champion, released=released, published=published, workers=workers, on_stage=on_stage
    )
    return replace(plan, manifest={**plan.manifest, "scenario": scenario.name}), notes


def unread_signals(scenario: Scenario, champion: Forecaster) -> tuple[str, ...]:
    """Return a sentence for each changed signal that the fitted models do not read, where the forecast cannot react."""
    plan = champion.signal_plan
    linked = {link.driver for link in plan.links}
    is_read = {
        member.partition("~")[0]
        for driver in plan.drivers
        for member in driver.members
        if plan.has_features or driver.name in linked
    }
    families = {driver.family for driver in plan.drivers if plan.has_features or driver.name in linked}
    said = []
    for change in scenario.changes:
        if isinstance(change, SocialBurst | Storm | SignalLost):
            named, known = (change.signal, is_read) if change.signal else (change.family, families)  # type: ignore[union-attr]
            if named not in known:
                said.append(f"The fitted models do not read {named}: it earned no place, so the forecast stays.")
    return tuple(dict.fromkeys(said))
