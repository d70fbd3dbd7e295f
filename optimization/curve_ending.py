"""What becomes of stock that is not sold in time: goods expire, or they age and cost holding until they are sold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from optimization.cost_curves import CostCurves
from optimization.curve_knots import knots
from optimization.inbound import Inbound

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from optimization.curve_build import StockFacts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Ages after the horizon at which the cost of ageing bends, from the first break on [days].
FIRST_AGE_DAYS = 15.0
# Each further break is this much older; eight of them reach five years.
AGE_FACTOR = 2.0
# Longest chain of tiers that goods pass from supplier to store.
MAX_TIERS = 4


def with_waste(curves: CostCurves, facts: StockFacts, *, forecast: Forecast, levels: Floats) -> CostCurves:
    """Charge v E(Z - D[0..r + life - 1])+ once, at the last day before the receipt after tonight's.

    What tonight sends is received on day r and sold on `life` days. Lots that expire before then are sunk and part of
    D: what they waste is not charged a second time. Example: 12 units of 3 days' life received on day 2 may be sold on
    days 2, 3 and 4, also if the next truck only comes on day 6.

    Parameters
    ----------
    curves
        Local curves.
    facts, forecast
        Shelf life, cost and demand of the points.
    levels
        (K,) levels of the breakpoints.
    """
    rows = np.flatnonzero((facts.life > 0) & (facts.series >= 0) & (facts.waste > 0))
    waste, breaks, cdf = curves.waste.copy(), curves.waste_breaks.copy(), curves.waste_cdf.copy()
    stops = np.minimum(curves.first_receipt, curves.waste_day)[rows] + facts.life[rows]
    for stop in np.unique(stops).tolist():
        hit = rows[stops == stop]
        part = forecast.take(facts.series[hit])

        def below(values: Floats, part: Forecast = part, stop: int = stop) -> Floats:
            return part.interval_cdf(values, 0, stop)

        shift = facts.expired[hit, stop] - curves.lost_before_first_receipt[hit]
        found = knots(part.interval_quantiles(levels, 0, stop), below, shift=shift)
        breaks[hit], cdf[hit] = found.breaks, found.cdf
        waste[hit] = facts.waste[hit]
    return replace(curves, waste=waste, waste_breaks=breaks, waste_cdf=cdf)


def with_ageing(
    curves: CostCurves, facts: StockFacts, *, forecast: Forecast, inbound: Inbound, unit_cost: Floats, weight: float
) -> CostCurves:
    """Charge what is left at the end of the horizon with its holding until it is sold, at most its cost.

    A unit behind m others waits m / rate days; without this, stock for a month and stock for years would look alike,
    and slow movers would never be worth moving to where they sell. A warehouse sells at the rate of all that it feeds.
    Goods that expire are left to `with_waste`.

    Parameters
    ----------
    curves
        Local curves.
    facts, forecast
        Holding cost and demand of the points.
    inbound
        Main sources, along which rates add up.
    unit_cost
        (n,) [money/unit].
    weight
        Share of that cost which tonight's plan counts.
    """
    horizon = curves.horizon
    rows = np.flatnonzero((facts.life == 0) & (unit_cost > 0))
    sold = np.zeros(facts.series.size)
    has_series = facts.series >= 0
    sold[has_series] = forecast.take(facts.series[has_series]).interval_mean(0, horizon)
    rate = _with_downstream(sold, inbound)[rows] / horizon
    size = curves.breaks.shape[2]
    ages = np.concatenate([[0.0], FIRST_AGE_DAYS * AGE_FACTOR ** np.arange(size - 1)])
    asked = sold[rows] + facts.floor[rows, -1] + facts.expired[rows, horizon]
    waste, day = curves.waste.copy(), curves.waste_day.copy()
    breaks, cdf = curves.waste_breaks.copy(), curves.waste_cdf.copy()
    breaks[rows] = np.ceil(asked[:, None] + rate[:, None] * ages).astype(np.int64)
    middle = np.concatenate([[0.0], 0.5 * (ages[1:] + ages[:-1]), ages[-1:]])
    share = np.minimum(facts.holding[rows, None] * middle / unit_cost[rows, None], 1.0)
    # Where nothing is sold at all, nothing of it will ever be.
    cdf[rows] = np.where((rate > 0)[:, None], share, np.append(np.zeros(size), 1.0))
    waste[rows], day[rows] = weight * unit_cost[rows], horizon - 1
    return replace(curves, waste=waste, waste_day=day, waste_breaks=breaks, waste_cdf=cdf)


def _with_downstream(sold: Floats, inbound: Inbound) -> Floats:
    """Own demand plus that of every point whose main source, directly or not, is this one."""
    parent = inbound.parents(sold.size)
    total, passed = sold.copy(), sold.copy()
    for _ in range(MAX_TIERS):
        has_parent = (parent >= 0) & (passed > 0)
        upward = np.zeros(sold.size)
        np.add.at(upward, parent[has_parent], passed[has_parent])
        total += upward
        passed = upward
    return total
