"""One LightGBM for all nodes and steps: demand against the last four weeks' rate, directly for each step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.node_calendar import NodeCalendar
from forecasting.node_features import (
    BASE_DAYS,
    LEAST_PAST,
    RATIO_REACH,
    NodeHistory,
    day_ratios,
    node_base,
    node_rows,
)

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NAME = "node_trees"
# Training origins lie this many days apart, and each teaches a share of the steps.
ORIGIN_GAP_DAYS = 3
MAX_ROWS = 250_000
# A year of history before the first origin, where there are two.
FIRST_ORIGIN_DAYS = 420
N_MAJOR = 9
LARGEST_TARGET = 10.0
ROUNDS = 150


@dataclass(frozen=True)
class NodeTrees:
    """A fitted booster as text, and the names of the occasions whose distance it reads."""

    text: str
    major: tuple[str, ...]
    threads: int

    def mean(self, demand: Array, level: Ints, calendar: NodeCalendar, *, horizon: int) -> Array:
        """Return mean demand of the days after the last one of ``demand``, (n, horizon) [units/day]."""
        history = _history(demand, level, calendar, names=self.major)
        day = demand.shape[1] - 1
        rows = node_rows(history, day, np.arange(1, horizon + 1))
        scaled = _booster(self.text).predict(rows.reshape(-1, rows.shape[2]), num_threads=self.threads)
        mean: Array = scaled.reshape(len(demand), horizon) * node_base(history, day)[:, None]
        return np.maximum(mean, 0.0)


def fit_node_trees(
    demand: Array, level: Ints, calendar: NodeCalendar, *, weight: Array, horizon: int, threads: int, seed: int
) -> NodeTrees:
    """Fit on origins of the whole history; labels end with its last day.

    Parameters
    ----------
    demand
        (n, n_days) [units/day], NaN where unobserved.
    level
        (n,) codes.
    calendar
        Of the same nodes and days.
    weight
        (n,) importance of a node's squared error [1/units^2]; the loss is weight x squared error in units.
    horizon
        Steps 1..horizon.
    threads, seed
        Equal inputs give equal bits for equal threads.
    """
    import lightgbm

    names = _major_occasions(demand, calendar)
    history = _history(demand, level, calendar, names=names)
    features, target, weights = _training_rows(history, weight, horizon=horizon, seed=seed)
    parameters = {
        "objective": "l2",
        "learning_rate": 0.06,
        "num_leaves": 31,
        "min_data_in_leaf": int(np.clip(target.size // 4000, 5, 60)),
        "feature_fraction": 0.5,
        "lambda_l2": 1.0,
        "max_bin": 127,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        "verbose": -1,
    }
    data = lightgbm.Dataset(features, label=target, weight=weights, params={"max_bin": 127, "verbose": -1})
    booster = lightgbm.train(parameters, data, num_boost_round=ROUNDS)
    return NodeTrees(booster.model_to_string(), names, threads)


def _training_rows(history: NodeHistory, weight: Array, *, horizon: int, seed: int) -> tuple[Array32, Array32, Array32]:
    n, n_days = history.demand.shape
    first = FIRST_ORIGIN_DAYS if n_days > 2 * FIRST_ORIGIN_DAYS else LEAST_PAST
    origins = np.arange(n_days - 2, first - 1, -ORIGIN_GAP_DAYS)[::-1]
    random = np.random.default_rng([seed, n_days])
    n_steps = int(np.clip(MAX_ROWS // max(n * origins.size, 1), 1, max(horizon // 2, 1)))
    begun = np.argmax(history.demand > 0, axis=1)
    parts = []
    for day in origins:
        reach = min(horizon, n_days - 1 - int(day))
        steps = np.sort(random.choice(np.arange(1, reach + 1), min(n_steps, reach), replace=False))
        base = node_base(history, int(day))
        rows = node_rows(history, int(day), steps)
        target = history.demand[:, day + steps] / base[:, None]
        usable = (begun <= day + 1 - BASE_DAYS)[:, None] & (target < LARGEST_TARGET)
        weights = np.broadcast_to((weight * base**2)[:, None], usable.shape)
        parts.append((rows[usable], target[usable], weights[usable]))
    features, labels, loss = (np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True))
    return features, labels, (loss / max(float(loss.mean()), 1e-30)).astype(np.float32)


def _history(demand: Array, level: Ints, calendar: NodeCalendar, *, names: tuple[str, ...]) -> NodeHistory:
    position = {name: row for row, name in enumerate(calendar.occasions)}
    major = tuple(position[name] for name in names if name in position)
    return NodeHistory(_filled(demand), level, calendar, major)


def _filled(demand: Array) -> Array:
    """Unobserved days take the value of a week before, else 0."""
    filled = demand.copy()
    for day in np.flatnonzero(np.isnan(filled).any(axis=0)):
        before = filled[:, day - 7] if day >= 7 else np.zeros(len(filled))
        filled[:, day] = np.where(np.isnan(filled[:, day]), before, filled[:, day])
    return filled


def _major_occasions(demand: Array, calendar: NodeCalendar) -> tuple[str, ...]:
    """Names of the occasions that moved demand most on their days."""
    n_days = demand.shape[1]
    ratio = np.nanmedian(np.nan_to_num(day_ratios(_filled(demand)), nan=1.0), axis=0)
    strength = []
    for on in calendar.occasion_share[:, :, :n_days].max(axis=1, initial=0.0) > 0:
        days = np.flatnonzero(on)
        days = days[(days >= RATIO_REACH) & (days < n_days - RATIO_REACH)]
        strength.append(abs(float(np.log(max(ratio[days].mean(), 0.01)))) if days.size else 0.0)
    order = np.argsort(-np.array(strength), kind="stable")[:N_MAJOR]
    return tuple(calendar.occasions[row] for row in sorted(order))


@lru_cache(maxsize=4)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)
