"""Scores a forecast of M5: WRMSSE by level with the official weights, and the sample against a plain mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from _m5_data import N_LEVELS, day_columns, level_weights, newest, series_weights

from forecasting.metrics import rmsse

Array = npt.NDArray[np.float64]

LEVELS_FILE, SAMPLE_FILE = "levels1_9*.parquet", "sales_sample1000*.parquet"
PLAIN_DAYS = 28


def score(forecast: pd.DataFrame, actuals: Path, *, history: Path | None = None) -> dict[str, float]:
    """Return ``wrmsse`` (mean over levels), ``wrmsse_1`` ... ``wrmsse_9``, and the sample's ``sample_rmsse``.

    The scale of RMSSE is the mean squared one-day change from the first sale to the cutoff. ``sample_change`` is the
    sample's weighted RMSSE against that of the mean of the last 28 days (days before the first sale left out).

    Parameters
    ----------
    forecast
        Columns key, id, d, mean: as `m5.py` writes it.
    actuals
        Folder as published, or one of its two files.
    history
        Folder with the days up to the cutoff and the weights; without it the actuals hold both.

    Raises
    ------
    ValueError
        If no series of the forecast has an actual.
    """
    past = history or (actuals if actuals.is_dir() else actuals.parent)
    result: dict[str, float] = {}
    levels, sample = (_file(actuals, pattern) for pattern in (LEVELS_FILE, SAMPLE_FILE))
    by_key, by_id = forecast[forecast["key"].notna()], forecast[forecast["id"].notna()]
    if levels and len(by_key):
        result |= _levels(by_key, levels, past)
    if sample and len(by_id):
        result |= _sample(by_id, sample, past)
    if not result:
        raise ValueError(f"{actuals} has no series of the forecast")
    return result


def weighted_rmsse(mean: Array, demand: Array, past: Array, *, weight: Array) -> float:
    """Weighted mean of RMSSE; series whose history never changes are left out."""
    error = rmsse(mean, demand, past)
    known = ~np.isnan(error)
    return float((error[known] * weight[known]).sum() / weight[known].sum())


def _file(actuals: Path, pattern: str) -> Path | None:
    if actuals.is_dir():
        return newest(actuals, pattern) if any(actuals.glob(pattern)) else None
    return actuals if actuals.match(pattern) else None


def _levels(forecast: pd.DataFrame, path: Path, past: Path) -> dict[str, float]:
    table = pd.read_parquet(path)
    mean, demand, history = _arrays(forecast, table, past, name="key", pattern=LEVELS_FILE)
    weight, level = level_weights(past, table), table["level"].to_numpy()
    by_level = {
        f"wrmsse_{number}": weighted_rmsse(
            mean[level == number], demand[level == number], history[level == number], weight=weight[level == number]
        )
        for number in range(1, N_LEVELS + 1)
        if (level == number).any()
    }
    return {"wrmsse": float(np.mean(list(by_level.values()))), **by_level}


def _sample(forecast: pd.DataFrame, path: Path, past: Path) -> dict[str, float]:
    table = pd.read_parquet(path)
    table = table[table["id"].isin(forecast["id"])].reset_index(drop=True)
    mean, demand, history = _arrays(forecast, table, past, name="id", pattern=SAMPLE_FILE)
    weight = series_weights(past, table)
    plain = np.repeat(plain_mean(history)[:, None], demand.shape[1], axis=1)
    ours = weighted_rmsse(mean, demand, history, weight=weight)
    theirs = weighted_rmsse(plain, demand, history, weight=weight)
    total = demand.sum()
    return {
        "sample_rmsse": ours,
        "sample_rmsse_plain": theirs,
        "sample_change": ours / theirs - 1.0,
        "sample_wape": float(np.abs(mean - demand).sum() / total),
        "sample_bias": float((mean - demand).sum() / total),
    }


def plain_mean(history: Array) -> Array:
    """Mean of the last 28 days since the first sale, (n,) [units/day]; 0 before any."""
    is_begun = np.cumsum(history > 0, axis=1) > 0
    units, days = history[:, -PLAIN_DAYS:].sum(axis=1), is_begun[:, -PLAIN_DAYS:].sum(axis=1)
    mean: Array = units / np.maximum(days, 1)
    return mean


def _arrays(
    forecast: pd.DataFrame, table: pd.DataFrame, past: Path, *, name: str, pattern: str
) -> tuple[Array, Array, Array]:
    """Means and actuals of the forecast's days, and the history before them, in the table's order."""
    wide = forecast.pivot_table(index=name, columns="d", values="mean", aggfunc="first")
    days = sorted(wide.columns, key=lambda day: int(day.removeprefix("d_")))
    before = day_columns(int(days[0].removeprefix("d_")) - 1)
    known = table if before[-1] in table else pd.read_parquet(newest(past, pattern))
    known = known.set_index(name).loc[table[name], before]
    mean = wide.loc[table[name], days].to_numpy(dtype=np.float64)
    return mean, table[days].to_numpy(dtype=np.float64), known.to_numpy(dtype=np.float64)
