"""Features of the global model, built at forecast origins only.

A row is (origin, series, step). What depends on the origin alone is computed once for all series; what depends on the
target day is computed for the rows asked for. Rates are relative to the series' base rate at the origin, because the
target is demand / base rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.cannibalisation import PromotedNeighbours, promoted_neighbours
from forecasting.coldstart import base_rates
from forecasting.evidence import Evidence
from forecasting.launches import LaunchCurves
from forecasting.promotions import PromotedDays
from forecasting.rhythm_features import OriginRhythm, origin_rhythm, rhythm_names, rhythm_rows
from forecasting.seasons import NAMES as SEASON_NAMES
from forecasting.signal_features import OriginSignals, origin_signals, signal_names
from forecasting.weekdays import weekday_factors

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# The base rate that scales the target is never below this [units/day].
LEAST_BASE = 0.02
OWN_WINDOWS = (7, 14, 28, 56, 91)
LAST_DAYS = (0, 1, 2, 6)
TREND_POOLS = ("sku", "category_location", "location", "category", "all")
TARGET_SHELF = "shelf_target"
TIERS = ("store", "forward", "central")
# Counters of days are cut here.
LONG_AGE_DAYS = 365

ORIGIN_NAMES = (
    "log_base",
    *(f"own_rate_{days}" for days in OWN_WINDOWS),
    *(f"day_back_{back}" for back in LAST_DAYS),
    "shelf_7",
    "shelf_28",
    "sold_share_28",
    "sold_share_91",
    "days_since_sale",
    "variation_91",
    *(f"{pool}_trend" for pool in TREND_POOLS),
    *(f"{pool}_short_trend" for pool in TREND_POOLS),
    "analogue_ratio",
    "category_ratio",
    "promoted_share_28",
    "plain_rate_28",
    "promoted_rate_91",
    "price_last",
    "tier",
)
STEP_NAMES = (
    "step",
    "own_weekday",
    "sku_weekday",
    "local_weekday",
    "own_week_1",
    "own_week_2",
    "week_1_promoted",
    "age",
    "launch_factor",
    *SEASON_NAMES,
    "promotion",
    "promotion_depth",
    "promotion_mechanism",
    "promotion_day",
    "promotion_days_left",
    "promotion_planned",
    "promotion_since",
    "category_promoted",
    "category_depth",
    TARGET_SHELF,
)


@dataclass(frozen=True, eq=False)
class Origin:
    """What is known of every series at one origin.

    Parameters
    ----------
    day
        Day index of the origin.
    rate
        (n_series,) shrunk own rate [units/day].
    base
        (n_series,) the same, floored: what features and target are divided by [units/day].
    launches
        Demand of launches by age against the base.
    matrix
        (n_series, len(ORIGIN_NAMES)).
    weekday
        Factors of own, sku and local rates by days since the origin modulo 7, three arrays (7, n_series).
    announced
        Promotions known for the days ahead.
    neighbours
        What other SKUs of the category do at the location on those days.
    signals
        Signal features.
    target_shelf
        Share of the shelf that is taken for the target days: NaN asks for demand whatever the shelf will be, 1 for
        the demand of days that stay full.
    rhythm
        What is usual on the days ahead.
    """

    day: int
    rate: Array
    base: Array
    launches: LaunchCurves
    matrix: Array32
    weekday: tuple[Array32, Array32, Array32]
    announced: PromotedDays
    neighbours: PromotedNeighbours
    signals: OriginSignals
    rhythm: OriginRhythm | None
    target_shelf: float = np.nan


def feature_names(evidence: Evidence) -> tuple[str, ...]:
    """Names of the columns of `rows_at`."""
    return (*ORIGIN_NAMES, *STEP_NAMES, *rhythm_names(evidence), *signal_names(evidence.signal_plan))


def origin_at(evidence: Evidence, day: int, *, horizon: int) -> Origin:
    """Compute what is known of every series at the end of day index ``day``.

    Parameters
    ----------
    evidence
        Of a snapshot at or after that day.
    day
        Origin.
    horizon
        Days ahead that will be asked for.
    """
    rates = base_rates(evidence.history, day)
    base = np.maximum(rates.base, LEAST_BASE)
    announced = evidence.promotions.announced(day, n_series=evidence.panel.n_series, horizon=horizon, rate=base)
    groups = evidence.history.pools["category_location"].codes
    return Origin(
        day=day,
        rate=rates.base,
        base=base,
        launches=rates.launches,
        matrix=_origin_matrix(evidence, day, base=base, analogue=rates.analogue),
        weekday=weekday_factors(evidence.history, day),
        announced=announced,
        neighbours=promoted_neighbours(announced, groups, rate=base),
        signals=origin_signals(evidence, day, horizon=horizon),
        rhythm=origin_rhythm(evidence, day, base=base, horizon=horizon),
    )


def rows_at(evidence: Evidence, origin: Origin, series: Ints, *, steps: Ints) -> Array32:
    """Return the feature rows of (series, step) pairs at an origin, (n_rows, n_features).

    Parameters
    ----------
    evidence
        Of the origin.
    origin
        From `origin_at`.
    series
        (n_rows,) rows of the panel.
    steps
        (n_rows,) days ahead, 1..horizon.
    """
    blocks = [origin.matrix[series], _step_matrix(evidence, origin, series, steps=steps)]
    if origin.rhythm is not None:
        is_on = origin.announced.is_on
        blocks.append(
            rhythm_rows(evidence, origin.rhythm, origin.day, base=origin.base, is_on=is_on, series=series, steps=steps)
        )
    return np.concatenate([*blocks, origin.signals.rows(series, steps)], axis=1)


def _origin_matrix(evidence: Evidence, day: int, *, base: Array, analogue: Array) -> Array32:
    history, panel = evidence.history, evidence.panel
    units = history.own.units.window(day, 91)
    exposure = np.maximum(history.own.exposure.window(day, 91), 1e-9)
    mean = units / exposure
    variance = np.maximum(history.squares.window(day, 91) / exposure - mean**2, 0.0)
    seen_28 = np.maximum(history.seen_days.window(day, 28), 1.0)
    seen_91 = np.maximum(history.seen_days.window(day, 91), 1.0)
    category = history.pools["category"].rates.rate(day, 28)[history.pools["category"].codes]
    columns = [
        np.log(base),
        *(history.own.rate(day, days) / base for days in OWN_WINDOWS),
        *(_demand_on(evidence, day - back) / base for back in LAST_DAYS),
        history.shelf.window(day, 7) / 7.0,
        history.shelf.window(day, 28) / 28.0,
        history.sold_days.window(day, 28) / seen_28,
        history.sold_days.window(day, 91) / seen_91,
        np.where(history.last_sale[day] >= 0, np.minimum(day - history.last_sale[day], LONG_AGE_DAYS), np.nan),
        np.where(mean > 0, variance / np.maximum(mean, 1e-9) ** 2, np.nan),
        *(_pool_trend(evidence, name, day, windows=(7, 28)) for name in TREND_POOLS),
        *(_pool_trend(evidence, name, day, windows=(2, 14)) for name in TREND_POOLS),
        np.log(np.maximum(analogue, LEAST_BASE) / base),
        np.log(np.maximum(np.nan_to_num(category), LEAST_BASE) / base),
        history.promoted.exposure.window(day, 28) / seen_28,
        history.plain.rate(day, 28) / base,
        history.promoted.rate(day, 91) / base,
        panel.price[:, day],
        panel.series["tier"].map({name: code for code, name in enumerate(TIERS)}).to_numpy(dtype=np.float64),
    ]
    return np.column_stack(columns).astype(np.float32)


def _demand_on(evidence: Evidence, day: int) -> Array:
    if day < 0:
        return np.full(evidence.panel.n_series, np.nan)
    return evidence.history.demand[:, day].astype(np.float64)


def _pool_trend(evidence: Evidence, name: str, day: int, *, windows: tuple[int, int]) -> Array:
    """Rate of the series' group over the short window against the long one."""
    pool = evidence.history.pools[name]
    short, long = pool.rates.rate(day, windows[0]), pool.rates.rate(day, windows[1])
    trend: Array = np.where(long > 0, short / np.where(long > 0, long, 1.0), np.nan)[pool.codes]
    return trend


def _step_matrix(evidence: Evidence, origin: Origin, series: Ints, *, steps: Ints) -> Array32:
    back = -steps % 7
    target = origin.day + steps
    own_week_1 = origin.day - back
    announced = origin.announced
    columns = [
        steps,
        *(factors[back, series] for factors in origin.weekday),
        _own_on(evidence, origin, series, days=own_week_1),
        _own_on(evidence, origin, series, days=own_week_1 - 7),
        _promoted_on(evidence, series, days=own_week_1),
        np.minimum(target - evidence.panel.series["first_day"].to_numpy()[series], LONG_AGE_DAYS),
        origin.launches.at(series, target),
        evidence.seasons.at(evidence.region_rows[series], target),
        announced.is_on[series, steps - 1],
        announced.depth[series, steps - 1],
        announced.mechanism[series, steps - 1],
        announced.day[series, steps - 1],
        announced.days_left[series, steps - 1],
        announced.planned[series, steps - 1] / origin.base[series],
        announced.since[series, steps - 1],
        origin.neighbours.share[series, steps - 1],
        origin.neighbours.depth[series, steps - 1],
        np.full(series.size, origin.target_shelf),
    ]
    return np.column_stack(columns).astype(np.float32)


def _own_on(evidence: Evidence, origin: Origin, series: Ints, *, days: Ints) -> Array:
    """Demand / base on past days; NaN before the first day or where unobserved."""
    values = evidence.history.demand[series, np.maximum(days, 0)] / origin.base[series]
    return np.where(days >= 0, values, np.nan)


def _promoted_on(evidence: Evidence, series: Ints, *, days: Ints) -> Array:
    return np.where(days >= 0, evidence.panel.is_promoted[series, np.maximum(days, 0)], False).astype(np.float64)
