"""Residual demand by key: what is left of demand after level, weekday and promotions, for finding what moves it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from forecasting.panel import Panel
from forecasting.signal_paths import mean_known
from forecasting.signals import SERIES_COLUMN

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEK = 7
# Level and signals are compared after a centred mean of this many days is taken out of both.
LEVEL_DAYS = 29
# Days with less of the shelf filled say little.
MIN_SHELF = 0.3
# Variance of relative demand beyond 1 / expected: days differ for reasons of their own.
EXTRA_VARIANCE = 0.05
# One day's relative residual is cut here; a spike of another cause must not speak for a signal.
LARGEST_RESIDUAL = 3.0
# With fewer keys a common movement of all keys is kept in the comparison.
LEAST_KEYS_FOR_DAY_EFFECT = 4


@dataclass(frozen=True, eq=False)
class Units:
    """Series of one key, category and tier, summed.

    Parameters
    ----------
    key_type
        What the keys name.
    keys
        Key of each unit.
    category, tier
        (n_units,) names.
    units
        (n_units, n_days) demand of unpromoted days on the shelf [units].
    usual
        (n_units, n_days) the same at the mean rate of each series [units].
    """

    key_type: str
    keys: pd.Index
    category: npt.NDArray[np.object_]
    tier: npt.NDArray[np.object_]
    units: Array
    usual: Array

    @cached_property
    def n_keys(self) -> int:
        """Number of different keys."""
        return int(self.keys.nunique())

    @cached_property
    def cells(self) -> Ints:
        """Code of the category and tier of each unit."""
        return pd.factorize(pd.Series(self.category) + "\x1f" + pd.Series(self.tier), sort=True)[0].astype(np.int64)

    @cached_property
    def tiers(self) -> Ints:
        """Code of the tier of each unit."""
        return pd.factorize(pd.Series(self.tier), sort=True)[0].astype(np.int64)


def demand_units(panel: Panel, key_type: str, *, last_day: int) -> Units:
    """Sum series by key, category and tier over the days up to ``last_day``.

    Parameters
    ----------
    panel
        The panel.
    key_type
        What keys name.
    last_day
        Nothing later is read.
    """
    series = panel.series
    key = pd.Series("", index=series.index) if key_type == "global" else series[SERIES_COLUMN[key_type]]
    frame = pd.DataFrame({"key": key, "category": series["category"], "tier": series["tier"]}).astype("str")
    code = frame.groupby(["key", "category", "tier"], sort=True).ngroup().to_numpy()
    names = frame.assign(code=code).drop_duplicates("code").sort_values("code")
    days = slice(0, last_day + 1)
    demand, shelf = panel.demand[:, days], panel.available[:, days]
    is_seen = ~np.isnan(demand) & (shelf >= MIN_SHELF) & ~panel.is_promoted[:, days]
    exposure = is_seen.astype(np.float32)
    units = np.where(is_seen, demand, np.float32(0.0))
    rate = units.sum(axis=1, dtype=np.float64) / np.maximum(exposure.sum(axis=1, dtype=np.float64), 1e-9)
    membership = sparse.csr_matrix((np.ones(code.size), (code, np.arange(code.size))), shape=(len(names), code.size))
    usual = membership @ (exposure * rate[:, None].astype(np.float32))
    return Units(
        key_type=key_type,
        keys=pd.Index(names["key"]),
        category=names["category"].to_numpy(dtype=object),
        tier=names["tier"].to_numpy(dtype=object),
        units=np.asarray(membership @ units, dtype=np.float64),
        usual=np.asarray(usual, dtype=np.float64),
    )


@dataclass(frozen=True, eq=False)
class Residuals:
    """Relative residual demand and its weight (1 / variance), (n_units, n_days); weight 0 where unknown."""

    value: Array
    weight: Array


def residuals(units: Units) -> Residuals:
    """Return demand / expected - 1, where expected = usual x centred level x weekday factor of category and tier."""
    level = _moving(units.units) / np.maximum(_moving(units.usual), 1e-9)
    expected = units.usual * level * weekday_of_cell(units, units.usual * level)
    is_known = expected > 1e-6
    value = np.where(is_known, units.units / np.where(is_known, expected, 1.0) - 1.0, 0.0)
    weight = np.where(is_known, 1.0 / (1.0 / np.where(is_known, expected, 1.0) + EXTRA_VARIANCE), 0.0)
    value = np.clip(value, -1.0, LARGEST_RESIDUAL)
    return Residuals(without_day_effect(value, weight, units), weight)


def weekday_of_cell(units: Units, expected: Array) -> Array:
    """Weekday factor of each unit's category and tier on each day, (n_units, n_days)."""
    cells, n_days = units.cells, expected.shape[1]
    n_cells = int(cells.max(initial=-1)) + 1
    sums = [np.zeros((n_cells, n_days)) for _ in range(2)]
    for total, values in zip(sums, (units.units, expected), strict=True):
        np.add.at(total, cells, values)
    factor = np.ones((n_cells, n_days))
    for day in range(WEEK):
        came, wanted = (total[:, day::WEEK].sum(axis=1) for total in sums)
        factor[:, day::WEEK] = np.where(wanted > 0, came / np.where(wanted > 0, wanted, 1.0), 1.0)[:, None]
    return factor[cells]


def _moving(values: Array) -> Array:
    """Centred moving sum over `LEVEL_DAYS`, cut at the ends."""
    n_days, half = values.shape[1], LEVEL_DAYS // 2
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    first, last = np.maximum(np.arange(n_days) - half, 0), np.minimum(np.arange(n_days) + half + 1, n_days)
    result: Array = sums[:, last] - sums[:, first]
    return result


def high_passed(values: Array) -> Array:
    """Values minus their centred mean and weekday mean over known days, as demand is treated; NaN stays."""
    is_known = ~np.isnan(values)
    mean = _moving(np.nan_to_num(values)) / np.maximum(_moving(is_known.astype(np.float64)), 1.0)
    result: Array = values - mean
    for day in range(min(WEEK, values.shape[1])):
        result[:, day::WEEK] -= mean_known(result[:, day::WEEK])[:, None]
    return result


def without_day_effect(value: Array, weight: Array, units: Units) -> Array:
    """Take out what all keys of a tier have in common on a day: holidays and news are no signal's work.

    Parameters
    ----------
    value, weight
        (n_units, n_days).
    units
        Names of the rows.
    """
    if units.n_keys < LEAST_KEYS_FOR_DAY_EFFECT:
        return value
    result = value.copy()
    for tier in range(int(units.tiers.max(initial=-1)) + 1):
        rows = units.tiers == tier
        total = weight[rows].sum(axis=0)
        common = (weight[rows] * value[rows]).sum(axis=0) / np.maximum(total, 1e-9)
        result[rows] -= common
    return result
