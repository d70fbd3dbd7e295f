"""Demand pooled over the stock points that one warehouse feeds: means add, variances add with a correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.counts import negative_binomial_cdf, negative_binomial_quantile
from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Distance between the 10% and 90% quantiles of a normal distribution in standard deviations.
_DECILE_SPREAD = 2.5631
SPREAD_LEVELS = (0.1, 0.9)


@dataclass(frozen=True, eq=False)
class Pool:
    """One warehouse that is bought for, and the stock points whose main supply runs through it.

    Parameters
    ----------
    roots
        (n_pools,) rows of the points that are bought for.
    pool_of
        (n,) pool of each point, including the root itself; -1 outside all pools.
    lag_days
        (n_pools,) days from the warehouse's morning to the shelf downstream, mean over its own lanes.
    """

    roots: Ints
    pool_of: Ints
    lag_days: Ints

    def sum(self, values: Floats) -> Floats:
        """Add up values of points (n, ...) by pool (n_pools, ...)."""
        total = np.zeros((self.roots.size, *values.shape[1:]))
        inside = self.pool_of >= 0
        np.add.at(total, self.pool_of[inside], values[inside])
        return total


def build_pools(inbound: Inbound, is_purchase: npt.NDArray[np.bool_], n_points: int) -> Pool:
    """Follow the main sources up to the points that suppliers feed; those that feed others are pools.

    Parameters
    ----------
    inbound
        Regular sources.
    is_purchase
        (m,) whether the pair is a purchase.
    n_points
        Number of stock points.
    """
    parent = inbound.parents(n_points)
    root = np.arange(n_points)
    for _ in range(4):
        root = np.where(parent[root] >= 0, parent[root], root)
    is_bought = np.zeros(n_points, dtype=bool)
    is_bought[inbound.point[is_purchase & inbound.is_main]] = True
    has_children = np.bincount(root, minlength=n_points) > 1
    roots = np.flatnonzero(is_bought & has_children & (parent < 0))
    index = np.full(n_points, -1, dtype=np.int64)
    index[roots] = np.arange(roots.size)
    pool_of = index[root]
    lag = np.zeros(roots.size)
    count = np.zeros(roots.size)
    fed = inbound.is_main & (inbound.origin_point >= 0)
    pools = pool_of[inbound.point[fed]]
    inside = pools >= 0
    np.add.at(lag, pools[inside], np.maximum(inbound.lead_time_days[fed][inside], 1))
    np.add.at(count, pools[inside], 1.0)
    return Pool(roots=roots, pool_of=pool_of, lag_days=np.round(lag / np.maximum(count, 1)).astype(np.int64))


def variance_from_deciles(deciles: Floats, mean: Floats) -> Floats:
    """Return a variance from the 10% and 90% quantiles, at least that of a Poisson distribution.

    Parameters
    ----------
    deciles
        (n, 2) [units].
    mean
        (n,) [units].
    """
    spread = (deciles[:, 1] - deciles[:, 0]) / _DECILE_SPREAD
    variance: Floats = np.maximum(spread**2, mean)
    return variance


def pooled_variance(pool: Pool, variance: Floats, correlation: float) -> Floats:
    """Variance of a sum with one correlation: (1 - rho) sum of variances + rho (sum of deviations)^2, (n_pools,)."""
    independent = pool.sum(variance)
    together = pool.sum(np.sqrt(variance)) ** 2
    result: Floats = (1.0 - correlation) * independent + correlation * together
    return result


def dispersion_of(mean: Floats, variance: Floats) -> Floats:
    """Dispersion of the negative binomial with this mean and variance: (variance - mean) / mean^2, at least 0."""
    safe = np.maximum(mean, 1e-9)
    dispersion: Floats = np.maximum(variance - mean, 0.0) / safe**2
    return dispersion


def pooled_quantiles(levels: Floats, mean: Floats, variance: Floats) -> Floats:
    """Quantiles (n, n_levels) of pooled demand, negative binomial by its mean and variance."""
    spread = dispersion_of(mean, variance)
    return negative_binomial_quantile(levels[None, :], mean[:, None], spread[:, None])


def pooled_cdf(values: Floats, mean: Floats, variance: Floats) -> Floats:
    """P(pooled demand <= value), (n, m)."""
    return negative_binomial_cdf(values, mean[:, None], dispersion_of(mean, variance)[:, None])
