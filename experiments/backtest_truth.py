"""What happened after the origins of a backtest, and the slices in which it is scored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.censoring import DAY_DISPERSION
from forecasting.classes import demand_classes
from forecasting.evidence import Evidence

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# A day counts as one of full shelves from this share on.
FULL_SHELF = 0.999
ABC_BOUNDS = (0.8, 0.95)
VALUE_DAYS = 91
AGE_BOUNDS = (28, 91, 365)
AGE_LABELS = ("under 4 weeks", "4 to 13 weeks", "13 to 52 weeks", "over a year")
EMPTY_BOUNDS = (1e-9, 0.1)
EMPTY_LABELS = ("none", "up to 10%", "over 10%")
EMPTY_DAYS = 28


@dataclass(frozen=True, eq=False)
class Slice:
    """A way to split what is scored: ``codes`` broadcast to (n_origins, n_series, horizon), -1 left out."""

    name: str
    labels: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True, eq=False)
class Truth:
    """Demand of the days after each origin, series by series.

    Parameters
    ----------
    series
        sku, location, category, tier of every series known at the end.
    days
        (n_origins,) day index of each origin in the evidence.
    demand
        (n_origins, n_series, horizon) [units], lifted where the shelf was empty for part of the day; NaN unobserved.
    drawn
        The same with what an empty shelf hid drawn at random: a mean has no spread, so calibration needs a draw.
    is_full_shelf
        On the shelf all day.
    is_promoted
        Sold on promotion.
    demand_class
        (n_origins, n_series) class at the origin.
    scale
        (n_origins, n_series) mean squared one-day change before the origin [units^2], NaN where it never changed.
    slices
        Splits of the cells.
    """

    series: pd.DataFrame
    days: Ints
    demand: Array
    drawn: Array
    is_full_shelf: Flags
    is_promoted: Flags
    demand_class: npt.NDArray[np.object_]
    scale: Array
    slices: tuple[Slice, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_origins, n_series, horizon)."""
        n_origins, n_series, horizon = self.demand.shape
        return n_origins, n_series, horizon


def build_truth(evidence: Evidence, unit_price: Array, *, origins: Ints, horizon: int, seed: int) -> Truth:
    """Read the truth from evidence that reaches past the last scored day.

    Parameters
    ----------
    evidence
        Of the whole chain; its panel holds every scored day.
    unit_price
        (n_series,) [money/unit], for the classes by value.
    origins
        (n_origins,) day indexes, ascending.
    horizon
        Days scored after each.
    seed
        Of the draws.
    """
    panel = evidence.panel
    ahead = origins[:, None] + 1 + np.arange(horizon)[None, :]
    demand = _after(panel.demand, ahead)
    is_promoted = _after(panel.is_promoted, ahead)
    classes = np.stack([demand_classes(evidence.history, int(day)) for day in origins])
    truth = Truth(
        series=panel.series[["sku", "location", "category", "tier"]].reset_index(drop=True),
        days=origins,
        demand=demand.astype(np.float64),
        drawn=_drawn(demand.astype(np.float64), _after(panel.sales, ahead).astype(np.float64), seed=seed),
        is_full_shelf=_after(panel.available, ahead) >= FULL_SHELF,
        is_promoted=is_promoted,
        demand_class=classes,
        scale=np.stack([_scale(panel.demand[:, : day + 1].astype(np.float64)) for day in origins]),
        slices=(),
    )
    slices = _slices(evidence, truth, _abc(evidence, unit_price, int(origins[0])))
    return dataclasses.replace(truth, slices=slices)


def _after(values: npt.NDArray[Any], ahead: Ints) -> npt.NDArray[Any]:
    return values[:, ahead].transpose(1, 0, 2)


def _drawn(lifted: Array, sold: Array, *, seed: int) -> Array:
    """Draw what an empty shelf hid, gamma-Poisson around its mean as the lift itself assumes."""
    random = np.random.default_rng([seed, 11])
    hidden = np.nan_to_num(np.maximum(lifted - sold, 0.0))
    shape = 1.0 / DAY_DISPERSION + sold
    drawn = random.poisson(random.gamma(shape, hidden / shape))
    return np.where(np.isnan(lifted), np.nan, np.where(hidden > 0, sold + drawn, sold))


def _scale(past: Array) -> Array:
    """Mean squared one-day change after the first sale of each series (Makridakis et al. 2022, M5, eq. 1)."""
    started = np.cumsum(np.nan_to_num(past) > 0, axis=1)[:, :-1] > 0
    squares = np.where(started, np.diff(past, axis=1) ** 2, np.nan)
    known = ~np.isnan(squares)
    total = np.where(known, squares, 0.0).sum(axis=1)
    mean = total / np.maximum(known.sum(axis=1), 1)
    return np.where(mean > 0, mean, np.nan)


def _abc(evidence: Evidence, unit_price: Array, day: int) -> Ints:
    """Class by value before the first origin: A makes the first 80% of turnover, B up to 95%, C the rest."""
    value = evidence.history.own.units.window(day, VALUE_DAYS) * np.nan_to_num(unit_price, nan=1.0)
    order = np.argsort(-value, kind="stable")
    reached = np.cumsum(value[order]) / max(value.sum(), 1e-9)
    codes = np.empty(value.size, dtype=np.int64)
    codes[order] = np.searchsorted(ABC_BOUNDS, reached - value[order] / max(value.sum(), 1e-9), side="right")
    return codes


def _slices(evidence: Evidence, truth: Truth, abc: Ints) -> tuple[Slice, ...]:
    panel, (_, _, horizon) = evidence.panel, truth.shape
    age = truth.days[:, None] + 1 - panel.series["first_day"].to_numpy()[None, :]
    weeks = np.arange(horizon, dtype=np.int64) // 7
    empty = np.stack([_empty_share(evidence, int(day)) for day in truth.days])
    return (
        Slice("all", ("all",), np.zeros((1, 1, 1), dtype=np.int64)),
        _named("demand_class", truth.demand_class[:, :, None]),
        Slice("abc", ("A", "B", "C"), abc[None, :, None]),
        Slice("promotion", ("no promotion", "promotion"), truth.is_promoted.astype(np.int64)),
        Slice("launch_age", AGE_LABELS, np.searchsorted(AGE_BOUNDS, age, side="right")[:, :, None].astype(np.int64)),
        Slice("empty_shelf_share", EMPTY_LABELS, np.searchsorted(EMPTY_BOUNDS, empty)[:, :, None].astype(np.int64)),
        _named("tier", truth.series["tier"].to_numpy(dtype=object)[None, :, None]),
        _named("category", truth.series["category"].fillna("").to_numpy(dtype=object)[None, :, None]),
        Slice("week_ahead", tuple(f"week {week + 1}" for week in range(int(weeks[-1]) + 1)), weeks[None, None, :]),
    )


def _named(name: str, values: npt.NDArray[np.object_]) -> Slice:
    codes, labels = pd.factorize(values.ravel().astype(str), sort=True)
    return Slice(name, tuple(str(label) for label in labels), codes.astype(np.int64).reshape(values.shape))


def _empty_share(evidence: Evidence, day: int) -> Array:
    """Share of the active days of four weeks on which the shelf was empty."""
    days = slice(max(day + 1 - EMPTY_DAYS, 0), day + 1)
    active = evidence.is_active[:, days]
    missing = np.where(active, 1.0 - evidence.panel.available[:, days], 0.0).sum(axis=1)
    share: Array = missing / np.maximum(active.sum(axis=1), 1)
    return share
