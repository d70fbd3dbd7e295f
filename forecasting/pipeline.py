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
from forecasting.features import feature_names, origin_at
from forecasting.forecast import Forecast
from forecasting.forecaster import Forecaster
from forecasting.launch_analogues import launch_analogues
from forecasting.members import BASELINES, BlendedMeans, Choice
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.models.protocol import PointModel
from forecasting.planned_demand import expected_demand, planned
from forecasting.select import select_models
from forecasting.series_parts import MeansInput, Spread, means_in_parts, means_of_part
from forecasting.signal_fit import fit_signal_plan
from forecasting.training import training_rows

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.features import Origin
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

# Name of the choice of series that never were on a shelf.
UNSEEN = "no history"
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
    evidence = build_evidence(
        snapshot,
        network,
        horizon=config.horizon_days,
        max_signals=config.max_signals,
        has_rhythm=config.reads_rhythm,
        has_states=config.reads_states,
    )
    selection = select_models(evidence, config)
    signal_plan = fit_signal_plan(evidence, config, last_day=evidence.last_day)
    evidence = dataclasses.replace(evidence, signal_plan=signal_plan)
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
        full_shelf=selection.full_shelf,
        signal_plan=signal_plan,
    )


def forecast_demand(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecaster: Forecaster,
    horizon: int,
    *,
    target_shelf: float = np.nan,
    spread: Spread | None = None,
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
    spread
        Who builds features and predicts, series by series; None = this process. No bit depends on it.

    Returns
    -------
    Finite, non-negative means: 0 before launch, after the end, and on closed days; the model and any fallback of each
    series are declared in ``series``.
    """
    evidence = forecaster.evidence(snapshot, network, horizon=horizon)
    origin = origin_at(evidence, evidence.last_day, horizon=horizon)
    origin = dataclasses.replace(origin, target_shelf=target_shelf)
    classes = demand_classes(evidence.history, evidence.last_day)
    rows = np.arange(evidence.panel.n_series, dtype=np.int64)
    given = _means_input(evidence, origin, classes, forecaster=forecaster, horizon=horizon)
    blended = means_in_parts(rows, given, spread=spread)
    unadjusted = expected_demand(blended.mean, snapshot, evidence, origin=origin)
    adjusted = planned(unadjusted, snapshot, evidence)
    is_adjusted = len(adjusted.record) > 0
    return Forecast(
        cutoff=snapshot.cutoff,
        vintage=f"{snapshot.cutoff:%Y-%m-%d}-{forecaster.id}",
        series=described_series(evidence, classes, forecaster),
        mean=adjusted.mean,
        distribution=forecaster.distribution if np.isnan(target_shelf) else forecaster.full_shelf,
        unadjusted_mean=unadjusted if is_adjusted else None,
        adjustments=adjusted.record if is_adjusted else None,
        analogues=_analogues(evidence, classes),
    )


def _analogues(evidence: Evidence, classes: Names) -> pd.DataFrame | None:
    rows = np.flatnonzero(choice_names(evidence, classes) == UNSEEN)
    return launch_analogues(evidence.history, evidence.last_day, rows) if rows.size else None


def described_series(evidence: Evidence, classes: Names, forecaster: Forecaster) -> pd.DataFrame:
    """Return the series with demand class, model and fallback."""
    choices, names = _choices(forecaster), choice_names(evidence, classes)
    series = evidence.panel.series[["sku", "location", "category"]].assign(
        demand_class=classes,
        model=np.array([choices[name].model for name in names], dtype=object),
        fallback=np.array([choices[name].fallback for name in names], dtype=object),
    )
    return series.astype(dict.fromkeys(series.columns, "str"))


def choice_names(evidence: Evidence, classes: Names) -> Names:
    """Key of each series' choice: its demand class, or `UNSEEN`."""
    has_history = evidence.history.seen_days.sums[-1] > 0
    return np.where(has_history, classes, UNSEEN).astype(object)


def model_means(
    evidence: Evidence, origin: Origin, rows: Ints, classes: Names, *, forecaster: Forecaster, horizon: int
) -> BlendedMeans:
    """Return the blended mean of some series.

    Parameters
    ----------
    evidence
        Of the snapshot.
    origin
        What is known at its cutoff.
    rows
        (n,) series.
    classes
        (n_series,) demand class of every series.
    forecaster
        Holds the choices and the global model.
    horizon
        Days ahead.
    """
    return means_of_part(rows, _means_input(evidence, origin, classes, forecaster=forecaster, horizon=horizon))


def _means_input(
    evidence: Evidence, origin: Origin, classes: Names, *, forecaster: Forecaster, horizon: int
) -> MeansInput:
    """What the means of all series are computed from."""
    models: dict[str, PointModel] = dict(BASELINES)
    if forecaster.global_model is not None:
        models[GLOBAL] = forecaster.global_model
    names = choice_names(evidence, classes)
    return MeansInput(evidence, origin, names, choices=_choices(forecaster), models=models, horizon=horizon)


def _choices(forecaster: Forecaster) -> dict[str, Choice]:
    return {**forecaster.choices, UNSEEN: Choice.of_one("moving_average", NO_HISTORY)}
