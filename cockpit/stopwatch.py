"""Which stage a run is in and how long each took."""

from __future__ import annotations

import logging
import time

STAGES = {
    "network": "Building the network",
    "fit": "Fitting the forecast models",
    "forecast": "Forecasting demand",
    "drivers": "Telling what drives the forecasts",
    "targets": "Setting stock targets",
    "flow": "Optimizing moves and orders",
    "trucks": "Filling the trucks",
    "audit": "Auditing the plan",
    "explain": "Explaining each order in money",
    "exceptions": "Looking for what needs a person",
    "kpis": "Counting",
}
_log = logging.getLogger(__name__)


class Stopwatch:
    """Hears which stage a plan enters, says so to whoever watches, and knows how long each took [seconds]."""

    def __init__(self) -> None:
        self._marks: list[tuple[str, float]] = []

    def __call__(self, stage: str) -> None:
        _log.info(STAGES.get(stage, stage))
        self._marks.append((stage, time.perf_counter()))

    def seconds(self) -> dict[str, float]:
        """Return the time from each stage to the next, the last one until now."""
        ends = [*(mark for _, mark in self._marks[1:]), time.perf_counter()]
        return {stage: round(end - start, 3) for (stage, start), end in zip(self._marks, ends, strict=True)}
