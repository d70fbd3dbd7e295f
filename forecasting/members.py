"""The models a blend is made of, and the blended mean of every series as seen from an origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.blend import Blend
from forecasting.evidence import Evidence
from forecasting.features import Origin
from forecasting.models.adida import Adida
from forecasting.models.gamma_poisson import GammaPoisson
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.moving_average import MovingAverage
from forecasting.models.protocol import PointModel
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.models.tsb import Tsb

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

BASELINES: dict[str, PointModel] = {
    model.name: model for model in (SeasonalNaive(), MovingAverage(), Tsb(), Adida(), GammaPoisson())
}


@dataclass(frozen=True)
class Choice:
    """Blend of a demand class, and why the global model has no part in it (empty where it has).

    Parameters
    ----------
    blend
        Members and their weights.
    fallback
        Reason, or empty.
    """

    blend: Blend
    fallback: str

    @classmethod
    def of_one(cls, member: str, fallback: str) -> Choice:
        """Return the choice of one model."""
        return cls(Blend.of_one(member), fallback)

    @property
    def model(self) -> str:
        """Name written into ``series.model``."""
        return self.blend.name


@dataclass(frozen=True, eq=False)
class BlendedMeans:
    """Means of some series and the global model's part in them, (n, horizon) each.

    Parameters
    ----------
    mean
        [units/day], whether the series is active or not.
    global_mean
        The global model's own mean [units/day], 0 where it has no part.
    global_weight
        Its weight, 1 on days announced as promoted where there is a global model.
    """

    mean: Array
    global_mean: Array
    global_weight: Array


def blended_means(
    evidence: Evidence,
    origin: Origin,
    rows: Ints,
    *,
    choice_names: Names,
    choices: Mapping[str, Choice],
    models: Mapping[str, PointModel],
    horizon: int,
) -> BlendedMeans:
    """Return the blended mean of each series.

    Baselines do not see what was announced. On announced promotion days the global model speaks alone, so that a blend
    never drowns a promotion.

    Parameters
    ----------
    evidence, origin
        What is known.
    rows
        (n,) series.
    choice_names
        (n,) key of each series' choice.
    choices
        By key.
    models
        By name: all members, and the global model where there is one.
    horizon
        Days ahead.

    Raises
    ------
    ValueError
        If a blend names a model that ``models`` lacks.
    """
    users = _rows_by_member(choice_names, choices)
    if missing := sorted(set(users) - set(models)):
        raise ValueError(f"the blends name models that the forecaster does not hold: {', '.join(missing)}")
    mean, global_mean = np.zeros((rows.size, horizon)), np.zeros((rows.size, horizon))
    weight = _weights(choice_names, choices, GLOBAL, horizon=horizon)
    if GLOBAL in models:
        weight[origin.announced.is_on[rows, :horizon] > 0] = 1.0
        picked = np.flatnonzero(weight.any(axis=1))
        global_mean[picked] = models[GLOBAL].mean(evidence, origin, rows[picked], horizon=horizon)
    for member in sorted(set(users) - {GLOBAL}):
        picked = users[member]
        own = models[member].mean(evidence, origin, rows[picked], horizon=horizon)
        mean[picked] += _weights(choice_names[picked], choices, member, horizon=horizon) * own
    global_mean[weight == 0.0] = 0.0
    mean = np.where(weight == 1.0, global_mean, mean + weight * global_mean)
    return BlendedMeans(mean, global_mean, weight)


def _weights(choice_names: Names, choices: Mapping[str, Choice], member: str, *, horizon: int) -> Array:
    """Weight of a member on each day of each series, (n, horizon)."""
    result = np.zeros((choice_names.size, horizon))
    for name in set(choice_names):
        result[choice_names == name] = choices[name].blend.by_step(member, horizon)
    return result


def _rows_by_member(choice_names: Names, choices: Mapping[str, Choice]) -> dict[str, Ints]:
    """Positions of the series whose blend has each member."""
    users: dict[str, npt.NDArray[np.bool_]] = {}
    for name in sorted(set(choice_names)):
        for member in choices[name].blend.members:
            users.setdefault(member, np.zeros(choice_names.size, dtype=bool))[choice_names == name] = True
    return {member: np.flatnonzero(mask) for member, mask in users.items()}
