"""Scores of a backtest by slice, and the calibration of its distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.backtest_baselines import WEEK
from experiments.backtest_truth import Slice, Truth
from forecasting.forecast import Forecast
from forecasting.metrics import bias, pinball, randomised_pit, wape

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DAY_LEVELS = (0.5, 0.9)
LENGTHS = (1, 7, 14, 28)
COVERED_LENGTHS = (7, 14)
COVERED_LEVEL = 0.9
N_BINS = 20


@dataclass(frozen=True, eq=False)
class Distributions:
    """What the served forecast says beside its mean.

    Parameters
    ----------
    quantiles
        (n_origins, n_series, horizon, len(DAY_LEVELS)) [units/day].
    pit
        By length [days]: (n_origins, n_series) randomised transform of demand over the first days, NaN where a day was
        not observed.
    loss, loss_plain
        (n_origins, n_series) pinball loss at 0.9 of the demand of the first week, by the forecast's distribution and
        by Poisson around the same mean; 0 where unobserved [units].
    """

    quantiles: Array
    pit: dict[int, Array]
    loss: Array
    loss_plain: Array


def metrics_by_slice(means: dict[str, Array], truth: Truth, served: Distributions, *, served_step: str) -> pd.DataFrame:
    """Score every step in every slice.

    Parameters
    ----------
    means
        By step: (n_origins, n_series, horizon) [units/day], NaN where the origin did not know the series.
    truth
        What happened.
    served
        Distributions of the served step.
    served_step
        Its name.

    Returns
    -------
    step, slice, label, n_days, n_series, demand, wape, bias, wape_week (sums of weeks ahead), rmsse, wape_full_shelf,
    bias_full_shelf; of the served step also pinball_50, pinball_90 [units/day], coverage_7, coverage_14 (at 0.9).
    """
    scored = np.isfinite(truth.demand) & np.isfinite(next(iter(means.values())))
    rows = []
    for split in truth.slices:
        codes = np.broadcast_to(split.codes, truth.shape)
        for code, label in enumerate(split.labels):
            inside = scored & (codes == code)
            if not inside.any():
                continue
            for step, mean in means.items():
                row = {"step": step, "slice": split.name, "label": label, **_scores(mean, truth, inside)}
                rows.append({**row, **(_served_scores(served, truth, inside) if step == served_step else {})})
    return pd.DataFrame(rows)


def _scores(mean: Array, truth: Truth, inside: Flags) -> dict[str, float]:
    full = inside & truth.is_full_shelf
    demand = truth.demand
    weeks, seen = _weekly(np.where(inside, mean, 0.0)), _weekly(np.where(inside, demand, 0.0))
    return {
        "n_days": float(inside.sum()),
        "n_series": float(inside.any(axis=(0, 2)).sum()),
        "demand": float(demand[inside].sum()),
        "wape": wape(mean[inside], demand[inside]),
        "bias": bias(mean[inside], demand[inside]),
        "wape_week": wape(weeks, seen),
        "rmsse": _rmsse(mean, truth, inside),
        "wape_full_shelf": wape(mean[full], demand[full]),
        "bias_full_shelf": bias(mean[full], demand[full]),
    }


def _weekly(values: Array) -> Array:
    result: Array = np.add.reduceat(values, np.arange(0, values.shape[2], WEEK), axis=2)
    return result


def _rmsse(mean: Array, truth: Truth, inside: Flags) -> float:
    """Mean over (origin, series) of the root mean squared scaled error of its days in the slice."""
    squares = np.where(inside, (mean - np.nan_to_num(truth.demand)) ** 2, 0.0).sum(axis=2)
    count = inside.sum(axis=2)
    known = (count > 0) & np.isfinite(truth.scale)
    if not known.any():
        return float("nan")
    return float(np.mean(np.sqrt(squares[known] / count[known] / truth.scale[known])))


def _served_scores(served: Distributions, truth: Truth, inside: Flags) -> dict[str, float]:
    scores = {
        f"pinball_{round(100 * level)}": pinball(served.quantiles[..., i][inside], truth.drawn[inside], level)
        for i, level in enumerate(DAY_LEVELS)
    }
    for length in COVERED_LENGTHS:
        pit = served.pit.get(length)
        touched = inside[:, :, :length].any(axis=2)
        values = np.zeros(0) if pit is None else pit[touched & np.isfinite(pit)]
        scores[f"coverage_{length}"] = float(np.mean(values <= COVERED_LEVEL)) if values.size else float("nan")
    return scores


@dataclass(frozen=True, eq=False)
class _OriginScores:
    quantiles: Array
    pit: dict[int, Array]
    loss: Array
    loss_plain: Array


def origin_distributions(forecast: Forecast, rows: Ints, drawn: Array, *, random: np.random.Generator) -> _OriginScores:
    """Score one origin's distributions against what happened.

    Parameters
    ----------
    forecast
        Of the origin.
    rows
        (n_series,) row of each true series in the forecast, -1 where it has none.
    drawn
        (n_series, horizon) demand [units].
    random
        Of the randomised transform.
    """
    known = np.flatnonzero(rows >= 0)
    picked, actual = forecast.take(rows[known]), drawn[known]
    n_series, horizon = drawn.shape
    quantiles = np.full((n_series, horizon, len(DAY_LEVELS)), np.nan)
    for day in range(horizon):
        quantiles[known, day] = picked.interval_quantiles(DAY_LEVELS, day, day + 1)
    pit = {}
    for length in (length for length in LENGTHS if length <= horizon):
        pit[length] = np.full(n_series, np.nan)
        pit[length][known] = _transform(picked, actual, length, random=random)
    week = min(WEEK, horizon)
    plain = picked.replace(distribution=picked.distribution.negative_binomial(0.0))
    losses = [np.zeros(n_series), np.zeros(n_series)]
    for loss, source in zip(losses, (picked, plain), strict=True):
        loss[known] = _week_loss(source, actual[:, :week])
    return _OriginScores(quantiles, pit, *losses)


def joined(parts: list[_OriginScores]) -> Distributions:
    """Stack origins."""
    return Distributions(
        quantiles=np.stack([part.quantiles for part in parts]),
        pit={length: np.stack([part.pit[length] for part in parts]) for length in parts[0].pit},
        loss=np.stack([part.loss for part in parts]),
        loss_plain=np.stack([part.loss_plain for part in parts]),
    )


def _observed_sum(forecast: Forecast, actual: Array) -> tuple[Array, Flags]:
    """Demand over all days, and whether every day with a forecast was observed and any has one."""
    is_active = forecast.mean[:, : actual.shape[1]] > 0
    usable = is_active.any(axis=1) & (~is_active | ~np.isnan(actual)).all(axis=1)
    return np.nan_to_num(actual).sum(axis=1), np.asarray(usable, dtype=bool)


def _transform(forecast: Forecast, actual: Array, length: int, *, random: np.random.Generator) -> Array:
    total, usable = _observed_sum(forecast, actual[:, :length])
    values = np.column_stack([total, np.ceil(total) - 1.0])
    cdf = forecast.interval_cdf(values, 0, length)
    pit = randomised_pit(cdf[:, 0], np.minimum(cdf[:, 1], cdf[:, 0]), random=random)
    return np.where(usable, pit, np.nan)


def _week_loss(forecast: Forecast, actual: Array) -> Array:
    total, usable = _observed_sum(forecast, actual)
    short = total - forecast.interval_quantiles([COVERED_LEVEL], 0, actual.shape[1])[:, 0]
    return np.where(usable, np.maximum(COVERED_LEVEL * short, (COVERED_LEVEL - 1.0) * short), 0.0)


def calibration_table(served: Distributions, truth: Truth) -> pd.DataFrame:
    """Return the histogram of the randomised transform by demand class and interval length.

    Returns
    -------
    demand_class (empty: all), length_days, low, high (bounds of the bin), n, share of all in the bin, reached (share
    at or below ``high``: what a calibrated forecast makes equal to it).
    """
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    rows = []
    for length, pit in served.pit.items():
        for name in ("", *sorted(set(truth.demand_class.ravel().astype(str)))):
            picked = np.isfinite(pit) & ((truth.demand_class == name) if name else True)
            counts = np.histogram(pit[picked], bins=edges)[0]
            total = max(int(counts.sum()), 1)
            for i, count in enumerate(counts):
                reached = float(counts[: i + 1].sum()) / total
                rows.append((name, length, edges[i], edges[i + 1], int(count), count / total, reached))
    return pd.DataFrame(rows, columns=["demand_class", "length_days", "low", "high", "n", "share", "reached"])


def slice_named(slices: tuple[Slice, ...], name: str) -> Slice:
    """Return the split of that name."""
    return next(split for split in slices if split.name == name)
