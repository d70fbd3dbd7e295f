"""The global direct model: one LightGBM for all series and steps, with the step as a feature."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.config import ForecastConfig
from forecasting.evidence import Evidence
from forecasting.features import Origin, feature_names, rows_at
from forecasting.training import TWEEDIE_POWER, TrainingRows

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NAME = "global"
RELATIVE = "relative"
TWEEDIE = {"objective": "tweedie", "tweedie_variance_power": TWEEDIE_POWER}
EVENT_FACTOR_NAME = "event_factor"
# Logarithms are taken of scaled targets and event factors of at least this.
LEAST_TARGET, LEAST_FACTOR = 0.02, 0.02
# Fewer rows than this teach a tree nothing that a baseline does not know.
MIN_ROWS = 500
FULL_ROWS = 500_000
LEAST_ROUNDS = 100
# Rows predicted at once, to bound memory.
CHUNK_ROWS = 200_000


@dataclass(frozen=True)
class GlobalModel:
    """A fitted booster as text.

    Parameters
    ----------
    text
        LightGBM model text.
    features
        Column names it was fitted on; columns missing at prediction time read as unknown.
    threads
        Threads used to predict; the result does not depend on them.
    objective
        As in `ForecastConfig`: a "relative" booster predicts logarithms.
    smearing
        Mean of what the logarithms left unexplained, exponentiated (Duan 1983, "Smearing estimate").
    """

    text: str
    features: tuple[str, ...]
    threads: int
    name: str = NAME
    objective: str = "tweedie"
    smearing: float = 1.0

    def mean(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return predicted scale times base rate, (n, horizon)."""
        booster, columns = _booster(self.text), self._columns(evidence)
        result = np.empty((series.size, horizon))
        size = max(CHUNK_ROWS // horizon, 1)
        for first in range(0, series.size, size):
            chunk = series[first : first + size]
            rows = self._rows(evidence, origin, chunk, horizon=horizon, columns=columns)
            scaled = booster.predict(rows, num_threads=self.threads)
            if self.objective == RELATIVE:
                scaled = np.exp(scaled) * self.smearing
            if EVENT_FACTOR_NAME in self.features:
                scaled = scaled * event_factors_of(rows, self.features)
            lifts = origin.signals.lifts(chunk, horizon=horizon)
            result[first : first + size] = scaled.reshape(chunk.size, horizon) * (origin.base[chunk][:, None] * lifts)
        return np.maximum(result, 0.0)

    def contributions(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int) -> Array:
        """Return additive contributions to the log of the scaled prediction, (n, horizon, n_features + 1)."""
        rows = self._rows(evidence, origin, series, horizon=horizon, columns=self._columns(evidence))
        parts = _booster(self.text).predict(rows, pred_contrib=True, num_threads=self.threads)
        parts = np.asarray(parts, dtype=np.float64)
        if EVENT_FACTOR_NAME in self.features:
            parts[:, self.features.index(EVENT_FACTOR_NAME)] += np.log(event_factors_of(rows, self.features))
        if self.objective == RELATIVE:
            parts[:, -1] += np.log(self.smearing)
        return parts.reshape(series.size, horizon, -1)

    def _columns(self, evidence: Evidence) -> Ints:
        """Position of each fitted column among the evidence's, -1 where it has none."""
        position = {name: column for column, name in enumerate(feature_names(evidence))}
        return np.array([position.get(name, -1) for name in self.features], dtype=np.int64)

    def _rows(self, evidence: Evidence, origin: Origin, series: Ints, *, horizon: int, columns: Ints) -> Array32:
        steps = np.tile(np.arange(1, horizon + 1), series.size)
        rows = rows_at(evidence, origin, np.repeat(series, horizon), steps=steps)
        if np.array_equal(columns, np.arange(rows.shape[1])):
            return rows
        picked = rows[:, columns]
        picked[:, columns < 0] = np.nan
        return picked


def fit_global_model(rows: TrainingRows, features: tuple[str, ...], *, config: ForecastConfig) -> GlobalModel | None:
    """Fit the booster, bit-reproducibly for a given number of threads.

    Parameters
    ----------
    rows
        Sampled training rows.
    features
        Names of the columns.
    config
        Rounds, threads, seed.

    Returns
    -------
    The model, or None where there are too few rows or nothing was ever sold.
    """
    import lightgbm

    if rows.target.size < MIN_ROWS or not rows.target.any():
        return None
    is_relative = config.objective == RELATIVE
    factor = event_factors_of(rows.features, features) if EVENT_FACTOR_NAME in features else np.ones(rows.target.size)
    # the trees learn demand as if events did nothing: what they do is a factor beside them
    label = np.log(np.maximum(rows.target, LEAST_TARGET) / factor) if is_relative else rows.target / factor
    data = lightgbm.Dataset(
        rows.features,
        label=label,
        weight=rows.weight if is_relative else rows.weight * factor ** (2.0 - TWEEDIE_POWER),
        feature_name=[f"f{column}" for column in range(len(features))],
        free_raw_data=True,
        params={"max_bin": 127, "verbose": -1, "num_threads": config.threads},
    )
    booster = lightgbm.train(_parameters(rows, config), data, num_boost_round=_rounds(rows, config))
    model = GlobalModel(booster.model_to_string(), features, config.threads, objective=config.objective)
    if not is_relative:
        return model
    told = rows.weight > 0
    fitted = np.asarray(booster.predict(rows.features[told], num_threads=config.threads), dtype=np.float64)
    unexplained = label[told] - fitted
    return dataclasses.replace(model, smearing=float(np.average(np.exp(unexplained), weights=rows.weight[told])))


def event_factors_of(rows: Array32, features: tuple[str, ...]) -> Array:
    """Event factor of feature rows, floored, (n_rows,)."""
    return np.maximum(rows[:, features.index(EVENT_FACTOR_NAME)].astype(np.float64), LEAST_FACTOR)


def _parameters(rows: TrainingRows, config: ForecastConfig) -> dict[str, Any]:
    return {
        **({"objective": "l2"} if config.objective == RELATIVE else TWEEDIE),
        "learning_rate": 0.06,
        "num_leaves": 63,
        "min_data_in_leaf": int(np.clip(rows.target.size // 2000, 20, 200)),
        "feature_fraction": 0.6,
        "lambda_l2": 2.0,
        "max_bin": 127,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": config.threads,
        "seed": config.seed,
        "verbose": -1,
    }


def _rounds(rows: TrainingRows, config: ForecastConfig) -> int:
    share = np.clip(rows.target.size / FULL_ROWS, 0.0, 1.0)
    return int(min(config.max_rounds, LEAST_ROUNDS + share * (config.max_rounds - LEAST_ROUNDS)))


@lru_cache(maxsize=4)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)
