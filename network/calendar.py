"""Calendar: which days a location is open, goods may leave and are there, and which days are special.

Days ahead are counted from the cutoff: index d = 0 is the day after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from network.lanes import members
from network.snapshot import Snapshot

PUBLIC_HOLIDAY = "public_holiday"

# No closure we know of lasts longer; a destination that stays shut so long has no next open day.
_LONGEST_CLOSURE_DAYS = 60


@dataclass(frozen=True, eq=False, repr=False)
class Calendar:
    """Days of a network, made by `build_calendar`.

    Only closures and the first and last day of business close a location. Public holidays do not: shops are open on
    many of them, and their effect on demand is for the forecast to find.

    Parameters
    ----------
    locations
        Location ids, shape (n_locations,).
    opens, closes
        First and last day of business, NaT where unbounded; shape (n_locations,).
    lanes
        Columns `lane_id`, `origin_index`, `destination_index`, `order_weekdays`, `lead_time_days`, `cutoff_time`.
    closures
        Exceptions, one row a day: `row` (of `locations`, or of `lanes` where `is_lane`), `is_lane`, `date`, `open`,
        `cutoff_time`; the most specific rule only.
    events
        Columns `date`, `region` (empty: everywhere), `event`, `event_type`, `is_workday`; sorted.
    """

    locations: NDArray[np.object_]
    opens: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    lanes: pd.DataFrame
    closures: pd.DataFrame
    events: pd.DataFrame

    @property
    def holidays(self) -> pd.DatetimeIndex:
        """Days on which some region does not work although it is no weekend."""
        days = self.events.loc[~self.events["is_workday"].astype(bool), "date"]
        return pd.DatetimeIndex(days[days.dt.day_of_week < 5].unique()).sort_values()

    def is_open(self, location: str, date: pd.Timestamp) -> bool:
        """Say whether a location receives and ships goods on a day.

        Parameters
        ----------
        location
            Location id.
        date
            The day.

        Raises
        ------
        KeyError
            If the location is unknown.
        """
        rows = np.flatnonzero(self.locations == location)
        if not len(rows):
            raise KeyError(f"no location {location!r}")
        return bool(self.open_days(pd.Timestamp(date).normalize() - pd.Timedelta(days=1), 1)[rows[0], 0])

    def open_days(self, cutoff: pd.Timestamp, horizon: int) -> NDArray[np.bool_]:
        """Say which locations are open on which day ahead.

        Parameters
        ----------
        cutoff
            Day before the first.
        horizon
            Number of days.

        Returns
        -------
        Shape (n_locations, horizon).
        """
        days = _days_ahead(cutoff, horizon)
        has_opened = np.isnat(self.opens)[:, None] | (self.opens[:, None] <= days)
        has_closed = ~np.isnat(self.closes)[:, None] & (self.closes[:, None] < days)
        open_days: NDArray[np.bool_] = has_opened & ~has_closed
        self._apply(open_days, days, is_lane=False)
        return open_days

    def ship_days(self, lanes: ArrayLike, cutoff: pd.Timestamp, horizon: int) -> NDArray[np.bool_]:
        """Say on which days ahead goods may leave on a lane.

        The weekday must be one of the lane's order days (a closure row of the lane with `open` adds a day, without it
        takes one away), and the origin must be open.

        Parameters
        ----------
        lanes
            Rows of the network's lanes, shape (n,).
        cutoff
            Day before the first.
        horizon
            Number of days T.

        Returns
        -------
        Shape (n, T).
        """
        days = _days_ahead(cutoff, horizon)
        weekdays = pd.DatetimeIndex(days).day_of_week.to_numpy()
        may_leave = (self.lanes["order_weekdays"].to_numpy()[:, None] >> weekdays) & 1 == 1
        self._apply(may_leave, days, is_lane=True)
        may_leave &= self.open_days(cutoff, horizon)[self.lanes["origin_index"].to_numpy()]
        chosen: NDArray[np.bool_] = may_leave[np.asarray(lanes, dtype=np.intp)]
        return chosen

    def due_day(
        self, lanes: ArrayLike, cutoff: pd.Timestamp, horizon: int, *, lead_time_days: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Return the day from whose start goods are usable, for each day on which they could leave.

        Goods leaving on day d are due on d + max(lead time, 1) - 1, or on the destination's next open day.

        Parameters
        ----------
        lanes
            Rows of the network's lanes, shape (n,).
        cutoff
            Day before the first.
        horizon
            Number of days T.
        lead_time_days
            Lead times to use instead of the lanes' own, shape (n,) [days].

        Returns
        -------
        Day indexes, shape (n, T); T or more lies beyond the horizon.
        """
        rows = np.asarray(lanes, dtype=np.intp)
        declared = self.lanes["lead_time_days"].to_numpy()[rows]
        lead = np.maximum(declared if lead_time_days is None else np.asarray(lead_time_days), 1).astype(np.int64)
        span = horizon + int(lead.max(initial=1)) + _LONGEST_CLOSURE_DAYS
        next_open = _next_true(self.open_days(cutoff, span))
        arrival = np.arange(horizon)[None, :] + lead[:, None] - 1
        destinations = self.lanes["destination_index"].to_numpy()[rows]
        due: NDArray[np.int64] = next_open[destinations[:, None], arrival]
        return due

    def cutoff_time(self, lane: int, date: pd.Timestamp) -> str:
        """Return the latest time of day to order on a lane and day.

        Parameters
        ----------
        lane
            Row of the network's lanes.
        date
            The day.

        Returns
        -------
        `HH:MM`, from a closure row of the lane or else the lane itself; empty where none is given.
        """
        exceptions = self.closures
        is_hit = exceptions["is_lane"] & (exceptions["row"] == lane) & (exceptions["date"] == date)
        times = [*exceptions.loc[is_hit, "cutoff_time"], self.lanes["cutoff_time"].iloc[lane]]
        return next((str(time) for time in times if pd.notna(time) and time), "")

    def is_workday(self, dates: ArrayLike | pd.DatetimeIndex, region: str = "") -> NDArray[np.bool_]:
        """Say which days are working days in a region: what the calendar says, else Monday to Friday.

        Parameters
        ----------
        dates
            Days, shape (n,).
        region
            Region; rows without a region hold for all, a row of the region itself comes first.

        Returns
        -------
        Shape (n,).
        """
        days = pd.DatetimeIndex(np.asarray(dates, dtype="datetime64[ns]"))
        working = np.asarray(days.day_of_week < 5)
        regions = self.events["region"].fillna("")
        for scope in ("",) if not region else ("", region):
            rows = self.events[(regions == scope).to_numpy()].drop_duplicates("date", keep="last")
            at = pd.Index(rows["date"]).get_indexer(days)
            working = np.where(at >= 0, rows["is_workday"].to_numpy(dtype=bool)[at] if len(rows) else working, working)
        return working.astype(bool)

    def _apply(self, matrix: NDArray[np.bool_], days: NDArray[np.datetime64], *, is_lane: bool) -> None:
        """Write the closures that fall into the days over a (rows, days) matrix."""
        rows = self.closures[(self.closures["is_lane"] == is_lane).to_numpy()]
        offset = (rows["date"].to_numpy(dtype="datetime64[D]") - days[0].astype("datetime64[D]")).astype(np.int64)
        inside = (offset >= 0) & (offset < len(days))
        matrix[rows["row"].to_numpy()[inside], offset[inside]] = rows["open"].to_numpy(dtype=bool)[inside]


def build_calendar(snapshot: Snapshot, locations: pd.DataFrame, *, lanes: pd.DataFrame) -> Calendar:
    """Build the calendar from `calendar` and `closures`, or from public holidays where `calendar` is empty.

    Parameters
    ----------
    snapshot
        What is known.
    locations
        The network's locations.
    lanes
        The network's concrete lanes.

    Returns
    -------
    The calendar. Without a `calendar` table and a `country` in the settings it has no events: none is guessed.
    """
    declared = snapshot.table("calendar")
    events = declared.sort_values(["date", "region"]) if len(declared) else _public_holidays(snapshot)
    columns = ["lane_id", "origin_index", "destination_index", "order_weekdays", "lead_time_days", "cutoff_time"]
    return Calendar(
        locations=locations["location"].to_numpy(dtype=object),
        opens=locations["opens"].to_numpy(dtype="datetime64[ns]"),
        closes=locations["closes"].to_numpy(dtype="datetime64[ns]"),
        lanes=lanes[columns],
        closures=_exceptions(snapshot.table("closures"), locations, lanes),
        events=events.reset_index(drop=True),
    )


def _exceptions(closures: pd.DataFrame, locations: pd.DataFrame, lanes: pd.DataFrame) -> pd.DataFrame:
    """Resolve the locations, groups and lanes that closures name; a location beats a group that holds it."""
    lane_rows = {lane: np.array([row]) for row, lane in enumerate(lanes["lane_id"])}
    nothing = np.empty(0, dtype=np.intp)
    is_lane = (closures["location"].fillna("") == "").to_numpy(dtype=bool)
    named = np.where(is_lane, closures["lane"], closures["location"])
    places = {name: members(name, locations) for name in set(named[~is_lane])}
    hits = [
        lane_rows.get(name, nothing) if by_lane else places[name] for name, by_lane in zip(named, is_lane, strict=True)
    ]
    sizes = np.array([len(rows) for rows in hits], dtype=np.intp)
    breadth = np.where(np.isin(named, locations["location"].to_numpy()), 0, sizes)
    resolved = closures[["date", "open", "cutoff_time"]].assign(is_lane=is_lane, size=breadth)
    resolved = resolved.take(np.repeat(np.arange(len(closures)), sizes)).reset_index(drop=True)
    resolved["row"] = np.concatenate([*hits, nothing]).astype(np.intp)
    broad_first = resolved.sort_values(["is_lane", "row", "date", "size"], ascending=[True, True, True, False])
    return broad_first.drop_duplicates(["is_lane", "row", "date"], keep="last").reset_index(drop=True)


def _public_holidays(snapshot: Snapshot) -> pd.DataFrame:
    """Return the public holidays of the settings' country from the first sale to a year past the cutoff."""
    sold = snapshot.table("sales")["date"]
    country, _, subdivision = snapshot.settings.country.partition("-")
    if not country:
        return snapshot.table("calendar")
    import holidays

    first = snapshot.cutoff.year if sold.empty else sold.min().year
    years = range(first, snapshot.cutoff.year + 2)
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    moved = {day for day in known.weekend_workdays if day.year in years}
    rows: list[dict[str, Any]] = [
        {"date": pd.Timestamp(day), "region": "", "event": known.get(day, ""), "event_type": PUBLIC_HOLIDAY,
         "is_workday": day in moved}
        for day in sorted({*known, *moved})
    ]  # fmt: skip
    return snapshot.table("calendar").iloc[:0] if not rows else pd.DataFrame(rows).astype({"date": "datetime64[ns]"})


def _days_ahead(cutoff: pd.Timestamp, horizon: int) -> NDArray[np.datetime64]:
    first = cutoff.normalize() + pd.Timedelta(days=1)
    return pd.date_range(first, periods=horizon, unit="ns").to_numpy()


def _next_true(matrix: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each cell the first column at or after it that is True; the number of columns where there is none."""
    n_columns = matrix.shape[1]
    columns = np.where(matrix, np.arange(n_columns), n_columns)
    return np.minimum.accumulate(columns[:, ::-1], axis=1)[:, ::-1].astype(np.int64)
