"""Demand behind censored sales: what would have sold had the shelf been full all day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Trailing days whose sales give a series' rate; the longer window serves where the shorter saw less than a full day.
RATE_DAYS, LONG_RATE_DAYS = 28, 182
# Variance of a day's own rate around the expected one, relative to its square (gamma shape 1 / this), before any day
# was seen; squared expected units that weigh as much as this guess.
DAY_DISPERSION = 0.1
DISPERSION_WEIGHT = 50.0
LEAST_DISPERSION, LARGEST_DISPERSION = 0.01, 10.0
# Expected units a day at which the dispersion changes: slow series stray much further from what is expected of them.
DISPERSION_EDGES = (0.5, 1.0, 2.0, 5.0, 10.0)
# Below this share of the day on the shelf nothing was observed.
MIN_AVAILABLE = 0.05
# Expected units that weigh as much as "this day is for the group what it is for everybody".
DAY_FACTOR_WEIGHT = 5.0


@dataclass(frozen=True, eq=False)
class Expectation:
    """What earlier days and other series say of each day, before looking at its own sales.

    Parameters
    ----------
    mean
        (n_series, n_days) units expected of a full day; NaN where nothing is known of the series.
    dispersion
        (n_bins, n_days) variance of a day's own rate relative to the square of the expected one, by bin of the
        expected one (`DISPERSION_EDGES`).
    """

    mean: Array
    dispersion: Array

    def shape(self, rows: Ints, days: Ints) -> Array:
        """Shape of the gamma of each day's rate, (n,)."""
        result: Array = 1.0 / self.dispersion[_dispersion_bins(self.mean[rows, days]), days]
        return result


def expected_demand(sales: Array32, available: Array32, *, group: Ints) -> Expectation:
    """Return the rate of each series times what the other series that had stock say of the day.

    The rate is sales over exposure of the trailing days; the factor of a day is sales over rate times exposure, of the
    group and of everybody, without the series itself. Exposure counts days with part of the shelf too: leaving them out
    would keep the quiet days and lose the busy ones, while sales less expected exposure is zero on average wherever
    stock ends the count (optional stopping of a counting process; Aalen 1978). Each day looks at itself and at earlier
    days only.

    Parameters
    ----------
    sales
        (n_series, n_days) [units].
    available
        (n_series, n_days) share of the day on the shelf.
    group
        (n_series,) codes of series that inform one another about a day, such as the same SKU elsewhere.
    """
    exposure = np.where(available >= MIN_AVAILABLE, available, 0.0).astype(np.float64)
    sold = np.where(exposure > 0, sales, 0.0).astype(np.float64)
    rate = _trailing_rate(sold, exposure)
    known = np.where(np.isnan(rate), 0.0, exposure)
    seen, due = np.where(known > 0, sold, 0.0), np.nan_to_num(rate) * known
    mean = rate * _day_factor(seen, due, group=group)
    return Expectation(mean, _dispersion(seen, np.nan_to_num(mean), exposure=known))


def lifted_demand(sales: Array32, available: Array32, *, group: Ints, expected: Expectation | None = None) -> Array32:
    """Return E[D | sales seen while on the shelf]; the sales themselves on full days, NaN on unobserved ones.

    A day's rate is gamma with the expected rate as mean; sales during the share a of the day are Poisson. Then
    E[D | S] = S + (1 - a) (r + S) / (r / m + a), with m the expected rate and r the gamma's shape: the posterior mean
    rate for the rest of the day (gamma-Poisson conjugacy; Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6).

    Parameters
    ----------
    sales, available, group
        As in `expected_demand`.
    expected
        Result of `expected_demand` where it is at hand.
    """
    observed = available >= MIN_AVAILABLE
    result = np.where(observed, sales, np.nan).astype(np.float32)
    partial = observed & (available < 1.0)
    if not partial.any():
        return result
    prior = expected_demand(sales, available, group=group) if expected is None else expected
    rows, days = np.nonzero(partial)
    sold = sales[rows, days].astype(np.float64)
    share = available[rows, days].astype(np.float64)
    mean = prior.mean[rows, days]
    # without a rate of its own the day is its own witness
    mean = np.where(np.isnan(mean), sold / share, mean)
    shape = prior.shape(rows, days)
    rest = np.where(mean > 0, (shape + sold) / (shape / np.where(mean > 0, mean, 1.0) + share), 0.0)
    result[rows, days] = sold + (1.0 - share) * rest
    return result


def _trailing_rate(sold: Array, exposure: Array) -> Array:
    """Units a full day over the trailing days before each day; NaN without a day of exposure in the longer window."""
    n_days = sold.shape[1]
    units, shown = np.zeros((sold.shape[0], n_days + 1)), np.zeros((sold.shape[0], n_days + 1))
    np.cumsum(sold, axis=1, out=units[:, 1:])
    np.cumsum(exposure, axis=1, out=shown[:, 1:])
    last = np.arange(n_days)
    rate = np.full(sold.shape, np.nan)
    for days in (LONG_RATE_DAYS, RATE_DAYS):
        first = np.maximum(last - days, 0)
        of_window = shown[:, last] - shown[:, first]
        total = units[:, last] - units[:, first]
        rate = np.where(of_window >= 1.0, total / np.maximum(of_window, 1.0), rate)
    return rate


def _day_factor(sold: Array, due: Array, *, group: Ints) -> Array:
    """Units sold over units due of the group's other series, day by day, shrunk to the factor of all series."""
    weight = DAY_FACTOR_WEIGHT
    everybody = (sold.sum(axis=0) + weight) / (due.sum(axis=0) + weight)
    n_groups = int(group.max()) + 1 if group.size else 0
    group_sold, group_due = np.zeros((n_groups, sold.shape[1])), np.zeros((n_groups, sold.shape[1]))
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    names = group[order][starts]
    group_sold[names] = np.add.reduceat(sold[order], starts, axis=0)
    group_due[names] = np.add.reduceat(due[order], starts, axis=0)
    # rounding must not leave a series alone in its group with less than nothing
    others_sold = np.maximum(group_sold[group] - sold, 0.0)
    others_due = np.maximum(group_due[group] - due, 0.0)
    factor: Array = (others_sold + weight * everybody) / (others_due + weight)
    return factor


def _dispersion_bins(mean: Array) -> Ints:
    return np.searchsorted(DISPERSION_EDGES, np.nan_to_num(mean), side="right").astype(np.int64)


def _dispersion(sold: Array, mean: Array, *, exposure: Array) -> Array:
    """Method of moments on all days before each day, by bin: E[(S - m)^2] = m + dispersion m^2, (n_bins, n_days)."""
    due = mean * exposure
    n_bins, n_days = len(DISPERSION_EDGES) + 1, sold.shape[1]
    cell = (_dispersion_bins(mean) * n_days + np.arange(n_days)).ravel()
    excess, square = np.zeros((n_bins, n_days + 1)), np.zeros((n_bins, n_days + 1))
    for values, sums in (((sold - due) ** 2 - due, excess), (due**2, square)):
        by_day = np.bincount(cell, weights=values.ravel(), minlength=n_bins * n_days).reshape(n_bins, n_days)
        np.cumsum(by_day, axis=1, out=sums[:, 1:])
    raw = (excess[:, :-1] + DISPERSION_WEIGHT * DAY_DISPERSION) / (square[:, :-1] + DISPERSION_WEIGHT)
    return np.clip(raw, LEAST_DISPERSION, LARGEST_DISPERSION)
