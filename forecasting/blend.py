"""Blends of point models: weights on a simplex by horizon bucket, fitted on held-out origins and shrunk.

Weights minimise the Poisson deviance of demand summed over weeks; the mixture of means is linear in them, so the
problem is convex and has one answer. Few intervals teach little: what they ask for is averaged with the weights of all
classes together, and those with the single model that was best (Stock and Watson 2004 on why shrunk weights win).
What held-out origins ask for is then moved towards the model that will be refitted on later days.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Last step of each horizon bucket; the last bucket has no end [days].
BUCKET_ENDS = (7, 14)
# Demand is compared summed over this many days.
COMPARED_DAYS = 7
# Held-out intervals at which fitted weights count as much as the ones they are shrunk to.
PRIOR_INTERVALS = 300.0
# Members below this weight are left out: they cost time and change nothing.
LEAST_WEIGHT = 0.05
# Share of the fitted weights that is kept where the global model takes part, the rest goes to it: its trial fit has
# seen less of the past than the final one will, by which held-out origins flatter the baselines.
KEPT_SHARE = 0.4
# Means are floored here, so that a sale where a model foresaw none costs much, not everything [units].
LEAST_MEAN = 1e-6


@dataclass(frozen=True)
class Blend:
    """Weights of models by horizon bucket.

    Parameters
    ----------
    members
        Names of the models, each with a weight in some bucket.
    weights
        For each bucket a weight for each member, >= 0, summing to 1.
    """

    members: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]

    @classmethod
    def of_one(cls, member: str) -> Blend:
        """Return the blend that is one model."""
        return cls((member,), ((1.0,),) * (len(BUCKET_ENDS) + 1))

    @property
    def name(self) -> str:
        """Name of the only member, else "blend"."""
        return self.members[0] if len(self.members) == 1 else "blend"

    def by_step(self, member: str, horizon: int) -> Array:
        """Return a member's weight on each of the days ahead, (horizon,); 0 for a model that is no member."""
        if member not in self.members:
            return np.zeros(horizon)
        column = np.array(self.weights)[:, self.members.index(member)]
        return column[np.searchsorted(BUCKET_ENDS, np.arange(1, horizon + 1))]


@dataclass(frozen=True, eq=False)
class HeldOutMeans:
    """What models foresaw at held-out origins and what came.

    Parameters
    ----------
    means
        By model, (n_origins, n_series, horizon) [units/day].
    demand
        The same shape [units/day]; read where ``is_compared`` only.
    is_compared
        Days that count: active, observed, and not announced as promoted, because there blends are not used.
    codes
        (n_origins, n_series) class codes from 1.
    """

    means: Mapping[str, Array]
    demand: Array
    is_compared: Flags
    codes: Ints


@dataclass(frozen=True, eq=False)
class _Intervals:
    """Weekly sums of one horizon bucket: predicted (n, n_models), actual (n,), class codes (n,)."""

    predicted: Array
    actual: Array
    codes: Ints

    def of(self, code: int) -> _Intervals:
        rows = self.codes == code
        return _Intervals(self.predicted[rows], self.actual[rows], self.codes[rows])


def fitted_blends(held_out: HeldOutMeans, codes: range, *, refitted: str) -> dict[int, Blend]:
    """Fit a blend for each class code.

    Parameters
    ----------
    held_out
        At least one model.
    codes
        Class codes that want a blend; one without intervals gets the pooled weights.
    refitted
        Name of the model that will be fitted again on all days; weights are shrunk to it where it is held out.
    """
    members = tuple(sorted(held_out.means))
    by_bucket: list[dict[int, Array]] = []
    for intervals in _buckets(held_out, members):
        if by_bucket and not intervals.actual.size:
            by_bucket.append(by_bucket[-1])
            continue
        pooled = _shrunk(intervals, best_single(intervals.predicted, intervals.actual))
        by_bucket.append({code: _shrunk(intervals.of(code), pooled) for code in codes})
    kept = KEPT_SHARE if refitted in members else 1.0
    home = np.array([float(member == refitted) for member in members])
    return {
        code: _pruned(members, [kept * weights[code] + (1.0 - kept) * home for weights in by_bucket]) for code in codes
    }


def simplex_weights(predicted: Array, actual: Array, start: Array) -> Array:
    """Return weights >= 0 with sum 1 that minimise the Poisson deviance of the weighted means.

    Sequential least squares (Kraft 1988) on the deviance without its constant, mean(mu - y log mu): convex in the
    weights, so that the answer does not depend on where it starts.

    Parameters
    ----------
    predicted
        (n, n_models), > 0 [units].
    actual
        (n,) [units].
    start
        (n_models,) weights to begin with.
    """
    from scipy.optimize import LinearConstraint, minimize

    unit = max(float(actual.mean()), LEAST_MEAN)

    def deviance(weights: Array) -> tuple[float, Array]:
        mean = np.maximum(predicted @ weights, LEAST_MEAN)
        value = (mean - actual * np.log(mean)).mean() / unit
        slope = (1.0 - actual / mean) @ predicted / (actual.size * unit)
        return float(value), slope

    answer = minimize(
        deviance,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * start.size,
        constraints=LinearConstraint(np.ones((1, start.size)), 1.0, 1.0),
        options={"maxiter": 60, "ftol": 1e-8},
    )
    weights = np.clip(answer.x, 0.0, 1.0)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def best_single(predicted: Array, actual: Array) -> Array:
    """Return weight 1 on the column with the lowest Poisson deviance, the first of equals."""
    unit = np.zeros(predicted.shape[1])
    unit[int(np.argmin((predicted - actual[:, None] * np.log(predicted)).sum(axis=0)))] = 1.0
    return unit


def _buckets(held_out: HeldOutMeans, members: tuple[str, ...]) -> list[_Intervals]:
    """Weekly sums over compared days, bucket by bucket; buckets past the held-out horizon are empty."""
    ends = (0, *BUCKET_ENDS, max(held_out.demand.shape[2], BUCKET_ENDS[-1]))
    buckets = []
    for first, stop in itertools.pairwise(ends):
        parts = [_week(held_out, members, slice(day, min(day + COMPARED_DAYS, stop))) for day in _weeks(first, stop)]
        buckets.append(
            _Intervals(
                np.concatenate([part.predicted for part in parts] or [np.zeros((0, len(members)))]),
                np.concatenate([part.actual for part in parts] or [np.zeros(0)]),
                np.concatenate([part.codes for part in parts] or [np.zeros(0, dtype=np.int64)]),
            )
        )
    return buckets


def _weeks(first: int, stop: int) -> range:
    return range(first, stop, COMPARED_DAYS)


def _week(held_out: HeldOutMeans, members: tuple[str, ...], days: slice) -> _Intervals:
    compared = held_out.is_compared[:, :, days]
    total = np.where(compared, held_out.demand[:, :, days], 0.0).sum(axis=2)
    foreseen = [np.where(compared, held_out.means[name][:, :, days], 0.0).sum(axis=2) for name in members]
    rows = compared.any(axis=2)
    predicted = np.maximum(np.stack([mean[rows] for mean in foreseen], axis=1), LEAST_MEAN)
    return _Intervals(predicted, total[rows], held_out.codes[rows])


def _shrunk(intervals: _Intervals, prior: Array) -> Array:
    n = intervals.actual.size
    if n == 0 or not intervals.actual.any():
        return prior
    own = simplex_weights(intervals.predicted, intervals.actual, prior)
    return (n * own + PRIOR_INTERVALS * prior) / (n + PRIOR_INTERVALS)


def _pruned(members: tuple[str, ...], by_bucket: list[Array]) -> Blend:
    """Leave out weights too small to matter, and members without any."""
    table = np.array(by_bucket)
    table = np.where(table < LEAST_WEIGHT, 0.0, table)
    table /= table.sum(axis=1, keepdims=True)
    kept = np.flatnonzero(table.any(axis=0))
    weights = tuple(tuple(float(weight) for weight in row[kept]) for row in table)
    return Blend(tuple(members[column] for column in kept), weights)
