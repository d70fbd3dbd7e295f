"""Serial chains: echelon base-stock levels by the decomposition of Clark and Scarf."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.textbook.newsvendor import normal_loss

Floats = npt.NDArray[np.float64]
# Demand is looked at out to so many deviations on either side.
_REACH = 6.0
# Steps of the grid of echelon positions, to each deviation of demand over the whole lead time.
_STEPS_A_DEVIATION = 200


class SerialLevels(NamedTuple):
    """Echelon order-up-to levels, (n,) [units], from the customers upwards, and the cost [money/time]."""

    levels: Floats
    cost: float


def serial_echelon_levels(
    echelon_holding_cost: npt.ArrayLike,
    lead_time: npt.ArrayLike,
    *,
    backorder_cost: float,
    mean: float,
    sd: float,
) -> SerialLevels:
    """Echelon order-up-to levels of a serial chain with normal demand and backorders, and their mean cost.

    With C_0(x) = (b + sum of h) x^-, each stage j from the customers up takes C_j(y) = E[h_j (y - D_j) +
    C_{j-1}(min(S_{j-1}, y - D_j))], D_j the demand over its lead time, and S_j is where C_j is least; C_n(S_n) is the
    cost. Goods in transit are not charged. Source: Clark and Scarf (1960), in the form of Chen and Zheng (1994); Snyder
    and Shen (2019), section 6.2. Example 6.1 there: h = 3, 2, 2, lead times 1, 1, 2, b = 37.12, demand N(5, 1): levels
    6.49, 12.02, 22.71 at 47.65.

    Parameters
    ----------
    echelon_holding_cost
        (n,) h_j, holding cost beyond that of the stage before [money/unit/time], > 0; stage 1 serves the customers.
    lead_time
        (n,) [time], >= 0, to each stage from the next above it.
    backorder_cost
        b, of a unit waiting at stage 1 [money/unit/time], > 0.
    mean, sd
        Demand of a unit of time [units]; sd > 0. Demands of different times are independent.
    """
    rates, times = np.asarray(echelon_holding_cost, dtype=np.float64), np.asarray(lead_time, dtype=np.float64)
    total = float(times.sum())
    spread = sd * np.sqrt(max(total, 1.0))
    step = spread / _STEPS_A_DEVIATION
    grid = step * np.arange(-2 * _REACH * _STEPS_A_DEVIATION, np.ceil((mean * total + _REACH * spread) / step) + 1)
    below = (backorder_cost + rates.sum()) * np.maximum(-grid, 0.0)
    levels = np.zeros(rates.size)
    cost = 0.0
    for stage, (rate, time) in enumerate(zip(rates, times, strict=True)):
        mean_cost = _mean_over_demand(rate * grid + below, step=step, mean=mean * time, sd=sd * np.sqrt(time))
        least = int(np.argmin(mean_cost))
        levels[stage], cost = grid[least], float(mean_cost[least])
        below = np.where(grid < grid[least], mean_cost, cost)
    return SerialLevels(levels, cost)


def _mean_over_demand(cost: Floats, *, step: float, mean: float, sd: float) -> Floats:
    """E[cost(y - D)] of normal D on a grid of even steps; exact for a cost that is straight between its points.

    A unit kink at a point gives the loss function, so the weight of a point is the second difference of the loss.
    Below the grid the cost goes on as a straight line.
    """
    if sd <= 0.0:
        return cost
    first = int(np.floor((mean - _REACH * sd) / step))
    last = int(np.ceil((mean + _REACH * sd) / step))
    loss = sd * normal_loss((step * np.arange(first - 1, last + 2) - mean) / sd)
    weights = np.diff(loss, n=2) / step
    weights /= weights.sum()
    reach = max(last, 0)
    under = cost[0] - (cost[1] - cost[0]) * np.arange(reach, 0, -1)
    over = cost[-1] + (cost[-1] - cost[-2]) * np.arange(1, max(-first, 0) + 1)
    spread_out = np.convolve(np.concatenate([under, cost, over]), weights, mode="full")
    start = reach - first
    result: Floats = spread_out[start : start + cost.size]
    return result
