"""Demand after a day never changes an order placed by it: every rule, the engine's planner, the outside games' rules.

Each decider plays the same game twice, with demand that is the same up to a day and another after it.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from _gym_agent import Chain, Demand, State, Style, orders
from _vn2_game import Policy, Records, play, read_records, usual_shelf
from _vn2_policies import Ours, base_stock, buffered, organisers

from benchmarks import vn2
from engine import EngineConfig
from experiments import baselines
from experiments.array_chain import demand_by_day
from experiments.nightly import NightlyPlanner
from experiments.silos import siloed
from experiments.twin import Night, replay
from experiments.twin_arrays import ArrayNight, replay_arrays
from experiments.world import WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from network.graph import build_network
from network.ingest import load_chain
from network.snapshot import snapshot_at
from tests.benchmarks.test_gym_invmgmt import TOLD
from tests.experiments.test_twin_arrays import FAMILIES, N_DAYS, policy_of, small_chain, weeks_of_cover

# Units wanted after a day: what they were, or (a seed) something else.
Later = int | None
# From the last day that is the same and what comes later to the orders of each evening, oldest first.
Decider = Callable[[int, Later], list[np.ndarray]]


def changed(demand: np.ndarray, day: int, later: Later) -> np.ndarray:
    """Demand (n_days, ...) with other units from a day on."""
    if later is None:
        return demand
    other = demand.copy()
    other[day:] = np.random.default_rng(later).integers(0, 2 * int(demand.max()) + 5, other[day:].shape)
    return other


def rule(name: str, *, is_siloed: bool = False) -> Decider:
    """A rule over all stock points at once, on a small simulated chain."""

    def decide(day: int, later: Later) -> list[np.ndarray]:
        chain, index, serving, units, ahead = small_chain()
        if is_siloed:
            groups = demand_by_day(index, ahead, ahead["date"].min(), 1)[0]
            chain, serving = siloed(chain, index, groups, np.full(chain.on_hand.shape, 0.5))
        policy = weeks_of_cover(chain) if name == "weeks_of_cover" else policy_of(name, chain)
        placed: list[np.ndarray] = []

        def watched(night: ArrayNight) -> np.ndarray:
            placed.append(policy(night))
            return placed[-1]

        demand = changed(units, day, later)
        replay_arrays(chain, serving, lambda at: demand[at], policy=watched, n_days=N_DAYS)
        return placed

    return decide


@cache
def planned_chain():
    """A chain for the engine, and its latent demand ahead."""
    world = build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120))
    with TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        chain = load_chain(Path(folder))
    demand = world.truth["latent_demand"]
    ahead = demand[(demand["date"] > world.last_day) & (demand["date"] <= world.last_day + pd.Timedelta(days=4))]
    return chain, world.last_day, ahead.reset_index(drop=True)


def nightly_planner(day: int, later: Later) -> list[np.ndarray]:
    """The engine in the loop: plans every night, and fits its models again on the third."""
    chain, start, ahead = planned_chain()
    quick = EngineConfig(forecast=ForecastConfig(max_rounds=5, n_origins=1, max_training_rows=3000, threads=1))
    planner = NightlyPlanner(chain.tables, chain.settings, start, quick, refit_days=2)
    snapshot = snapshot_at(chain.tables, chain.settings, start)
    if later is not None:
        is_later = ahead["date"] > start + pd.Timedelta(days=day)
        other = np.random.default_rng(later).integers(0, 30, len(ahead))
        ahead = ahead.assign(units=np.where(is_later, other, ahead["units"]))
    placed: list[np.ndarray] = []

    def watched(night: Night) -> pd.DataFrame:
        moves = planner(night)
        keys = ["sku", "origin", "destination", "mode", "ship_date", "due_date"]
        placed.append(moves.sort_values(keys)[[*keys, "quantity"]].astype(str).to_numpy())
        return moves

    replay(snapshot, build_network(snapshot), demand=ahead, policy=watched, n_days=4)
    return placed


@cache
def vn2_records() -> Records:
    with TemporaryDirectory() as folder:
        return read_records(Path(folder), vn2.made_up_data(Path(folder), n_weeks=110))


def vn2_rule(make: Callable[[], Policy]) -> Decider:
    """A rule in the VN2 game; a week is a day here."""

    def decide(day: int, later: Later) -> list[np.ndarray]:
        records, start = vn2_records(), 109
        sales = records.sales.copy()
        sales[:, start:] = changed(sales[:, start:].T, day, later).T
        game = dataclasses.replace(records, sales=sales)
        return list(play(game, make(), start=start, shelf=usual_shelf(records, start)).orders)

    return decide


def gym_agent(day: int, later: Later) -> list[np.ndarray]:
    """Our agent of gym-invmgmt on its two-place chain; it is told the declared mean, never a period's demand."""
    chain, n_periods = Chain.of(TOLD, is_backlog=False), 6
    demand = changed(np.random.default_rng(0).poisson(4.0, n_periods), day, later)
    random, placed = np.random.default_rng(1), []
    stock, on_way = np.array([5.0, 9.0]), 0.0
    for period in range(n_periods):
        pipeline = np.zeros((2, n_periods - period))
        pipeline[0, 0] = on_way
        mean = Demand(np.full(n_periods - period, 4.0), 1.0, None)
        placed.append(orders(chain, State(stock, pipeline, 0.0, 1.0), mean, style=Style(n_paths=20), random=random))
        sent = min(placed[-1][0], 5.0, stock[1])
        shop, on_way = stock[0] + on_way, sent
        stock = np.array([max(shop - demand[period], 0.0), stock[1] - sent + placed[-1][1]])
    return placed


DECIDERS: dict[str, Decider] = {
    **{name: rule(name) for name in FAMILIES},
    "weeks_of_cover": rule("weeks_of_cover"),
    "weeks_of_cover_siloed": rule("weeks_of_cover", is_siloed=True),
    "vn2_organisers": vn2_rule(lambda: organisers),
    "vn2_buffered": vn2_rule(lambda: buffered),
    "vn2_base_stock": vn2_rule(lambda: base_stock),
    "vn2_ours": vn2_rule(lambda: Ours(threads=1)),
    "gym_agent": gym_agent,
    "nightly_planner": nightly_planner,
}
# Days on which the demand of each game may begin to differ, and how many games are tried.
LAST_DAY = {name: 5 if name.startswith(("vn2", "gym")) else N_DAYS - 1 for name in DECIDERS} | {"nightly_planner": 2}
N_GAMES = dict.fromkeys(DECIDERS, 8) | {"vn2_ours": 2, "nightly_planner": 2}


@cache
def as_it_was(name: str) -> list[np.ndarray]:
    """Orders where demand does not differ."""
    return DECIDERS[name](1, None)


@pytest.mark.parametrize("name", DECIDERS)
def test_demand_after_a_day_never_changes_an_order_placed_by_it(name: str) -> None:
    @settings(max_examples=N_GAMES[name], deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(1, LAST_DAY[name]), st.integers(0, 100))
    def holds(day: int, seed: int) -> None:
        # The order of evening d has seen the demand of the d days before it.
        for before, after in zip(as_it_was(name)[: day + 1], DECIDERS[name](day, seed)[: day + 1], strict=True):
            np.testing.assert_array_equal(before, after)

    holds()


@pytest.mark.parametrize("name", DECIDERS)
def test_demand_that_was_seen_does_change_orders(name: str) -> None:
    """So the property above says something: from day 1 on, other demand leads to other orders on some later evening."""
    otherwise = DECIDERS[name](1, 7)
    assert any(not np.array_equal(one, other) for one, other in zip(as_it_was(name)[2:], otherwise[2:], strict=True))


def test_a_rule_that_peeks_is_found() -> None:
    _, _, _, units, _ = small_chain()

    def peeks(day: int, later: Later) -> list[np.ndarray]:
        demand = changed(units, day, later)
        return [demand[at] for at in range(N_DAYS)]

    assert not np.array_equal(peeks(3, None)[3], peeks(3, 7)[3])


def returns_family(function: Callable[..., object]) -> bool:
    """Whether a function makes a family of rules, by its annotation."""
    return function.__annotations__.get("return") == "Family"


def test_no_rule_of_the_baselines_is_left_out() -> None:
    """Every function there that makes a family of rules, and every class that is a rule itself."""
    own = {
        name: each for name, each in vars(baselines).items() if getattr(each, "__module__", "") == baselines.__name__
    }
    families = {name for name, each in own.items() if inspect.isfunction(each) and returns_family(each)}
    rules = {name for name, each in own.items() if inspect.isclass(each) and "__call__" in vars(each)}
    assert families == set(FAMILIES)
    assert families <= set(DECIDERS)
    assert rules == {"WeeksOfCover"}
