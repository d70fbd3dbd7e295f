"""Measure how far demand strays from its predicted mean on held-out origins, and tabulate it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.counts import negative_binomial_quantile
from forecasting.dependence import INDEPENDENT, measured_shocks
from forecasting.distribution import LEVELS, POOLED_CLASS, CumulativeDistribution
from forecasting.metrics import randomised_pit

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LENGTHS = (1, 2, 3, 5, 7, 10, 14, 21, 28)
# Knots of the predicted mean of an interval [units]; ratio tables are read from 2 units on.
MEANS = np.array([0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0])
# Dispersion where nothing was measured.
PRIOR_DISPERSION = 0.5
LARGEST_DISPERSION = 20.0
# Intervals at which a cell weighs as much as the broader one it is shrunk to.
PARENT_WEIGHT = 80.0
# Held-out intervals at which measured levels weigh as much as the nominal ones.
LEVEL_WEIGHT = 300.0
# Launches stray further than the pool of all series, so their own errors, though few, count for more.
LAUNCH_WEIGHT_SHARE = 0.15
# Share of its active days that an interval needs observed.
LEAST_OBSERVED = 0.75
# Intervals of a start and length below which the tables of a fallback answer.
LEAST_INTERVALS = 300


@dataclass(frozen=True, eq=False)
class HeldOutErrors:
    """Means predicted at held-out origins and the demand that came, (n_origins, n_series, horizon) each.

    Parameters
    ----------
    mean
        [units/day].
    demand
        [units/day], NaN where unobserved, 0 on inactive days.
    is_active
        Alive and open.
    codes
        (n_origins, n_series) class codes; 0 is the pooled class, so classes start at 1.
    sku, location
        (n_series,) codes of what series may share; None: nothing is taken for shared.
    least_observed
        An interval counts where at least this share of its active days was observed.
    """

    mean: Array
    demand: Array
    is_active: npt.NDArray[np.bool_]
    codes: Ints
    sku: Ints | None = None
    location: Ints | None = None
    least_observed: float = LEAST_OBSERVED


@dataclass(frozen=True, eq=False)
class _Intervals:
    """Sums over one interval: origin, class code, mean and demand of each usable (origin, series)."""

    origin: Ints
    codes: Ints
    mean: Array
    demand: Array
    is_launch: npt.NDArray[np.bool_]

    def of(self, keep: npt.NDArray[np.bool_]) -> _Intervals:
        return _Intervals(*(getattr(self, field.name)[keep] for field in dataclasses.fields(self)))

    def joined(self, other: _Intervals) -> _Intervals:
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in dataclasses.fields(self))
        return _Intervals(*(np.concatenate(pair) for pair in pairs))

    def weight(self, ordinary: float) -> float:
        """Intervals at which a class weighs as much as its parent: few where ordinary series say little of it."""
        return ordinary * LAUNCH_WEIGHT_SHARE if self.is_launch.any() else ordinary


def calibrated_distribution(
    errors: HeldOutErrors,
    classes: tuple[str, ...],
    *,
    seed: int,
    launches: HeldOutErrors | None = None,
    fallback: CumulativeDistribution | None = None,
) -> CumulativeDistribution:
    """Tabulate dispersion, ratios and recalibrated levels from held-out errors.

    Tables are fitted on all origins; the recalibration reads each origin by tables fitted on the others, so that a
    table never judges itself.

    Parameters
    ----------
    errors
        Held-out means and demand; without any origin the prior tables are returned.
    classes
        Class names of codes 1, 2, ...
    seed
        Of the randomised transform.
    launches
        Errors of series that were taken for new; they count for the tables of their class, not for what series share.
    fallback
        Tables of the same horizon and classes, read where ``errors`` have too few intervals of a length.
    """
    names = (POOLED_CLASS, *classes)
    horizon = errors.mean.shape[2] if errors.mean.size else 0
    if not horizon:
        return _prior_distribution(names)
    lengths = [length for length in LENGTHS if length <= horizon]
    starts = [0, horizon // 2] if horizon >= 4 else [0]
    random = np.random.default_rng([seed, 1])
    shape = (len(names), len(starts), len(lengths))
    ratios = np.empty((*shape, MEANS.size, LEVELS.size))
    dispersion = np.empty((*shape, MEANS.size))
    recalibrated = np.empty((*shape, LEVELS.size))
    for i, start in enumerate(starts):
        for j, length in enumerate(lengths):
            begin = min(start, horizon - length)
            intervals = _intervals(errors, begin, length=length)
            if fallback is not None and intervals.mean.size < LEAST_INTERVALS:
                tables = (fallback.dispersion, fallback.ratios, fallback.recalibrated)
                dispersion[:, i, j], ratios[:, i, j], recalibrated[:, i, j] = (table[:, i, j] for table in tables)
                continue
            if launches is not None:
                intervals = intervals.joined(_intervals(launches, begin, length=length, is_launch=True))
            dispersion[:, i, j], ratios[:, i, j] = _tables(intervals, len(names))
            recalibrated[:, i, j] = _levels(intervals, names, random=random)
    return CumulativeDistribution(
        classes=names,
        starts=np.array(starts, dtype=np.float64),
        lengths=np.array(lengths, dtype=np.float64),
        means=MEANS,
        levels=LEVELS,
        ratios=ratios,
        dispersion=dispersion,
        recalibrated=recalibrated,
        shocks=_shocks(errors),
    )


def _shocks(errors: HeldOutErrors) -> Array:
    if errors.sku is None or errors.location is None:
        return INDEPENDENT.copy()
    return measured_shocks(errors.mean, errors.demand, sku=errors.sku, location=errors.location)


def _prior_distribution(names: tuple[str, ...]) -> CumulativeDistribution:
    spread = np.full((len(names), 1, 1, MEANS.size), PRIOR_DISPERSION)
    prior_ratios = np.stack([_count_ratios(PRIOR_DISPERSION, mean) for mean in MEANS])
    return CumulativeDistribution(
        classes=names,
        starts=np.zeros(1),
        lengths=np.ones(1),
        means=MEANS,
        levels=LEVELS,
        ratios=np.broadcast_to(prior_ratios, (*spread.shape, LEVELS.size)).copy(),
        dispersion=spread,
        recalibrated=np.broadcast_to(LEVELS, (len(names), 1, 1, LEVELS.size)).copy(),
    )


def _intervals(errors: HeldOutErrors, start: int, *, length: int, is_launch: bool = False) -> _Intervals:
    """Sum every held-out series over days start..start+length-1, leaving unobserved days out of both sums."""
    days = slice(start, start + length)
    demand, active = errors.demand[:, :, days], errors.is_active[:, :, days]
    seen = ~np.isnan(demand) & active
    n_seen, n_active = seen.sum(axis=2), active.sum(axis=2)
    mean = np.where(seen, errors.mean[:, :, days], 0.0).sum(axis=2)
    total = np.where(seen, np.nan_to_num(demand), 0.0).sum(axis=2)
    usable = (n_active > 0) & (n_seen >= errors.least_observed * n_active) & (mean > 0)
    origin = np.broadcast_to(np.arange(usable.shape[0])[:, None], usable.shape)
    return _Intervals(
        origin=origin[usable].astype(np.int64),
        codes=errors.codes[usable],
        mean=mean[usable],
        demand=total[usable],
        is_launch=np.full(int(usable.sum()), is_launch),
    )


def _tables(intervals: _Intervals, n_classes: int) -> tuple[Array, Array]:
    """Dispersion (n_classes, n_means) and ratios (n_classes, n_means, n_levels), each shrunk to the broader cell."""
    bins = _bins(intervals.mean)
    is_pooled = ~intervals.is_launch
    overall = _dispersion(intervals.of(is_pooled), PRIOR_DISPERSION)
    dispersion = np.empty((n_classes, MEANS.size))
    ratios = np.empty((n_classes, MEANS.size, LEVELS.size))
    for bin_ in range(MEANS.size):
        inside = intervals.of(bins == bin_)
        pooled = inside.of(~inside.is_launch)
        dispersion[0, bin_] = _dispersion(pooled, overall)
        ratios[0, bin_] = _ratios(pooled, _count_ratios(dispersion[0, bin_], MEANS[bin_]))
        for code in range(1, n_classes):
            own = inside.of(inside.codes == code)
            dispersion[code, bin_] = _dispersion(own, dispersion[0, bin_])
            ratios[code, bin_] = _ratios(own, ratios[0, bin_])
    return dispersion, ratios


def _bins(mean: Array) -> Ints:
    """Nearest knot in log mean."""
    edges = np.sqrt(MEANS[1:] * MEANS[:-1])
    return np.searchsorted(edges, mean).astype(np.int64)


def _dispersion(intervals: _Intervals, parent: float) -> float:
    """Moment estimate of (variance - mean) / mean ** 2, shrunk to the parent's."""
    squares = np.mean(intervals.mean**2) if intervals.mean.size else 1.0
    weight = intervals.weight(PARENT_WEIGHT)
    excess = ((intervals.demand - intervals.mean) ** 2 - intervals.mean).sum() + weight * parent * squares
    spread = excess / ((intervals.mean**2).sum() + weight * squares)
    return float(np.clip(spread, 0.0, LARGEST_DISPERSION))


def _ratios(intervals: _Intervals, parent: Array) -> Array:
    """Quantiles of demand / mean, averaged level by level with the parent's."""
    n = intervals.mean.size
    if n == 0:
        return parent
    weight = intervals.weight(PARENT_WEIGHT)
    own = np.quantile(intervals.demand / intervals.mean, LEVELS)
    return (n * own + weight * parent) / (n + weight)


def _count_ratios(dispersion: float, mean: float) -> Array:
    """Quantiles of the negative binomial over its mean, (n_levels,)."""
    return negative_binomial_quantile(LEVELS, np.array(mean), np.array(dispersion)) / mean


def _levels(intervals: _Intervals, names: tuple[str, ...], *, random: np.random.Generator) -> Array:
    """Levels to read for nominal ones, by class: quantiles of the transform under tables of the other origins."""
    origins = np.unique(intervals.origin)
    result = np.tile(LEVELS, (len(names), 1))
    if origins.size < 2:
        return result
    pit = np.empty(intervals.mean.size)
    for origin in origins:
        judged = intervals.origin == origin
        pit[judged] = _transform(intervals.of(judged), _tables(intervals.of(~judged), len(names)), names, random=random)
    result[0] = _shrunk_levels(pit[~intervals.is_launch], LEVELS, LEVEL_WEIGHT)
    for code in range(1, len(names)):
        own = intervals.codes == code
        result[code] = _shrunk_levels(pit[own], result[0], intervals.of(own).weight(LEVEL_WEIGHT))
    return result


def _transform(
    intervals: _Intervals, tables: tuple[Array, Array], names: tuple[str, ...], *, random: np.random.Generator
) -> Array:
    """Randomised probability integral transform of intervals under plain tables."""
    dispersion, ratios = tables
    plain = dataclasses.replace(
        _prior_distribution(names), dispersion=dispersion[:, None, None, :], ratios=ratios[:, None, None, :, :]
    )
    values = np.column_stack([intervals.demand, np.ceil(intervals.demand) - 1.0])
    cdf = plain.cdf(values, intervals.mean, codes=intervals.codes, start=0, length=1)
    return randomised_pit(cdf[:, 0], np.minimum(cdf[:, 1], cdf[:, 0]), random=random)


def _shrunk_levels(pit: Array, parent: Array, weight: float) -> Array:
    n = pit.size
    if n == 0:
        return parent
    levels = (n * np.quantile(pit, LEVELS) + weight * parent) / (n + weight)
    return np.clip(np.maximum.accumulate(levels), 1e-4, 0.9995)
