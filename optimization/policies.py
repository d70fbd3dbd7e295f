"""Replenishment rules for comparison, and for those who want them: inventory positions in, order quantities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from optimization.lots import whole_lots
from optimization.service import newsvendor_ratio
from optimization.targets import interpolated

Floats = npt.NDArray[np.float64]


class Policy(Protocol):
    """What to order for each stock point on a day on which it may order."""

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,), >= 0, for the inventory position of each stock point, (n,) [units]."""
        ...


@dataclass(frozen=True, eq=False)
class OrderUpTo:
    """Order S less the inventory position, at every chance: max(S - IP, 0).

    Example: S = 10, IP = 7: 3. `textbook.newsvendor` finds the level.

    Parameters
    ----------
    order_up_to_level
        S, (n,) or one for all [units].
    """

    order_up_to_level: npt.ArrayLike

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,); see `Policy`."""
        return _shortfall(self.order_up_to_level, inventory_position)


@dataclass(frozen=True, eq=False)
class ReorderUpTo:
    """(s, S): once the inventory position is at s or below, order up to S; else nothing.

    For orders that each cost something. Example: s = 4, S = 10: at IP = 5 nothing, at 4 order 6. Source: Scarf (1960);
    `textbook.reorder_levels` finds the levels.

    Parameters
    ----------
    reorder_point
        s, (n,) or one for all [units].
    order_up_to_level
        S >= s, (n,) or one for all [units].
    """

    reorder_point: npt.ArrayLike
    order_up_to_level: npt.ArrayLike

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,); see `Policy`."""
        is_due = np.asarray(inventory_position) <= np.asarray(self.reorder_point)
        return np.where(is_due, _shortfall(self.order_up_to_level, inventory_position), 0.0)


@dataclass(frozen=True, eq=False)
class MinMax:
    """Days of cover set by hand: once the inventory position falls below the minimum, order up to the maximum.

    Example: 2 units a day, 7 to 14 days of cover: at IP = 14 nothing, at 13 order 15.

    Parameters
    ----------
    daily_rate
        (n,) mean demand [units/day], >= 0.
    min_days, max_days
        Cover at which to order and to order up to, (n,) or one for all [days]; 0 <= min_days <= max_days.
    """

    daily_rate: npt.ArrayLike
    min_days: npt.ArrayLike
    max_days: npt.ArrayLike

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,); see `Policy`."""
        rate = np.asarray(self.daily_rate, dtype=np.float64)
        is_due = np.asarray(inventory_position) < rate * np.asarray(self.min_days)
        return np.where(is_due, _shortfall(rate * np.asarray(self.max_days), inventory_position), 0.0)


@dataclass(frozen=True, eq=False)
class QuantileNewsvendor:
    """Order up to the quantile of protection demand at the critical ratio b / (b + h).

    Between the levels of the grid the quantile is interpolated; a ratio beyond its ends takes the end. Source: Arrow,
    Harris and Marschak (1951). Example: quantiles 2, 6, 10 at 0.25, 0.5, 0.75, b = 2, h = 1: ratio 2/3, up to 8.67.

    Parameters
    ----------
    levels
        (m,) ascending in (0, 1), m >= 2.
    quantiles
        (n, m) of demand over the protection interval [units].
    shortage_cost
        b, of a unit missing, (n,) or one for all [money/unit], >= 0.
    holding_cost
        h, of a unit left over until the next order arrives, (n,) or one for all [money/unit], >= 0.
    """

    levels: Floats
    quantiles: Floats
    shortage_cost: npt.ArrayLike
    holding_cost: npt.ArrayLike

    @property
    def order_up_to_level(self) -> Floats:
        """Quantile ordered up to, (n,) [units]."""
        ratio = np.clip(newsvendor_ratio(self.shortage_cost, self.holding_cost), self.levels[0], self.levels[-1])
        at = np.broadcast_to(ratio, (len(self.quantiles),))
        return interpolated(self.levels, self.quantiles, at=at)

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,); see `Policy`."""
        return _shortfall(self.order_up_to_level, inventory_position)


@dataclass(frozen=True, eq=False)
class InLots:
    """What another policy orders, rounded up to whole cases and to the minimum order.

    Example: order up to 10 in cases of 4, at least 6: at IP = 7 order 8, at 10 nothing. Rounding: `lots.whole_lots`.

    Parameters
    ----------
    policy
        Any policy.
    case_pack
        (n,) or one for all [units], >= 1.
    min_order_quantity
        (n,) or one for all [units], >= 0.
    """

    policy: Policy
    case_pack: npt.ArrayLike = 1
    min_order_quantity: npt.ArrayLike = 0

    def quantities(self, inventory_position: npt.ArrayLike) -> Floats:
        """Units to order, (n,), whole; see `Policy`."""
        wanted = self.policy.quantities(inventory_position)
        return whole_lots(wanted, lot=self.case_pack, minimum=self.min_order_quantity).astype(np.float64)


def _shortfall(level: npt.ArrayLike, inventory_position: npt.ArrayLike) -> Floats:
    """Units by which the position is below a level, else 0."""
    short: Floats = np.maximum(np.asarray(level, dtype=np.float64) - np.asarray(inventory_position), 0.0)
    return short
