"""Rivals tuned on a chain's own history: the same search budget for each, and no look at the days that count."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.array_chain import ArrayChain, Serving
from experiments.baselines import Family, base_stock, echelon_base_stock, min_max, newsvendor, reorder_up_to, tuned
from experiments.kpis import summary
from experiments.twin_arrays import ArrayPolicy, replay_arrays

Ints = npt.NDArray[np.int64]
# Share of the tuning days that fill the pipeline and do not count.
WARM_UP_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Rival:
    """A family of rules and the values tried for its two factors; every pair of them is one replay of the search."""

    make: Callable[[ArrayChain], Family]
    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """All pairs that are tried."""
        return list(itertools.product(self.first, self.second))


RIVALS = {
    "min_max": Rival(min_max, (1.0, 2.0, 4.0, 7.0, 14.0), (1.0, 3.0, 7.0, 14.0, 21.0)),
    "reorder_up_to": Rival(reorder_up_to, (0.5, 1.0, 2.0, 3.0, 4.0), (1.0, 3.0, 7.0, 14.0, 21.0)),
    "base_stock": Rival(base_stock, (0.5, 1.5, 2.5, 3.5, 4.5), (0.0, 2.0, 4.0, 6.0, 8.0)),
    "echelon_base_stock": Rival(echelon_base_stock, (0.5, 1.5, 2.5, 3.5, 4.5), (0.0, 2.0, 4.0, 6.0, 8.0)),
    "newsvendor": Rival(newsvendor, (0.2, 0.5, 1.0, 3.0, 10.0), (0.2, 0.5, 1.0, 3.0, 10.0)),
}


@dataclass(frozen=True, eq=False)
class Tuned:
    """A rival as it came out of the search.

    Parameters
    ----------
    policy
        The rule with its factors.
    factors
        Its two factors.
    cost
        What it cost on history [money].
    n_tried
        Replays of the search.
    """

    policy: ArrayPolicy
    factors: tuple[float, float]
    cost: float
    n_tried: int


def tune(rival: Rival, chain: ArrayChain, serving: Serving, *, past: Ints) -> Tuned:
    """Pick the factors that cost least on the days before the start, from the same opening stock.

    Parameters
    ----------
    rival
        The family and its grid.
    chain, serving
        Opening stock, lanes, and who serves whom.
    past
        (n_days, n_groups, S) demand of the days before the start [units].
    """
    skipped = int(WARM_UP_SHARE * len(past))

    def cost(policy: ArrayPolicy) -> float:
        days = replay_arrays(chain, serving, lambda day: past[day], policy=policy, n_days=len(past))[0]
        return summary(days.iloc[skipped:])["total_cost"]

    family = rival.make(chain)
    factors = tuned(family, cost, rival.pairs)
    return Tuned(family(*factors), factors, cost(family(*factors)), len(rival.pairs))
