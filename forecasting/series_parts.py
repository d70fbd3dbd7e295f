"""Means of many series in parts of fixed size: features and predictions of a part, in this process or in others.

A part reads the evidence and its own series and nothing else, so that where it is computed changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.features import Origin
from forecasting.members import BlendedMeans, Choice, blended_means
from forecasting.models.lightgbm_direct import GlobalModel
from forecasting.models.protocol import PointModel

Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]
Spread = Callable[[Callable[[Any, Any], Any], Sequence[Any], Any], Iterable[Any]]
"""Computes function(part, shared) of each part somewhere else; results come in the order of the parts."""
# Series of a part: some 230,000 feature rows at 28 days. It must not depend on who computes them.
PART_SERIES = 8_192


@dataclass(frozen=True, eq=False)
class MeansInput:
    """What the mean of any series is computed from.

    Parameters
    ----------
    evidence, origin
        What is known.
    choice_names
        (n_series,) key of each series' choice.
    choices
        Blends by key.
    models
        Members by name.
    horizon
        Days ahead.
    """

    evidence: Evidence
    origin: Origin
    choice_names: Names
    choices: Mapping[str, Choice]
    models: Mapping[str, PointModel]
    horizon: int


def means_of_part(rows: Ints, given: MeansInput) -> BlendedMeans:
    """Blended means of some series, `rows` of the panel."""
    return blended_means(
        given.evidence,
        given.origin,
        rows,
        choice_names=given.choice_names[rows],
        choices=given.choices,
        models=given.models,
        horizon=given.horizon,
    )


def means_in_parts(
    rows: Ints, given: MeansInput, *, spread: Spread | None = None, part_series: int = PART_SERIES
) -> BlendedMeans:
    """Blended means of many series, part by part.

    Parameters
    ----------
    rows
        (n,) rows of the panel.
    given
        What they are computed from.
    spread
        Who computes the parts; None = this process, and a single part always.
    part_series
        Series of a part.
    """
    parts = [rows[first : first + part_series] for first in range(0, max(rows.size, 1), part_series)]
    if spread is None or len(parts) == 1:
        found = list(map(partial(means_of_part, given=given), parts))
    else:
        found = list(spread(means_of_part, parts, _with_one_thread(given)))
    return BlendedMeans(
        mean=np.concatenate([part.mean for part in found]),
        global_mean=np.concatenate([part.global_mean for part in found]),
        global_weight=np.concatenate([part.global_weight for part in found]),
    )


def _with_one_thread(given: MeansInput) -> MeansInput:
    """The same with models that predict in one thread, because a worker is one; no prediction depends on it."""
    models = {
        name: replace(model, threads=1) if isinstance(model, GlobalModel) else model
        for name, model in given.models.items()
    }
    return replace(given, models=models)
