"""Which model serves which demand class: the one that was best on held-out origins, and how far it strayed there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.calibration import HeldOutErrors, calibrated_distribution
from forecasting.censoring import DAY_DISPERSION
from forecasting.classes import DemandClass, demand_classes
from forecasting.config import ForecastConfig
from forecasting.distribution import CumulativeDistribution
from forecasting.evidence import Evidence
from forecasting.features import feature_names, origin_at
from forecasting.folds import HeldOut, held_out_origins
from forecasting.metrics import poisson_deviance
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.lightgbm_direct import GlobalModel, fit_global_model
from forecasting.models.moving_average import MovingAverage
from forecasting.models.protocol import PointModel
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.models.tsb import Tsb
from forecasting.pretended import pretended_launches
from forecasting.training import training_rows

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLASSES = tuple(str(name) for name in DemandClass)
BASELINES: dict[str, PointModel] = {model.name: model for model in (SeasonalNaive(), MovingAverage(), Tsb())}
# A baseline replaces the global model where its deviance is below this share of the global model's: the trial fit has
# seen less of the past than the final one will.
BETTER_SHARE = 0.97
# Models are compared on sums of this many days.
COMPARED_DAYS = 7
# Held-out intervals of a class below which its own comparison is not trusted and the pooled one decides.
LEAST_COMPARED = 50
TOO_SHORT = "history too short for the global model"


@dataclass(frozen=True)
class Choice:
    """Model of a demand class, and why it is not the global one (empty where it is)."""

    model: str
    fallback: str


@dataclass(frozen=True, eq=False)
class Selection:
    """Outcome of the held-out comparison.

    Parameters
    ----------
    choices
        By demand class.
    distribution
        Calibrated on the chosen models' held-out errors.
    is_global_used
        Whether any class is served by the global model.
    """

    choices: dict[str, Choice]
    distribution: CumulativeDistribution
    is_global_used: bool


def select_models(evidence: Evidence, config: ForecastConfig) -> Selection:
    """Fit on the past of the first held-out origin, compare all models on the held-out days, and calibrate.

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
        unjudged = Choice("moving_average", TOO_SHORT)
        prior = calibrated_distribution(_no_errors(), CLASSES, seed=config.seed)
        return Selection(dict.fromkeys(CLASSES, unjudged), prior, is_global_used=False)
    models = dict(BASELINES)
    trial = _trial_model(evidence, config, held_out)
    if trial is not None:
        models[GLOBAL] = trial
    series = _calibration_series(evidence.panel.n_series, config)
    codes = _class_codes(evidence, held_out, series)
    means = _held_out_means(evidence, held_out, series, models=models)
    demand, active = _held_out_demand(evidence, held_out, series, seed=config.seed)
    choices = _choices(means, demand, codes=codes)
    chosen = np.zeros_like(demand)
    for code, name in enumerate(CLASSES, start=1):
        rows = codes == code
        chosen[rows] = means[choices[name].model][rows]
    keys = [pd.factorize(evidence.panel.series[name])[0][series].astype(np.int64) for name in ("sku", "location")]
    errors = HeldOutErrors(chosen * active, demand, is_active=active, codes=codes, sku=keys[0], location=keys[1])
    launches = _launch_errors(evidence, held_out, models=models, choices=choices, seed=config.seed)
    return Selection(
        choices=choices,
        distribution=calibrated_distribution(errors, CLASSES, seed=config.seed, launches=launches),
        is_global_used=any(choice.model == GLOBAL for choice in choices.values()),
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
    return np.array([[index[name] for name in row] for row in rows], dtype=np.int64).reshape(-1, series.size)


def _held_out_means(
    evidence: Evidence, held_out: HeldOut, series: Ints, *, models: dict[str, PointModel]
) -> dict[str, Array]:
    """Mean of every model at every held-out origin, (n_origins, n_series, horizon) each."""
    means: dict[str, list[Array]] = {name: [] for name in models}
    for day in held_out.origins:
        origin = origin_at(evidence, day, horizon=held_out.horizon)
        for name, model in models.items():
            means[name].append(model.mean(evidence, origin, series, horizon=held_out.horizon))
    return {name: np.stack(parts) for name, parts in means.items()}


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
    """Errors of SKUs taken for launches at one held-out origin each, by the models of their class there."""
    pretended = pretended_launches(evidence, held_out.origins, seed=seed)
    demand, active = _held_out_demand(pretended.evidence, held_out, pretended.series, seed=seed)
    codes = _class_codes(pretended.evidence, held_out, pretended.series)
    mean = np.zeros(active.shape)
    for row, day in enumerate(held_out.origins):
        origin = origin_at(pretended.evidence, day, horizon=held_out.horizon)
        for code, name in enumerate(CLASSES, start=1):
            here = np.flatnonzero((pretended.origin == row) & (codes[row] == code))
            model = models[choices[name].model]
            mean[row, here] = model.mean(pretended.evidence, origin, pretended.series[here], horizon=held_out.horizon)
        active[row, pretended.origin != row] = False
    return HeldOutErrors(mean * active, np.where(active, demand, 0.0), is_active=active, codes=codes)


def _choices(means: dict[str, Array], demand: Array, *, codes: Ints) -> dict[str, Choice]:
    """Best model by class; classes with too few held-out intervals take the pooled choice."""
    weeks = [slice(first, first + COMPARED_DAYS) for first in range(0, demand.shape[2], COMPARED_DAYS)]
    actual = np.stack([demand[:, :, week].sum(axis=2) for week in weeks], axis=-1)
    known = ~np.isnan(actual)
    totals = {name: np.stack([mean[:, :, week].sum(axis=2) for week in weeks], axis=-1) for name, mean in means.items()}
    everyone = np.ones(codes.shape, dtype=bool)
    pooled = _best(totals, actual, rows=everyone)
    choices = {}
    for code, name in enumerate(CLASSES, start=1):
        rows = codes == code
        is_enough = known[rows].sum() >= LEAST_COMPARED
        choices[name] = _best(totals, actual, rows=rows) if is_enough else pooled
    return choices


def _best(totals: dict[str, Array], actual: Array, *, rows: npt.NDArray[np.bool_]) -> Choice:
    """Lowest Poisson deviance; the global model keeps its place unless a baseline is clearly better."""
    losses = {name: poisson_deviance(total[rows], actual[rows]) for name, total in totals.items()}
    finite = {name: loss for name, loss in losses.items() if np.isfinite(loss)}
    if not finite:
        return Choice("moving_average", "nothing to compare models on")
    best = min(sorted(finite), key=lambda name: finite[name])
    if GLOBAL not in finite:
        return Choice(best, TOO_SHORT)
    if best == GLOBAL or finite[best] >= BETTER_SHARE * finite[GLOBAL]:
        return Choice(GLOBAL, "")
    return Choice(best, "better than the global model on held-out origins")


def _no_errors() -> HeldOutErrors:
    empty = np.zeros((0, 0, 0))
    return HeldOutErrors(empty, empty, is_active=empty.astype(bool), codes=np.zeros((0, 0), dtype=np.int64))
