"""The distribution of demand summed over an interval of days, given its predicted mean.

Two shapes, joined smoothly: below about 3 units a negative binomial whose dispersion was measured, above it the
level-set ratios of demand to predicted mean (Gasthaus et al. 2019 for quantile tables; Hasson et al. 2021,
"Probabilistic forecasting: a level-set approach", for ratios within bins of the prediction). Either is recalibrated by
the levels that held-out origins asked for (asymmetric conformal step; Kuleshov, Fenner and Ermon 2018).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from forecasting.counts import negative_binomial_cdf, negative_binomial_quantile
from forecasting.dependence import INDEPENDENT

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

POOLED_CLASS = "all"
# Grid of the ratio tables: dense where stock is decided.
LEVELS = np.array(
    [0.005, 0.01, 0.025, *np.arange(0.05, 0.96, 0.05).round(2), 0.97, 0.98, 0.99, 0.995, 0.999], dtype=np.float64
)
# The negative binomial alone is used below the first mean, the ratios alone above the second [units].
COUNT_MEANS = (2.0, 4.0)


@dataclass(frozen=True, eq=False)
class CumulativeDistribution:
    """Calibration tables that turn the mean of an interval into its distribution.

    Parameters
    ----------
    classes
        Demand classes; the first is the pooled class used for any name not listed.
    starts, lengths
        Knots of an interval's first day index and of its length [days], ascending; between knots tables are
        interpolated, outside them held constant.
    means
        Knots of the predicted mean of the interval [units], ascending.
    levels
        Levels of the ratio and recalibration tables, ascending in (0, 1).
    ratios
        Quantiles of demand / predicted mean, shape (n_classes, n_starts, n_lengths, n_means, n_levels).
    dispersion
        Negative-binomial dispersion, variance = mean + dispersion * mean ** 2; shape
        (n_classes, n_starts, n_lengths, n_means).
    recalibrated
        Level to read in place of the nominal one; (n_classes, n_starts, n_lengths, n_levels).
    count_means
        Means between which the shape passes from negative binomial to ratios [units].
    shocks
        Variances of what stock points share, (2, 4); see `forecasting.dependence`. Zero: they are independent.
    """

    classes: tuple[str, ...]
    starts: Array
    lengths: Array
    means: Array
    levels: Array
    ratios: Array
    dispersion: Array
    recalibrated: Array
    count_means: tuple[float, float] = COUNT_MEANS
    shocks: Array = field(default_factory=INDEPENDENT.copy)

    @classmethod
    def negative_binomial(cls, dispersion: float) -> Self:
        """Return the plain negative binomial for every mean and length; dispersion 0 is Poisson."""
        return cls(
            classes=(POOLED_CLASS,),
            starts=np.zeros(1),
            lengths=np.ones(1),
            means=np.ones(1),
            levels=LEVELS,
            ratios=np.ones((1, 1, 1, 1, LEVELS.size)),
            dispersion=np.full((1, 1, 1, 1), float(dispersion)),
            recalibrated=LEVELS.reshape(1, 1, 1, -1).copy(),
            count_means=(np.inf, np.inf),
        )

    @classmethod
    def certain(cls) -> Self:
        """Return the distribution that says demand will be its mean: every quantile is the mean."""
        plain = cls.negative_binomial(0.0)
        # Means below 1e-9 units are taken for counts still.
        return dataclasses.replace(plain, count_means=(1e-12, 1e-9))

    def codes(self, demand_class: npt.ArrayLike) -> Codes:
        """Return the table row of each class name; names without a row of their own get the pooled one."""
        names = np.asarray(demand_class, dtype=object).ravel()
        codes = np.zeros(names.size, dtype=np.int64)
        for code, name in enumerate(self.classes[1:], start=1):
            codes[names == name] = code
        return codes

    def quantiles(self, levels: npt.ArrayLike, mean: Array, *, codes: Codes, start: int, length: int) -> Array:
        """Return demand quantiles of intervals with these means [units], nondecreasing in the level.

        Parameters
        ----------
        levels
            (n_levels,) in (0, 1).
        mean
            (n,) predicted mean over the interval [units].
        codes
            (n,) rows of ``classes``.
        start, length
            First day index and length of the interval [days].

        Returns
        -------
        (n, n_levels)
        """
        wanted = np.asarray(levels, dtype=np.float64)
        actual = self._recalibrated_levels(wanted, start, length=length)
        weight = self._ratio_weight(mean)
        result = np.zeros((mean.size, wanted.size))
        counts = np.flatnonzero((weight < 1.0) & (mean > 0))
        if counts.size:
            spread = self._dispersion(mean[counts], codes[counts], start=start, length=length)
            result[counts] = (1.0 - weight[counts, None]) * negative_binomial_quantile(
                actual[codes[counts]], mean[counts, None], spread[:, None]
            )
        ratio_rows = np.flatnonzero(weight > 0.0)
        if ratio_rows.size:
            ratio = self._ratios(actual, mean[ratio_rows], codes[ratio_rows], start=start, length=length)
            result[ratio_rows] += weight[ratio_rows, None] * mean[ratio_rows, None] * ratio
        return result

    def cdf(self, values: Array, mean: Array, *, codes: Codes, start: int, length: int) -> Array:
        """Return P(demand of the interval <= value); ``values`` (n, m) in units, the result (n, m) in [0, 1]."""
        result = np.empty(values.shape)
        weight = self._ratio_weight(mean)
        counts = np.flatnonzero(weight == 0.0)
        if counts.size:
            spread = self._dispersion(mean[counts], codes[counts], start=start, length=length)
            raw = negative_binomial_cdf(values[counts], mean[counts, None], spread[:, None])
            result[counts] = self._nominal_levels(raw, codes[counts], start=start, length=length)
        others = np.flatnonzero(weight > 0.0)
        if others.size:
            grid = self.quantiles(self.levels, mean[others], codes=codes[others], start=start, length=length)
            result[others] = _inverse_interpolation(values[others], grid, self.levels)
        return result

    def dispersion_at(self, mean: Array, codes: Codes, *, start: int, length: int) -> Array:
        """Return the measured dispersion around interval means (n,): variance = mean + dispersion * mean ** 2."""
        return self._dispersion(mean, codes, start=start, length=length)

    def _ratio_weight(self, mean: Array) -> Array:
        """Weight of the ratio shape: 0 below the first count mean, 1 above the second, linear in log mean between."""
        low, high = self.count_means
        if not np.isfinite(low):
            return np.zeros(mean.size)
        with np.errstate(divide="ignore"):
            weight: Array = np.clip((np.log(mean) - np.log(low)) / (np.log(high) - np.log(low)), 0.0, 1.0)
            return weight

    def _at(self, table: Array, start: int, *, length: int) -> Array:
        """Interpolate a table along its start and length axes (1 and 2)."""
        at_start = _along(table, self.starts, float(start), axis=1)
        return _along(at_start, self.lengths, float(length), axis=1)

    def _recalibrated_levels(self, levels: Array, start: int, *, length: int) -> Array:
        """Levels to read for nominal ones, one row a class: (n_classes, n_levels)."""
        tables = self._at(self.recalibrated, start, length=length)
        knots = np.concatenate([[0.0], self.levels, [1.0]])
        return np.stack([np.interp(levels, knots, np.concatenate([[0.0], row, [1.0]])) for row in tables])

    def _nominal_levels(self, raw: Array, codes: Codes, *, start: int, length: int) -> Array:
        """Undo the recalibration of levels, row by row of its class."""
        tables = self._at(self.recalibrated, start, length=length)
        knots = np.concatenate([[0.0], self.levels, [1.0]])
        result = np.empty(raw.shape)
        for code in np.unique(codes):
            rows = codes == code
            result[rows] = np.interp(raw[rows], np.concatenate([[0.0], tables[code], [1.0]]), knots)
        return result

    def _dispersion(self, mean: Array, codes: Codes, *, start: int, length: int) -> Array:
        table = self._at(self.dispersion, start, length=length)
        low, share = _position(mean, self.means)
        high = np.minimum(low + 1, self.means.size - 1)
        spread: Array = (1.0 - share) * table[codes, low] + share * table[codes, high]
        return spread

    def _ratios(self, levels: Array, mean: Array, codes: Codes, *, start: int, length: int) -> Array:
        """Ratios at per-class levels (n_classes, m), interpolated in log mean: (n, m)."""
        table = self._at(self.ratios, start, length=length)
        read = np.empty((*table.shape[:2], levels.shape[1]))
        for code, rows in enumerate(table):
            for knot, row in enumerate(rows):
                read[code, knot] = np.interp(levels[code], self.levels, row)
        low, share = _position(mean, self.means)
        high = np.minimum(low + 1, self.means.size - 1)
        ratios: Array = (1.0 - share[:, None]) * read[codes, low] + share[:, None] * read[codes, high]
        return ratios


def _along(table: Array, knots: Array, at: float, *, axis: int) -> Array:
    """Interpolate one axis of a table at a scalar position, held constant outside the knots."""
    low, share = _position_linear(at, knots)
    high = min(low + 1, knots.size - 1)
    result: Array = (1.0 - share) * np.take(table, low, axis=axis) + share * np.take(table, high, axis=axis)
    return result


def _position_linear(at: float, knots: Array) -> tuple[int, float]:
    low = int(np.clip(np.searchsorted(knots, at, side="right") - 1, 0, knots.size - 1))
    if low == knots.size - 1 or at <= knots[low]:
        return low, 0.0
    return low, float((at - knots[low]) / (knots[low + 1] - knots[low]))


def _position(mean: Array, knots: Array) -> tuple[Codes, Array]:
    """Lower knot and share of the way to the next one, in log mean."""
    logs = np.log(np.clip(mean, knots[0], knots[-1]))
    log_knots = np.log(knots)
    low = np.clip(np.searchsorted(log_knots, logs, side="right") - 1, 0, max(knots.size - 2, 0))
    if knots.size == 1:
        return low, np.zeros(mean.size)
    return low, (logs - log_knots[low]) / (log_knots[low + 1] - log_knots[low])


def _inverse_interpolation(values: Array, grid: Array, levels: Array) -> Array:
    """Levels at which nondecreasing quantile rows ``grid`` (n, k) reach ``values`` (n, m); ties read the highest."""
    result = np.empty(values.shape)
    last = levels.size - 1
    rows = np.arange(values.shape[0])
    for column in range(values.shape[1]):
        value = values[:, column]
        below = (grid <= value[:, None]).sum(axis=1) - 1
        low = np.clip(below, 0, last - 1)
        width = grid[rows, low + 1] - grid[rows, low]
        share = np.where(width > 0, (value - grid[rows, low]) / np.where(width > 0, width, 1.0), 0.0)
        inside = levels[low] + np.clip(share, 0.0, 1.0) * (levels[low + 1] - levels[low])
        first = np.where(grid[:, 0] > 0, value / np.where(grid[:, 0] > 0, grid[:, 0], 1.0), 0.0) * levels[0]
        level = np.where(below < 0, np.clip(first, 0.0, levels[0]), inside)
        result[:, column] = np.where(value < 0, 0.0, np.where(below >= last, 1.0, level))
    return result
