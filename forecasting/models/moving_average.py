"""Masked moving average: lifted units an observed day over four weeks, shrunk to longer and broader rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MovingAverage:
    """The base rate of `coldstart.base_rates` on every day; a series without history gets its analogue's rate.

    A launch is lifted or lowered as earlier launches of its category were at that age.
    """

    name: str = "moving_average"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return the base rate on every day, (n, horizon)."""
        days = origin.day + np.arange(1, horizon + 1)
        factor = origin.launches.at(np.repeat(series, horizon), np.tile(days, series.size))
        return origin.rate[series][:, None] * factor.reshape(series.size, horizon)
