"""TSB: exponentially smoothed probability and size of demand, for series that sell rarely or die out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.coldstart import base_rates
from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days of history read; what is older has no weight left.
LOOK_BACK_DAYS = 365


@dataclass(frozen=True)
class Tsb:
    """Teunter, Syntetos and Babai (2011), eqs. 1 to 3: the probability is updated every day, the size on sales only.

    Both start from the analogue's rate, as Poisson demand would have them. Unobserved days teach nothing; lifted
    days teach as much as others.

    Parameters
    ----------
    probability_weight
        Smoothing of the demand probability, in (0, 1).
    size_weight
        Smoothing of the demand size, in (0, 1).
    """

    probability_weight: float = 0.04
    size_weight: float = 0.10
    name: str = "tsb"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return probability times size on every day, (n, horizon)."""
        first = max(origin.day + 1 - LOOK_BACK_DAYS, 0)
        demand = evidence.panel.demand[series, first : origin.day + 1].T.astype(np.float64)
        start = base_rates(evidence.history, origin.day).analogue[series]
        probability = 1.0 - np.exp(-start)
        size = np.where(probability > 0, start / np.where(probability > 0, probability, 1.0), 0.0)
        for today in demand:
            is_seen, is_sale = ~np.isnan(today), np.nan_to_num(today) > 0
            probability += np.where(is_seen, self.probability_weight * (is_sale - probability), 0.0)
            weight = np.where(size > 0, self.size_weight, 1.0)
            size += np.where(is_sale, weight * (np.nan_to_num(today) - size), 0.0)
        return np.repeat((probability * size)[:, None], horizon, axis=1)
