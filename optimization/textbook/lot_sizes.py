"""Lot sizes where demand is known: the economic order quantity and the Wagner-Whitin plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class LotPlan(NamedTuple):
    """Orders by period, (T,) [units], and the fixed and holding costs that they bring [money]."""

    orders: Floats
    cost: float


def economic_order_quantity(
    fixed_cost: npt.ArrayLike, holding_cost: npt.ArrayLike, *, rate: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Order Q = sqrt(2 K lambda / h): what orders cost equals what stock costs, together sqrt(2 K lambda h).

    Source: Harris (1913); Snyder and Shen (2019), section 3.2. Example 3.1 there: K = 8, h = 0.225 a unit and year,
    1300 units a year give Q = 304.0468 at 68.4105 a year.

    Parameters
    ----------
    fixed_cost
        K, cost of an order [money], >= 0; broadcasts with the others.
    holding_cost
        h [money/unit/time], > 0.
    rate
        lambda [units/time], >= 0.

    Returns
    -------
    tuple of arrays
        Q [units] and the cost of ordering and holding [money/time].
    """
    fixed, holding, demand = (np.asarray(value, dtype=np.float64) for value in (fixed_cost, holding_cost, rate))
    return np.sqrt(2.0 * fixed * demand / holding), np.sqrt(2.0 * fixed * demand * holding)


def wagner_whitin(demand: npt.ArrayLike, *, fixed_cost: float, holding_cost: float) -> LotPlan:
    """Plan lots for known demand at least cost: whoever orders, orders whole periods, up to the next order.

    theta_t = min over s > t of K + h sum over i in t..s-1 of (i - t) d_i + theta_s, theta_T = 0. Source: Wagner and
    Whitin (1958); Snyder and Shen (2019), section 3.7. Example 3.9 there: K = 500, h = 2, demand 90, 120, 80, 70 are
    ordered as 210 and 150 in periods 1 and 3: 500 + 2 x 120 + 500 + 2 x 70 = 1380.

    Parameters
    ----------
    demand
        (T,) units a period, >= 0; to be there at the start of the period.
    fixed_cost
        K, cost of an order [money], >= 0.
    holding_cost
        h, on what is left at the end of a period [money/unit/period], >= 0.

    Returns
    -------
    Of plans of equal cost the one that orders least often at first; nothing is ordered for periods without demand.
    """
    needs = np.asarray(demand, dtype=np.float64)
    n = needs.size
    theta, until = np.zeros(n + 1), np.full(n, n)
    for first in range(n - 1, -1, -1):
        held = np.cumsum(np.arange(n - first) * needs[first:]) * holding_cost
        cost = fixed_cost * (np.cumsum(needs[first:]) > 0) + held + theta[first + 1 :]
        until[first] = n - int(np.argmin(cost[::-1]))
        theta[first] = cost[until[first] - first - 1]
    orders, period = np.zeros(n), 0
    while period < n:
        orders[period] = needs[period : until[period]].sum()
        period = int(until[period])
    return LotPlan(orders, float(theta[0]))
