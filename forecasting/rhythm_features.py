"""Features of a target day from what is usual on it: weekday and promotion, last year, events, openings, promotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.openings import NAMES as OPENING_NAMES
from forecasting.openings import Openings
from forecasting.rhythm import LEAST_EXPOSURE, USUAL_WEEKS, Rhythm, event_factors

if TYPE_CHECKING:
    from forecasting.evidence import Evidence
    from forecasting.weekly_sums import WeekdayRates

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

STATE_WEEKS = (4, 13, 26, 52, 104)
POOLED_STATES = ("sku", "category")
OWN_LEVEL_DAYS = (14, 28, 91)
POOLED_LEVELS = ("sku", "region")
YEAR_DAYS = 364
# Days that must lie behind the origin's own day a year ago.
LEAST_BEFORE_YEAR = 56
# Half widths of the windows around the target day a year ago [days], by pool; "" is the series itself.
YEAR_WINDOWS = (("", 1), ("", 5), ("sku", 0), ("sku", 3), ("region", 0), ("all", 0), ("all", 3))
# Full days that the prior of a state's rate weighs.
PRIOR_DAYS = 1.0

# Rates of the target's weekday on days promoted as it is. The relative objective alone reads them: where most series
# sell little, their few promoted days say less than what promotions do to all, and trees that see both lean on the few.
STATE_NAMES = (
    *(f"state_rate_{weeks}" for weeks in STATE_WEEKS),
    "other_state_rate",
    *(f"{pool}_state_rate" for pool in POOLED_STATES),
    "usual_rate",
)
LEVEL_NAMES = (
    *(f"own_level_{days}" for days in OWN_LEVEL_DAYS),
    *(f"{pool}_level" for pool in POOLED_LEVELS),
    "own_rate_182",
    "own_rate_364",
    *(f"{pool or 'own'}_year_{half}" for pool, half in YEAR_WINDOWS),
    "own_year_day",
    "promotion_year_day",
    "event_factor",
    *OPENING_NAMES,
)


@dataclass(frozen=True, eq=False)
class OriginRhythm:
    """What rows at an origin share.

    Parameters
    ----------
    usual, openings
        Of the evidence.
    level
        (n_series, n_columns) current levels against the usual, and long rates.
    year
        (len(YEAR_WINDOWS), horizon, n_series) index of the days a year before the target days; None in a short past.
    events
        (n_codes + 1, n_series) factor of each event code; 1 for codes without a record.
    """

    usual: Rhythm
    openings: Openings
    level: Array32
    year: Array32 | None
    events: Array32


def rhythm_names(evidence: Evidence) -> tuple[str, ...]:
    """Names of the columns of `rhythm_rows`; none where no model reads what is usual."""
    if evidence.rhythm is None:
        return ()
    return (*STATE_NAMES, *LEVEL_NAMES) if evidence.has_states else LEVEL_NAMES


def origin_rhythm(evidence: Evidence, day: int, *, base: Array, horizon: int) -> OriginRhythm | None:
    """Compute what is known of every series at the end of day index ``day``; None where no model reads it.

    Parameters
    ----------
    evidence
        Of the snapshot.
    day
        Origin.
    base
        (n_series,) [units/day].
    horizon
        Days ahead that will be asked for.
    """
    rhythm, own = evidence.rhythm, evidence.history.own
    if rhythm is None or evidence.openings is None:
        return None
    levels = [rhythm.level.rate(day, days) for days in OWN_LEVEL_DAYS]
    levels += [rhythm.pooled_level[name].rate(day, 28)[rhythm.codes[name]] for name in POOLED_LEVELS]
    levels += [own.rate(day, days) / base for days in (182, 364)]
    n_codes = max(rhythm.events, default=0)
    events = np.ones((n_codes + 1, base.size), dtype=np.float32)
    for code in rhythm.events:
        events[code] = event_factors(rhythm, day, base=base, code=code)
    return OriginRhythm(
        usual=rhythm,
        openings=evidence.openings,
        level=np.column_stack(levels).astype(np.float32),
        year=_year_table(rhythm, day, horizon=horizon),
        events=events,
    )


def rhythm_rows(
    evidence: Evidence, rhythm: OriginRhythm, day: int, *, base: Array, is_on: Array32, series: Ints, steps: Ints
) -> Array32:
    """Return the columns `rhythm_names` of (series, step) pairs, (n_rows, n_columns).

    Parameters
    ----------
    evidence
        Of the snapshot.
    rhythm
        From `origin_rhythm` at this origin.
    day
        Origin.
    base
        (n_series,) [units/day].
    is_on
        (n_series, horizon) promoted days ahead.
    series, steps
        (n_rows,) rows and days ahead.
    """
    target, column = day + steps, steps - 1
    n_state = len(STATE_NAMES) if evidence.has_states else 0
    result = np.empty((series.size, n_state + len(LEVEL_NAMES)), dtype=np.float32)
    levels = rhythm.level[series]
    if n_state:
        result[:, :n_state] = _state_columns(
            evidence, rhythm.usual, day, scale=base[series], is_on=is_on[series, column] > 0, series=series, steps=steps
        )
        result[:, n_state - 1] *= np.nan_to_num(levels[:, OWN_LEVEL_DAYS.index(28)], nan=1.0)
    first = n_state + levels.shape[1]
    result[:, n_state:first] = levels
    years = len(YEAR_WINDOWS)
    result[:, first : first + years] = np.nan if rhythm.year is None else rhythm.year[:, column, series].T
    past, has_past = np.maximum(target - YEAR_DAYS, 0), target >= YEAR_DAYS
    demand = evidence.panel.demand[series, past] / base[series]
    code = evidence.event_codes(series, target)
    rest = [
        np.where(has_past, demand, np.nan),
        np.where(has_past, evidence.panel.is_promoted[series, past], np.nan),
        rhythm.events[np.where(code < rhythm.events.shape[0], code, 0), series],
        *rhythm.openings.at(series, target, known_until=day + is_on.shape[1]),
    ]
    for offset, values in enumerate(rest, start=first + years):
        result[:, offset] = values
    return result


def _state_columns(
    evidence: Evidence,
    rhythm: Rhythm,
    day: int,
    *,
    scale: Array,
    is_on: npt.NDArray[np.bool_],
    series: Ints,
    steps: Ints,
) -> Array32:
    """Rates of the target's weekday on days promoted as it is, against the base; the last column is the usual rate."""
    last = day - (-steps % 7)
    other = _state_rate(rhythm.states, ~is_on, series, last, n_weeks=USUAL_WEEKS)
    ratio = _promotion_ratio(rhythm, is_on, series, last)
    prior = other * ratio
    columns = [
        _state_rate(rhythm.states, is_on, series, last, n_weeks=weeks, prior=prior) / scale for weeks in STATE_WEEKS
    ]
    columns.append(other / scale)
    for name in POOLED_STATES:
        codes = rhythm.codes[name]
        general = evidence.history.pools[name].rates.rate(day, USUAL_WEEKS * 7)[codes[series]]
        states, rows = rhythm.pooled_states[name], codes[series]
        prior = ratio * _state_rate(states, ~is_on, rows, last, n_weeks=USUAL_WEEKS)
        rate = _state_rate(states, is_on, rows, last, n_weeks=USUAL_WEEKS, prior=prior)
        columns.append(np.where(general > 0, rate / np.where(general > 0, general, 1.0), np.nan))
    columns.append(columns[STATE_WEEKS.index(USUAL_WEEKS)])
    return np.column_stack(columns).astype(np.float32)


def _promotion_ratio(rhythm: Rhythm, is_on: npt.NDArray[np.bool_], series: Ints, last: Ints) -> Array:
    """Rate of the asked state against the other one in the category, or of all where the category knows only one."""
    ratio = np.full(series.size, np.nan)
    for name in ("all", "category"):
        codes = rhythm.codes[name][series]
        asked, other = (
            _state_rate(rhythm.pooled_states[name], wanted, codes, last, n_weeks=USUAL_WEEKS)
            for wanted in (is_on, ~is_on)
        )
        is_told = ~np.isnan(asked) & (np.nan_to_num(other) > 0)
        ratio = np.where(is_told, asked / np.where(is_told, other, 1.0), ratio)
    return ratio


def _state_rate(
    states: tuple[WeekdayRates, WeekdayRates],
    is_on: npt.NDArray[np.bool_],
    rows: Ints,
    last: Ints,
    *,
    n_weeks: int,
    prior: Array | None = None,
) -> Array:
    """Rate over plain or promoted days, shrunk to a prior where there is one; NaN without any days of the kind."""
    result = np.full(rows.size, np.nan)
    for state, picked in zip(states, (~is_on, is_on), strict=True):
        units, exposure = state.totals(rows[picked], last[picked], n_weeks=n_weeks)
        result[picked] = np.where(exposure > LEAST_EXPOSURE, units / np.maximum(exposure, 1e-6), np.nan)
        if prior is not None:
            believed = prior[picked]
            shrunk = (units + PRIOR_DAYS * believed) / (exposure + PRIOR_DAYS)
            result[picked] = np.where(np.isnan(believed), result[picked], shrunk)
    return result


def _year_table(rhythm: Rhythm, day: int, *, horizon: int) -> Array32 | None:
    """Index around each target day a year ago against the four weeks before the origin's own day a year ago."""
    then = day - YEAR_DAYS
    if then < LEAST_BEFORE_YEAR:
        return None
    table = np.empty((len(YEAR_WINDOWS), horizon, rhythm.codes["all"].size), dtype=np.float32)
    for row, (pool, half) in enumerate(YEAR_WINDOWS):
        rates = rhythm.pooled_level[pool] if pool else rhythm.level
        usual = rates.rate(then, 28)
        around = np.stack([rates.rate(then + step + half, 2 * half + 1) for step in range(1, horizon + 1)])
        index = np.where(usual > 0, around / np.where(usual > 0, usual, 1.0), np.nan)
        table[row] = index[:, rhythm.codes[pool]] if pool else index
    return table
