"""(r, Q) under continuous review: order a fixed quantity whenever the inventory position falls to the reorder point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from optimization.textbook.lot_sizes import economic_order_quantity
from optimization.textbook.newsvendor import (
    newsvendor_cost,
    newsvendor_normal,
    normal_loss,
    normal_second_loss,
)

# Quantity and reorder point settle within a few dozen turns.
_MAX_TURNS = 1_000


class FixedQuantity(NamedTuple):
    """Reorder point r and quantity Q [units], and their cost [money/time]."""

    reorder_point: float
    quantity: float
    cost: float


def fixed_quantity_normal(
    mean: float, sd: float, *, rate: float, fixed_cost: float, holding_cost: float, shortage_cost: float
) -> FixedQuantity:
    """Order Q whenever the inventory position falls to r, at least mean cost; exact but for the normal demand.

    Position is uniform on (r, r + Q), so g(r, Q) = (K lambda + integral of G over (r, r + Q)) / Q, G the newsvendor
    cost of lead-time demand. At the best r and Q, G(r) = G(r + Q) = g: the cost is the height c at which the area
    between c and G is K lambda. Source: Zheng (1992); Snyder and Shen (2019), chapter 5. Example 5.1 there: K = 8,
    h = 0.225, p = 7.5, demand of mean 1300 and deviation 150 a year, lead time 1/12 year, so lead-time demand
    N(108.33, 43.30): r = 126.867, Q = 328.449 at 78.0711 a year.

    Parameters
    ----------
    mean, sd
        Lead-time demand [units]; sd > 0.
    rate
        lambda [units/time], > 0.
    fixed_cost
        K, cost of an order [money], > 0.
    holding_cost, shortage_cost
        h and p, of a unit held or short for a unit of time [money/unit/time], > 0.
    """
    rates = _NormalRates(mean, sd, holding_cost, shortage_cost)
    wanted = fixed_cost * rate
    least = top = rates.cost(rates.best)
    while rates.area_below(top) < wanted:
        top *= 2.0
    height = float(brentq(lambda c: rates.area_below(c) - wanted, least, top, xtol=1e-13 * top, rtol=1e-14))
    low, high = rates.levels_at(height)
    return FixedQuantity(low, high - low, height)


def fixed_quantity_cost(
    policy: tuple[float, float],
    *,
    mean: float,
    sd: float,
    rate: float,
    fixed_cost: float,
    holding_cost: float,
    shortage_cost: float,
) -> float:
    """Exact cost g(r, Q) = K lambda / Q + mean of G over (r, r + Q) of a reorder point and quantity [money/time].

    Source and parameters as in `fixed_quantity_normal`; `policy` is (r, Q) [units]. Example: there (213.970, 318.590)
    costs 92.2869.
    """
    reorder_point, quantity = policy
    rates = _NormalRates(mean, sd, holding_cost, shortage_cost)
    return fixed_cost * rate / quantity + rates.cycle_cost(reorder_point, quantity)


def fixed_quantity_per_unit_short(
    mean: float, sd: float, *, rate: float, fixed_cost: float, holding_cost: float, shortage_cost: float
) -> FixedQuantity:
    """Order Q whenever the position falls to r, a unit short costs once; the approximation by mean stock.

    g = h (r - mu + Q / 2) + (K + p sigma L(z)) lambda / Q, z = (r - mu) / sigma: stock between orders is taken as if
    nothing were ever short. Best where Q = sqrt(2 lambda (K + p sigma L(z)) / h) and 1 - Phi(z) = Q h / (p lambda),
    found by turns. Source: Hadley and Whitin (1963); Snyder and Shen (2019), eqs. 5.16 to 5.18. Example 5.2 there, with
    the figures of `fixed_quantity_normal`, p once a unit: r = 213.970, Q = 318.590 at 95.4511 a year.

    Parameters
    ----------
    mean, sd
        Lead-time demand [units]; sd > 0.
    rate
        lambda [units/time], > 0.
    fixed_cost
        K, cost of an order [money], > 0.
    holding_cost
        h [money/unit/time], > 0.
    shortage_cost
        p, of a unit that is short, however long [money/unit], > 0.

    Raises
    ------
    ValueError
        If shortages are so cheap that none would be avoided: Q h > p lambda.
    """
    quantity, z = float(economic_order_quantity(fixed_cost, holding_cost, rate=rate)[0]), np.inf
    for _ in range(_MAX_TURNS):
        chance = quantity * holding_cost / (shortage_cost * rate)
        if chance >= 1.0:
            raise ValueError(f"shortage_cost {shortage_cost} is too little to hold any stock for; raise it")
        before, z = z, -float(ndtri(chance))
        a_cycle = fixed_cost + shortage_cost * sd * float(normal_loss(z))
        quantity = float(np.sqrt(2.0 * rate * a_cycle / holding_cost))
        if abs(z - before) < 1e-13:
            break
    cost = holding_cost * (z * sd + quantity / 2.0) + a_cycle * rate / quantity
    return FixedQuantity(mean + z * sd, quantity, float(cost))


@dataclass(frozen=True)
class _NormalRates:
    """Cost G(y) of inventory position y before normal lead-time demand, and the area between it and a height."""

    mean: float
    sd: float
    holding_cost: float
    shortage_cost: float

    @property
    def best(self) -> float:
        """Position of least cost."""
        h, p = self.holding_cost, self.shortage_cost
        return float(newsvendor_normal(self.mean, self.sd, holding_cost=h, shortage_cost=p)[0])

    def cost(self, level: float) -> float:
        """G at one position."""
        h, p = self.holding_cost, self.shortage_cost
        return float(newsvendor_cost(level, mean=self.mean, sd=self.sd, holding_cost=h, shortage_cost=p))

    def levels_at(self, height: float) -> tuple[float, float]:
        """Positions below and above the best one where G is `height`; G is above both of its asymptotes."""
        low = self.mean - height / self.shortage_cost - self.sd
        high = self.mean + height / self.holding_cost + self.sd
        if height <= self.cost(self.best):
            return self.best, self.best
        below = brentq(lambda y: self.cost(y) - height, low, self.best, xtol=1e-12 * self.sd, rtol=1e-14)
        above = brentq(lambda y: self.cost(y) - height, self.best, high, xtol=1e-12 * self.sd, rtol=1e-14)
        return float(below), float(above)

    def area_below(self, height: float) -> float:
        """Area between the height and G."""
        low, high = self.levels_at(height)
        return height * (high - low) - (self._antiderivative(high) - self._antiderivative(low))

    def cycle_cost(self, low: float, quantity: float) -> float:
        """Mean of G over (r, r + Q)."""
        return (self._antiderivative(low + quantity) - self._antiderivative(low)) / quantity

    def _antiderivative(self, level: float) -> float:
        """Integral of G: of h (y - mu) and of the loss, whose area beyond y is `normal_second_loss`."""
        over = level - self.mean
        beyond = float(normal_second_loss(over / self.sd)) * self.sd**2
        return 0.5 * self.holding_cost * over**2 - (self.holding_cost + self.shortage_cost) * beyond
