"""Which models serve which demand class: blends fitted on held-out origins, and how far they strayed there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.blend import HeldOutMeans, fitted_blends
from forecasting.calibration import HeldOutErrors, calibrated_distribution
from forecasting.config import ForecastConfig
from forecasting.distribution import CumulativeDistribution
from forecasting.evidence import Evidence
from forecasting.features import Origin, feature_names, origin_at
from forecasting.folds import HeldOut, held_out_origins
from forecasting.held_out import (
    CLASSES,
    HeldOutDays,
    class_codes,
    full_shelf_errors,
    held_out_days,
    held_out_demand,
    with_unseen,
)
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
    full_shelf
        The same for days whose shelf stays full, foreseen as such.
    is_global_used
        Whether the global model is needed.
    """

    choices: dict[str, Choice]
    distribution: CumulativeDistribution
    full_shelf: CumulativeDistribution
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
        return Selection(dict.fromkeys(CLASSES, unjudged), prior, prior, is_global_used=False)
    evidence = dataclasses.replace(
        evidence, signal_plan=fit_signal_plan(evidence, config, last_day=held_out.origins[0])
    )
    models = dict(BASELINES)
    trial = _trial_model(evidence, config, held_out)
    if trial is not None:
        models[GLOBAL] = trial
    days = held_out_days(evidence, held_out, config)
    means = _held_out_means(evidence, days.origins, days.series, models=models, horizon=held_out.horizon)
    choices = _choices(HeldOutMeans(means, days.demand, days.is_compared, days.codes))
    distribution, full_shelf = _distributions(evidence, days, means, models=models, choices=choices, seed=config.seed)
    return Selection(
        choices=choices,
        distribution=distribution,
        full_shelf=full_shelf,
        is_global_used=trial is not None and _is_global_used(evidence, choices),
    )


def _distributions(
    evidence: Evidence,
    days: HeldOutDays,
    means: dict[str, Array],
    *,
    models: dict[str, PointModel],
    choices: dict[str, Choice],
    seed: int,
) -> tuple[CumulativeDistribution, CumulativeDistribution]:
    """Calibration on all held-out days, and on those whose shelf stayed full, foreseen as such."""
    keys = evidence.panel.series
    chosen = _chosen_means(means, choices, codes=days.codes, is_promoted=days.is_promoted)
    launches = _launch_errors(evidence, days.held_out, models=models, choices=choices, seed=seed)
    distribution = calibrated_distribution(days.errors(chosen, keys), CLASSES, seed=seed, launches=launches)
    shown = _shown_means(evidence, days, means, models=models)
    chosen = _chosen_means(shown, choices, codes=days.codes, is_promoted=days.is_promoted)
    full = full_shelf_errors(evidence, days, errors=days.errors(chosen, keys))
    return distribution, calibrated_distribution(full, CLASSES, seed=seed, launches=launches, fallback=distribution)


def _trial_model(evidence: Evidence, config: ForecastConfig, held_out: HeldOut) -> GlobalModel | None:
    """Global model that has seen no day after the first held-out origin."""
    if evidence.panel.n_days < config.min_history_days:
        return None
    rows = training_rows(evidence, config, last_target=held_out.origins[0], horizon=held_out.horizon)
    return fit_global_model(rows, feature_names(evidence), config=config)


def _held_out_means(
    evidence: Evidence, origins: list[Origin], series: Ints, *, models: dict[str, PointModel], horizon: int
) -> dict[str, Array]:
    """Mean of every model at every held-out origin, (n_origins, n_series, horizon) each."""
    return {
        name: np.stack([model.mean(evidence, origin, series, horizon=horizon) for origin in origins])
        for name, model in models.items()
    }


def _shown_means(
    evidence: Evidence, days: HeldOutDays, means: dict[str, Array], *, models: dict[str, PointModel]
) -> dict[str, Array]:
    """Means of days whose shelf is known to stay full; of all models the global one alone reads that."""
    if GLOBAL not in models:
        return means
    origins = [dataclasses.replace(origin, target_shelf=1.0) for origin in days.origins]
    horizon, only = days.held_out.horizon, {GLOBAL: models[GLOBAL]}
    return means | _held_out_means(evidence, origins, days.series, models=only, horizon=horizon)


def _launch_errors(
    evidence: Evidence, held_out: HeldOut, *, models: dict[str, PointModel], choices: dict[str, Choice], seed: int
) -> HeldOutErrors:
    """Errors of SKUs taken for launches at one held-out origin each, by the blend of their class there."""
    pretended = pretended_launches(evidence, held_out.origins, seed=seed)
    demand, active = held_out_demand(pretended.evidence, held_out, pretended.series, seed=seed)
    demand = with_unseen(demand, pretended.evidence, held_out, pretended.series, seed=seed)
    codes = class_codes(pretended.evidence, held_out, pretended.series)
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
