"""Phantom zeros: nothing sold for days, though the record says there was stock and the series sold steadily before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecasting.censoring import RATE_DAYS, Expectation

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]

# A run of zeros is no chance when its probability is below this.
LEAST_PROBABILITY = 1e-6
# Sold steadily: at least so many days were observed in the four weeks before the run, and this share had a sale.
STEADY_SHARE = 0.5
LEAST_SEEN_DAYS = 14
# A longer run is believed: the series has ended, or nobody wants it any more.
LONGEST_RUN_DAYS = 21


def phantom_zeros(sales: Array32, available: Array32, expected: Expectation) -> npt.NDArray[np.bool_]:
    """Return which days of a zero run come after chance has been ruled out, (n_series, n_days).

    On a day with expected demand m and gamma shape r nothing is sold with probability (r / (r + m)) ** r (negative
    binomial); a run's probability is the product. The days of a run before it becomes improbable stay zeros, so that
    each day looks at itself and at earlier days only, and what an origin saw is never rewritten. Other series of the
    group are in m: where the SKU rests everywhere, zeros are expected.

    Parameters
    ----------
    sales
        (n_series, n_days) [units].
    available
        (n_series, n_days) share of the day on the shelf, as recorded.
    expected
        Of the same sales.
    """
    mean = np.nan_to_num(expected.mean) * available
    n_series, n_days = sales.shape
    every = np.arange(n_series)
    is_sold, is_seen = sales > 0, available > 0
    steady = _steady(is_sold, is_seen)
    log_odds, length = np.zeros(n_series), np.zeros(n_series)
    was_steady = np.zeros(n_series, dtype=bool)
    result = np.zeros(sales.shape, dtype=bool)
    for day in range(n_days):
        shape = expected.shape(every, np.full(n_series, day))
        is_zero = is_seen[:, day] & ~is_sold[:, day]
        was_steady = np.where(length == 0, steady[:, day], was_steady)
        log_odds = np.where(is_sold[:, day], 0.0, log_odds + is_zero * shape * np.log1p(mean[:, day] / shape))
        length = np.where(is_sold[:, day], 0.0, length + is_zero)
        result[:, day] = is_zero & was_steady & (log_odds > -np.log(LEAST_PROBABILITY)) & (length <= LONGEST_RUN_DAYS)
    return result


def _steady(is_sold: npt.NDArray[np.bool_], is_seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether enough of the trailing observed days before each day had a sale."""
    n_sold, n_seen = _trailing_count(is_sold), _trailing_count(is_seen)
    result: npt.NDArray[np.bool_] = (n_sold >= STEADY_SHARE * n_seen) & (n_seen >= LEAST_SEEN_DAYS)
    return result


def _trailing_count(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Number of true days among the trailing ones before each day."""
    counts = np.zeros((flags.shape[0], flags.shape[1] + 1), dtype=np.int64)
    np.cumsum(flags, axis=1, out=counts[:, 1:])
    last = np.arange(flags.shape[1])
    result: npt.NDArray[np.int64] = counts[:, last] - counts[:, np.maximum(last - RATE_DAYS, 0)]
    return result
