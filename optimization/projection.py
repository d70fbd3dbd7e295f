"""Expected stock ahead of each stock point, without and with tonight's moves: what reasons and exceptions tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from optimization.decisions import Decisions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days at the end of the horizon whose mean demand goes on for ever.
TAIL_DAYS = 7
_MAX_TIERS = 4
# Expected stock this little below zero is rounding of sums, not a stock-out [units].
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Projection:
    """Expected demand and supply of stock points over the horizon, day index 0 being the day after the cutoff.

    A warehouse that is bought for is looked at with all that it feeds: demand and stock of its echelon.

    Parameters
    ----------
    cutoff
        Last day whose data were used.
    points
        (n,) sku, location: the rows of the positions.
    is_echelon
        (n,) whether the row tells of an echelon.
    demand
        (n, T) cumulative expected demand [units].
    supply_before, supply_after
        (n, T) cumulative supply from stock and open orders, without / with tonight's moves [units]. Moves that the plan
        expects on later days are left out.
    own_demand, own_supply_before, own_supply_after
        (n, T) the same for the stock point alone [units].
    """

    cutoff: pd.Timestamp
    points: pd.DataFrame
    is_echelon: npt.NDArray[np.bool_]
    demand: Floats
    supply_before: Ints
    supply_after: Ints
    own_demand: Floats
    own_supply_before: Ints
    own_supply_after: Ints

    @property
    def horizon(self) -> int:
        """Days projected T."""
        return int(self.demand.shape[1])

    @property
    def daily_demand(self) -> Floats:
        """Mean expected demand a day over the horizon, (n,) [units/day]."""
        rate: Floats = self.demand[:, -1] / self.horizon
        return rate

    def rows_of(self, sku: pd.Series[str], location: pd.Series[str]) -> Ints:
        """Rows of (sku, location) pairs, (m,); -1 where unknown."""
        index = pd.MultiIndex.from_frame(self.points[["sku", "location"]])
        return np.asarray(index.get_indexer(pd.MultiIndex.from_arrays([sku, location])), dtype=np.int64)

    def stockout_day(self, supply: npt.ArrayLike) -> Ints:
        """First day index on which expected demand exceeds supply (n, T); T if there is none."""
        is_short = self.demand > np.asarray(supply) + _TOLERANCE
        return np.where(is_short.any(axis=1), is_short.argmax(axis=1), self.horizon).astype(np.int64)

    def cover_days(self, units: npt.ArrayLike) -> Floats:
        """Days until expected demand has used up (n,) units, from tonight; infinite where none is expected."""
        wanted = np.maximum(np.asarray(units, dtype=float), 0.0)
        steps = np.diff(self.demand, axis=1, prepend=0.0)
        n_full = (self.demand <= wanted[:, None] + _TOLERANCE).sum(axis=1)
        inside = np.minimum(n_full, self.horizon - 1)
        rows = np.arange(len(wanted))
        used = np.where(n_full > 0, self.demand[rows, np.maximum(n_full - 1, 0)], 0.0)
        left = np.maximum(wanted - used, 0.0)
        tail = steps[:, -TAIL_DAYS:].mean(axis=1)
        rate = np.where(n_full < self.horizon, steps[rows, inside], tail)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(rate > 0, left / rate, np.inf)
        days: Floats = np.where(left > 0, n_full + part, n_full).astype(float)
        days[self.demand[:, -1] <= 0] = np.inf
        return days


def project(decisions: Decisions, *, positions: pd.DataFrame, targets: pd.DataFrame, forecast: Forecast) -> Projection:
    """Lay expected demand beside the supply of the plan.

    Parameters
    ----------
    decisions
        The plan; the local rows of its curves are the rows of `positions`.
    positions
        Stock points, sorted by (sku, location).
    targets
        With `main_source` of each stock point, along which demand is pooled.
    forecast
        Expected demand; stock points without a series expect none.
    """
    n, curves = len(positions), decisions.curves
    points = positions[["sku", "location"]].reset_index(drop=True)
    own_demand = _cumulative_demand(points, forecast, curves.horizon)
    own_before = curves.base_supply[:n]
    change = _change(decisions.moves, points, horizon=curves.horizon)
    echelon_row = curves.echelon_of[:n]
    is_echelon = echelon_row >= 0
    in_echelon = np.zeros((len(curves.points), curves.horizon), dtype=np.int64)
    is_member = curves.member_of[:n] >= 0
    np.add.at(in_echelon, curves.member_of[:n][is_member], change[is_member])
    row = np.where(is_echelon, echelon_row, np.arange(n))
    before = curves.base_supply[row]
    pooled = own_demand + _downstream(own_demand, points, targets)
    return Projection(
        cutoff=forecast.cutoff,
        points=points,
        is_echelon=is_echelon,
        demand=np.where(is_echelon[:, None], pooled, own_demand),
        supply_before=before,
        supply_after=before + np.where(is_echelon[:, None], in_echelon[row], change),
        own_demand=own_demand,
        own_supply_before=own_before,
        own_supply_after=own_before + change,
    )


def _change(moves: pd.DataFrame, points: pd.DataFrame, *, horizon: int) -> Ints:
    """Units that moves add from their arrival on, and take away from tonight on (n, T)."""
    index = pd.MultiIndex.from_frame(points)
    to, start = (index.get_indexer(pd.MultiIndex.from_frame(moves[["sku", end]])) for end in ("destination", "origin"))
    quantity, day = moves["quantity"].to_numpy(dtype=np.int64), moves["arrival_day"].to_numpy(dtype=np.int64)
    change = np.zeros((len(points), horizon), dtype=np.int64)
    comes, goes = (to >= 0) & (day < horizon), start >= 0
    np.add.at(change, (to[comes], day[comes]), quantity[comes])
    np.subtract.at(change, (start[goes], np.zeros(int(goes.sum()), dtype=np.int64)), quantity[goes])
    return np.cumsum(change, axis=1)


def _cumulative_demand(points: pd.DataFrame, forecast: Forecast, horizon: int) -> Floats:
    """Cumulative mean demand (n, T); beyond the forecast's horizon its last week goes on."""
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
    row = series.get_indexer(pd.MultiIndex.from_frame(points))
    days = [forecast.interval_mean(0, day + 1) for day in range(horizon)]
    by_series = np.stack(days, axis=1) if len(series) else np.zeros((0, horizon))
    demand = np.zeros((len(points), horizon))
    demand[row >= 0] = by_series[row[row >= 0]]
    return demand


def _downstream(demand: Floats, points: pd.DataFrame, targets: pd.DataFrame) -> Floats:
    """Demand of all points that a point feeds through main sources, itself left out (n, T)."""
    index = pd.MultiIndex.from_frame(points)
    sources = targets.set_index(["sku", "location"])["main_source"].reindex(index).fillna("")
    parent = index.get_indexer(pd.MultiIndex.from_arrays([points["sku"], sources.to_numpy()]))
    total = np.zeros_like(demand)
    ancestor = parent.copy()
    for _ in range(_MAX_TIERS):
        fed = ancestor >= 0
        if not fed.any():
            break
        np.add.at(total, ancestor[fed], demand[fed])
        ancestor = np.where(fed, parent[ancestor], -1)
    return total
