"""How demand strays together: shocks shared by the chain, by a SKU's locations and by a location's SKUs.

A day's demand is its predicted mean times factors of the chain, the SKU, the location and the stock point itself, each
with mean 1 (a multiplicative random-effects model; Searle, Casella and McCulloch, Variance Components, 1992). What two
stock points share adds `factor variance * mean * mean` to the covariance of their errors, however slowly they sell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Columns of a table of shocks; rows are the variance on one day, and the part of it that lasts over the days.
CHAIN, SKU, LOCATION, OWN = range(4)
INDEPENDENT = np.zeros((2, 4))
# Relative variances beyond this are outliers of single promotions, not a rule.
LARGEST_SHOCK = 1.0


def measured_shocks(mean: Array, demand: Array, *, sku: Ints, location: Ints) -> Array:
    """Return the variances of shared factors from held-out errors, by the method of moments, (2, 4).

    Products of errors of two stock points estimate what they share: two of neither the same SKU nor location the
    chain's factor, two of one SKU that and the SKU's, and so on; products of one day its daily variance, of two days
    the part that lasts.

    Parameters
    ----------
    mean, demand
        (n_origins, n_series, horizon) [units/day]; demand NaN where unobserved, both 0 on inactive days.
    sku, location
        (n_series,) codes.
    """
    seen = ~np.isnan(demand)
    known = np.where(seen, mean, 0.0)
    error = np.where(seen, demand - mean, 0.0)
    daily, lasting = np.zeros(4), np.zeros(4)
    for of_day, result in ((True, daily), (False, lasting)):
        squares, weights = (_self_products(values, of_day=of_day) for values in (error, known))
        shared = {}
        for name, codes in ((CHAIN, np.zeros_like(sku)), (SKU, sku), (LOCATION, location)):
            products = [_group_products(values, codes, of_day=of_day) for values in (error, known)]
            shared[name] = (products[0] - squares, products[1] - weights)
        result[CHAIN] = _ratio(*(shared[CHAIN][k] - shared[SKU][k] - shared[LOCATION][k] for k in (0, 1)))
        result[SKU] = _ratio(*shared[SKU]) - result[CHAIN]
        result[LOCATION] = _ratio(*shared[LOCATION]) - result[CHAIN]
        # on one day a count strays by itself: a Poisson variance equal to its mean
        own = squares - (known.sum() if of_day else 0.0)
        result[OWN] = _ratio(own, weights) - np.clip(result[:OWN], 0.0, None).sum()
    daily = np.clip(daily, 0.0, LARGEST_SHOCK)
    return np.stack([daily, np.clip(lasting, 0.0, daily)])


def shared_variance(shocks: Array, n_days: int) -> Array:
    """Variance of each factor averaged over an interval: the lasting part, and the rest divided by its days, (4,)."""
    daily, lasting = shocks
    result: Array = lasting + (daily - lasting) / max(n_days, 1)
    return result


def pooled_variance(
    shocks: Array, mean: Array, variance: Array, *, groups: Ints, sku: Ints, location: Ints, n_days: int
) -> Array:
    """Variance of demand summed over groups of stock points, (n_groups,) [units^2].

    Parameters
    ----------
    shocks
        From `measured_shocks`.
    mean, variance
        (n_series,) of each stock point's interval demand.
    groups
        (n_series,) group codes, -1 outside all.
    sku, location
        (n_series,) codes.
    n_days
        Length of the interval.
    """
    inside = groups >= 0
    groups, mean, sku, location = groups[inside], mean[inside], sku[inside], location[inside]
    n_groups = int(groups.max()) + 1 if groups.size else 0
    shared = shared_variance(shocks, n_days)
    own = np.bincount(groups, weights=mean**2, minlength=n_groups)
    total: Array = np.bincount(groups, weights=variance[inside], minlength=n_groups).astype(np.float64)
    for name, codes in ((CHAIN, np.zeros_like(sku)), (SKU, sku), (LOCATION, location)):
        cells, at = np.unique(np.stack([groups, codes]), axis=1, return_inverse=True)
        sums = np.bincount(at.ravel(), weights=mean, minlength=cells.shape[1])
        total += shared[name] * (np.bincount(cells[0], weights=sums**2, minlength=n_groups) - own)
    return total


def _self_products(values: Array, *, of_day: bool) -> float:
    """Sum over series of products of one day, or of two different days."""
    squares = float((values**2).sum())
    return squares if of_day else float((values.sum(axis=2) ** 2).sum()) - squares


def _group_products(values: Array, codes: Ints, *, of_day: bool) -> float:
    """The same for sums over groups of series."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return _self_products(np.add.reduceat(values[:, order], starts, axis=1), of_day=of_day)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else 0.0
