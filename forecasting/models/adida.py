"""ADIDA: smooth demand summed over blocks of days, spread back by weekday, for series that sell rarely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Whole weeks, so that a block's sum has no weekday in it [days].
BLOCK_DAYS = (7, 14, 28)
# Blocks read; what is older has no weight left.
MAX_BLOCKS = 26


@dataclass(frozen=True)
class Adida:
    """Nikolopoulos et al. (2011): aggregate over the mean interval between sales, smooth, disaggregate.

    The interval is rounded up to whole weeks. Blocks are smoothed exponentially by their exposure, so that a block
    half out of stock counts half; the first rate is the base rate. The weekday profile spreads the rate over the week.

    Parameters
    ----------
    weight
        Smoothing of the rate on a fully seen block, in (0, 1).
    """

    weight: float = 0.15
    name: str = "adida"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return the smoothed rate times weekday factor, (n, horizon)."""
        history = evidence.history
        seen, sold = history.seen_days.window(origin.day, 91)[series], history.sold_days.window(origin.day, 91)[series]
        interval = seen / np.maximum(sold, 1.0)
        size = np.array(BLOCK_DAYS)[np.minimum(np.searchsorted(BLOCK_DAYS, interval), len(BLOCK_DAYS) - 1)]
        rate = origin.rate[series].copy()
        for days in BLOCK_DAYS:
            rows = np.flatnonzero(size == days)
            rate[rows] = self._smoothed(evidence, origin, series[rows], days=days)
        own, _, _ = origin.weekday
        back = -np.arange(1, horizon + 1) % 7
        return rate[:, None] * own[:, series][back].T.astype(np.float64)

    def _smoothed(self, evidence: Evidence, origin: Origin, series: Ints, *, days: int) -> Array:
        rates = evidence.history.own
        rate = origin.rate[series].copy()
        for block in range(min((origin.day + 1) // days, MAX_BLOCKS) - 1, -1, -1):
            last = origin.day - block * days
            units, exposure = rates.units.window(last, days)[series], rates.exposure.window(last, days)[series]
            share = np.minimum(exposure / days, 1.0) * self.weight
            rate += share * (units / np.maximum(exposure, 1e-9) - rate)
        return np.maximum(rate, 0.0)
