"""Rates of series that have little or no history of their own: what the same SKU and its neighbours do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.history import History
from forecasting.launches import LaunchCurves, launch_curves

Array = npt.NDArray[np.float64]

RECENT_DAYS = 28
LONG_DAYS = 91
# Days of exposure at which own history and the broader rate weigh the same.
RECENT_WEIGHT_DAYS = 7.0
LONG_WEIGHT_DAYS = 14.0
POOL_WEIGHT_DAYS = 28.0
# A location is at most this many times as large or small as its category's mean.
LARGEST_LOCATION_FACTOR = 5.0


@dataclass(frozen=True, eq=False)
class BaseRates:
    """Rates at one origin, (n_series,) each [units/day].

    Parameters
    ----------
    analogue
        What the SKU sells elsewhere, sized for the location; where it sells nowhere yet, the rate of the SKUs of its
        category, those nearest in price where that tells.
    base
        Own recent rate, shrunk to own long rate, shrunk to the analogue; never NaN. Of a launch: the rate at which it
        will settle.
    launches
        What launches sell above or below that by age.
    """

    analogue: Array
    base: Array
    launches: LaunchCurves


def base_rates(history: History, origin: int) -> BaseRates:
    """Return analogue and shrunk own rates from days up to and including ``origin``.

    Each level is a gamma-Poisson posterior mean with the level above as prior: (units + w * prior) / (days + w)
    (empirical Bayes; Efron and Morris 1975).
    """
    pools = history.pools
    everywhere = pools["all"].rates.rate(origin, LONG_DAYS, weight=1e-6)
    category = pools["category"].rates.rate(origin, LONG_DAYS, weight=POOL_WEIGHT_DAYS, prior=everywhere[0])
    category_of_series = category[pools["category"].codes]
    local = _of_series(history, "category_location", origin, prior=category_of_series)
    size = np.where(category_of_series > 0, local / np.where(category_of_series > 0, category_of_series, 1.0), 1.0)
    size = np.clip(size, 1.0 / LARGEST_LOCATION_FACTOR, LARGEST_LOCATION_FACTOR)
    alike = history.likeness.rates(*_sku_totals(history, origin), category)[pools["sku"].codes]
    sku = _of_series(history, "sku", origin, prior=alike)
    analogue = sku * size
    launches = launch_curves(history, origin)
    long_rate = _settled_rate(history, origin, LONG_DAYS, launches=launches, prior=analogue, weight=LONG_WEIGHT_DAYS)
    base = _settled_rate(history, origin, RECENT_DAYS, launches=launches, prior=long_rate, weight=RECENT_WEIGHT_DAYS)
    return BaseRates(analogue=analogue, base=base, launches=launches)


def _sku_totals(history: History, origin: int) -> tuple[Array, Array]:
    """Units and exposure of every SKU over the long window."""
    rates = history.pools["sku"].rates
    return rates.units.window(origin, LONG_DAYS), rates.exposure.window(origin, LONG_DAYS)


def _settled_rate(
    history: History, origin: int, n_days: int, *, launches: LaunchCurves, prior: Array, weight: float
) -> Array:
    """Own rate over a window as it would be had every launch settled, shrunk to a prior."""
    units = history.own.units.window(origin, n_days)
    exposure = history.own.exposure.window(origin, n_days) * launches.mean_over(origin, n_days)
    rate: Array = (units + weight * prior) / (exposure + weight)
    return rate


def _of_series(history: History, pool: str, origin: int, *, prior: Array) -> Array:
    """Rate of each series' group, shrunk to a prior of the series."""
    codes, rates = history.pools[pool].codes, history.pools[pool].rates
    units = rates.units.window(origin, LONG_DAYS)[codes]
    exposure = rates.exposure.window(origin, LONG_DAYS)[codes]
    shrunk: Array = (units + POOL_WEIGHT_DAYS * prior) / (exposure + POOL_WEIGHT_DAYS)
    return shrunk
