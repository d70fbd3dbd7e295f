"""From a snapshot to a forecast: fit once, then forecast every day with what was fitted."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.classes import demand_classes
from forecasting.config import ForecastConfig
from forecasting.evidence import Evidence, build_evidence
from forecasting.features import Origin, feature_names, origin_at
from forecasting.forecast import Forecast
from forecasting.forecaster import Forecaster
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.planned_demand import expected_demand, planned
from forecasting.select import BASELINES, select_models
from forecasting.training import training_rows

if TYPE_CHECKING:
    import pandas as pd

    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_HISTORY = "no history of its own: the SKU's rate elsewhere, sized for the location"

logger = logging.getLogger(__name__)


def fit_forecaster(snapshot: Snapshot, network: SupplyNetwork, config: ForecastConfig) -> Forecaster:
    """Choose models on held-out origins, calibrate their distribution, and fit the global model on all days.

    Parameters
    ----------
    snapshot
        What was known at the cutoff; nothing later is read.
    network
        Of the same snapshot.
    config
        Horizon, caps, seed and threads; equal inputs give equal bits for equal threads.

    Returns
    -------
    A forecaster for this snapshot and later ones; any chain gets one, with fallbacks where data are few.
    """
    evidence = build_evidence(snapshot, network, horizon=config.horizon_days, max_signals=config.max_signals)
    selection = select_models(evidence, config)
    model = None
    if selection.is_global_used:
        rows = training_rows(evidence, config, last_target=evidence.last_day, horizon=config.horizon_days)
        model = fit_global_model(rows, feature_names(evidence), config=config)
    logger.info("forecaster fitted at %s: %s", snapshot.cutoff.date(), selection.choices)
    return Forecaster(
        config=config,
        fitted_at=f"{snapshot.cutoff:%Y-%m-%d}",
        global_model=model,
        choices=selection.choices,
        distribution=selection.distribution,
    )


def forecast_demand(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecaster: Forecaster,
    horizon: int,
    *,
    target_shelf: float = np.nan,
) -> Forecast:
    """Forecast demand of every stock point for the days after the snapshot's cutoff.

    Parameters
    ----------
    snapshot
        What is known; its cutoff may be later than the forecaster's fit.
    network
        Of the same snapshot.
    forecaster
        From `fit_forecaster`.
    horizon
        Days ahead, >= 1.
    target_shelf
        NaN: what will be wanted, whatever the shelf will be (to plan on). 1: what will be wanted on days whose shelf
        stays full, which are the days that a record of sales can score and days of less demand than others.

    Returns
    -------
    Finite, non-negative means: 0 before launch, after the end, and on closed days; the model and any fallback of each
    series are declared in ``series``.
    """
    evidence = build_evidence(snapshot, network, horizon=horizon, max_signals=forecaster.config.max_signals)
    origin = origin_at(evidence, evidence.last_day, horizon=horizon)
    origin = dataclasses.replace(origin, target_shelf=target_shelf)
    classes = demand_classes(evidence.history, evidence.last_day)
    series = described_series(evidence, classes, forecaster)
    model = series["model"].to_numpy(dtype=object)
    rows = np.arange(len(series), dtype=np.int64)
    mean = model_means(evidence, origin, rows, model, forecaster=forecaster, horizon=horizon)
    unadjusted = expected_demand(mean, snapshot, evidence, origin=origin)
    adjusted = planned(unadjusted, snapshot, evidence)
    is_adjusted = len(adjusted.record) > 0
    return Forecast(
        cutoff=snapshot.cutoff,
        vintage=f"{snapshot.cutoff:%Y-%m-%d}-{forecaster.id}",
        series=series,
        mean=adjusted.mean,
        distribution=forecaster.distribution,
        unadjusted_mean=unadjusted if is_adjusted else None,
        adjustments=adjusted.record if is_adjusted else None,
    )


def described_series(evidence: Evidence, classes: npt.NDArray[np.object_], forecaster: Forecaster) -> pd.DataFrame:
    """Return the series with demand class, model and fallback."""
    has_history = evidence.history.seen_days.sums[-1] > 0
    model = np.array([forecaster.choices[name].model for name in classes], dtype=object)
    fallback = np.array([forecaster.choices[name].fallback for name in classes], dtype=object)
    series = evidence.panel.series[["sku", "location", "category"]].assign(
        demand_class=classes,
        model=np.where(has_history, model, "moving_average"),
        fallback=np.where(has_history, fallback, NO_HISTORY),
    )
    return series.astype(dict.fromkeys(series.columns, "str"))


def model_means(
    evidence: Evidence,
    origin: Origin,
    rows: Ints,
    model: npt.NDArray[np.object_],
    *,
    forecaster: Forecaster,
    horizon: int,
) -> Array:
    """Return the mean of each series by its own model.

    Parameters
    ----------
    evidence
        Of the snapshot.
    origin
        What is known at its cutoff.
    rows
        (n,) series.
    model
        (n,) name of each series' model.
    forecaster
        Holds the global model.
    horizon
        Days ahead.

    Returns
    -------
    (n, horizon) [units/day], whether the series is active or not.
    """
    mean = np.zeros((rows.size, horizon))
    for name in sorted(set(model)):
        picked = model == name
        point_model = forecaster.global_model if name == GLOBAL else BASELINES[name]
        if point_model is None:
            raise ValueError(f"the forecaster fitted at {forecaster.fitted_at} names a global model but holds none")
        mean[picked] = point_model.mean(evidence, origin, rows[picked], horizon=horizon)
    return mean
