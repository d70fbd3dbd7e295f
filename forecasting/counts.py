"""The negative binomial in its mean and dispersion form, vectorized for millions of small means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]

# Below this dispersion the Poisson limit is used: betainc loses digits for shapes beyond 1e6.
POISSON_DISPERSION = 1e-6
# Up to this mean the quantile is found by summing probabilities from zero; beyond it by bisection.
SUMMED_MEAN = 30.0


def negative_binomial_cdf(values: Array, mean: Array, dispersion: Array) -> Array:
    """Return P(D <= value) for D negative binomial with variance mean + dispersion * mean ** 2.

    F(k) = I_p(r, floor(k) + 1) with r = 1 / dispersion and p = r / (r + mean) (Johnson, Kemp and Kotz, Univariate
    Discrete Distributions, 3rd edition, eq. 5.31); the Poisson distribution is its limit at dispersion 0.

    Parameters
    ----------
    values
        [units], any shape; negative values have probability 0.
    mean
        [units], >= 0, broadcast against ``values``; a mean of 0 puts everything on 0.
    dispersion
        >= 0, broadcast against ``values``.
    """
    values, mean, dispersion = np.broadcast_arrays(values, mean, dispersion)
    whole = np.floor(values)
    result = np.where(whole >= 0, 1.0, 0.0)
    is_open = (whole >= 0) & (mean > 0) & np.isfinite(whole)
    is_poisson = is_open & (dispersion < POISSON_DISPERSION)
    result[is_poisson] = special.pdtr(whole[is_poisson], mean[is_poisson])
    is_mixed = is_open & ~is_poisson
    shape = 1.0 / dispersion[is_mixed]
    result[is_mixed] = special.betainc(shape, whole[is_mixed] + 1.0, shape / (shape + mean[is_mixed]))
    return result


def negative_binomial_quantile(levels: Array, mean: Array, dispersion: Array) -> Array:
    """Return the smallest whole k with P(D <= k) >= level, elementwise.

    Parameters
    ----------
    levels
        In [0, 1); broadcast against ``mean``.
    mean
        [units], >= 0.
    dispersion
        >= 0; variance is mean + dispersion * mean ** 2.
    """
    shape = np.broadcast_shapes(np.shape(levels), np.shape(mean), np.shape(dispersion))
    levels, mean, dispersion = (np.broadcast_to(a, shape).ravel() for a in (levels, mean, dispersion))
    result = np.zeros(levels.size)
    is_small = (mean > 0) & (mean <= SUMMED_MEAN)
    result[is_small] = _summed_quantile(levels[is_small], mean[is_small], dispersion[is_small])
    is_large = mean > SUMMED_MEAN
    result[is_large] = _bisected_quantile(levels[is_large], mean[is_large], dispersion[is_large])
    return result.reshape(shape)


def _summed_quantile(levels: Array, mean: Array, dispersion: Array) -> Array:
    """Add probabilities p(k + 1) = p(k) * (r + k) / (k + 1) * (1 - p) from zero until the level is reached."""
    has_spread = dispersion >= POISSON_DISPERSION
    spread = np.where(has_spread, dispersion, 1.0)
    growth = 1.0 + spread * mean
    probability = np.where(has_spread, np.exp(-np.log(growth) / spread), np.exp(-mean))
    # p(k + 1) / p(k) = (base + k * slope) / (k + 1)
    base = np.where(has_spread, mean / growth, mean)
    slope = np.where(has_spread, spread * mean / growth, 0.0)
    result = np.zeros(levels.size)
    active = np.flatnonzero(probability < levels)
    probability, base, slope, target = probability[active], base[active], slope[active], levels[active]
    total = probability.copy()
    k = 0
    while active.size:
        probability = probability * (base + k * slope) / (k + 1.0)
        total = total + probability
        k += 1
        result[active] = k
        # a vanishing probability ends the sum where rounding keeps the total below the level
        stays = (total < target) & (probability > 1e-300)
        active, probability, total = active[stays], probability[stays], total[stays]
        base, slope, target = base[stays], slope[stays], target[stays]
    return result


def _bisected_quantile(levels: Array, mean: Array, dispersion: Array) -> Array:
    """Bisect the distribution function between 0 and a bound that surely covers the level."""
    low = np.full(levels.size, -1.0)
    high = np.ceil(mean + 10.0 * np.sqrt(mean + dispersion * mean**2))
    is_short = negative_binomial_cdf(high, mean, dispersion) < levels
    while is_short.any():
        high[is_short] = 2.0 * high[is_short]
        is_short = (negative_binomial_cdf(high, mean, dispersion) < levels) & (high < 1e15)
    while np.any(high - low > 1.0):
        middle = np.floor((low + high) / 2.0)
        reaches = negative_binomial_cdf(middle, mean, dispersion) >= levels
        high = np.where(reaches, middle, high)
        low = np.where(reaches, low, np.minimum(middle, high - 1.0))
    return high
