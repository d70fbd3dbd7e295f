"""What every model of mean demand can do."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.features import Origin

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class PointModel(Protocol):
    """A model of mean daily demand as seen from an origin."""

    @property
    def name(self) -> str:
        """Name written into ``series.model``."""
        ...

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return mean demand of the days after the origin.

        Parameters
        ----------
        evidence
            Read up to the origin only.
        origin
            What is known there.
        series
            (n,) rows of the panel.
        horizon
            Days ahead.

        Returns
        -------
        (n, horizon) [units/day], finite and >= 0.
        """
        ...
