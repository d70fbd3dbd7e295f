"""The forecast: mean demand per day and the distribution of demand over any interval."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from forecasting.counts import negative_binomial_quantile
from forecasting.dependence import pooled_variance
from forecasting.distribution import POOLED_CLASS, CumulativeDistribution
from forecasting.draws import sample_paths

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

# Days at the end of the horizon whose mean stands for every later day.
TAIL_DAYS = 7
# Rows treated at once where a mixture needs many points a row.
CHUNK_ROWS = 20_000
# Levels at which each lead time's distribution enters the mixture.
MIXTURE_POINTS = 99
# Equally likely points that give the mean and variance of a marginal.
MOMENT_LEVELS = (np.arange(50) + 0.5) / 50


@dataclass(frozen=True, eq=False)
class Forecast:
    """Demand to come at every stock point, made at the end of day ``cutoff``.

    Day index 0 is the day after the cutoff. Intervals may reach past the horizon: later days repeat the mean of its
    last week.

    Parameters
    ----------
    cutoff
        Last day whose data were used.
    vintage
        Name of this forecast: cutoff plus the forecaster's id.
    series
        One row a stock point, sorted by (sku, location): sku, location, category, demand_class, model, fallback (empty
        where the first choice of model was used, else the reason).
    mean
        (n_series, horizon) [units/day], >= 0.
    distribution
        Calibration tables of cumulative demand.
    drivers
        Contributions of driver families to the mean of shown series (series, family, amount), or None.
    unadjusted_mean
        The mean before planners' adjustments, or None where there were none.
    adjustments
        What each adjustment changed, by stock point, or None where there were none; see `adjustments.Adjusted`.
    analogues
        What series without history of their own are like, or None where there are none; see `launch_analogues`.
    """

    cutoff: pd.Timestamp
    vintage: str
    series: pd.DataFrame
    mean: Array
    distribution: CumulativeDistribution
    drivers: pd.DataFrame | None = None
    unadjusted_mean: Array | None = None
    adjustments: pd.DataFrame | None = None
    analogues: pd.DataFrame | None = None

    @classmethod
    def from_rates(
        cls,
        mean: npt.ArrayLike,
        sku: list[str],
        *,
        location: list[str],
        cutoff: str = "2024-01-31",
        dispersion: float = 0.0,
    ) -> Self:
        """Build a forecast whose interval demand is Poisson or negative binomial with the given means.

        Parameters
        ----------
        mean
            (n_series, horizon) [units/day].
        sku, location
            (n_series,) keys; rows are sorted by them.
        cutoff
            ISO date.
        dispersion
            Variance of interval demand = mean + dispersion * mean ** 2; 0 is Poisson.
        """
        import pandas as pd

        series = pd.DataFrame({"sku": sku, "location": location}).astype("str")
        order = series.sort_values(["sku", "location"]).index.to_numpy()
        series = series.iloc[order].reset_index(drop=True)
        series = series.assign(category="", demand_class=POOLED_CLASS, model="given", fallback="")
        return cls(
            cutoff=pd.Timestamp(cutoff),
            vintage=f"{cutoff}-given",
            series=series.astype(dict.fromkeys(("category", "demand_class", "model", "fallback"), "str")),
            mean=np.asarray(mean, dtype=np.float64)[order],
            distribution=CumulativeDistribution.negative_binomial(dispersion),
        )

    @property
    def horizon(self) -> int:
        """Days ahead with a mean of their own."""
        return int(self.mean.shape[1])

    def interval_mean(self, start: int, stop: int) -> Array:
        """Return mean demand over day indexes start..stop-1, (n_series,) [units]; 0 for an empty interval."""
        inside: Array = self.mean[:, min(start, self.horizon) : min(max(stop, start), self.horizon)].sum(axis=1)
        n_beyond = max(stop, start) - max(self.horizon, start)
        if n_beyond <= 0:
            return inside
        beyond: Array = inside + n_beyond * self.mean[:, -TAIL_DAYS:].mean(axis=1)
        return beyond

    def interval_quantiles(self, levels: npt.ArrayLike, start: int, stop: int) -> Array:
        """Return quantiles of demand over day indexes start..stop-1, (n_series, n_levels) [units].

        Parameters
        ----------
        levels
            (n_levels,) in (0, 1).
        start, stop
            Day indexes; an empty interval has demand 0.
        """
        mean = self.interval_mean(start, stop)
        return self.distribution.quantiles(levels, mean, codes=self.codes, start=start, length=max(stop - start, 1))

    def interval_cdf(self, values: npt.ArrayLike, start: int, stop: int) -> Array:
        """Return P(demand over day indexes start..stop-1 <= value).

        Parameters
        ----------
        values
            (n_series, m) [units].
        start, stop
            Day indexes.

        Returns
        -------
        (n_series, m) in [0, 1].
        """
        at = np.asarray(values, dtype=np.float64)
        mean = self.interval_mean(start, stop)
        return self.distribution.cdf(at, mean, codes=self.codes, start=start, length=max(stop - start, 1))

    def lead_time_quantiles(self, levels: npt.ArrayLike, lead_time_pmf: Array, review: npt.ArrayLike) -> Array:
        """Return quantiles of protection demand when the lead time is random.

        An order must cover review + L - 1 days of demand, L at least 1; the distribution is the mixture over L.

        Parameters
        ----------
        levels
            (n_levels,) in (0, 1).
        lead_time_pmf
            (n_series, n_lead_times); column l is the probability of a lead time of l days.
        review
            (n_series,) days between ordering chances, >= 1.

        Returns
        -------
        (n_series, n_levels) [units].
        """
        wanted = np.asarray(levels, dtype=np.float64)
        periods = np.maximum(np.asarray(review, dtype=np.int64), 1)
        parts = [
            self.take(np.arange(first, min(first + CHUNK_ROWS, periods.size)))._mixture_quantiles(
                wanted, lead_time_pmf[first : first + CHUNK_ROWS], periods[first : first + CHUNK_ROWS]
            )
            for first in range(0, periods.size, CHUNK_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, wanted.size))

    def draws(self, n_draws: int, *, seed: int, start: int, stop: int) -> Array:
        """Return joint sample paths of daily demand, (n_draws, n_series, stop - start) [units].

        Sums over an interval follow its calibrated distribution; days, SKUs and locations stray together as they did
        at held-out origins. The caller holds the whole array: take a subset of series, or fewer draws, where it is
        too large.

        Parameters
        ----------
        n_draws
            Paths, >= 1.
        seed
            Equal seeds give equal paths.
        start, stop
            Day indexes.
        """
        return sample_paths(self, n_draws, seed=seed, start=start, stop=stop)

    def pooled_moments(self, groups: npt.ArrayLike, start: int, stop: int) -> tuple[Array, Array]:
        """Return mean [units] and variance [units^2] of demand summed over groups of stock points, (n_groups,) each.

        Parameters
        ----------
        groups
            (n_series,) group of each series, 0, 1, ...; -1 outside all.
        start, stop
            Day indexes.
        """
        group = np.asarray(groups, dtype=np.int64)
        n_groups = int(group.max(initial=-1)) + 1
        inside = np.flatnonzero(group >= 0)
        mean, variance = np.zeros(group.size), np.zeros(group.size)
        for first in range(0, inside.size, CHUNK_ROWS):
            rows = inside[first : first + CHUNK_ROWS]
            points = self.take(rows).interval_quantiles(MOMENT_LEVELS, start, stop)
            mean[rows] = points.mean(axis=1)
            # a count strays at least as a Poisson one; equally likely points cut the tail
            variance[rows] = np.maximum(points.var(axis=1), mean[rows])
        pooled = pooled_variance(
            self.distribution.shocks,
            mean,
            variance,
            groups=group,
            sku=self.codes_of("sku"),
            location=self.codes_of("location"),
            n_days=max(stop - start, 1),
        )
        total = np.bincount(group[inside], weights=mean[inside], minlength=n_groups).astype(np.float64)
        return total, pooled

    def pooled_quantiles(self, levels: npt.ArrayLike, groups: npt.ArrayLike, start: int, stop: int) -> Array:
        """Return quantiles of demand summed over groups of stock points, (n_groups, n_levels) [units].

        Negative binomial by the moments of `pooled_moments`: what a warehouse that feeds the group must expect.

        Parameters
        ----------
        levels
            (n_levels,) in (0, 1).
        groups
            (n_series,) group of each series, 0, 1, ...; -1 outside all.
        start, stop
            Day indexes.
        """
        mean, variance = self.pooled_moments(groups, start, stop)
        spread = np.maximum(variance - mean, 0.0) / np.maximum(mean, 1e-9) ** 2
        wanted = np.asarray(levels, dtype=np.float64)
        return negative_binomial_quantile(wanted[None, :], mean[:, None], spread[:, None])

    def codes_of(self, column: str) -> npt.NDArray[np.int64]:
        """Return whole-number codes of a key column of ``series``, (n_series,)."""
        import pandas as pd

        return pd.factorize(self.series[column])[0].astype(np.int64)

    @cached_property
    def codes(self) -> npt.NDArray[np.int64]:
        """Rows of the distribution's classes, (n_series,)."""
        return self.distribution.codes(self.series["demand_class"].to_numpy())

    def replace(self, **changes: Any) -> Self:
        """Return a copy with the named fields changed."""
        return dataclasses.replace(self, **changes)

    def as_if_certain(self) -> Self:
        """Return the forecast of somebody who plans on means, as if demand were sure to be what is expected."""
        return self.replace(distribution=CumulativeDistribution.certain())

    def take(self, rows: npt.ArrayLike) -> Self:
        """Return the forecast of some series, ``rows`` positions or a mask; drivers and analogues are left out."""
        picked = np.arange(len(self.series))[np.asarray(rows)]
        series = self.series.iloc[picked].reset_index(drop=True)
        before = None if self.unadjusted_mean is None else self.unadjusted_mean[picked]
        return self.replace(series=series, mean=self.mean[picked], drivers=None, unadjusted_mean=before, analogues=None)

    def _mixture_quantiles(self, levels: Array, pmf: Array, review: npt.NDArray[np.int64]) -> Array:
        """Quantiles of the mixture over lead times; a certain lead time is read exactly."""
        lead_times = np.maximum(np.arange(pmf.shape[1]), 1)
        lengths = review[:, None] + lead_times[None, :] - 1
        weights = pmf / np.where(pmf.sum(axis=1, keepdims=True) > 0, pmf.sum(axis=1, keepdims=True), 1.0)
        points_levels = (np.arange(MIXTURE_POINTS) + 0.5) / MIXTURE_POINTS
        result = np.zeros((review.size, levels.size))
        points = np.zeros((review.size, pmf.shape[1], MIXTURE_POINTS))
        is_certain = (weights > 0).sum(axis=1) <= 1
        for length in np.unique(lengths[weights > 0]):
            uses = (lengths == length) & (weights > 0)
            certain = np.flatnonzero(is_certain & uses.any(axis=1))
            if certain.size:
                result[certain] = self.take(certain).interval_quantiles(levels, 0, int(length))
            mixed = np.flatnonzero(~is_certain & uses.any(axis=1))
            if mixed.size:
                values = self.take(mixed).interval_quantiles(points_levels, 0, int(length))
                rows, columns = np.nonzero(uses[mixed])
                points[mixed[rows], columns] = values[rows]
        mixed = np.flatnonzero(~is_certain)
        if mixed.size:
            result[mixed] = _weighted_quantiles(levels, points[mixed], weights[mixed])
        return result


def _weighted_quantiles(levels: Array, points: Array, weights: Array) -> Array:
    """Quantiles of rows of equally likely points (n, m, k) whose groups (n, m) have weights: (n, n_levels)."""
    n, m, k = points.shape
    flat = points.reshape(n, m * k)
    mass = np.repeat(weights / k, k, axis=1)
    order = np.argsort(flat, axis=1, kind="stable")
    values = np.take_along_axis(flat, order, axis=1)
    reached = np.cumsum(np.take_along_axis(mass, order, axis=1), axis=1)
    result = np.empty((n, levels.size))
    for column, level in enumerate(levels):
        index = np.minimum((reached < level - 1e-12).sum(axis=1), m * k - 1)
        result[:, column] = values[np.arange(n), index]
    return result
