"""Tiny random games for the twin of arrays: a warehouse, two stores, two SKUs, and orders drawn in advance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.array_chain import FOREVER, ArrayChain, Serving, serving_levels
from experiments.kpis import Trace
from experiments.recent_sales import WINDOW_DAYS
from experiments.twin_arrays import ArrayNight, replay_arrays, shared_out
from network.contracts import Tier

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# The supplier feeds place 0, which feeds the stores 1 and 2.
ORIGIN, DESTINATION = np.array([-1, 0, 0]), np.array([0, 1, 2])
N_PLACES, N_SKUS = 3, 2
# Customers of store 1; of store 2, else of store 1; and some whom nobody serves.
ORDERS = [np.array([1]), np.array([2, 1]), np.zeros(0, dtype=np.int64)]


@dataclass(frozen=True, eq=False)
class Game:
    """A chain, who serves whom, latent demand (n_days, 3, 2), and what is wanted on each lane each night."""

    chain: ArrayChain
    serving: Serving
    demand: Ints
    wanted: Floats

    @property
    def n_days(self) -> int:
        return len(self.demand)

    def replace(self, **changes: Any) -> Game:
        """Return the game with other demand, orders or values of the chain."""
        own = {name: changes.pop(name) for name in ("demand", "wanted", "serving") if name in changes}
        return replace(self, chain=replace(self.chain, **changes), **own)


@dataclass(frozen=True, eq=False)
class Played:
    """A game's days, what happened at every point, and what left on each lane, (n_days, 3, 2)."""

    days: pd.DataFrame
    trace: Trace
    sent: Ints


def play(game: Game, n_days: int | None = None) -> Played:
    """Play a game, or its first days."""
    chain, sent = game.chain, []

    def policy(night: ArrayNight) -> Floats:
        wanted = game.wanted[night.day]
        sent.append(shared_out(wanted, chain, on_hand=night.on_hand, may_ship=night.may_ship))
        return wanted

    days, trace = replay_arrays(
        chain, game.serving, lambda day: game.demand[day], policy=policy, n_days=n_days or game.n_days
    )
    return Played(days, trace, np.stack(sent))


def chain_of(n_days: int, *, lead_time: Ints, ships: npt.NDArray[np.bool_], **given: Any) -> ArrayChain:
    """A chain with prices of its own, and whatever else is given."""
    n = len(lead_time)
    zeros = np.zeros((N_PLACES, N_SKUS), dtype=np.int64)
    history = np.zeros((WINDOW_DAYS, N_PLACES, N_SKUS))
    usual: dict[str, Any] = {
        "on_hand": zeros, "opening_orders": zeros[None][:0], "opening_inside": zeros[None, 0][:0],
        "perishable": np.zeros(0, dtype=np.int64), "life": np.zeros(0, dtype=np.int64), "n_buckets": 1,
        "origin": ORIGIN[:n], "destination": DESTINATION[:n], "ships": ships,
        "arrival": np.arange(n_days)[None, :] + np.maximum(lead_time, 1)[:, None] - 1,
        "protection": np.maximum(lead_time, 1).astype(float), "truck_cost": np.array([5.0, 7.0, 3.0])[:n],
        "truck_volume": np.array([4.0, 1.0, 0.5])[:n], "truck_weight": np.full(n, np.inf),
        "truck_co2": np.array([9.0, 4.0, 1.0])[:n],
        "unit_freight": np.array([0.0, 0.25, 0.5])[:n], "is_truck": np.array([True, True, False])[:n],
        "case_pack": np.ones(N_SKUS), "cost": np.array([8.0, 2.0]), "margin": np.array([4.0, 1.0]),
        "holding": np.array([0.125, 0.0625]), "volume": np.array([0.125, 0.25]), "weight": np.zeros(N_SKUS),
        "is_assorted": np.ones((N_PLACES, N_SKUS), dtype=bool), "least": zeros,
        "sold_from": np.full(N_SKUS, -FOREVER), "sold_until": np.full(N_SKUS, FOREVER),
        "history": (history, history), "physical": np.arange(N_PLACES), "truck_of": np.arange(n),
        "tier": np.array([Tier.CENTRAL, Tier.STORE, Tier.STORE], dtype=object),
    }  # fmt: skip
    return ArrayChain(**(usual | given))


def units(*shape: int, most: int = 9) -> st.SearchStrategy[Ints]:
    """Whole units."""
    return arrays(np.int64, shape, elements=st.integers(0, most))


@st.composite
def games(draw: st.DrawFn, *, is_perishable: bool | None = None) -> Game:
    """A game of three to seven days; SKU 1 may expire, lanes may rest on some days, orders may be on their way."""
    n_days = draw(st.integers(3, 7))
    expires = draw(st.booleans()) if is_perishable is None else is_perishable
    life = draw(st.integers(0, 3))
    early = draw(units(2, N_PLACES, N_SKUS, most=4))
    chain = chain_of(
        n_days,
        lead_time=draw(arrays(np.int64, 3, elements=st.integers(0, 3))),
        ships=draw(arrays(np.bool_, (3, n_days))),
        on_hand=draw(units(N_PLACES, N_SKUS)),
        opening_orders=early,
        opening_inside=early[:, 1:].sum(axis=1),
        case_pack=draw(st.sampled_from([np.array([1.0, 1.0]), np.array([3.0, 2.0])])),
        perishable=np.array([1] if expires else [], dtype=np.int64),
        life=np.array([life] if expires else [], dtype=np.int64),
        n_buckets=life + 1 if expires else 1,
    )
    wanted = draw(units(n_days, 3, N_SKUS)).astype(float)
    return Game(chain, serving_levels(ORDERS, N_PLACES), draw(units(n_days, 3, N_SKUS, most=6)), wanted)
