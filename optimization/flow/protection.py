"""What a place may give away tonight without robbing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Ints = npt.NDArray[np.int64]


def given_freely(forecast: Forecast, curves: CostCurves, *, floor: Ints, free: Ints, config: PlanConfig) -> Ints:
    """Units on hand above the protected quantile of own demand until the receipt after next, (n,).

    Display stock and backorders are kept too; goods still on their way do not count. A warehouse that feeds others
    keeps what the pooled demand behind it needs beyond the stock that is there already.

    Parameters
    ----------
    forecast, curves
        Demand, and curves of the points.
    floor, free
        (n,) display stock and backorders; free stock tonight [units].
    config
        Settings.
    """
    n = free.size
    keys = pd.MultiIndex.from_frame(curves.points[["sku", "location"]].iloc[:n])
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]]).get_indexer(keys)
    kept = floor.astype(np.float64)
    window = curves.window[:n]
    level = np.array([config.lateral_protection_level])
    is_asked = (series >= 0) & (free > 0)
    for stop in np.unique(window[is_asked]):
        hit = np.flatnonzero(is_asked & (window == stop))
        kept[hit] += np.ceil(forecast.take(series[hit]).interval_quantiles(level, 0, int(stop))[:, 0] - 1e-9)
    kept = np.maximum(kept, _kept_for_others(curves, free))
    return np.maximum(free - kept, 0).astype(np.int64)


def _kept_for_others(curves: CostCurves, free: Ints) -> Ints:
    """Units that a warehouse keeps for the places it feeds: the pooled demand's last knot less their own stock."""
    n = free.size
    kept = np.zeros(n, dtype=np.int64)
    echelon = curves.echelon_of[:n]
    roots = np.flatnonzero(echelon >= 0)
    rows = echelon[roots]
    needed = curves.breaks[rows, curves.window[rows] - 1, -1]
    stock = np.zeros(len(curves.points), dtype=np.int64)
    inside = curves.member_of[:n] >= 0
    np.add.at(stock, curves.member_of[:n][inside], free[inside])
    kept[roots] = np.maximum(needed - (stock[rows] - free[roots]), 0)
    return kept
