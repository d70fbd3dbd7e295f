"""Seasonal naive: the base rate shaped by the weekday profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SeasonalNaive:
    """The week to come looks like the mean of the last weeks, weekday by weekday.

    The mean of the last same weekdays, shrunk: base rate times own weekday factor. With a season of seven days and
    shrinkage 0 this is the mean of seasonal naive forecasts (Hyndman and Athanasopoulos, Forecasting: Principles and
    Practice, 3rd ed., 5.2).
    """

    name: str = "seasonal_naive"

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return base rate times weekday factor, (n, horizon)."""
        back = -np.arange(1, horizon + 1) % 7
        own, _, _ = origin.weekday
        factors = own[:, series][back].T.astype(np.float64)
        return origin.rate[series][:, None] * factors
