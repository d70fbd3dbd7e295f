"""Masked moving average: units a full-shelf day over four weeks, shrunk to longer and broader rates."""

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
    """The base rate of `coldstart.base_rates` on every day; a series without history gets its analogue's rate."""

    name: str = "moving_average"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return the base rate on every day, (n, horizon)."""
        return np.repeat(origin.rate[series][:, None], horizon, axis=1)
