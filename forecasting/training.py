"""Training rows of the global model: a sample of (origin, series, step), each seen as its origin saw it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.config import ForecastConfig
from forecasting.evidence import Evidence
from forecasting.features import TARGET_SHELF, feature_names, origin_at, rows_at

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# An origin needs this many days behind it.
MIN_PAST_DAYS = 7
MAX_ORIGINS = 56
# Origins over a long history lie this far apart, and are so many at most.
OLDER_GAP_DAYS, MAX_OLDER_ORIGINS = 12, 84
# Every second origin is drawn from the most recent days, the rest from the whole history.
RECENT_DAYS = 120
# Share of rows that show the shelf of their target day. Days that stay full are days of low demand, so the model must
# tell them apart to forecast them, and rows that hide the shelf teach it demand whatever the shelf will be.
SHOWN_SHELF_SHARE = 0.5
# A label beyond this many base rates plus units is cut: one-off spikes teach nothing.
LABEL_CAP_RATES, LABEL_CAP_UNITS = 20.0, 10.0
# Tweedie deviance of unscaled demand weighs a scaled row by base ** (2 - power).
TWEEDIE_POWER = 1.4
# Rows a series and year, so that a small chain is fitted in seconds.
ROWS_PER_SERIES = 100
LEAST_ROWS_CAP = 60_000


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Features, scaled targets and weights: (n, n_features), (n,), (n,)."""

    features: Array32
    target: Array32
    weight: Array32


def training_rows(evidence: Evidence, config: ForecastConfig, *, last_target: int, horizon: int) -> TrainingRows:
    """Sample rows whose target days lie at or before day index ``last_target``.

    Parameters
    ----------
    evidence
        Of the snapshot.
    config
        Caps and seed.
    last_target
        Last day index that may be a label.
    horizon
        Steps 1..horizon.
    """
    origins = training_origins(last_target)
    years = max(evidence.panel.n_days / 365.0, 1.0)
    wanted = int(ROWS_PER_SERIES * years) * evidence.panel.n_series
    n_rows = min(config.max_training_rows, max(LEAST_ROWS_CAP, wanted))
    random = np.random.default_rng([config.seed, last_target])
    # a stream of its own, so that what is shown does not change which rows are drawn
    shelf_random = np.random.default_rng([config.seed, last_target, 1])
    is_relative = config.objective == "relative"
    parts = []
    for day in origins:
        series, steps = _sampled(
            evidence, day, n_rows // len(origins), last_step=min(horizon, last_target - day), random=random
        )
        if series.size:
            origin = origin_at(evidence, day, horizon=horizon)
            features = rows_at(evidence, origin, series, steps=steps)
            shown = _shown_shelf(evidence, series, days=day + steps, random=shelf_random)
            features[:, feature_names(evidence).index(TARGET_SHELF)] = shown
            target, weight = _labels(evidence, origin.base, series, days=day + steps, is_relative=is_relative)
            # the model learns demand with signals at rest: what they do is a factor of its own
            lift = origin.signals.lift(series, steps).astype(np.float32)
            heavier = np.float32(1.0) if is_relative else lift ** np.float32(2.0 - TWEEDIE_POWER)
            parts.append((features, target / lift, weight * heavier))
    if not parts:
        return TrainingRows(*(np.zeros(shape, dtype=np.float32) for shape in ((0, 0), (0,), (0,))))
    return TrainingRows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def training_origins(last_target: int) -> list[int]:
    """Origins in ascending order: half from the recent days, half from all; on a long history more from all."""
    first, last = MIN_PAST_DAYS - 1, last_target - 1
    if last < first:
        return []
    recent = np.linspace(max(first, last - RECENT_DAYS), last, MAX_ORIGINS // 2)
    older = np.linspace(first, last, max(MAX_ORIGINS // 2, min(last // OLDER_GAP_DAYS, MAX_OLDER_ORIGINS)))
    return sorted({int(day) for day in np.floor(np.concatenate([recent, older]))})


def _sampled(
    evidence: Evidence, day: int, n_rows: int, *, last_step: int, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """Draw (series, step) pairs without replacement among those alive, open and on the shelf."""
    panel = evidence.panel
    is_begun = panel.series["first_day"].to_numpy() <= day
    labels = panel.demand[:, day + 1 : day + 1 + last_step]
    usable = is_begun[:, None] & ~np.isnan(labels)
    flat = np.flatnonzero(usable.ravel())
    if flat.size > n_rows:
        flat = np.sort(random.choice(flat, n_rows, replace=False))
    return flat // last_step, flat % last_step + 1


def _shown_shelf(evidence: Evidence, series: Ints, *, days: Ints, random: np.random.Generator) -> Array32:
    """Share of the target day on the shelf for a random part of the rows, NaN (unknown ahead) for the others."""
    is_shown = random.random(series.size) < SHOWN_SHELF_SHARE
    return np.where(is_shown, evidence.panel.available[series, days], np.nan).astype(np.float32)


def _labels(evidence: Evidence, base: Array, series: Ints, *, days: Ints, is_relative: bool) -> tuple[Array32, Array32]:
    demand = evidence.panel.demand[series, days].astype(np.float64)
    cap = LABEL_CAP_RATES * base[series] + LABEL_CAP_UNITS
    target = np.minimum(demand, cap) / base[series]
    # lifted days weigh as much as others; a day without demand has no relative error
    weight = demand > 0 if is_relative else base[series] ** (2.0 - TWEEDIE_POWER)
    return target.astype(np.float32), weight.astype(np.float32)
