"""One stock made two: what online customers may have, and what is kept for walk-in customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.array_chain import ArrayChain, Serving, serving_levels
from experiments.twin_stock import ChainIndex
from network.contracts import Channel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def siloed(
    chain: ArrayChain, index: ChainIndex, groups: list[tuple[str, str]], online_share: Floats
) -> tuple[ArrayChain, Serving]:
    """Keep online and walk-in stock apart, each served by its first choice only.

    A place that serves both kinds of customers becomes two, with the same lanes (and, on the same day, the same
    trucks); its stock and its past sales are divided by what each kind bought.

    Parameters
    ----------
    chain, index
        The chain with one stock.
    groups
        Zone and channel of each group of customers.
    online_share
        (L, S) share of recent sales that went to online customers.
    """
    nobody = np.empty(0, dtype=np.int64)
    first = np.array([index.servers.get(group, nobody)[:1].tolist() or [-1] for group in groups]).ravel()
    is_online = np.array([channel != Channel.WALK_IN for _, channel in groups])
    both = np.intersect1d(first[is_online & (first >= 0)], first[~is_online & (first >= 0)])
    n_places = len(chain.on_hand)
    online_of = np.arange(n_places)
    online_of[both] = n_places + np.arange(both.size)
    place = np.where(is_online & (first >= 0), online_of[first], first)
    serving = serving_levels([place[[row]] if place[row] >= 0 else nobody for row in range(len(groups))],
                             n_places + both.size)  # fmt: skip
    return _split(chain, both, online_share), serving


def _split(chain: ArrayChain, both: Ints, online_share: Floats) -> ArrayChain:
    """Give each of these places a second stock at the end."""
    lanes = np.flatnonzero(np.isin(chain.destination, both))
    second = np.searchsorted(both, chain.destination[lanes])

    def apart(values: Ints) -> Ints:
        """Divide units (..., L, S), whole, and append the online part."""
        online = np.round(values[..., both, :] * online_share[both]).astype(values.dtype)
        rest = values.copy()
        rest[..., both, :] -= online
        return np.concatenate([rest, online], axis=-2)

    units, missing = chain.history
    online_sales = units[:, both] * online_share[both]
    walk_in = units.copy()
    walk_in[:, both] -= online_sales
    per_lane: dict[str, Any] = {
        name: np.concatenate([getattr(chain, name), getattr(chain, name)[lanes]])
        for name in ("origin", "ships", "arrival", "protection", "truck_cost", "truck_volume", "truck_weight",
                     "truck_co2", "unit_freight", "is_truck", "truck_of")
    }  # fmt: skip
    return replace(
        chain,
        on_hand=apart(chain.on_hand),
        opening_orders=apart(chain.opening_orders),
        destination=np.concatenate([chain.destination, len(chain.on_hand) + second]),
        least=np.concatenate([chain.least, chain.least[both]]),
        is_assorted=np.concatenate([chain.is_assorted, chain.is_assorted[both]]),
        history=(np.concatenate([walk_in, online_sales], axis=1), np.concatenate([missing, missing[:, both]], axis=1)),
        physical=np.concatenate([chain.physical, both]),
        tier=np.concatenate([chain.tier, chain.tier[both]]),
        **per_lane,
    )
