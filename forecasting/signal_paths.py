"""Paths of drivers as an origin sees them: working scale, factors, and a nowcast where nothing is known yet.

What was not yet published at the origin is never read: it is replaced by the driver's own weekday profile and level,
and by its last known deviation fading away. Training rows get the same nowcast as serving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.signal_plan import Driver, Scale
from forecasting.signals import LOOK_BACK_DAYS, SignalStore, SignalView

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEK = 7
# Mean and deviation of a key's own past are taken over these days.
USUAL_DAYS = 56
# A value is carried over a gap of at most this many days: weekly feeds have gaps of 6.
CARRIED_DAYS = 13
# A driver that has been silent for longer is not nowcast.
SILENT_DAYS = 28
# Weeks at which a weekday profile and none weigh the same.
PROFILE_WEEKS = 4.0
# Weeks at which a key's own profile and that of all keys weigh the same.
KEY_WEEKS = 24.0
MOST_PERSISTENCE = 0.98


@dataclass(frozen=True, eq=False)
class DriverPath:
    """One driver as known at an origin.

    Parameters
    ----------
    keys
        Key names.
    raw
        (n_keys, LOOK_BACK_DAYS + horizon) values of its first member as published; NaN where nothing was known.
    known
        The same on the working scale.
    expected
        ``known``, and the nowcast after its last known day.
    profile
        Its weekday profile on those days: demand has a profile of its own.
    """

    keys: pd.Index
    raw: Array
    known: Array
    expected: Array
    profile: Array


def driver_path(store: SignalStore, driver: Driver, origin: int, *, horizon: int) -> DriverPath:
    """Read a driver as of an origin and nowcast the days that nobody has published.

    Parameters
    ----------
    store
        The only door to values.
    driver
        From the plan.
    origin
        Day index.
    horizon
        Days ahead.
    """
    view, known = known_values(store, driver, origin, horizon=horizon, look_back=LOOK_BACK_DAYS)
    expected, profile = nowcast(known, LOOK_BACK_DAYS, driver)
    return DriverPath(view.keys, view.values, known, expected, profile)


def known_values(
    store: SignalStore, driver: Driver, origin: int, *, horizon: int, look_back: int
) -> tuple[SignalView, Array]:
    """Return the view of the first member, and the driver on its working scale, (n_keys, look_back + horizon)."""
    views = [store.as_of(origin, channel, horizon=horizon, look_back=look_back) for channel in driver.channels]
    scaled = [_scaled(view, scale) for view, scale in zip(views, driver.scales, strict=True)]
    if len(views) == 1:
        return views[0], scaled[0]
    keys = pd.Index(sorted(set().union(*(view.keys for view in views))))
    aligned = [
        _aligned(standardised(values, look_back), view.keys, keys) for view, values in zip(views, scaled, strict=True)
    ]
    raw = _aligned(views[0].values, views[0].keys, keys)
    return SignalView(keys, raw, look_back), weighted_mean(np.stack(aligned), np.array(driver.weights))


def _scaled(view: SignalView, scale: Scale) -> Array:
    values = view.values
    if scale.is_zero_filled:
        # a day speaks if any key has a value; all days up to the origin do once the feed has begun
        is_begun = np.cumsum((~np.isnan(values)).any(axis=0)) > 0
        last = np.flatnonzero((~np.isnan(values)).any(axis=0))
        is_told = is_begun & (np.arange(values.shape[1]) <= (last[-1] if last.size else -1))
        values = np.where(np.isnan(values) & is_told, 0.0, values)
    if scale.unit == 0.0:
        return values
    logged: Array = np.sign(values) * np.log1p(np.abs(values) / scale.unit)
    return logged


def _aligned(values: Array, keys: pd.Index, wanted: pd.Index) -> Array:
    row = keys.get_indexer(wanted)
    if not len(keys):
        return np.full((len(wanted), values.shape[1]), np.nan)
    result: Array = np.where(row[:, None] >= 0, values[np.maximum(row, 0)], np.nan)
    return result


def weighted_mean(values: Array, weights: Array) -> Array:
    """Weighted sum of members, (n_members, n_keys, n_days) to (n_keys, n_days), over those known."""
    is_known = ~np.isnan(values)
    size = np.abs(weights)[:, None, None] * is_known
    total = (np.nan_to_num(values) * weights[:, None, None]).sum(axis=0)
    share = size.sum(axis=0) / np.abs(weights).sum()
    result: Array = np.where(share > 0, total / np.where(share > 0, share, 1.0), np.nan)
    return result


def standardised(values: Array, look_back: int) -> Array:
    """Deviation from the mean of the last usual days, in deviations, (n_keys, n)."""
    mean, spread = usual(values[:, :look_back])
    result: Array = (values - mean[:, None]) / spread[:, None]
    return result


def usual(past: Array) -> tuple[Array, Array]:
    """Mean and deviation of each key over the usual days, the deviation never 0."""
    window = past[:, -USUAL_DAYS:]
    mean = mean_known(window)
    deviation = np.sqrt(mean_known((window - mean[:, None]) ** 2))
    return mean, np.maximum(deviation, np.maximum(0.02 * np.abs(mean), 1e-6))


def mean_known(values: Array) -> Array:
    """Mean over known days, (n_keys,); NaN where none is."""
    count = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def carried(values: Array) -> tuple[Array, Ints]:
    """Values carried over short gaps between known ones, and the column of each key's last known value (-1 = none)."""
    columns = np.arange(values.shape[1])
    seen = np.maximum.accumulate(np.where(np.isnan(values), -1, columns[None, :]), axis=1)
    filled = np.take_along_axis(values, np.maximum(seen, 0), axis=1)
    last = seen[:, -1] if values.shape[1] else np.full(len(values), -1)
    is_gap = (seen >= 0) & (columns[None, :] - seen <= CARRIED_DAYS) & (columns[None, :] <= last[:, None])
    return np.where(is_gap, filled, np.nan), last.astype(np.int64)


def nowcast(known: Array, look_back: int, driver: Driver) -> tuple[Array, Array]:
    """Fill a path after its last known day.

    E[x_(l+k)] = level + weekday profile + s r^k (x_l - level - profile), an autoregression of order one seen through
    noise.

    Parameters
    ----------
    known
        (n_keys, look_back + horizon) working scale, NaN where unknown.
    look_back
        Columns up to and including the origin.
    driver
        Has r and s.
    """
    values, last = carried(known)
    if not len(values):
        return values, values
    level = mean_known(values[:, :look_back])
    profile = _profile(values[:, :look_back] - level[:, None], known.shape[1])
    rest = values - level[:, None] - profile
    distance = np.arange(known.shape[1])[None, :] - last[:, None]
    final = np.take_along_axis(rest, np.maximum(last, 0)[:, None], axis=1)
    fading = driver.persistent_share * driver.persistence ** np.maximum(distance, 0) * final
    is_open = (last >= look_back - SILENT_DAYS)[:, None] & (distance > 0)
    return np.where(is_open, level[:, None] + profile + fading, values), profile


def _profile(rest: Array, n_days: int) -> Array:
    """Mean deviation by weekday of each key, shrunk to that of all keys, which is shrunk to none, (n_keys, n_days)."""
    usable = rest[:, -USUAL_DAYS:]
    weekday = (np.arange(usable.shape[1]) + rest.shape[1] - usable.shape[1]) % WEEK
    factors = np.zeros((len(rest), WEEK))
    for day in range(WEEK):
        values = usable[:, weekday == day]
        of_week = mean_known(values.T)
        weeks = (~np.isnan(of_week)).sum()
        common = np.nansum(of_week) / (weeks + PROFILE_WEEKS)
        count = (~np.isnan(values)).sum(axis=1)
        factors[:, day] = (np.nansum(values, axis=1) + KEY_WEEKS * common) / (count + KEY_WEEKS)
    return np.asarray(factors[:, np.arange(n_days) % WEEK], dtype=np.float64)


def fitted_persistence(known: Array) -> tuple[float, float]:
    """Persistence r = c2 / c1 and persistent share of the variance s = c1 / (r c0), each 0 where nothing persists.

    c0, c1, c2 are the lagged covariances of all keys together; measurement noise is in c0 only (Staudenmayer and
    Buonaccorsi 2005, J. Amer. Statist. Assoc. 100, sect. 2.2).

    Parameters
    ----------
    known
        (n_keys, n_days) working scale of the whole past.
    """
    values, _ = carried(known)
    rest = values - mean_known(values)[:, None]
    for day in range(min(WEEK, rest.shape[1])):
        rest[:, day::WEEK] -= mean_known(rest[:, day::WEEK])[:, None]
    covariance = [_lagged(rest, lag) for lag in (0, 1, 2)]
    if min(covariance) <= 0:
        return 0.0, 0.0
    persistence = min(covariance[2] / covariance[1], MOST_PERSISTENCE)
    return float(persistence), float(min(covariance[1] / (persistence * covariance[0]), 1.0))


def _lagged(rest: Array, lag: int) -> float:
    product = rest[:, lag:] * rest[:, : rest.shape[1] - lag]
    return float(np.nansum(product) / max((~np.isnan(product)).sum(), 1))
