"""Weekly demand of the VN2 series: the product's global LightGBM on weekly features, blended with seasonal means."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _vn2_game import YEAR_WEEKS, Known

from forecasting.config import ForecastConfig
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.training import TWEEDIE_POWER, TrainingRows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
HORIZON = 3
# First origin that teaches, weeks between two, and the age at which a row counts half [weeks].
FIRST_ORIGIN, ORIGIN_GAP, HALF_LIFE = 30, 2, 52.0
SEEDS = (0, 1, 2)
# Chosen on the early start weeks of rolling games: the model, the 13-week mean with the chain's season, and the mean of
# a year with the series' own.
BLEND = (0.6, 0.3, 0.1)
RECENT_WEEKS = 13
# The seasonal profile of a department counts as this many units of the chain's.
PROFILE_UNITS = 30.0
MOMENTUM = ("Product", "Store", "Department")
MEAN_WEEKS = (4, 8, 13, 26, 52)
DECAYS = (0.12, 0.3)
# A label beyond this many base rates is cut: one-off spikes teach nothing.
LABEL_CAP = 20.0


@dataclass(frozen=True)
class WeeklyForecaster:
    """Boosters fitted at the end of some week, and the season they were fitted with.

    Parameters
    ----------
    boosters
        One a seed; their predictions are averaged.
    profile
        (n, 54) seasonal factor of each series by ISO week.
    """

    boosters: tuple[Any, ...]
    profile: Floats

    @classmethod
    def fitted(cls, known: Known, *, threads: int) -> WeeklyForecaster:
        """Fit on all that is known; without enough rows the seasonal means stand alone."""
        import lightgbm

        profile = seasonal_profile(known)
        rows = training_rows(known, profile)
        names = tuple(f"f{column}" for column in range(rows.features.shape[1]))
        models = [fit_global_model(rows, names, config=ForecastConfig(threads=threads, seed=seed)) for seed in SEEDS]
        boosters = tuple(lightgbm.Booster(model_str=model.text) for model in models if model is not None)
        return cls(boosters, profile)

    def means(self, known: Known) -> Floats:
        """Mean demand of the next three weeks, (n, 3) [units/week]."""
        features, base = origin_features(known, known.n_weeks, self.profile)
        ahead = season_ahead(known, known.n_weeks, self.profile)
        year = np.nan_to_num(_nan_mean(_plain(known, self.profile)[:, -YEAR_WEEKS:]))[:, None] * ahead
        recent = seasonal_mean(known, HORIZON)
        if not self.boosters:
            return 0.5 * (recent + year)
        flat = features.reshape(-1, features.shape[2]).astype(np.float32)
        scaled = np.mean([booster.predict(flat, num_threads=1) for booster in self.boosters], axis=0)
        learnt = scaled.reshape(-1, HORIZON) * base[:, None] * ahead
        blended: Floats = BLEND[0] * learnt + BLEND[1] * recent + BLEND[2] * year
        return np.maximum(blended, 0.0)


def seasonal_mean(known: Known, horizon: int) -> Floats:
    """Mean of the last 13 weeks without season, times the season of each week to come, (n, horizon): the organisers'.

    The season of a week of the year is the mean of all series in it, over the years.
    """
    weeks = known.week_of_year
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        total = np.nanmean(known.sales, axis=0)
        factor = np.full(54, np.nan)
        for week in np.unique(weeks[: known.n_weeks]):
            factor[week] = total[weeks[: known.n_weeks] == week].mean()
        factor /= np.nanmean(factor)
        recent = known.sales[:, -RECENT_WEEKS:] / factor[weeks[known.n_weeks - RECENT_WEEKS : known.n_weeks]]
        level = np.nan_to_num(np.nanmean(recent, axis=1))
    ahead = np.nan_to_num(factor[weeks[known.n_weeks : known.n_weeks + horizon]], nan=1.0)
    mean: Floats = level[:, None] * ahead
    return mean


def chain_factors(known: Known) -> Floats:
    """Seasonal factor of the whole chain by ISO week, (54,), mean 1; weeks never seen are interpolated."""
    weeks = known.week_of_year[: known.n_weeks]
    total = _nan_mean(known.sales.T)
    seen = np.unique(weeks)
    factor = np.interp(np.arange(54), seen, [total[weeks == week].mean() for week in seen])
    floored: Floats = np.maximum(factor / factor[1:].mean(), 0.05)
    return floored


def seasonal_profile(known: Known) -> Floats:
    """Seasonal factor of each series by ISO week, (n, 54): its department's, drawn to the chain's where sales are few.

    Sales of a department in a week of the year against those that the series' levels and the chain's factors give.
    """
    factor = chain_factors(known)
    weeks, department = known.week_of_year[: known.n_weeks], known.groups["Department"]
    level = np.maximum(np.nan_to_num(_nan_mean(known.sales[:, -2 * YEAR_WEEKS :])), 0.05)
    usual = np.where(np.isnan(known.sales), 0.0, level[:, None] * factor[weeks])
    sold = np.nan_to_num(known.sales)
    n_groups = int(department.max()) + 1
    sums = np.zeros((2, n_groups, 54))
    for part, values in enumerate((sold, usual)):
        by_group = np.zeros((n_groups, values.shape[1]))
        np.add.at(by_group, department, values)
        np.add.at(sums[part].T, weeks, by_group.T)
    overall = sums[0].sum(axis=1) / np.maximum(sums[1].sum(axis=1), 1e-9)
    ratio = (sums[0] + PROFILE_UNITS) / (sums[1] * overall[:, None] + PROFILE_UNITS)
    profile: Floats = factor * ratio[department]
    return profile


def season_ahead(known: Known, origin: int, profile: Floats) -> Floats:
    """Factors of the three weeks after the first `origin` weeks, (n, 3)."""
    return profile[:, known.week_of_year[origin : origin + HORIZON]]


def training_rows(known: Known, profile: Floats) -> TrainingRows:
    """Rows (origin, series, step) whose label is known, scaled by base rate and season; recent ones weigh more."""
    parts = []
    last = known.n_weeks
    for origin in range(FIRST_ORIGIN + last % ORIGIN_GAP, last, ORIGIN_GAP):
        features, base = origin_features(known, origin, profile)
        scale = base[:, None] * season_ahead(known, origin, profile)
        steps = min(HORIZON, last - origin)
        label = known.sales[:, origin : origin + steps]
        seen = ~np.isnan(label)
        age = 0.5 ** ((last - origin) / HALF_LIFE)
        weight = scale[:, :steps] ** (2.0 - TWEEDIE_POWER) * age
        scaled = np.minimum(label / scale[:, :steps], LABEL_CAP)
        parts.append((features[:, :steps][seen], scaled[seen], weight[seen]))
    columns = [np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)]
    return TrainingRows(*columns)


def origin_features(known: Known, origin: int, profile: Floats) -> tuple[Floats, Floats]:
    """Features of the three weeks after the first `origin` weeks, (n, 3, k), and each series' base rate, (n,).

    Only the first `origin` weeks are read.
    """
    seen = Known(known.sales[:, :origin], known.week_of_year[: origin + HORIZON], known.groups)
    common, base = _own_features(seen, profile)
    shared = np.concatenate([common, _group_features(seen, profile)], axis=1)
    steps = [
        np.concatenate([shared, _step_features(seen, step, profile, base=base)], axis=1) for step in range(HORIZON)
    ]
    return np.stack(steps, axis=1), base


def _own_features(seen: Known, profile: Floats) -> tuple[Floats, Floats]:
    """Levels over several spans, the last weeks, spread, zeros and stock-outs of each series, on its base rate."""
    plain = _plain(seen, profile)
    means = _means(plain)
    base = 0.5 * np.nan_to_num(means[26]) + 0.5 * np.nan_to_num(means[13]) + 0.1
    half_year = plain[:, -26:]
    is_seen = ~np.isnan(plain)
    spread = np.sqrt(np.maximum(_nan_mean(half_year**2) - _nan_mean(half_year) ** 2, 0.0))
    columns = [
        *(means[weeks] / base for weeks in MEAN_WEEKS),
        *(_decaying_mean(plain, decay) / base for decay in DECAYS),
        np.where(
            np.isnan(half_year).all(axis=1), np.nan, (half_year == 0).sum(axis=1) / is_seen[:, -26:].sum(axis=1).clip(1)
        ),
        spread / base,
        np.nan_to_num(half_year).max(axis=1) / base,
        (~is_seen[:, -13:]).mean(axis=1),
        is_seen.sum(axis=1),
        np.log(base),
        *(plain[:, -back] / base for back in (1, 2, 3, 4)),
    ]
    return np.stack(columns, axis=1), base


def _group_features(seen: Known, profile: Floats) -> Floats:
    """How the product, the store and the department move, and what each series belongs to."""
    means = {weeks: np.nan_to_num(mean) for weeks, mean in _means(_plain(seen, profile)).items()}
    columns = []
    for short, long in ((4, 13), (13, 52)):
        for name in MOMENTUM:
            code = seen.groups[name]
            recent, before = (np.bincount(code, means[weeks]) for weeks in (short, long))
            columns.append(((recent + 0.5) / (before + 0.5))[code])
    columns.append(np.full(len(profile), means[4].sum() / max(means[13].sum(), 1e-9)))
    columns.extend(code.astype(np.float64) for code in seen.groups.values())
    return np.stack(columns, axis=1)


def _step_features(seen: Known, step: int, profile: Floats, *, base: Floats) -> Floats:
    """Season of the target week, and what the series and its product sold around it a year before."""
    n, target = len(profile), seen.n_weeks + step
    week = seen.week_of_year[target]
    factor = profile[:, week]
    before = target - YEAR_WEEKS
    nothing = np.full(n, np.nan)
    own, product = nothing, nothing
    if before >= 13:
        around = np.nan_to_num(seen.sales[:, before - 1 : before + 2])
        quarter = np.nan_to_num(seen.sales[:, before - 13 : before]).mean(axis=1)
        own = around.sum(axis=1) / (3.0 * quarter + 0.5)
        code = seen.groups["Product"]
        then = np.bincount(code, around.mean(axis=1))
        earlier = np.bincount(code, np.nan_to_num(seen.sales[:, before - 9 : before - 2]).mean(axis=1))
        product = ((then + 0.3) / (earlier + 0.3))[code]
    last_year = [
        seen.sales[:, at] / base if 0 <= at < seen.n_weeks else nothing for at in range(before - 1, before + 2)
    ]
    now = profile[:, seen.week_of_year[seen.n_weeks - 1]]
    columns = [factor, np.full(n, week), np.full(n, step), factor / np.maximum(now, 0.05), *last_year, own, product]
    return np.stack(columns, axis=1)


def _plain(seen: Known, profile: Floats) -> Floats:
    """Sales without season, (n, t)."""
    return seen.sales / np.maximum(profile[:, seen.week_of_year[: seen.n_weeks]], 0.05)


def _means(plain: Floats) -> dict[int, Floats]:
    """Mean over several spans; a span without a seen week takes the next longer one."""
    means: dict[int, Floats] = {}
    longer = _nan_mean(plain)
    for weeks in reversed(MEAN_WEEKS):
        mean = _nan_mean(plain[:, -weeks:])
        longer = np.where(np.isnan(mean), longer, mean)
        means[weeks] = longer
    return means


def _decaying_mean(plain: Floats, decay: float) -> Floats:
    """Exponentially weighted mean of the seen weeks."""
    weight = (1.0 - decay) ** np.arange(plain.shape[1])[::-1] * ~np.isnan(plain)
    mean: Floats = (np.nan_to_num(plain) * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return mean


def _nan_mean(values: Floats) -> Floats:
    """Mean over the second axis of what is there; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        mean: Floats = np.nanmean(values, axis=1)
    return mean
