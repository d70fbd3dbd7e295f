"""Reconciliation: bottom forecasts moved towards forecasts of their sums, never below zero.

Weighted least squares (Hyndman, Lee and Wang 2016) in its update form: with bottom forecasts b0 of variance v, upper
forecasts u of variance w and the sums A, the answer minimises

    sum((b - b0)**2 / v) + sum((A b - u)**2 / w)    over b >= 0.

Only a system as large as the number of upper nodes is solved, so 50,000 bottom series cost little. Sums of the answer
are coherent by construction: upper forecasts are ``A @ b``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Exchanges of the active set before the rest is only fixed and never freed again.
MAX_EXCHANGES = 20
# A bottom forecast without any spread still moves a little, lest upper nodes without it be unreachable [units^2].
LEAST_VARIANCE = 1e-9


def summing_matrix(*keys: npt.ArrayLike) -> sparse.csr_array:
    """Return which bottom series make which upper node: one block of rows for each grouping.

    Parameters
    ----------
    keys
        Each (n,) labels of the bottom series; a grouping's nodes are its sorted labels.

    Returns
    -------
    (n_nodes, n) of ones.
    """
    blocks = []
    for labels in keys:
        names, codes = np.unique(np.asarray(labels), return_inverse=True)
        ones = np.ones(codes.size)
        blocks.append(sparse.csr_array((ones, (codes, np.arange(codes.size))), shape=(names.size, codes.size)))
    return sparse.csr_array(sparse.vstack(blocks))


def reconcile(
    bottom: Array, upper: Array, *, summing: sparse.csr_array, bottom_variance: Array, upper_variance: Array
) -> Array:
    """Move bottom forecasts towards the forecasts of their sums.

    Parameters
    ----------
    bottom
        (n, horizon) forecasts [units/day], >= 0.
    upper
        (m, horizon) forecasts of the sums [units/day].
    summing
        (m, n) sums.
    bottom_variance, upper_variance
        (n,) and (m,) variances of the forecast errors [units^2]; a smaller one is moved less.

    Returns
    -------
    (n, horizon), >= 0; where no bound binds it is the weighted least squares solution.
    """
    spread = np.maximum(bottom_variance, LEAST_VARIANCE)
    noise = np.maximum(upper_variance, LEAST_VARIANCE)
    result = _updated(bottom, upper, summing=summing, spread=spread, noise=noise)
    for column in np.flatnonzero((result < 0).any(axis=0)):
        result[:, column] = _bounded(
            bottom[:, column], upper[:, column], result[:, column], summing=summing, spread=spread, noise=noise
        )
    return result


def _updated(bottom: Array, upper: Array, *, summing: sparse.csr_array, spread: Array, noise: Array) -> Array:
    """Least squares without bounds: b0 + V A' (A V A' + W)^-1 (u - A b0)."""
    moved = summing.multiply(spread[None, :]).tocsr()
    system = (moved @ summing.T).toarray() + np.diag(noise)
    pull = np.linalg.solve(system, upper - summing @ bottom)
    updated: Array = bottom + moved.T @ pull
    return updated


def _bounded(
    bottom: Array, upper: Array, start: Array, *, summing: sparse.csr_array, spread: Array, noise: Array
) -> Array:
    """One day's solution over b >= 0: series at zero are held there, and freed if the sums pull them up again."""
    is_held, result = start < 0, start
    for exchange in range(MAX_EXCHANGES + bottom.size):
        free = ~is_held
        result = np.zeros_like(bottom)
        part = summing[:, np.flatnonzero(free)]
        result[free] = _updated(bottom[free, None], upper[:, None], summing=part, spread=spread[free], noise=noise)[
            :, 0
        ]
        gradient = (result - bottom) / spread + summing.T @ ((summing @ result - upper) / noise)
        wrong = result < 0
        pulled = is_held & (gradient < -1e-9) if exchange < MAX_EXCHANGES else np.zeros_like(is_held)
        if not wrong.any() and not pulled.any():
            break
        is_held = (is_held | wrong) & ~pulled
    return np.maximum(result, 0.0)
