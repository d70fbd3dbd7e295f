"""Features of nodes at an origin: rates and weekday shares, a year ago, conditions, and what occasions did before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forecasting.node_calendar import NodeCalendar, equal_rows

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WEEK = 7
YEAR = 364
# Days an origin must have behind it.
LEAST_PAST = 8 * WEEK
BASE_DAYS = 28
TREND_DAYS = (7, 14, 56, 91, 182, 364)
LEAST_BASE = 1e-6
# Offsets at which an occasion is looked for, nearest first: on the day, then days before and after it.
OFFSETS = (0, 1, -1, 2, 3, -2)
# Past occurrences averaged.
N_OCCURRENCES = 3
# A day's ratio is against the same weekday one and two weeks before and after, so it is known this much later [days].
RATIO_REACH = 2 * WEEK
# Signed distance to an occasion is cut here [days].
FAR_BEFORE, FAR_AFTER = 15, 8


@dataclass(frozen=True, eq=False)
class NodeHistory:
    """Demand of nodes and the calendar around it.

    Parameters
    ----------
    demand
        (n, n_days) [units/day], finite.
    level
        (n,) code of each node's level in the hierarchy.
    calendar
        Of the same nodes, over the same days and those ahead.
    major
        Rows of ``calendar.occasions`` whose distance is a feature.
    """

    demand: Array
    level: Ints
    calendar: NodeCalendar
    major: tuple[int, ...]

    @cached_property
    def sums(self) -> Array:
        """(n, n_days + 1) running sums."""
        return np.concatenate([np.zeros((len(self.demand), 1)), np.cumsum(self.demand, axis=1)], axis=1)

    @cached_property
    def condition_sums(self) -> Array:
        """(n_conditions, n, n_dates + 1) running sums of condition days."""
        share = self.calendar.condition_share.astype(np.float64)
        return np.concatenate([np.zeros((*share.shape[:2], 1)), np.cumsum(share, axis=2)], axis=2)

    @cached_property
    def ratios(self) -> Array:
        """(n, n_days) demand against the same weekdays around it; NaN where they lie outside the history."""
        return day_ratios(self.demand)

    @cached_property
    def occasion_groups(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Code of each node by the occasions it has, and (n_groups, n_occasions, n_dates) of the groups."""
        on = self.calendar.occasion_share.swapaxes(0, 1) > 0.3
        codes = equal_rows(on)
        first = np.unique(codes, return_index=True)[1]
        return codes, on[first]

    @cached_property
    def distances(self) -> Array:
        """(n_major, n_groups, n_dates) signed days since the nearest day of each major occasion, cut."""
        _, groups = self.occasion_groups
        return np.array([[_distance(group[major]) for group in groups] for major in self.major]).reshape(
            len(self.major), len(groups), -1
        )

    def mean(self, first: int, last: int) -> Array:
        """Mean over days first..last - 1, cut at the first day; NaN if none is left."""
        first = max(first, 0)
        if last <= first:
            return np.full(len(self.demand), np.nan)
        total: Array = (self.sums[:, last] - self.sums[:, first]) / (last - first)
        return total


def node_base(history: NodeHistory, day: int) -> Array:
    """Rate of the last `BASE_DAYS` days up to day index ``day``, (n,) [units/day]."""
    return np.maximum(history.mean(day + 1 - BASE_DAYS, day + 1), LEAST_BASE)


def node_rows(history: NodeHistory, day: int, steps: Ints) -> Array32:
    """Features of all nodes at an origin, (n, n_steps, n_features); nothing after ``day`` but the calendar is read.

    Parameters
    ----------
    history
        May reach beyond the origin.
    day
        Day index of the origin, at least `LEAST_PAST` - 1.
    steps
        Days ahead, each >= 1.
    """
    n, known, base = len(history.demand), day + 1, node_base(history, day)
    weeks = history.demand[:, known - LEAST_PAST : known].reshape(n, -1, WEEK)
    shares = (weeks.mean(axis=1) / np.maximum(weeks.mean(axis=(1, 2)), LEAST_BASE)[:, None],
              weeks[:, -4:].mean(axis=1) / base[:, None],
              weeks[:, -1] / base[:, None],
              weeks[:, -2] / base[:, None])  # fmt: skip
    year_ago = history.mean(known - YEAR - BASE_DAYS, known - YEAR) if known > YEAR else np.full(n, np.nan)
    fixed = [
        history.level,
        np.arange(n),
        *(history.mean(known - days, known) / base for days in TREND_DAYS),
        np.where(year_ago > 0, base / np.maximum(year_ago, LEAST_BASE), np.nan),
        *(_condition_mean(history, known - days, known) for days in (BASE_DAYS, WEEK)),
    ]
    rows = []
    for step in steps:
        target = day + int(step)
        columns = [
            np.full(n, step),
            *_calendar_columns(history, target),
            *(share[:, (int(step) - 1) % WEEK] for share in shares),
            *_occasion_ratios(history, day, target),
            *_years_ago(history, day, target),
        ]
        rows.append(np.column_stack([*columns, *(part.T if part.ndim > 1 else part for part in fixed)]))
    return np.stack(rows, axis=1).astype(np.float32)


def day_ratios(demand: Array) -> Array:
    """Demand of each day against the mean of the same weekday one and two weeks before and after it."""
    n_days = demand.shape[1]
    ratios = np.full(demand.shape, np.nan)
    if n_days > 2 * RATIO_REACH:
        inner = np.arange(RATIO_REACH, n_days - RATIO_REACH)
        around = sum(demand[:, inner + shift] for shift in (-14, -7, 7, 14)) / 4.0
        ratios[:, inner] = demand[:, inner] / np.maximum(around, LEAST_BASE)
    clipped: Array = np.clip(ratios, 0.0, 10.0)
    return clipped


def _calendar_columns(history: NodeHistory, target: int) -> list[Array]:
    n, calendar = len(history.demand), history.calendar
    date = calendar.dates[target]
    codes, groups = history.occasion_groups
    here = np.array([1 + int(np.argmax(group[:, target])) if group[:, target].any() else 0 for group in groups])
    tomorrow = min(target + 1, len(calendar.dates) - 1)
    columns = [np.full(n, value) for value in (date.day_of_week, date.day, date.day_of_year)]
    columns += [
        part.astype(np.float64) for part in (here[codes], *(table[codes, target] for table in history.distances))
    ]
    for number, share in enumerate(calendar.condition_share):
        sums = history.condition_sums[number]
        columns += [share[:, target], share[:, target - 1], share[:, tomorrow]]
        columns += [sums[:, target + 1] - sums[:, max(target - RATIO_REACH, 0)]]
    return columns


def _condition_mean(history: NodeHistory, first: int, last: int) -> Array:
    """Share of days with each condition, (n_conditions, n)."""
    sums = history.condition_sums
    share: Array = (sums[:, :, last] - sums[:, :, max(first, 0)]) / (last - first)
    return share


def _occasion_ratios(history: NodeHistory, day: int, target: int) -> list[Array]:
    """Mean ratio of earlier occurrences of the target day's own occasion, and of the nearest one beside it."""
    codes, groups = history.occasion_groups
    own, beside = np.ones(len(history.demand)), np.ones(len(history.demand))
    for code, group in enumerate(groups):
        nodes = codes == code
        for offset in OFFSETS:
            past = _earlier(group, day, target, offset=offset)
            if past.size:
                (own if offset == 0 else beside)[nodes] = history.ratios[np.ix_(nodes, past)].mean(axis=1)
                if offset:
                    break
    return [own, beside]


def _earlier(group: npt.NDArray[np.bool_], day: int, target: int, *, offset: int) -> Ints:
    """Days that stood to an earlier occurrence as the target day to the occasion ``offset`` days after it."""
    occasion_day = target + offset
    if not 0 <= occasion_day < group.shape[1] or not group[:, occasion_day].any():
        return np.zeros(0, dtype=np.int64)
    name = int(np.argmax(group[:, occasion_day]))
    past = np.flatnonzero(group[name]) - offset
    known = (past >= RATIO_REACH) & (past + RATIO_REACH <= day)
    return past[known][-N_OCCURRENCES:].astype(np.int64)


def _years_ago(history: NodeHistory, day: int, target: int) -> list[Array]:
    """Week, month and day around the target one and two years ago, against the four weeks before the origin then."""
    columns = []
    for back in (YEAR, 2 * YEAR):
        usual = history.mean(day + 1 - back - BASE_DAYS, day + 1 - back)
        then = target - back
        if day + 1 - back - BASE_DAYS < 0 or then < RATIO_REACH:
            columns += [np.full(len(history.demand), np.nan)] * 3
            continue
        usual = np.maximum(usual, LEAST_BASE)
        columns += [history.mean(then - 3, min(then + 4, day + 1)) / usual]
        columns += [history.mean(then - 13, min(then + 15, day + 1)) / usual, history.demand[:, then] / usual]
    return columns


def _distance(on: npt.NDArray[np.bool_]) -> Array:
    days, hits = np.arange(on.size), np.flatnonzero(on)
    if not hits.size:
        return np.full(on.size, float(-FAR_BEFORE))
    gap = days[:, None] - hits[None, :]
    nearest = gap[days, np.abs(gap).argmin(axis=1)]
    distance: Array = np.clip(nearest, -FAR_BEFORE, FAR_AFTER).astype(np.float64)
    return distance
