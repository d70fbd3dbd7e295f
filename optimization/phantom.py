"""How likely it is that a stock point with stock sold nothing for as long as it has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.sales_history import SalesHistory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FIT_DAYS = 84
"""Days before the run of no sales from which the ordinary rate is taken."""
_MIN_SALE_DAYS = 5  # fewer days with a sale do not fit a rate
_MIN_IDLE_DAYS = 3
_LONGEST_RUN_DAYS = 120  # an older end of sales is a SKU that no longer sells, not a wrong record
_RECENT_DAYS = 28


def no_sales_probability(history: SalesHistory) -> tuple[Floats, Floats, Floats]:
    """P(no sales over the run of days since the last sale | the rate before it).

    The rate is fitted on the 84 days up to the last sale, and lowered by how much less the SKU sells elsewhere since
    then. The probability is the larger of exp(-rate x days) (Poisson) and p0 ^ days with p0 = (days without a sale + 1)
    / (days + 2) (rule of succession), so that goods that sell seldom and in bulk raise no alarm. Days on which the
    location sold nothing at all, or on which the shelf was known to be empty, do not count.

    Parameters
    ----------
    history
        Sales of the stock points.

    Returns
    -------
    tuple of arrays
        Probability (1 where nothing can be said), days counted, and rate [units/day]; each (n,).
    """
    run = history.last_sale_age()
    is_run = (run >= _MIN_IDLE_DAYS) & (run <= _LONGEST_RUN_DAYS)
    start = np.where(is_run, run, -FIT_DAYS)
    sale_days = history.sold_days(start, start + FIT_DAYS - 1)
    rate = history.units_within(start, start + FIT_DAYS - 1) / FIT_DAYS * _trend(history)
    idle = np.where(is_run, _idle_days(history, np.where(is_run, run, 0)), 0.0)
    p_none = (FIT_DAYS - sale_days + 1) / (FIT_DAYS + 2)
    likely = np.maximum(np.exp(-rate * idle), p_none**idle)
    is_known = is_run & (sale_days >= _MIN_SALE_DAYS) & (idle >= _MIN_IDLE_DAYS)
    return np.where(is_known, likely, 1.0), idle, rate


def _idle_days(history: SalesHistory, run: Ints) -> Floats:
    """Days since the last sale on which the location sold something, less those with a shelf known to be empty."""
    recent = (history.units > 0) & (history.age < _LONGEST_RUN_DAYS)
    n_locations = int(max(history.location.max(initial=0), history.point_location.max(initial=0))) + 1
    traded = np.zeros((n_locations, _LONGEST_RUN_DAYS + 1), dtype=np.int64)
    traded[history.location[recent], history.age[recent] + 1] = 1
    n_traded = np.cumsum(traded, axis=1)[history.point_location, np.minimum(run, _LONGEST_RUN_DAYS)]
    empty = (history.row >= 0) & (history.availability < 0.5)
    row, age = history.row[empty], history.age[empty]
    within = age < run[row]
    n_empty = np.bincount(row[within], minlength=history.n_points)
    idle: Floats = np.maximum(n_traded - n_empty, 0).astype(float)
    return idle


def _trend(history: SalesHistory) -> Floats:
    """Sales a day of the SKU elsewhere, last 28 days over the 84 before, 0..1; 1 if it was sold nowhere else."""
    own_now = history.units_between(0, _RECENT_DAYS - 1)
    own_then = history.units_between(_RECENT_DAYS, _RECENT_DAYS + FIT_DAYS - 1)
    n_skus = int(max(history.sku.max(initial=0), history.point_sku.max(initial=0))) + 1
    now, then = (
        np.bincount(history.point_sku, weights=own, minlength=n_skus)[history.point_sku] - own
        for own in (own_now, own_then)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (now / _RECENT_DAYS) / (then / FIT_DAYS)
    trend: Floats = np.where(then > 1e-9, np.clip(ratio, 0.0, 1.0), 1.0)
    return trend
