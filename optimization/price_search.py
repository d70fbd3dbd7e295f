"""Search the prices of what tonight's moves share, on some of the SKUs.

Column generation (Dantzig and Wolfe 1960): each round plans the SKUs at the prices so far; a linear program mixes the
plans of each SKU so far inside the limits, and its dual values are the next prices. Any prices bound the whole from
below: the least cost at these prices less what the limits would earn (Lagrange); the prices of the best such bound win.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import linprog

from optimization.lane_prices import MEASURES, LanePrices, TonightLimits

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Rounds of the search; a fifth changed nothing on generated chains.
ROUNDS = 4
# Share of the best prices so far in the next ones, which keeps them from swinging; the rest are the dual values.
STEP = 0.5
# A price that reached the most it was allowed may be so many times as high in the next round.
RAISE = 4.0
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class TonightUse:
    """What the plans of some SKUs cost, and what they take tonight.

    Parameters
    ----------
    cost
        (n,) surrogate cost of each SKU, without prices [money].
    bound
        (n,) lower bound of cost and prices [money].
    sku, lane
        (r,) SKU (0..n - 1) and lane of what is taken.
    amount
        (r, len(MEASURES)) how much.
    spent
        (r,) what moving it costs [money].
    """

    cost: Floats
    bound: Floats
    sku: Ints
    lane: Ints
    amount: Floats
    spent: Floats

    def by_limit(self, limits: TonightLimits) -> sp.csr_array:
        """(n, m) what each SKU takes of each limit."""
        n_measures = len(MEASURES)
        column = (self.lane[:, None] * n_measures + np.arange(n_measures)).ravel()
        row = np.repeat(self.sku, n_measures)
        by_lane = sp.csr_array((self.amount.ravel(), (row, column)), shape=(self.cost.size, limits.takes.shape[0]))
        return sp.csr_array(by_lane @ limits.takes)


def joined_use(parts: list[TonightUse]) -> TonightUse:
    """Join what parts use, one after the other."""
    sizes = [part.cost.size for part in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    return TonightUse(
        sku=np.concatenate([part.sku + start for part, start in zip(parts, starts, strict=True)]),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("cost", "bound", "lane", "amount", "spent")
        },
    )


def search_prices(
    plan_at: Callable[[LanePrices], TonightUse], limits: TonightLimits, *, share: Floats
) -> LanePrices | None:
    """Find prices at which the SKUs together keep to their share of the limits; None where they do without prices.

    Parameters
    ----------
    plan_at
        Plans the SKUs at prices.
    limits
        What all SKUs share.
    share
        (m,) part of each limit that is for these SKUs, 0..1.
    """
    amount = limits.amount * share
    price = np.zeros(amount.size)
    first = plan_at(_lane_prices(limits, price))
    used = first.by_limit(limits)
    if not (used.sum(axis=0) > amount * (1.0 + TOLERANCE)).any():
        return None
    master = _Master(amount, np.minimum(_freight(first, limits), limits.overtime), limits.overtime)
    best, best_bound = price, float(first.bound.sum())
    master.add(first, used)
    for _ in range(ROUNDS - 1):
        dual = master.next_prices()
        if dual is None:
            break
        price = STEP * best + (1.0 - STEP) * dual
        found = plan_at(_lane_prices(limits, price))
        bound = float(found.bound.sum() - price @ amount)
        if bound > best_bound:
            best, best_bound = price, bound
        master.allow(_freight(found, limits))
        master.add(found, found.by_limit(limits))
    return _lane_prices(limits, best) if best.any() else None


def _lane_prices(limits: TonightLimits, price: Floats) -> LanePrices:
    by_lane = (limits.takes @ price).reshape(-1, len(MEASURES))
    return LanePrices(by_lane, limits.arrival, float(price @ limits.amount))


def _freight(use: TonightUse, limits: TonightLimits) -> Floats:
    """What moving one measure of what uses each limit costs, (m,) [money]: prices begin no higher."""
    n_measures = len(MEASURES)
    spent = np.zeros((limits.takes.shape[0] // n_measures, n_measures))
    np.add.at(spent, use.lane, np.repeat(use.spent[:, None], n_measures, axis=1))
    used = np.asarray(use.by_limit(limits).sum(axis=0)).ravel()
    freight: Floats = (limits.takes.T @ spent.ravel()) / np.maximum(used, TOLERANCE)
    return freight


class _Master:
    """Mixes the plans of each SKU so far inside the limits; what is too much may be bought at the most a price may be.

    Parameters
    ----------
    amount
        (m,) limits.
    most, highest
        (m,) most that a price may be in the next round, and ever.
    """

    def __init__(self, amount: Floats, most: Floats, highest: Floats) -> None:
        self._amount, self._most, self._highest = amount, most, highest
        self._cost: list[Floats] = []
        self._use: list[sp.csr_array] = []

    def allow(self, most: Floats) -> None:
        """Let prices be at least so high."""
        self._most = np.maximum(self._most, np.minimum(most, self._highest))

    def add(self, use: TonightUse, by_limit: sp.csr_array) -> None:
        """Add one plan of every SKU."""
        self._cost.append(use.cost)
        self._use.append(by_limit)

    def next_prices(self) -> Floats | None:
        """Dual values of the limits, (m,) [money]; a price at the most it may be may be higher the next time.

        None where the solver gives up: the best prices so far are kept.
        """
        n_skus, n_limits = self._cost[0].size, self._amount.size
        n_plans = len(self._cost)
        bought = sp.csr_array((n_skus, n_limits))
        found = linprog(
            np.concatenate([*self._cost, self._most]),
            A_ub=sp.hstack([*(use.T for use in self._use), -sp.eye_array(n_limits)], format="csr"),
            b_ub=self._amount,
            A_eq=sp.hstack([*[sp.eye_array(n_skus)] * n_plans, bought], format="csr"),
            b_eq=np.ones(n_skus),
            method="highs",
        )
        if found.status != 0:
            return None
        price: Floats = np.clip(-found.ineqlin.marginals, 0.0, self._most)
        is_most = price >= self._most * (1.0 - TOLERANCE)
        self._most = np.where(is_most, np.minimum(self._most * RAISE, self._highest), self._most)
        return price
