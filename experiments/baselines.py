"""Rules of thumb as arithmetic over all stock points: what most chains run, and what the engine is measured against.

Each has two factors, tuned with the same search budget on history only. They know sales, stock and what is on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experiments.array_chain import ArrayChain
from experiments.twin_arrays import ArrayNight, ArrayPolicy
from optimization.lots import whole_lots
from optimization.policies import MinMax, OrderUpTo, Policy, ReorderUpTo
from optimization.service import newsvendor_ratio

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Goods are sent out this many days before their first day of sale.
LAUNCH_DAYS = 14
# Two factors -> the rule with them.
Family = Callable[[float, float], ArrayPolicy]


@dataclass(frozen=True, eq=False)
class Needs:
    """What passes a place until its protection interval is over, (k, S): its own sales and those it feeds directly.

    Parameters
    ----------
    lanes
        (k,) the lanes on which goods leave tomorrow; the places are their destinations.
    position
        Own inventory position [units].
    below
        Positions of the places it feeds [units].
    rate
        Own and fed demand [units/day].
    mean, deviation
        Of demand over the protection interval [units].
    lagged
        Mean demand of the places it feeds over their own protection intervals [units].
    least
        What it and the places it feeds should show at least [units].
    is_sold
        Whether goods ordered now will still be sold, and are soon if they are new.
    """

    lanes: Ints
    position: Floats
    below: Floats
    rate: Floats
    mean: Floats
    deviation: Floats
    lagged: Floats
    least: Ints
    is_sold: npt.NDArray[np.bool_]


def needs(chain: ArrayChain, night: ArrayNight, rate: Floats) -> Needs:
    """Gather the needs of the destination of each lane on which goods leave tomorrow.

    Parameters
    ----------
    chain
        Lanes.
    night
        State in the evening.
    rate
        (L, S) mean demand that the rule believes in [units/day].
    """
    lanes = np.flatnonzero(night.may_ship)
    at, protection = chain.destination[lanes], chain.protection[lanes, None]
    total = rate[at]
    variance = night.variance_ratio[at] * total
    below, lagged = np.zeros(total.shape), np.zeros(total.shape)
    for place, out in chain.fed_lanes:
        fed = chain.destination[out]
        for row in np.flatnonzero(at == place):
            fed_rate = rate[fed]
            below[row] = night.position[fed].sum(axis=0)
            lagged[row] = chain.protection[out] @ fed_rate
            total[row] += fed_rate.sum(axis=0)
            variance[row] += (night.variance_ratio[fed] * fed_rate).sum(axis=0)
    return Needs(
        lanes=lanes,
        position=night.position[at].astype(np.float64),
        below=below,
        rate=total,
        mean=total * protection,
        deviation=np.sqrt(np.maximum(variance * protection, 0.0)),
        lagged=lagged,
        least=chain.least_with_fed[at],
        is_sold=(chain.sold_from - LAUNCH_DAYS <= night.day) & (night.day + protection <= chain.sold_until),
    )


def feeds_others(chain: ArrayChain) -> Ints:
    """(m, 1) 1 for lanes into a place that feeds others, else 0."""
    fed: Ints = np.isin(chain.destination, chain.origin).astype(np.int64)[:, None]
    return fed


def echelon_base_stock(chain: ArrayChain) -> Family:
    """Order up to r P + z sqrt(v r P) on echelon position (Clark and Scarf, 1960); z to sell and to feed others."""
    feeds = feeds_others(chain)

    def family(z_local: float, z_echelon: float) -> ArrayPolicy:
        def rule(night: ArrayNight) -> Floats:
            need = needs(chain, night, night.rate)
            level = need.mean + need.lagged + np.where(feeds[need.lanes], z_echelon, z_local) * need.deviation
            return _in_cases(chain, OrderUpTo(level), need.position + need.below, need)

        return rule

    return family


def base_stock(chain: ArrayChain) -> Family:
    """Order up to r P + z sqrt(v r P) on a place's own position; z of selling and of feeding places."""
    feeds = feeds_others(chain)

    def family(z_local: float, z_central: float) -> ArrayPolicy:
        def rule(night: ArrayNight) -> Floats:
            need = needs(chain, night, night.rate)
            level = need.mean + np.where(feeds[need.lanes], z_central, z_local) * need.deviation
            return _in_cases(chain, OrderUpTo(level), need.position, need)

        return rule

    return family


def min_max(chain: ArrayChain) -> Family:
    """Below `min_days` of cover beyond the protection interval, order up to `more_days` above that."""

    def family(min_days: float, more_days: float) -> ArrayPolicy:
        def rule(night: ArrayNight) -> Floats:
            need = needs(chain, night, night.rate)
            least = chain.protection[need.lanes, None] + min_days
            return _in_cases(chain, MinMax(need.rate, least, least + more_days), need.position, need)

        return rule

    return family


def reorder_up_to(chain: ArrayChain) -> Family:
    """(s, S): at s = r P + z sqrt(v r P) or below, order up to `more_days` of demand above s."""

    def family(z: float, more_days: float) -> ArrayPolicy:
        def rule(night: ArrayNight) -> Floats:
            need = needs(chain, night, night.rate)
            point = need.mean + z * need.deviation
            return _in_cases(chain, ReorderUpTo(point, point + more_days * need.rate), need.position, need)

        return rule

    return family


def newsvendor(chain: ArrayChain) -> Family:
    """Order up to the normal quantile of protection demand at b / (b + k h P); k of selling and of feeding places."""
    feeds, protection = feeds_others(chain), chain.protection[:, None]

    def family(k_local: float, k_central: float) -> ArrayPolicy:
        over = np.where(feeds, k_central, k_local) * chain.holding * protection
        z = ndtri(np.clip(newsvendor_ratio(np.broadcast_to(chain.margin, over.shape), over), 0.01, 0.999))

        def rule(night: ArrayNight) -> Floats:
            need = needs(chain, night, night.rate)
            return _in_cases(chain, OrderUpTo(need.mean + z[need.lanes] * need.deviation), need.position, need)

        return rule

    return family


@dataclass(frozen=True, eq=False)
class WeeksOfCover:
    """The experience rule: once a week each planner orders up to days of cover by hand, of what was sold lately.

    What a stock-out hid is not seen, nothing is pooled, and each planner misjudges each good in his own way.

    Parameters
    ----------
    chain
        Lanes.
    cover_days
        (m,) beyond the protection interval, by habit [days].
    misjudged
        (m, S) constant factors of what the planner believes.
    review_day
        (m,) day of the week, counted from the start, on which each place orders.
    """

    chain: ArrayChain
    cover_days: Floats
    misjudged: Floats
    review_day: Ints

    def __call__(self, night: ArrayNight) -> Floats:
        """Units wanted on each lane, (m, S)."""
        need = needs(self.chain, night, night.sales_rate)
        believed = need.rate * self.misjudged[need.lanes]
        level = believed * (self.chain.protection + 7.0 + self.cover_days)[need.lanes, None]
        wanted = _in_cases(self.chain, OrderUpTo(level), need.position, need)
        is_due = (night.day - self.review_day) % 7 == 0
        # A day on which nothing may leave puts the order off to the next: the planner's list stays on the desk.
        waits = ~night.may_ship & is_due
        self.review_day[waits] += 1
        return np.where(is_due[:, None], wanted, 0.0)


def tuned(
    family: Family, cost: Callable[[ArrayPolicy], float], grid: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Return the two factors of the grid that cost least; the grid is the search budget."""
    costs = [cost(family(*factors)) for factors in grid]
    return grid[int(np.argmin(costs))]


def _in_cases(chain: ArrayChain, rule: Policy, position: Floats, need: Needs) -> Floats:
    """Whole cases of what is sold, (m, S): what the rule orders, at least up to what should be on show."""
    ordered = np.where(need.rate > 0, rule.quantities(position), 0.0)
    wanted = np.maximum(ordered, need.least - position)
    units = np.zeros((chain.destination.size, chain.case_pack.size))
    units[need.lanes] = whole_lots(np.where(need.is_sold, wanted, 0.0), lot=chain.case_pack)
    return units
