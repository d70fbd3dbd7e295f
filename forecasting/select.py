"""Which models serve which demand class: blends fitted on held-out origins, and how far they strayed there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.blend import HeldOutMeans, fitted_blends
from forecasting.calibration import HeldOutErrors, calibrated_distribution
from forecasting.censoring import DAY_DISPERSION
from forecasting.classes import DemandClass, demand_classes
from forecasting.config import ForecastConfig
from forecasting.distribution import CumulativeDistribution
from forecasting.evidence import Evidence
from forecasting.features import Origin, feature_names, origin_at
from forecasting.folds import HeldOut, held_out_origins
from forecasting.members import BASELINES, Choice, blended_means
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.lightgbm_direct import GlobalModel, fit_global_model
from forecasting.models.protocol import PointModel
from forecasting.pretended import pretended_launches
from forecasting.signal_fit import fit_signal_plan
from forecasting.training import training_rows

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

CLASSES = tuple(str(name) for name in DemandClass)
TOO_SHORT = "history too short for the global model"
NOT_COMPARED = "nothing to compare models on"
WORSE = "baselines were better than the global model on held-out origins"


@dataclass(frozen=True, eq=False)
class Selection:
    """Outcome of the held-out comparison.

    Parameters
    ----------
    choices
        By demand class.
    distribution
        Calibrated on the blends' held-out errors.
    is_global_used
        Whether the global model is needed.
    """

    choices: dict[str, Choice]
    distribution: CumulativeDistribution
    is_global_used: bool


def select_models(evidence: Evidence, config: ForecastConfig) -> Selection:
    """Fit on the past of the first held-out origin, blend all models on the held-out days, and calibrate.

    Parameters
    ----------
    evidence
        Of the snapshot.
    config
        Number of origins, caps, seed.
    """
    held_out = held_out_origins(
        evidence.panel.n_days, horizon=min(config.horizon_days, evidence.horizon), n_origins=config.n_origins
    )
    if not held_out.origins:
        unjudged = Choice.of_one("moving_average", TOO_SHORT)
        prior = calibrated_distribution(_no_errors(), CLASSES, seed=config.seed)
        return Selection(dict.fromkeys(CLASSES, unjudged), prior, is_global_used=False)
    evidence = dataclasses.replace(
        evidence, signal_plan=fit_signal_plan(evidence, config, last_day=held_out.origins[0])
    )
    models = dict(BASELINES)
    trial = _trial_model(evidence, config, held_out)
    if trial is not None:
        models[GLOBAL] = trial
    series = _calibration_series(evidence.panel.n_series, config)
    origins = [origin_at(evidence, day, horizon=held_out.horizon) for day in held_out.origins]
    is_promoted = np.stack([origin.announced.is_on[series] > 0 for origin in origins])
    codes = _class_codes(evidence, held_out, series)
    means = _held_out_means(evidence, origins, series, models=models, horizon=held_out.horizon)
    demand, active = _held_out_demand(evidence, held_out, series, seed=config.seed)
    is_compared = active & ~np.isnan(demand) & ~is_promoted
    choices = _choices(HeldOutMeans(means, demand, is_compared, codes))
    chosen = _chosen_means(means, choices, codes=codes, is_promoted=is_promoted)
    keys = [pd.factorize(evidence.panel.series[name])[0][series].astype(np.int64) for name in ("sku", "location")]
    errors = HeldOutErrors(chosen * active, demand, is_active=active, codes=codes, sku=keys[0], location=keys[1])
    launches = _launch_errors(evidence, held_out, models=models, choices=choices, seed=config.seed)
    return Selection(
        choices=choices,
        distribution=calibrated_distribution(errors, CLASSES, seed=config.seed, launches=launches),
        is_global_used=trial is not None and _is_global_used(evidence, choices),
    )


def _trial_model(evidence: Evidence, config: ForecastConfig, held_out: HeldOut) -> GlobalModel | None:
    """Global model that has seen no day after the first held-out origin."""
    if evidence.panel.n_days < config.min_history_days:
        return None
    rows = training_rows(evidence, config, last_target=held_out.origins[0], horizon=held_out.horizon)
    return fit_global_model(rows, feature_names(evidence), config=config)


def _calibration_series(n_series: int, config: ForecastConfig) -> Ints:
    if n_series <= config.max_calibration_series:
        return np.arange(n_series, dtype=np.int64)
    random = np.random.default_rng([config.seed, 2])
    return np.sort(random.choice(n_series, config.max_calibration_series, replace=False)).astype(np.int64)


def _class_codes(evidence: Evidence, held_out: HeldOut, series: Ints) -> Ints:
    index = {name: code for code, name in enumerate(CLASSES, start=1)}
    rows = [demand_classes(evidence.history, day)[series] for day in held_out.origins]
    codes = np.array([[index[name] for name in row] for row in rows], dtype=np.int64)
    return codes.reshape(len(held_out.origins), series.size)


def _held_out_means(
    evidence: Evidence, origins: list[Origin], series: Ints, *, models: dict[str, PointModel], horizon: int
) -> dict[str, Array]:
    """Mean of every model at every held-out origin, (n_origins, n_series, horizon) each."""
    return {
        name: np.stack([model.mean(evidence, origin, series, horizon=horizon) for origin in origins])
        for name, model in models.items()
    }


def _held_out_demand(
    evidence: Evidence, held_out: HeldOut, series: Ints, *, seed: int
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Demand that came and which days were active; what a stock-out hid is drawn, because its mean has no spread."""
    random = np.random.default_rng([seed, 3])
    demand, active = [], []
    for day in held_out.origins:
        days = slice(day + 1, day + 1 + held_out.horizon)
        lifted = evidence.panel.demand[series, days].astype(np.float64)
        sold = evidence.panel.sales[series, days].astype(np.float64)
        hidden = np.nan_to_num(np.maximum(lifted - sold, 0.0))
        shape = 1.0 / DAY_DISPERSION + sold
        drawn = random.poisson(random.gamma(shape, hidden / shape))
        demand.append(np.where(np.isnan(lifted), np.nan, np.where(hidden > 0, sold + drawn, sold)))
        attributes = evidence.panel.series.iloc[series]
        # a begin that was declared is known ahead, one that only a first sale tells is not
        known = (attributes["first_day"] <= day) | attributes["is_begin_declared"]
        active.append(evidence.is_active[series, days] & known.to_numpy(dtype=bool)[:, None])
    is_active = np.stack(active)
    return np.where(is_active, np.stack(demand), 0.0), is_active


def _launch_errors(
    evidence: Evidence, held_out: HeldOut, *, models: dict[str, PointModel], choices: dict[str, Choice], seed: int
) -> HeldOutErrors:
    """Errors of SKUs taken for launches at one held-out origin each, by the blend of their class there."""
    pretended = pretended_launches(evidence, held_out.origins, seed=seed)
    demand, active = _held_out_demand(pretended.evidence, held_out, pretended.series, seed=seed)
    codes = _class_codes(pretended.evidence, held_out, pretended.series)
    mean = np.zeros(active.shape)
    for row, day in enumerate(held_out.origins):
        origin = origin_at(pretended.evidence, day, horizon=held_out.horizon)
        here = np.flatnonzero(pretended.origin == row)
        blended = blended_means(
            pretended.evidence,
            origin,
            pretended.series[here],
            choice_names=np.array(CLASSES, dtype=object)[codes[row, here] - 1],
            choices=choices,
            models=models,
            horizon=held_out.horizon,
        )
        mean[row, here] = blended.mean
        active[row, pretended.origin != row] = False
    return HeldOutErrors(mean * active, np.where(active, demand, 0.0), is_active=active, codes=codes)


def _choices(held_out: HeldOutMeans) -> dict[str, Choice]:
    """Blend by class; the reason where the global model has no part in it."""
    if not held_out.is_compared.any():
        return dict.fromkeys(CLASSES, Choice.of_one("moving_average", NOT_COMPARED))
    blends = fitted_blends(held_out, range(1, len(CLASSES) + 1), refitted=GLOBAL)
    missing = WORSE if GLOBAL in held_out.means else TOO_SHORT
    return {
        name: Choice(blends[code], "" if GLOBAL in blends[code].members else missing)
        for code, name in enumerate(CLASSES, start=1)
    }


def _chosen_means(means: dict[str, Array], choices: dict[str, Choice], *, codes: Ints, is_promoted: Flags) -> Array:
    """Blended means at the held-out origins, (n_origins, n_series, horizon), as `blended_means` makes them."""
    chosen, horizon = np.zeros(is_promoted.shape), is_promoted.shape[-1]
    for code, name in enumerate(CLASSES, start=1):
        blend, rows = choices[name].blend, codes == code
        for member in blend.members:
            chosen[rows] += blend.by_step(member, horizon) * means[member][rows]
    return np.where(is_promoted, means[GLOBAL], chosen) if GLOBAL in means else chosen


def _is_global_used(evidence: Evidence, choices: dict[str, Choice]) -> bool:
    """A blend has it as member, or promotions may be announced, of which it alone knows."""
    is_member = any(GLOBAL in choice.blend.members for choice in choices.values())
    return is_member or bool(evidence.promotions.series.size)


def _no_errors() -> HeldOutErrors:
    empty = np.zeros((0, 0, 0))
    return HeldOutErrors(empty, empty, is_active=empty.astype(bool), codes=np.zeros((0, 0), dtype=np.int64))
