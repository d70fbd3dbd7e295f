"""Shrunk negative binomial mean: a slow mover's rate is its category's, corrected by the little it sold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.coldstart import base_rates
from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Bounds of the prior's weight [observed days].
LEAST_WEIGHT_DAYS, LARGEST_WEIGHT_DAYS = 1.0, 365.0


@dataclass(frozen=True)
class GammaPoisson:
    """Posterior mean of a Poisson rate whose ratio to its analogue's rate is gamma distributed in each category.

    Over the window, units u of exposure e follow a negative binomial with mean m = a e, a the analogue's rate, and
    variance m + v m^2; v is its moment estimate in the category. The posterior mean is (u + a w) / (e + w) with
    w = 1 / (a v) observed days (Robbins 1956; Clayton and Kaldor 1987, eq. 6).

    Parameters
    ----------
    window_days
        Days of history read: long, because slow movers tell little a day.
    """

    window_days: int = 182
    name: str = "gamma_poisson"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return the posterior rate times weekday factor, (n, horizon)."""
        own = evidence.history.own
        units, exposure = (
            own.units.window(origin.day, self.window_days),
            own.exposure.window(origin.day, self.window_days),
        )
        analogue = np.maximum(base_rates(evidence.history, origin.day).analogue, 1e-9)
        expected = analogue * exposure
        pool = evidence.history.pools["category"]
        excess = np.bincount(pool.codes, (units - expected) ** 2 - expected, minlength=pool.rates.n)
        squares = np.bincount(pool.codes, expected**2, minlength=pool.rates.n)
        variance = np.maximum(excess, 0.0) / np.maximum(squares, 1e-12)
        weight = 1.0 / np.maximum(analogue * variance[pool.codes], 1e-9)
        weight = np.clip(weight, LEAST_WEIGHT_DAYS, LARGEST_WEIGHT_DAYS)
        rate = (units + weight * analogue) / (exposure + weight)
        factors = origin.weekday[0][:, series][-np.arange(1, horizon + 1) % 7].T
        return rate[series][:, None] * factors.astype(np.float64)
