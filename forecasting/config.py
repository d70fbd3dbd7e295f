"""Settings of the forecaster; every field takes part in the hash of a run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ForecastConfig:
    """How to fit and calibrate.

    Parameters
    ----------
    horizon_days
        Steps the global model is trained for [days].
    threads
        Threads of LightGBM; results are the same for equal numbers only.
    seed
        Seeds the sample of training rows and the model.
    n_origins
        Held-out origins used to choose models and to calibrate distributions.
    max_training_rows
        Cap on (origin, series, step) rows.
    max_calibration_series
        Cap on series forecast at each held-out origin.
    max_rounds
        Trees at most; fewer on little data.
    min_history_days
        A panel shorter than this gets no global model.
    max_signals
        Signals that may stand alone; beyond, those of one family and kind of key are fused to two factors.
    has_signal_features
        Whether the global model reads level, change, age and burst of every signal, beside the factor by which leads
        and effects move demand. Off: more columns made it worse where no signal matters.
    objective
        What the global model minimises: "tweedie" deviance, which weighs series by volume, or the "relative" error,
        which weighs every series-day alike (squared error of the logarithm).
    has_rhythm
        Whether the model reads what is usual on a day: the level against the usual, last year's days, event factors
        and openings. The relative objective always does, and reads rates by weekday and promotion too.
    """

    horizon_days: int = 28
    threads: int = 2
    seed: int = 0
    n_origins: int = 6
    max_training_rows: int = 1_200_000
    max_calibration_series: int = 12_000
    max_rounds: int = 250
    min_history_days: int = 28
    max_signals: int = 12
    has_signal_features: bool = False
    objective: str = "tweedie"
    has_rhythm: bool = True

    @property
    def reads_rhythm(self) -> bool:
        """Whether the global model reads what is usual on a day."""
        return self.has_rhythm or self.objective == "relative"

    @property
    def reads_states(self) -> bool:
        """Whether the global model reads rates by weekday and promotion."""
        return self.objective == "relative"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return dataclasses.asdict(self)
