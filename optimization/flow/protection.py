"""What a place may give away tonight without robbing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode, Tier
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_knots import LOW_PARTS

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from optimization.flow.data import Moves

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Level of demand below which a destination's stock counts as short.
SHORT_LEVEL = 0.85


def given_freely(forecast: Forecast, curves: CostCurves, *, floor: Ints, free: Ints, config: PlanConfig) -> Ints:
    """Units on hand above the protected quantile of own demand until the receipt after next, (n,).

    Display stock and backorders are kept too, and what expires meanwhile; goods still on their way do not count. A
    warehouse that feeds others keeps what the pooled demand behind it needs beyond the stock that is there already.

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
    kept += np.ceil(curves.expired[np.arange(n), window - 1] - 1e-9)
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


def not_lateral(
    moves: Moves,
    targets: pd.DataFrame,
    curves: CostCurves,
    *,
    lanes: pd.DataFrame,
    free: Ints,
    config: PlanConfig,
) -> Flags:
    """Say which moves the first two thresholds forbid, (k,): a brisk origin, or a destination that is not short.

    An origin is slow if its free stock lasts `lateral_cover_days`, and its protection interval, of its own mean demand
    and that of what it feeds. A destination is short if its position is below its order-up-to level, or below the
    demand (at `SHORT_LEVEL`) of the days that it must hedge: many more than its protection interval where its source
    has run short too. A central warehouse counts as short always, because its level is that of all it feeds.

    Parameters
    ----------
    moves
        Tonight's laterals, emergency moves and returns; the last two are never forbidden here.
    targets
        Result of `stock_targets`, row by row the stock points.
    curves
        Cost curves of the same points, for the days each must hedge.
    lanes
        The network's lanes.
    free
        (n,) free units tonight.
    config
        Thresholds.
    """
    days = np.maximum(targets["protection_days"].to_numpy(dtype=np.float64), 1.0)
    rate = targets["expected_demand"].to_numpy(dtype=np.float64) / days
    is_central = (targets["tier"] == Tier.CENTRAL).to_numpy(dtype=bool)
    is_slow = free >= np.maximum(config.lateral_cover_days, days) * rate
    position = targets["inventory_position"].to_numpy(dtype=np.float64)
    is_short = is_central | (position < targets["order_up_to_level"].to_numpy(dtype=np.float64))
    row, last = np.arange(len(targets)), curves.window[: len(targets)] - 1
    knot = LOW_PARTS.size + int(np.searchsorted(config.quantile_levels, SHORT_LEVEL))
    is_short |= curves.base_supply[row, last] < curves.breaks[row, last, min(knot, curves.breaks.shape[2] - 1)]
    is_lateral = lanes["mode"].to_numpy()[moves.inbound.lane[moves.pair]] == Mode.TRANSSHIPMENT
    forbidden: Flags = is_lateral & ~(is_slow[moves.origin] & is_short[moves.destination])
    return forbidden
