"""Weekday profiles: own, of the SKU elsewhere, and of the category at the location, shrunk in that order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecasting.history import History, Rates

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]

# Full days of a weekday at which a profile and the broader one weigh the same.
OWN_WEIGHT_DAYS = 4.0
POOL_WEIGHT_DAYS = 20.0


def weekday_factors(history: History, origin: int) -> tuple[Array32, Array32, Array32]:
    """Return rates by days since the origin modulo 7 against the mean rate: own, sku, category at location.

    Returns
    -------
    Three arrays (7, n_series); row j speaks of the weekday of day ``origin - j``.
    """
    everywhere = _factors(history.pools["all"].rates, origin, np.ones((7, 1)), weight=POOL_WEIGHT_DAYS)
    general = everywhere[:, history.pools["all"].codes]
    local_pool, sku_pool = history.pools["category_location"], history.pools["sku"]
    local = _factors(
        local_pool.rates, origin, np.repeat(everywhere, local_pool.rates.n, axis=1), weight=POOL_WEIGHT_DAYS
    )
    sku = _factors(sku_pool.rates, origin, np.repeat(everywhere, sku_pool.rates.n, axis=1), weight=POOL_WEIGHT_DAYS)
    local_of_series, sku_of_series = local[:, local_pool.codes], sku[:, sku_pool.codes]
    prior = local_of_series * sku_of_series / general
    own = _factors(history.own, origin, prior, weight=OWN_WEIGHT_DAYS)
    return own.astype(np.float32), sku_of_series.astype(np.float32), local_of_series.astype(np.float32)


def _factors(rates: Rates, origin: int, prior: Array, *, weight: float) -> Array:
    """Shrunk weekday rates over the mean rate, (7, n)."""
    units, exposure = rates.by_weekday(origin)
    total = exposure.sum(axis=0)
    mean = np.where(total > 0, units.sum(axis=0) / np.maximum(total, 1e-9), 0.0)
    shrunk = (units + weight * prior * mean) / (exposure + weight)
    factors: Array = np.where(mean > 0, shrunk / np.where(mean > 0, mean, 1.0), prior)
    return factors
