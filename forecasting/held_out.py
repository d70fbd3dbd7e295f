"""What came on held-out days: demand with the days that nobody saw, and with those alone whose shelf stayed full."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.calibration import HeldOutErrors
from forecasting.censoring import DAY_DISPERSION
from forecasting.classes import DemandClass, demand_classes
from forecasting.config import ForecastConfig
from forecasting.evidence import Evidence
from forecasting.features import Origin, origin_at
from forecasting.folds import HeldOut

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

CLASSES = tuple(str(name) for name in DemandClass)
# Variance of an unobserved day's rate around the expected one, relative to its square: simulated smooth series stray by
# 0.15, erratic and lumpy ones by 0.5 to 0.7, intermittent ones by 2 to 3.
UNSEEN_DISPERSION = 0.5
# Share of the day on the shelf from which it counts as full.
FULL_SHELF = 0.999


@dataclass(frozen=True, eq=False)
class HeldOutDays:
    """Held-out days of the calibration series.

    ``codes`` and ``is_promoted`` (announced) are (n_origins, n_series[, horizon]); so are ``demand``, NaN where
    unobserved, ``active``, and ``filled``: demand with draws on unobserved days.
    """

    held_out: HeldOut
    origins: list[Origin]
    series: Ints
    codes: Ints
    is_promoted: Flags
    demand: Array
    active: Flags
    filled: Array

    @property
    def is_compared(self) -> Flags:
        """Days on which models are compared."""
        return self.active & ~np.isnan(self.demand) & ~self.is_promoted

    def errors(self, mean: Array, keys: pd.DataFrame) -> HeldOutErrors:
        """Errors of a mean of these days; ``keys`` has sku and location of every series."""
        sku, location = (pd.factorize(keys[name])[0][self.series].astype(np.int64) for name in ("sku", "location"))
        return HeldOutErrors(
            mean * self.active, self.filled, is_active=self.active, codes=self.codes, sku=sku, location=location
        )


def held_out_days(evidence: Evidence, held_out: HeldOut, config: ForecastConfig) -> HeldOutDays:
    """Return what was announced of the held-out days of the calibration series, and what came.

    Parameters
    ----------
    evidence
        Of the snapshot; nothing after its cutoff is read.
    held_out
        Origins and horizon.
    config
        Cap on series, seed.
    """
    series = _calibration_series(evidence.panel.n_series, config)
    origins = [origin_at(evidence, day, horizon=held_out.horizon) for day in held_out.origins]
    is_promoted = np.stack([origin.announced.is_on[series] > 0 for origin in origins])
    codes = class_codes(evidence, held_out, series)
    demand, active = held_out_demand(evidence, held_out, series, seed=config.seed)
    filled = with_unseen(demand, evidence, held_out, series, seed=config.seed)
    return HeldOutDays(held_out, origins, series, codes, is_promoted, demand, active, filled)


def _calibration_series(n_series: int, config: ForecastConfig) -> Ints:
    if n_series <= config.max_calibration_series:
        return np.arange(n_series, dtype=np.int64)
    random = np.random.default_rng([config.seed, 2])
    return np.sort(random.choice(n_series, config.max_calibration_series, replace=False)).astype(np.int64)


def class_codes(evidence: Evidence, held_out: HeldOut, series: Ints) -> Ints:
    """Class code of some series at every held-out origin, from 1 in the order of `CLASSES`: (n_origins, n)."""
    index = {name: code for code, name in enumerate(CLASSES, start=1)}
    rows = [demand_classes(evidence.history, day)[series] for day in held_out.origins]
    codes = np.array([[index[name] for name in row] for row in rows], dtype=np.int64)
    return codes.reshape(len(held_out.origins), series.size)


def held_out_demand(
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


def with_unseen(demand: Array, evidence: Evidence, held_out: HeldOut, series: Ints, *, seed: int) -> Array:
    """Demand whose unobserved days are drawn around what the series and the SKU elsewhere led to expect of the day.

    Shelves are empty after days of high demand. Without their days, held-out intervals look quieter than the ones to
    come, and the distribution calibrated on them is too low (data missing not at random; Rubin 1976).
    """
    random = np.random.default_rng([seed, 5])
    filled = []
    for row, day in zip(demand, held_out.origins, strict=True):
        expected = evidence.panel.wanted[series, day + 1 : day + 1 + held_out.horizon].astype(np.float64)
        drawn = random.poisson(random.gamma(1.0 / UNSEEN_DISPERSION, UNSEEN_DISPERSION * expected))
        filled.append(np.where(np.isnan(row) & (expected > 0), drawn, row))
    return np.stack(filled)


def full_shelf_errors(evidence: Evidence, days: HeldOutDays, *, errors: HeldOutErrors) -> HeldOutErrors:
    """Errors of intervals whose active days all had a full shelf: a record of sales can score no other."""
    horizon = days.held_out.horizon
    shelf = [evidence.panel.available[days.series, day + 1 : day + 1 + horizon] for day in days.held_out.origins]
    is_hidden = (np.stack(shelf) < FULL_SHELF) & days.active
    return dataclasses.replace(errors, demand=np.where(is_hidden, np.nan, errors.demand), least_observed=1.0)
