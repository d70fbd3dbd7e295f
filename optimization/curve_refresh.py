"""Once laterals and emergency moves are chosen, less demand is lost: count again what later receipts must cover."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_knots import Knots, aligned, local_knots
from optimization.flow.data import FlowData

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Ints = npt.NDArray[np.int64]


def rescued_points(data: FlowData, quantity: Ints) -> tuple[Ints, Ints]:
    """Find points whose lost demand tonight's moves rescue, and what they bring by day.

    Parameters
    ----------
    data
        Input of the flows.
    quantity
        (k,) units of every possible move; tonight's others come after the regular ones.

    Returns
    -------
    Rows of the points (m,) and the cumulative units that come before their first regular receipt (m, T).
    """
    moves, curves = data.tonight, data.curves
    amount = quantity[data.regular.pair.size :]
    early = (amount > 0) & (moves.arrival < curves.first_receipt[moves.destination])
    early &= curves.lost_before_first_receipt[moves.destination] > 0
    rows = np.unique(moves.destination[early])
    extra = np.zeros((rows.size, curves.horizon), dtype=np.int64)
    at = np.searchsorted(rows, moves.destination[early])
    np.add.at(extra, (at, moves.arrival[early]), amount[early])
    return rows, np.cumsum(extra, axis=1)


def refreshed_curves(
    forecast: Forecast, curves: CostCurves, *, rows: Ints, extra: Ints, floor: Ints, config: PlanConfig
) -> CostCurves:
    """Count lost demand again for some points, given what tonight's moves bring them.

    Without this, units that rescue a sale would also pass for stock that is still there at the next receipt, and the
    next order would be too small by as much.

    Parameters
    ----------
    forecast, curves
        Demand, and the curves to change.
    rows, extra
        Result of `rescued_points`.
    floor
        (n, T) display stock and backorders.
    config
        Settings.
    """
    keys = pd.MultiIndex.from_frame(curves.points[["sku", "location"]].iloc[rows])
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]]).get_indexer(keys)
    found = local_knots(
        forecast.take(series),
        np.asarray(config.quantile_levels),
        window=curves.window[rows],
        first_receipt=curves.first_receipt[rows],
        supply=curves.base_supply[rows] + extra,
        floor=floor[rows],
        expired=curves.expired[rows],
    )
    shared = aligned(Knots(found.breaks, found.cdf), curves.shortage_day[rows])
    breaks, cdf, lost = curves.breaks.copy(), curves.cdf.copy(), curves.lost_before_first_receipt.copy()
    cdf[rows], lost[rows] = shared.cdf, found.lost
    # A maximum stock is the last break; it stays where it was.
    has_maximum = (curves.slack[rows] > 0).any(axis=1, keepdims=True)
    ceiling = np.where(has_maximum, curves.breaks[rows, :, -1].astype(np.int64), np.iinfo(np.int64).max)
    breaks[rows] = np.minimum(shared.breaks, ceiling[:, :, None])
    breaks[rows, :, -1] = np.where(has_maximum, ceiling, breaks[rows, :, -1])
    return replace(curves, breaks=breaks, cdf=cdf, lost_before_first_receipt=lost)
