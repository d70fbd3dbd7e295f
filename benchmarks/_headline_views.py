"""What the further views of the headline study share: rivals tuned once, our planner with settings or under stress."""

import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from headline import GRIDS, TUNING_WARM_UP

from engine import EngineConfig
from experiments.array_chain import ArrayChain, Serving
from experiments.kpis import summary
from experiments.nightly import NightlyPlanner
from experiments.twin import Policy, Replay, replay
from experiments.twin_arrays import ArrayPolicy, replay_arrays
from forecasting.forecaster import Forecaster
from forecasting.pipeline import fit_forecaster
from network.graph import SupplyNetwork
from network.settings import ChainSettings
from network.snapshot import Snapshot
from optimization.config import PlanConfig

Pair = tuple[float, float]
Ints = npt.NDArray[np.int64]


class Start(Protocol):
    """What a replay of our planner starts from: all vintages, what is known at the start, and demand to come."""

    tables: dict[str, pd.DataFrame]
    settings: ChainSettings
    snapshot: Snapshot
    network: SupplyNetwork
    demand: pd.DataFrame


def grid_of(name: str) -> list[Pair]:
    """Pairs of factors of a rival family."""
    _, first, second = GRIDS[name]
    return [(float(one), float(two)) for one, two in itertools.product(first, second)]


def tuned_rivals(chain: ArrayChain, serving: Serving, past: Ints) -> tuple[dict[str, Pair], str]:
    """Tune each rival on the days before the start, as the headline study does; also name the one that cost least."""
    skipped = min(TUNING_WARM_UP, len(past) - 1)

    def cost(policy: ArrayPolicy) -> float:
        days = replay_arrays(chain, serving, lambda day: past[day], policy=policy, n_days=len(past))[0]
        return summary(days.iloc[skipped:])["total_cost"]

    factors: dict[str, Pair] = {}
    least: dict[str, float] = {}
    for name in GRIDS:
        family = GRIDS[name][0](chain)
        costs = {pair: cost(family(*pair)) for pair in grid_of(name)}
        factors[name] = min(costs, key=lambda pair: costs[pair])
        least[name] = costs[factors[name]]
    return factors, min(least, key=lambda name: least[name])


def fitted(snapshot: Snapshot, network: SupplyNetwork) -> Forecaster:
    """Models fitted on what is known at the start, to be shared by several replays."""
    return fit_forecaster(snapshot, network, EngineConfig().forecast)


@dataclass(frozen=True)
class OurRun:
    """Our planner in one of several replays.

    Parameters
    ----------
    tables
        Tables that it sees instead of the chain's.
    plan
        Settings.
    stress
        From our policy to the same under stress.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    plan: PlanConfig = field(default_factory=PlanConfig)
    stress: Callable[[Policy], Policy] = lambda policy: policy


def replay_ours(start: Start, run: OurRun, *, champion: Forecaster, n_days: int, refit_days: int) -> Replay:
    """Replay our planner."""
    config = EngineConfig().replace(plan=run.plan)
    planner = NightlyPlanner(
        {**start.tables, **run.tables}, start.settings, start.snapshot.cutoff, config, refit_days=refit_days,
        champion=champion,
    )  # fmt: skip
    policy = run.stress(planner)
    return replay(start.snapshot, start.network, demand=start.demand, policy=policy, n_days=n_days)


def number(value: float) -> float | None:
    """Four digits; None where there is none."""
    return round(float(value), 4) if np.isfinite(value) else None


def rounded(values: Mapping[str, float]) -> dict[str, float | None]:
    """Round the numbers of a line."""
    return {name: number(value) for name, value in values.items()}
