"""(s, S) under periodic review: order up to S whenever the inventory position is at s or below."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.textbook.newsvendor import newsvendor_discrete

Floats = npt.NDArray[np.float64]


class ReorderLevels(NamedTuple):
    """Reorder point s and order-up-to level S [units], and their cost [money/period]."""

    reorder_point: int
    order_up_to_level: int
    cost: float


def reorder_levels_discrete(
    probabilities: npt.ArrayLike, *, fixed_cost: float, holding_cost: float, shortage_cost: float
) -> ReorderLevels:
    """Order up to S at the end of a period whenever the inventory position is s or less, at least mean cost.

    c(s, S) = (K + sum over j < S - s of m(j) G(S - j)) / sum of m(j), m the renewal density of demand, G the newsvendor
    cost. Search: s falls from the best level until G(s) is no less than the cost; then each larger S up to the first
    with G(S) above the best cost is tried, s rising with it. Source: Zheng and Federgruen (1991); Snyder and Shen
    (2019), section 4.4. Example: h = 1, p = 4, K = 5, Poisson demand of mean 6 give (4, 10) at 8.0341.

    Parameters
    ----------
    probabilities
        (m,) of demand 0 .. m - 1 over a period, or over lead time and period; sums to 1, less than 1 at 0.
    fixed_cost
        K, cost of an order [money], >= 0.
    holding_cost, shortage_cost
        h and p [money/unit/period], > 0.

    Raises
    ------
    ValueError
        If demand is always 0.
    """
    chance = np.asarray(probabilities, dtype=np.float64)
    if chance[0] >= 1.0:
        raise ValueError("demand is always 0: there is nothing to order; give a demand above 0 some probability")
    renewal = _Renewal(chance, fixed_cost, holding_cost, shortage_cost)
    high = low = renewal.cheapest_level()
    while True:
        low -= 1
        if renewal.cycle_cost(low, high) <= renewal.cost(low):
            break
    best, found = renewal.cycle_cost(low, high), high
    while renewal.cost(high + 1) <= best:
        high += 1
        if renewal.cycle_cost(low, high) < best:
            found = high
            while low + 1 < found and renewal.cycle_cost(low, found) <= renewal.cost(low + 1):
                low += 1
            best = renewal.cycle_cost(low, found)
    return ReorderLevels(low, found, best)


@dataclass(frozen=True, eq=False)
class _Renewal:
    """Costs of (s, S) cycles; the renewal density is extended as far as it is asked for."""

    chance: Floats
    fixed_cost: float
    holding_cost: float
    shortage_cost: float
    density: list[float] = field(default_factory=list)

    def cost(self, level: int) -> float:
        """Newsvendor cost G of a level."""
        over = level - np.arange(self.chance.size)
        return float(np.where(over > 0, self.holding_cost * over, -self.shortage_cost * over) @ self.chance)

    def cheapest_level(self) -> int:
        """Level of least G, the newsvendor's."""
        h, p = self.holding_cost, self.shortage_cost
        return newsvendor_discrete(self.chance, holding_cost=h, shortage_cost=p)[0]

    def cycle_cost(self, low: int, high: int) -> float:
        """Cost c(s, S) a period."""
        weights = self._visits(high - low)
        costs = np.array([self.cost(high - below) for below in range(high - low)])
        return float((self.fixed_cost + weights @ costs) / weights.sum())

    def _visits(self, n: int) -> Floats:
        """Mean periods spent j units below S in a cycle, j < n: m(j) = [j = 0] + sum of p_l m(j - l), l from 0."""
        for j in range(len(self.density), n):
            steps = self.chance[1 : j + 1]
            past = np.array(self.density[j - steps.size : j])[::-1]
            self.density.append(((j == 0) + float(steps @ past)) / (1.0 - self.chance[0]))
        return np.array(self.density[:n])
