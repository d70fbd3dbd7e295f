"""Is a newly fitted model better than the one in use? A paired test on the last origins, new to both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.backtest_baselines import weekly_errors
from experiments.backtest_truth import build_truth
from experiments.backtest_value import bootstrap_interval, series_blocks
from forecasting.evidence import build_evidence
from forecasting.folds import rolling_cutoffs
from forecasting.forecaster import Forecaster
from forecasting.pipeline import forecast_demand
from network.graph import build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

Array = npt.NDArray[np.float64]
HORIZON_DAYS = 7
# Fewer origins than this say nothing about the next one.
LEAST_ORIGINS = 3


@dataclass(frozen=True)
class Trial:
    """What came out of a paired test.

    Parameters
    ----------
    n_origins
        Origins that both were tested on.
    value_added
        1 - loss of the challenger / loss of the champion, absolute errors of weekly sums at cost; NaN without origins.
    low, high
        Its 5% and 95% bounds, by a paired block bootstrap over origins and series.
    is_won
        Whether all of the interval speaks for the challenger.
    why
        In a sentence.
    """

    n_origins: int
    value_added: float
    low: float
    high: float
    is_won: bool
    why: str


def try_challenger(
    champion: Forecaster,
    challenger: Forecaster,
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    *,
    last_day: pd.Timestamp,
    n_origins: int = 6,
) -> Trial:
    """Forecast the same past weeks with both models and compare what each missed.

    Only origins at or after the later of the two fits count: a model knows the days it was fitted on.

    Parameters
    ----------
    champion, challenger
        Fitted models.
    tables, settings
        The chain; every origin sees what was known by its day.
    last_day
        Last day that may be scored.
    n_origins
        Most origins, a week apart, the last of them a week before the last day.
    """
    fitted = max(pd.Timestamp(champion.fitted_at), pd.Timestamp(challenger.fitted_at))
    cutoffs = rolling_cutoffs(last_day, horizon=HORIZON_DAYS, n_origins=n_origins, gap_days=HORIZON_DAYS)
    cutoffs = cutoffs[cutoffs >= fitted]
    if len(cutoffs) < LEAST_ORIGINS:
        ready = fitted + pd.Timedelta(days=LEAST_ORIGINS * HORIZON_DAYS)
        nothing = float("nan")
        why = f"{len(cutoffs)} of {LEAST_ORIGINS} weeks since the later fit: it can be tested from {ready:%Y-%m-%d} on."
        return Trial(len(cutoffs), nothing, nothing, nothing, is_won=False, why=why)
    whole = snapshot_at(tables, settings, last_day)
    losses, series = _losses((champion, challenger), whole, cutoffs, tables=tables)
    before, after = losses
    low, high = bootstrap_interval(after, before, series_blocks(series), seed=challenger.config.seed)
    total = float(before.sum())
    added = 1.0 - float(after.sum()) / total if total > 0 else float("nan")
    is_won = bool(low > 0)
    verb = "wins" if is_won else "does not win"
    why = f"The challenger {verb}: {added:+.1%} of the error on {len(cutoffs)} weeks, {low:+.1%} to {high:+.1%}."
    return Trial(len(cutoffs), added, low, high, is_won=is_won, why=why)


def _losses(
    models: tuple[Forecaster, ...], whole: Snapshot, cutoffs: pd.DatetimeIndex, *, tables: Mapping[str, pd.DataFrame]
) -> tuple[list[Array], pd.DataFrame]:
    """Absolute error of each model's weekly sum at cost, (n_origins, n_series) each, and the series."""
    evidence = build_evidence(
        whole, build_network(whole), horizon=HORIZON_DAYS, max_signals=models[0].config.max_signals
    )
    goods = whole.table("skus").set_index("sku")
    price = goods["unit_price"].reindex(evidence.panel.series["sku"]).to_numpy(dtype=np.float64)
    days = np.array([evidence.last_day - (whole.cutoff - cutoff).days for cutoff in cutoffs], dtype=np.int64)
    truth = build_truth(evidence, price, origins=days, horizon=HORIZON_DAYS, seed=models[0].config.seed)
    cost = goods["unit_cost"].reindex(truth.series["sku"]).fillna(1.0).to_numpy(dtype=np.float64)
    means = [np.full(truth.shape, np.nan) for _ in models]
    for number, cutoff in enumerate(cutoffs):
        known = snapshot_at(tables, whole.settings, cutoff)
        network = build_network(known)
        for model, mean in zip(models, means, strict=True):
            forecast = forecast_demand(known, network, model, HORIZON_DAYS)
            index = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
            rows = index.get_indexer(pd.MultiIndex.from_frame(truth.series[["sku", "location"]]))
            mean[number] = np.where((rows >= 0)[:, None], forecast.mean[np.maximum(rows, 0)], np.nan)
    actual = [np.where(np.isnan(mean), np.nan, truth.demand) for mean in means]
    errors = [
        weekly_errors(np.nan_to_num(mean), seen).sum(axis=-1) * cost for mean, seen in zip(means, actual, strict=True)
    ]
    return errors, truth.series
