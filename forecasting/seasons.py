"""What the calendar says of a target day: weekday, season, workdays, and the distance to holidays and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.calendar import Calendar

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Distances to events are cut here [days].
FAR_DAYS = 21
FESTIVAL_DAYS = 35
# An event on at most this share of the days is rare; so many kinds at most are kept apart.
RARE_SHARE, MAX_RARE_EVENTS = 0.08, 4
# Names by which calendars call the lunar new year.
FESTIVAL_WORDS = ("spring festival", "chinese new year", "lunar new year", "春节")
FESTIVAL_KIND = "lunar new year"
# Names by which calendars call the shopping festivals.
SALE_WORDS = ("618", "6.18", "double 11", "double eleven", "singles", "double 12", "双11", "双十一", "双12", "双十二")
NAMES = (
    "weekday",
    "day_of_month",
    "year_sine",
    "year_cosine",
    "is_workday",
    "workday_next",
    "event_code",
    "days_to_event",
    "days_since_event",
    "festival_distance",
    "sale_distance",
    "days_to_holiday",
    "days_since_holiday",
)


EVENT_CODE = NAMES.index("event_code")


@dataclass(frozen=True, eq=False)
class Seasons:
    """Calendar features by region and day.

    Parameters
    ----------
    regions
        Region of each row of ``table``.
    first_day
        Day index of the first column.
    table
        (n_regions, n_days, len(NAMES)).
    """

    regions: pd.Index
    first_day: int
    table: Array32

    def rows(self, regions: pd.Series[str]) -> Ints:
        """Row of each region name."""
        return self.regions.get_indexer(pd.Index(regions)).astype(np.int64)

    def at(self, rows: Ints, days: Ints) -> Array32:
        """Features of (region row, day index) pairs, (n, len(NAMES))."""
        return self.table[rows, days - self.first_day]

    def event_codes(self, n_days: int) -> Ints:
        """Event codes of the first days by region, (n_regions, n_days)."""
        return self.table[:, :n_days, EVENT_CODE].astype(np.int64)

    def event_codes_at(self, rows: Ints, days: Ints) -> Ints:
        """Event codes of (region row, day index) pairs."""
        codes: Ints = self.table[rows, days - self.first_day, EVENT_CODE].astype(np.int64)
        return codes

    def rare_events(self, n_days: int) -> tuple[int, ...]:
        """Codes of events that happen on few of the first days, the most frequent of them."""
        count = np.bincount(self.event_codes(n_days).ravel())
        limit = RARE_SHARE * max(self.table.shape[0] * n_days, 1)
        rare = [code for code in range(1, count.size) if 0 < count[code] <= limit]
        return tuple(sorted(sorted(rare, key=lambda code: (-count[code], code))[:MAX_RARE_EVENTS]))


def build_seasons(calendar: Calendar, regions: pd.Series[str], *, first: pd.Timestamp, n_days: int) -> Seasons:
    """Tabulate calendar features of ``n_days`` days from ``first`` for every region that occurs."""
    names = pd.Index(sorted(set(regions.fillna("").astype(str))))
    dates = pd.date_range(first, periods=n_days, freq="D")
    codes = {name: code + 1 for code, name in enumerate(sorted(set(event_kinds(calendar.events).dropna())))}
    tables = [_region_table(calendar, str(name), dates, codes) for name in names]
    table = np.stack(tables) if tables else np.zeros((0, n_days, len(NAMES)))
    return Seasons(regions=names, first_day=0, table=table.astype(np.float32))


def event_kinds(events: pd.DataFrame) -> pd.Series[str]:
    """Type of each event; the lunar new year is a kind of its own, for shops rest when other holidays fill them."""
    return events["event_type"].mask(_is_called(events["event"].fillna(""), FESTIVAL_WORDS), FESTIVAL_KIND)


def _region_table(calendar: Calendar, region: str, dates: pd.DatetimeIndex, codes: dict[str, int]) -> Array:
    events = calendar.events
    own = events[events["region"].fillna("").isin(["", region]).to_numpy() & events["event"].notna().to_numpy()]
    days = (own["date"].to_numpy(dtype="datetime64[D]") - dates[0].to_datetime64().astype("datetime64[D]")).astype(
        np.int64
    )
    kinds = np.asarray(event_kinds(own).map(codes).fillna(0), dtype=np.float64)
    grid = np.arange(len(dates), dtype=np.int64)
    is_workday = calendar.is_workday(dates, region).astype(np.float64)
    holidays = grid[(is_workday == 0) & (dates.day_of_week.to_numpy() < 5)]
    angle = 2.0 * np.pi * dates.day_of_year.to_numpy() / 365.25
    columns = [
        dates.day_of_week.to_numpy(dtype=np.float64),
        dates.day.to_numpy(dtype=np.float64),
        np.sin(angle),
        np.cos(angle),
        is_workday,
        np.append(is_workday[1:], is_workday[-1:]),
        _kind_on(grid, days, kinds),
        _days_to_next(grid, days, FAR_DAYS),
        _days_to_next(-grid, -days, FAR_DAYS),
        _signed_distance(grid, days[_is_called(own["event"], FESTIVAL_WORDS)], FESTIVAL_DAYS),
        _signed_distance(grid, days[_is_called(own["event"], SALE_WORDS)], FAR_DAYS),
        _days_to_next(grid, holidays, FAR_DAYS),
        _days_to_next(-grid, -holidays, FAR_DAYS),
    ]
    return np.column_stack(columns)


def _kind_on(grid: Ints, days: Ints, kinds: Array) -> Array:
    """Highest event code of each day, 0 without an event."""
    result = np.zeros(grid.size)
    inside = (days >= 0) & (days < grid.size)
    np.maximum.at(result, days[inside], kinds[inside])
    return result


def _days_to_next(grid: Ints, days: Ints, far: int) -> Array:
    """Days from each day to the next of ``days`` (0 on it), cut at ``far``; ``far`` where none follows."""
    ordered = np.unique(days)
    at = np.searchsorted(ordered, grid)
    following = np.append(ordered, np.iinfo(np.int64).max // 2)[at]
    return np.minimum(following - grid, far).astype(np.float64)


def _is_called(events: pd.Series[str], words: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether the name of each event holds one of the words."""
    named = events.str.lower().apply(lambda name: any(word in name for word in words))
    return named.to_numpy(dtype=bool)


def _signed_distance(grid: Ints, days: Ints, far: int) -> Array:
    """Signed days to the nearest of ``days``: negative before it, cut; the far value where none is near."""
    before = _days_to_next(grid, days, far)
    after = _days_to_next(-grid, -days, far)
    return np.where(before < after, -before, after)
