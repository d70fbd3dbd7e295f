"""Expected cost of cumulative supply at each stock point and day: the one source of value of the planning step.

The flow's slopes, the rounding to cases, the choice of trucks and the explanation of each line all read these curves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.curve_knots import Knots, expected_held, expected_short

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_UNITS = ("breaks", "waste_breaks", "base_supply")
_SHARES = ("cdf", "waste_cdf", "slack")
# Rows whose expected costs are computed at once.
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class CostCurves:
    """Convex piecewise-linear expected cost of cumulative supply Z, gross of demand.

    Cost of one row = sum over days of holding * E(Z - D)+, plus on shortage days shortage * E(D - Z)+, plus on one day
    waste * E(Z - D')+, plus on receipt days slack * (Z - maximum)+.

    Parameters
    ----------
    points
        (n,) sku, location, tier, kind. `local` rows come first, one a stock point, in the order of the positions; a
        warehouse without demand of its own has the demand 0. `echelon` rows follow: one for each warehouse that is
        bought for, with the pooled demand of all it feeds and the stock of all of it as supply; they carry no holding.
    breaks, cdf
        (n, T, K) whole units and (n, T, K + 1): P(D <= z) on each segment of cumulative demand.
    holding
        (n,) [money/unit/day].
    shortage
        (n,) [money/unit].
    shortage_day
        (n, T) days on which a coverage interval ends; shortage is charged on these only, once an interval.
    waste
        (n,) [money/unit] lost with a unit that expires, or in part with one that is left over and ages.
    waste_day
        (n,) day on which it is charged: for goods that expire the last before the receipt after tonight's, for others
        the last of the horizon.
    waste_breaks, waste_cdf
        (n, K), (n, K + 1) share of `waste` that one more unit loses: the probability that it expires, or its holding
        until it is sold.
    slack
        (n, T) price of a unit above the maximum stock, which is then the last break [money/unit]; else 0.
    lost_before_first_receipt
        (n,) demand that no decision can serve any more; it is not in the demand of later days [units].
    receipts
        (n, T) days on which a decision's goods may become usable, as in `Coverage`: purchases and transfers arrive on
        these only.
    first_receipt, window
        (n,) as in `Coverage` [days].
    base_supply
        (n, T) cumulative supply without any decision: free on hand and open orders, of an echelon all of its members'.
    expired
        (n, T) units of tonight's stock that are expected to have expired unsold before each day; they are part of the
        base supply and of the demand of the breakpoints alike [units].
    member_of
        (n,) echelon row to which the stock of a local row counts; -1 for none.
    """

    points: pd.DataFrame
    breaks: Ints
    cdf: Floats
    holding: Floats
    shortage: Floats
    shortage_day: Flags
    waste: Floats
    waste_day: Ints
    waste_breaks: Ints
    waste_cdf: Floats
    slack: Floats
    lost_before_first_receipt: Floats
    receipts: Flags
    first_receipt: Ints
    window: Ints
    base_supply: Ints
    expired: Floats
    member_of: Ints

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.breaks.shape[1])

    @property
    def n_local(self) -> int:
        """Number of rows that are stock points; the rows after them are echelons."""
        return int((self.points["kind"] == "local").sum())

    def later_demand(self, rows: Ints) -> Floats:
        """Mean demand a day of these rows once tonight's chance is past: after their window, or in all of the horizon.

        Returns
        -------
        (m,) [units/day].
        """
        end, start = self.horizon - 1, np.minimum(self.window[rows], self.horizon) - 1

        def until(day: Ints | int) -> Floats:
            return expected_short(Knots(self.breaks[rows, day], self.cdf[rows, day]), np.zeros_like(rows))

        is_known = start < end
        first: Floats = np.where(is_known, until(start), 0.0)
        rate: Floats = (until(end) - first) / np.where(is_known, end - start, self.horizon)
        return np.maximum(rate, 0.0)

    @cached_property
    def echelon_of(self) -> Ints:
        """Echelon row of each row of the same SKU and location, (n,); -1 where there is none."""
        echelons = pd.MultiIndex.from_frame(self.points[["sku", "location"]].iloc[self.n_local :])
        rows = self.local_index.get_indexer(echelons)
        found = np.full(len(self.points), -1, dtype=np.int64)
        numbers = np.arange(self.n_local, len(self.points))
        found[rows[rows >= 0]] = numbers[rows >= 0]
        found[numbers] = numbers
        return found

    def compact(self) -> CostCurves:
        """Return the same curves in half the memory: 32-bit units where they fit, probabilities and slack to 24 bits.

        Everything that values a plan must read the same curves, so they are made compact once, before the flow.
        """
        largest = max(int(np.abs(values).max(initial=0)) for values in (self.breaks, self.base_supply))
        whole = np.int32 if largest < np.iinfo(np.int32).max // 4 else np.int64
        units: dict[str, Any] = {name: getattr(self, name).astype(whole) for name in _UNITS}
        shares: dict[str, Any] = {name: getattr(self, name).astype(np.float32) for name in _SHARES}
        return replace(self, **units, **shares)

    @cached_property
    def local_index(self) -> pd.MultiIndex:
        """Keys (sku, location) of the local rows: their position is their row."""
        return pd.MultiIndex.from_frame(self.points[["sku", "location"]].iloc[: self.n_local])

    def take(self, rows: npt.NDArray[Any]) -> CostCurves:
        """Return some rows, in the given order; `rows` are positions or a mask."""
        picked = np.arange(len(self.points))[rows]
        values = {item.name: getattr(self, item.name)[picked] for item in fields(self) if item.name != "points"}
        return CostCurves(points=self.points.iloc[picked].reset_index(drop=True), **values)

    def slice(self, rows: slice) -> CostCurves:
        """Return a run of rows without copying them."""
        values = {item.name: getattr(self, item.name)[rows] for item in fields(self) if item.name != "points"}
        return CostCurves(points=self.points.iloc[rows], **values)

    def slopes(self) -> Floats:
        """Cost of one more unit on each segment, (n, T, K + 1) [money/unit]: h F - b (1 - F) on shortage days."""
        short = (self.shortage[:, None] * self.shortage_day)[:, :, None]
        slope: Floats = self.holding[:, None, None] * self.cdf - short * (1.0 - self.cdf)
        slope[:, :, -1] += self.slack
        return slope

    def expected_holding(self, supply: Ints) -> Floats:
        """Holding cost over the horizon of cumulative supply (n, T) -> (n,) [money]."""
        held = expected_held(Knots(self.breaks, self.cdf), supply)
        cost: Floats = self.holding * held.sum(axis=1)
        return cost

    def expected_shortage(self, supply: Ints) -> Floats:
        """Shortage cost over the horizon of cumulative supply (n, T) -> (n,) [money]."""
        short = expected_short(Knots(self.breaks, self.cdf), supply)
        cost: Floats = self.shortage * (short * self.shortage_day).sum(axis=1)
        return cost

    def expected_waste(self, supply: Ints) -> Floats:
        """Cost of units that will expire or age, of cumulative supply (n, T) -> (n,) [money]."""
        at = supply[np.arange(len(supply)), self.waste_day]
        cost: Floats = self.waste * expected_held(Knots(self.waste_breaks, self.waste_cdf), at)
        return cost

    def expected_slack(self, supply: Ints) -> Floats:
        """Price of stock above its maximum, of cumulative supply (n, T) -> (n,) [money]."""
        cost: Floats = (self.slack * np.maximum(supply - self.breaks[:, :, -1], 0)).sum(axis=1)
        return cost

    def daily_kept(self, supply: Ints) -> Floats:
        """Holding, slack and waste of each day of some cumulative supplies (n, T, m) -> (n, T, m) [money]."""
        cost: Floats = self.holding[:, None, None] * expected_held(self._by_supply(), supply)
        if self.slack.any():
            cost += self.slack[:, :, None] * np.maximum(supply - self.breaks[:, :, -1, None], 0)
        rows = np.arange(len(supply))
        waste = Knots(self.waste_breaks[:, None], self.waste_cdf[:, None])
        cost[rows, self.waste_day] += self.waste[:, None] * expected_held(waste, supply[rows, self.waste_day])
        return cost

    def lost_by_day(self, supply: Ints) -> Floats:
        """Price of all demand lost by the end of each day if nothing more comes, (n, T, m) -> (n, T, m) [money]."""
        lost: Floats = self.shortage[:, None, None] * expected_short(self._by_supply(), supply)
        return lost

    def _by_supply(self) -> Knots:
        """Knots of every day beside an axis of supplies."""
        return Knots(self.breaks[:, :, None], self.cdf[:, :, None])

    def expected_cost(self, supply: Ints) -> Floats:
        """All expected cost of cumulative supply (n, T) -> (n,) [money]; some rows at a time, to bound the memory."""
        total = np.zeros(len(supply))
        for first in range(0, len(supply), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            part = self if len(supply) <= ROWS_AT_ONCE else self.slice(rows)
            costs = (part.expected_holding, part.expected_shortage, part.expected_waste, part.expected_slack)
            total[rows] = np.sum([cost(supply[rows]) for cost in costs], axis=0)
        return total
