"""Sample paths of demand that keep what days, SKUs and locations share, with the calibrated distribution of each.

Raw paths follow the shared factors of `forecasting.dependence`; then each stock point's cumulative demand is replaced,
day by day, by the calibrated quantile of its rank among the paths (the Schaake shuffle; Clark et al. 2004): ranks carry
the dependence, quantiles the distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.dependence import CHAIN, LOCATION, OWN, SKU, shared_variance

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Cells (draw, series, day) treated at once, to bound memory.
CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class _Shared:
    """Factors of the chain (n_draws, 1, n_days), of each SKU and of each location (n_draws, n, n_days)."""

    chain: Array
    sku: Array
    location: Array


def sample_paths(forecast: Forecast, n_draws: int, *, seed: int, start: int, stop: int) -> Array:
    """Return joint draws of daily demand, (n_draws, n_series, stop - start) [units].

    The sum over all days of each stock point runs through its calibrated quantiles at levels (k + 1/2) / n_draws
    exactly; sums over fewer first days do up to the rule that demand of a day is not negative.

    Parameters
    ----------
    forecast
        Means, calibration and shared shocks.
    n_draws
        Paths, >= 1.
    seed
        Equal seeds give equal paths.
    start, stop
        Day indexes.
    """
    sku, location = forecast.codes_of("sku"), forecast.codes_of("location")
    n_days = max(stop - start, 0)
    result = np.zeros((n_draws, sku.size, n_days))
    if result.size == 0:
        return result
    shared = _shared(forecast.distribution.shocks, n_draws, n_days, sku=sku, location=location, seed=seed)
    size = max(CHUNK_CELLS // (n_draws * n_days), 1)
    for first in range(0, sku.size, size):
        rows = np.arange(first, min(first + size, sku.size))
        part = forecast.take(rows)
        random = np.random.default_rng([seed, 1, first])
        factor = shared.chain * shared.sku[:, sku[rows]] * shared.location[:, location[rows]]
        raw = _raw_cumulative(part, factor, start=start, random=random)
        result[:, rows] = _calibrated(part, raw, start=start)
    return result


def _shared(shocks: Array, n_draws: int, n_days: int, *, sku: Ints, location: Ints, seed: int) -> _Shared:
    random = np.random.default_rng([seed, 0])
    groups = ((CHAIN, 1), (SKU, int(sku.max()) + 1), (LOCATION, int(location.max()) + 1))
    return _Shared(*(_factors(shocks[:, k], (n_draws, n, n_days), random=random) for k, n in groups))


def _factors(variances: Array, shape: tuple[int, int, int], *, random: np.random.Generator) -> Array:
    """Lognormal factors with mean 1, whose relative variance on one day and lasting part are given."""
    daily, lasting = np.log1p(variances)
    lasts = np.sqrt(lasting) * random.standard_normal((*shape[:2], 1))
    logs = lasts + np.sqrt(max(daily - lasting, 0.0)) * random.standard_normal(shape)
    factors: Array = np.exp(logs - 0.5 * daily)
    return factors


def _raw_cumulative(part: Forecast, factor: Array, *, start: int, random: np.random.Generator) -> Array:
    """Cumulative counts around mean times factors, broken ties by their cumulative rate, (n_draws, n, n_days)."""
    n_days = factor.shape[2]
    mean = np.column_stack([part.interval_mean(start + day, start + day + 1) for day in range(n_days)])
    lasting, daily = _own_variances(part, mean, start=start)
    lasts = np.sqrt(np.log1p(lasting))[None, :, None] * random.standard_normal((*factor.shape[:2], 1))
    rate = mean * factor * np.exp(lasts - 0.5 * np.log1p(lasting)[None, :, None])
    rate = rate * random.gamma(1.0 / daily[None, :, None], daily[None, :, None], factor.shape)
    total_rate = np.cumsum(rate, axis=2)
    cumulative: Array = np.cumsum(random.poisson(rate), axis=2) + 0.9 * total_rate / (1.0 + total_rate)
    return cumulative


def _own_variances(part: Forecast, mean: Array, *, start: int) -> tuple[Array, Array]:
    """Relative variance of what strays alone, its lasting and its daily part, (n,) each.

    Solves lasting + daily / n_days = variance of the interval's sum and lasting + daily = variance of a day, both less
    what is shared, so that raw sums stray about as far as calibrated ones.
    """
    n_days = mean.shape[1]
    distribution, codes = part.distribution, part.codes
    of_sum = distribution.dispersion_at(mean.sum(axis=1), codes, start=start, length=n_days)
    of_day = distribution.dispersion_at(mean.mean(axis=1), codes, start=start, length=1)
    of_sum = np.maximum(of_sum - shared_variance(distribution.shocks, n_days)[:OWN].sum(), 0.0)
    of_day = np.maximum(of_day - distribution.shocks[0, :OWN].sum(), 1e-6)
    if n_days == 1:
        return np.zeros(of_day.size), of_day
    lasting = np.clip((of_sum - of_day / n_days) / (1.0 - 1.0 / n_days), 0.0, of_sum)
    return lasting, np.maximum(of_day - lasting, 1e-6)


def _calibrated(part: Forecast, raw: Array, *, start: int) -> Array:
    """Daily demand whose cumulative sums are calibrated quantiles in the order of the raw ones."""
    n_draws, _, n_days = raw.shape
    levels = (np.arange(n_draws) + 0.5) / n_draws
    rank = np.argsort(np.argsort(raw, axis=0, kind="stable"), axis=0, kind="stable")
    cumulative = np.empty(raw.shape)
    for day in range(n_days):
        quantiles = part.interval_quantiles(levels, start, start + day + 1)
        cumulative[:, :, day] = np.take_along_axis(quantiles.T, rank[:, :, day], axis=0)
    # no day takes demand back: earlier sums give way, the sum of all days stays what it is
    cumulative = np.minimum.accumulate(cumulative[:, :, ::-1], axis=2)[:, :, ::-1]
    return np.diff(cumulative, axis=2, prepend=0.0)
