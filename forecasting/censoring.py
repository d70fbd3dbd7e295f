"""Demand behind censored sales: what would have sold had the shelf been full all day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Trailing days whose full-shelf sales give a series' rate.
RATE_DAYS = 28
# Variance of a day's own rate around the expected one, relative to its square: gamma shape 1 / this.
DAY_DISPERSION = 0.1
# Below this share of the day on the shelf nothing was observed.
MIN_AVAILABLE = 0.05
# Expected units of full-shelf sales that weigh as much as "this day is like any other".
DAY_FACTOR_WEIGHT = 5.0


def lifted_demand(sales: Array32, available: Array32, *, group: Ints) -> Array32:
    """Return E[D | sales seen while on the shelf]; the sales themselves on full days, NaN on unobserved ones.

    A day's rate is gamma with the expected rate as mean; sales during the share a of the day are Poisson. Then
    E[D | S] = S + (1 - a) (r + S) / (r / m + a), with m the expected rate and r = 1 / DAY_DISPERSION: the posterior
    mean rate for the rest of the day (gamma-Poisson conjugacy; Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6).
    The expected rate is the series' own full-shelf mean of the trailing days times what other locations with stock
    say of this day. Each day looks at itself and at earlier days only.

    Parameters
    ----------
    sales
        (n_series, n_days) [units].
    available
        (n_series, n_days) share of the day on the shelf.
    group
        (n_series,) codes of series that inform one another about a day, such as the same SKU elsewhere.
    """
    observed = available >= MIN_AVAILABLE
    result = np.where(observed, sales, np.nan).astype(np.float32)
    partial = observed & (available < 1.0)
    if not partial.any():
        return result
    rate = _trailing_rate(sales, available)
    expected = rate * _day_factor(sales, available, rate=rate, group=group)
    rows, days = np.nonzero(partial)
    sold = sales[rows, days].astype(np.float64)
    share = available[rows, days].astype(np.float64)
    mean = expected[rows, days]
    # without a rate of its own the day is its own witness
    mean = np.where(np.isnan(mean), sold / share, mean)
    shape = 1.0 / DAY_DISPERSION
    rest = np.where(mean > 0, (shape + sold) / (shape / np.where(mean > 0, mean, 1.0) + share), 0.0)
    result[rows, days] = sold + (1.0 - share) * rest
    return result


def _trailing_rate(sales: Array32, available: Array32) -> npt.NDArray[np.float64]:
    """Units a full day over the trailing days before each day, exposure-weighted; NaN without exposure."""
    sold = np.zeros((sales.shape[0], sales.shape[1] + 1))
    shown = np.zeros_like(sold)
    np.cumsum(np.where(available >= MIN_AVAILABLE, sales, 0.0), axis=1, out=sold[:, 1:])
    np.cumsum(np.where(available >= MIN_AVAILABLE, available, 0.0), axis=1, out=shown[:, 1:])
    last = np.arange(sales.shape[1])
    first = np.maximum(last - RATE_DAYS, 0)
    exposure = shown[:, last] - shown[:, first]
    total = sold[:, last] - sold[:, first]
    return np.where(exposure >= 1.0, total / np.maximum(exposure, 1.0), np.nan)


def _day_factor(
    sales: Array32, available: Array32, *, rate: npt.NDArray[np.float64], group: Ints
) -> npt.NDArray[np.float64]:
    """Sales of full-shelf series of the group against what their rates expected, day by day, shrunk to 1."""
    is_full = (available >= 1.0) & ~np.isnan(rate)
    n_groups = int(group.max()) + 1 if group.size else 0
    sold, expected = np.zeros((n_groups, sales.shape[1])), np.zeros((n_groups, sales.shape[1]))
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    names = group[order][starts]
    sold[names] = np.add.reduceat(np.where(is_full, sales, 0.0)[order], starts, axis=0)
    expected[names] = np.add.reduceat(np.where(is_full, rate, 0.0)[order], starts, axis=0)
    factor: npt.NDArray[np.float64] = (sold + DAY_FACTOR_WEIGHT) / (expected + DAY_FACTOR_WEIGHT)
    return factor[group]
