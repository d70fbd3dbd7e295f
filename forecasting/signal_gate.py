"""Does a family help a category? Its drivers' value on held-out rolling origins, with a paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.signal_features import LARGEST_EFFECT, led
from forecasting.signal_paths import driver_path
from forecasting.signal_plan import Driver, Link, SignalPlan, Verdict
from forecasting.signal_residuals import WEEK, Units, weekday_of_cell

if TYPE_CHECKING:
    from forecasting.signals import SignalStore

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Share of the past on which leads and effects are found before they are judged on the rest.
FITTED_SHARE = 0.6
MOST_ORIGINS = 16
LEAST_ORIGINS = 4
ORIGIN_GAP_DAYS = 7
LEVEL_DAYS = 28
N_BOOTSTRAP = 400
INTERVAL = (0.2, 0.8)


def judged_origins(last_day: int) -> tuple[int, list[int]]:
    """Return the last day of the fitted part and the rolling origins that judge it, all before ``last_day``.

    Parameters
    ----------
    last_day
        Last day index that may be read.
    """
    fitted = int(FITTED_SHARE * last_day)
    origins = list(range(last_day - ORIGIN_GAP_DAYS, fitted - 1, -ORIGIN_GAP_DAYS))[:MOST_ORIGINS][::-1]
    return fitted, origins


def verdicts(
    store: SignalStore,
    plan: SignalPlan,
    units_by_key_type: dict[str, Units],
    *,
    origins: Sequence[int],
    last_day: int,
    horizon: int,
    seed: int,
) -> tuple[Verdict, ...]:
    """Judge every family, kind of key and category that has a link; those without are off.

    Parameters
    ----------
    store
        All signals.
    plan
        Drivers and links found on days before the first origin.
    units_by_key_type
        Demand by kind of key over all days that may be read.
    origins
        Rolling origins.
    last_day
        Last day scored.
    horizon
        Days scored after each origin, as far as ``last_day``.
    seed
        Of the bootstrap.
    """
    result = []
    for family, key_type in sorted({(driver.family, driver.key_type) for driver in plan.drivers}):
        drivers = [each for each in plan.drivers if (each.family, each.key_type) == (family, key_type)]
        units = units_by_key_type[key_type]
        expected = _expected(units, origins, last_day=last_day, horizon=horizon)
        for category in sorted(set(units.category)):
            links = [
                link for link in plan.links if link.category == category and link.driver in {d.name for d in drivers}
            ]
            losses = _losses(store, units, drivers, links, expected=expected, category=category) if links else None
            result.append(_verdict(family, key_type, str(category), losses=losses, seed=seed))
    return tuple(result)


def _verdict(family: str, key_type: str, category: str, *, losses: Array | None, seed: int) -> Verdict:
    """On where the lower bound of the share of deviance taken away is above 0."""
    if losses is None or len(losses) < LEAST_ORIGINS or not losses[:, 0].sum() > 0:
        return Verdict(family, key_type, category, value=0.0, low=0.0, high=0.0, is_on=False)
    random = np.random.default_rng([seed, 5])
    drawn = losses[random.integers(0, len(losses), (N_BOOTSTRAP, len(losses)))].sum(axis=1)
    # a draw of origins at which nothing was expected or sold tells nothing
    share = np.where(drawn[:, 0] > 0, 1.0 - drawn[:, 1] / np.where(drawn[:, 0] > 0, drawn[:, 0], 1.0), 0.0)
    low, high = (float(each) for each in np.quantile(share, INTERVAL))
    value = float(1.0 - losses[:, 1].sum() / losses[:, 0].sum())
    return Verdict(family, key_type, category, value=value, low=low, high=high, is_on=low > 0.0)


def _expected(units: Units, origins: Sequence[int], *, last_day: int, horizon: int) -> dict[int, Array]:
    """Units expected without signals after each origin: usual x recent level x weekday, (n_units, n_steps)."""
    result = {}
    for origin in origins:
        past = slice(max(origin - LEVEL_DAYS + 1, 0), origin + 1)
        came, wanted = units.units[:, past].sum(axis=1), units.usual[:, past].sum(axis=1)
        # a level of few units is pulled to the mean rate, which has level 1
        level = (came + 5.0) / (wanted + 5.0)
        ahead = slice(origin + 1, min(origin + horizon, last_day) + 1)
        result[origin] = units.usual[:, ahead] * level[:, None] * _weekday(units, origin, ahead)
    return result


def _weekday(units: Units, origin: int, ahead: slice) -> Array:
    """Weekday factor known at the origin, for the days ahead."""
    n_weeks = (origin + 1) // WEEK
    past = slice(origin + 1 - n_weeks * WEEK, origin + 1)
    known = Units(units.key_type, units.keys, units.category, units.tier, units.units[:, past], units.usual[:, past])
    level = known.units.sum(axis=1) / np.maximum(known.usual.sum(axis=1), 1e-9)
    factor = weekday_of_cell(known, known.usual * level[:, None])[:, :WEEK]
    return np.asarray(factor[:, np.arange(ahead.stop - ahead.start) % WEEK], dtype=np.float64)


def _losses(
    store: SignalStore,
    units: Units,
    drivers: Sequence[Driver],
    links: Sequence[Link],
    *,
    expected: dict[int, Array],
    category: str,
) -> Array:
    """Poisson deviance of a category by origin, without and with the effect, (n_origins, 2)."""
    rows = np.flatnonzero(units.category == category)
    by_name = {driver.name: driver for driver in drivers}
    result = []
    for origin, plain in expected.items():
        change = np.zeros((rows.size, plain.shape[1]))
        for link in links:
            path = driver_path(store, by_name[link.driver], origin, horizon=plain.shape[1])
            key = path.keys.get_indexer(units.keys[rows])
            change += _change(key, led(path, link.lead_days), link, units.tier[rows])
        actual = units.units[rows, origin + 1 : origin + 1 + plain.shape[1]]
        changed = plain[rows] * np.exp(np.clip(change, -LARGEST_EFFECT, LARGEST_EFFECT))
        result.append([_deviance(plain[rows], actual), _deviance(changed, actual)])
    return np.array(result)


def _change(key: Ints, values: Array, link: Link, tier: npt.NDArray[np.object_]) -> Array:
    """Change of log demand by unit and step."""
    effect = np.array([link.effects.get(str(name), 0.0) for name in tier])
    known = np.where((key >= 0)[:, None], np.nan_to_num(values[np.maximum(key, 0)]), 0.0)
    result: Array = known * effect[:, None]
    return result


def _deviance(mean: Array, actual: Array) -> float:
    """Poisson deviance, 2 sum(y log(y / m) - y + m), over days with an expectation."""
    is_known = mean > 1e-9
    m, y = np.where(is_known, mean, 1.0), np.where(is_known, actual, 1.0)
    logs = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / m), 0.0)
    return float(2.0 * np.where(is_known, logs - y + m, 0.0).sum())
