"""SKUs that are taken for launches at held-out origins, because true launches are too few to measure their errors."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.evidence import Evidence, with_rhythm
from forecasting.history import build_history

Ints = npt.NDArray[np.int64]

# Share of SKUs taken for launches, at one origin each, and stock points at most.
PRETENDED_SHARE = 0.25
MAX_SERIES = 1_500
# Days of life at the origin; negative: the launch is still to come.
AGES = (0, 5, -3, 10, 0, -7)


@dataclass(frozen=True, eq=False)
class Pretended:
    """Evidence in which some SKUs begin around an origin.

    Parameters
    ----------
    evidence
        With the history of these SKUs blank before their launch.
    series
        (n,) their stock points.
    origin
        (n,) row of the held-out origin at which each is new.
    """

    evidence: Evidence
    series: Ints
    origin: Ints


def pretended_launches(evidence: Evidence, origins: tuple[int, ...], *, seed: int) -> Pretended:
    """Blank the past of a sample of SKUs, each at all of its locations, around one held-out origin each.

    Parameters
    ----------
    evidence
        Of the snapshot.
    origins
        Day indexes of the held-out origins.
    seed
        Of the sample.
    """
    panel = evidence.panel
    sku = pd.factorize(panel.series["sku"], sort=True)[0].astype(np.int64)
    begin = panel.series["first_day"].to_numpy(dtype=np.int64)
    n_skus = int(sku.max()) + 1 if sku.size else 0
    order = np.random.default_rng([seed, 4]).permutation(n_skus)
    kept = order[: int(np.ceil(PRETENDED_SHARE * n_skus))]
    place = np.full(n_skus, -1, dtype=np.int64)
    place[kept] = np.arange(kept.size)
    position = place[sku]
    origin = np.where(position >= 0, position % len(origins), 0)
    age = np.array(AGES)[(position // len(origins)) % len(AGES)]
    launch = np.array(origins)[origin] + 1 - age
    is_old = (position >= 0) & (begin < launch - 1)
    series = np.flatnonzero(is_old)[:MAX_SERIES].astype(np.int64)
    return Pretended(_blanked(evidence, series, launch[series]), series, origin[series].astype(np.int64))


def _blanked(evidence: Evidence, series: Ints, launch: Ints) -> Evidence:
    """Evidence in which these stock points begin on these days, as declared."""
    panel = evidence.panel
    before = np.zeros((panel.n_series, panel.n_days + evidence.horizon), dtype=bool)
    before[series] = np.arange(before.shape[1])[None, :] < launch[:, None]
    past = before[:, : panel.n_days]
    attributes = panel.series.assign(
        first_day=_changed(panel.series["first_day"].to_numpy(), series, launch),
        is_begin_declared=_changed(panel.series["is_begin_declared"].to_numpy(), series, np.ones(series.size, bool)),
    )
    blank = dataclasses.replace(
        panel,
        series=attributes,
        sales=np.where(past, np.float32(0), panel.sales),
        demand=np.where(past, np.float32(np.nan), panel.demand),
        available=np.where(past, np.float32(0), panel.available),
        price=np.where(past, np.float32(np.nan), panel.price),
        is_promoted=panel.is_promoted & ~past,
    )
    unusual = np.isnan(evidence.history.demand) & ~np.isnan(panel.demand)
    history = build_history(blank, unusual)
    blanked = dataclasses.replace(evidence, panel=blank, history=history, is_active=evidence.is_active & ~before)
    return blanked if evidence.rhythm is None else with_rhythm(blanked)


def _changed(values: npt.NDArray[np.generic], rows: Ints, to: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    result = values.copy()
    result[rows] = to
    return result
