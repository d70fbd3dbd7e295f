"""What is usual on a day: rates by weekday and promotion, the level against them, and what events do to them.

Days of rare events are left out of the rates, so that a holiday does not lower the Mondays after it; what a series
does on such days against its usual day is kept by kind of event.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.history import History, Rates, RunningSum
from forecasting.weekly_sums import WEEK, WeekdayRates

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Weeks whose rate a day is expected to repeat.
USUAL_WEEKS = 26
# Full days that a rate needs.
LEAST_EXPOSURE = 0.5
POOLS = ("sku", "category", "region", "all")
# Expected units on days of an event at which a series' own record and that of its tier weigh the same.
EVENT_UNITS = 20.0


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Usual rates of series and of their groups.

    Parameters
    ----------
    states
        Weekday rates on plain and on promoted days.
    level
        Units against what the weekday and promotion rates of the half year before led to expect.
    codes
        (n_series,) group of each series, by pool, and its tier.
    pooled_states, pooled_level
        The same of groups, by pool.
    events
        By event code: units against expected ones on days of such a rare event, by series and by tier.
    """

    states: tuple[WeekdayRates, WeekdayRates]
    level: Rates
    codes: dict[str, Ints]
    pooled_states: dict[str, tuple[WeekdayRates, WeekdayRates]]
    pooled_level: dict[str, Rates]
    events: dict[int, tuple[Rates, Rates]]


def build_rhythm(history: History, event_code: Ints, *, rare: tuple[int, ...]) -> Rhythm:
    """Sum a history by weekday, promotion and event.

    Parameters
    ----------
    history
        The past, unusual days left out.
    event_code
        (n_series, n_days) code of each day's event, 0 without one.
    rare
        Codes of events that happen on few days.
    """
    panel = history.panel
    exposure = np.where(np.isnan(history.demand), np.float32(0), np.float32(1))
    units = np.nan_to_num(history.demand)
    is_special = np.isin(event_code, rare)
    promoted = panel.is_promoted
    states = tuple(
        WeekdayRates.of(np.where(is_of, units, np.float32(0)), np.where(is_of, exposure, np.float32(0)))
        for is_of in (~promoted & ~is_special, promoted & ~is_special)
    )
    plain_state, promoted_state = states
    expected = np.where(promoted, _usual(promoted_state), _usual(plain_state)) * exposure
    is_told = expected > 0
    units = np.where(is_told, units, np.float32(0))
    expected = np.where(is_told, expected, np.float32(0))
    level = _masked(units, expected, ~is_special)
    codes = _codes(panel.series)
    sizes = {name: int(code.max(initial=-1)) + 1 for name, code in codes.items()}
    tier = pd.factorize(panel.series["tier"], sort=True)[0].astype(np.int64)
    n_tiers = int(tier.max(initial=-1)) + 1
    events = {code: _masked(units, expected, event_code == code) for code in rare}
    return Rhythm(
        states=(plain_state, promoted_state),
        level=level,
        codes={**codes, "tier": tier},
        pooled_states={
            name: (plain_state.grouped(code, sizes[name]), promoted_state.grouped(code, sizes[name]))
            for name, code in codes.items()
        },
        pooled_level={name: level.grouped(code, sizes[name]) for name, code in codes.items()},
        events={code: (own, own.grouped(tier, n_tiers)) for code, own in events.items()},
    )


def event_factors(rhythm: Rhythm, origin: int, *, base: Array, code: int) -> Array:
    """Return what days of an event sell against usual ones, as known at an origin, (n_series,).

    A series' own record is shrunk to that of all series of its tier, as if it had shown one usual day of theirs, or
    `EVENT_UNITS` if that is more; theirs to 1 by a usual day of theirs.

    Parameters
    ----------
    rhythm
        Of the panel.
    origin
        Day index.
    base
        (n_series,) base rates at the origin [units/day].
    code
        Code of the event.
    """
    own, by_tier = rhythm.events[code]
    n_days = origin + 1
    n_points = np.maximum(np.bincount(rhythm.codes["tier"], minlength=by_tier.n), 1)
    usual_day = np.maximum(np.bincount(rhythm.codes["tier"], base, minlength=by_tier.n) / n_points, 1e-9)
    units, expected = by_tier.units.window(origin, n_days), by_tier.exposure.window(origin, n_days)
    common = ((units + usual_day) / (expected + usual_day))[rhythm.codes["tier"]]
    weight = np.maximum(base, EVENT_UNITS)
    factors: Array = own.units.window(origin, n_days) + common * weight
    factors /= own.exposure.window(origin, n_days) + weight
    return factors


def _usual(state: WeekdayRates) -> Array32:
    """Rate of each day's weekday over the half year that ends a week before it, (n, n_days); NaN without exposure."""
    units, exposure = _trailing(state.units.sums), _trailing(state.exposure.sums)
    usual: Array32 = np.where(exposure > LEAST_EXPOSURE, units / np.maximum(exposure, np.float32(1e-6)), np.nan)
    return usual


def _trailing(sums: Array32) -> Array32:
    """Sums over the weeks that end a week before each day."""
    ending = sums[:, :-WEEK]
    n_days, back = ending.shape[1], USUAL_WEEKS * WEEK
    result = ending.copy()
    if n_days > back:
        result[:, back:] -= ending[:, : n_days - back]
    return result


def _masked(units: Array32, expected: Array32, mask: npt.NDArray[np.bool_]) -> Rates:
    return Rates(
        RunningSum.of(np.where(mask, units, np.float32(0))), RunningSum.of(np.where(mask, expected, np.float32(0)))
    )


def _codes(series: pd.DataFrame) -> dict[str, Ints]:
    keys = {name: series[name] for name in POOLS if name != "all"}
    codes = {name: pd.factorize(key, sort=True)[0].astype(np.int64) for name, key in keys.items()}
    codes["all"] = np.zeros(len(series), dtype=np.int64)
    return codes
