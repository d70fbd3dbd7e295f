"""When a line may leave and is due, worked out for the audit line by line from lanes, closures and days of business."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.audit_case import AuditCase

Exceptions = dict[tuple[str, pd.Timestamp], bool]

_LONGEST_WAIT_DAYS = 60  # a destination shut for longer has no next open day


def is_leaving_allowed(case: AuditCase) -> pd.Series[bool]:
    """Return True where the lane orders on that weekday (or a closure row says so) and the origin is open."""
    lines = case.lines
    weekday = lines["ship_date"].dt.day_of_week.to_numpy()
    is_order_day = (lines["order_weekdays"].to_numpy() >> weekday) & 1 == 1
    exceptions = _lane_exceptions(case)
    lane = lines["origin"].astype("str") + ">" + lines["destination"].astype("str") + ":" + lines["mode"].astype("str")
    keys = zip(lane, lines["ship_date"], strict=True)
    ruled = np.array([exceptions.get(key, usual) for key, usual in zip(keys, is_order_day, strict=True)], dtype=bool)
    return pd.Series(
        ruled & _is_open(case, "origin", dates=lines["ship_date"], exceptions=_location_exceptions(case, "origin")),
        index=lines.index,
    )


def due_dates(case: AuditCase) -> pd.Series[pd.Timestamp]:
    """Return ship date + max(lead time, 1) - 1, moved to the next day on which the destination is open."""
    lines = case.lines
    lead = np.maximum(lines["lead"].fillna(1).to_numpy(), 1).astype("int64")
    due: pd.Series[pd.Timestamp] = lines["ship_date"] + pd.to_timedelta(lead - 1, unit="D")
    exceptions = _location_exceptions(case, "destination")
    for _ in range(_LONGEST_WAIT_DAYS):
        is_shut = ~_is_open(case, "destination", dates=due, exceptions=exceptions)
        if not is_shut.any():
            break
        due = due + pd.to_timedelta(is_shut.astype("int64"), unit="D")
    return due


def _lane_exceptions(case: AuditCase) -> dict[tuple[str, pd.Timestamp], bool]:
    """Closure rows of lanes: open or not by lane and day."""
    closures = case.snapshot.table("closures")
    of_lanes = closures.loc[closures["lane"].fillna("") != "", ["lane", "date", "open"]]
    return {(str(lane), date): bool(is_open) for lane, date, is_open in of_lanes.itertuples(index=False, name=None)}


def _is_open(
    case: AuditCase, end: str, *, dates: pd.Series[pd.Timestamp], exceptions: Exceptions
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return True where a line's origin or destination is in business and not closed on its date."""
    lines = case.lines
    opens, closes = lines[f"{end}_opens"], lines[f"{end}_closes"]
    in_business = (opens.isna() | (opens <= dates)) & (closes.isna() | (dates <= closes))
    if not exceptions:
        return in_business.to_numpy(dtype=bool)
    keys = zip(lines[end].astype("str"), dates, strict=True)
    return np.array([exceptions.get(key, usual) for key, usual in zip(keys, in_business, strict=True)], dtype=bool)


def _location_exceptions(case: AuditCase, end: str) -> Exceptions:
    """Closure rows of the places at one end, groups spelt out; the narrower the group, the later it speaks."""
    closures = case.snapshot.table("closures")
    is_ahead = (closures["location"].fillna("") != "") & (closures["date"] >= case.lines["ship_date"].min())
    of_places = closures.loc[is_ahead, ["location", "date", "open"]]
    if of_places.empty:
        return {}
    locations = case.snapshot.table("locations")
    named: list[tuple[int, str, pd.Timestamp, bool]] = []
    places_by_name = {name: _places(str(name), locations) for name in of_places["location"].unique()}
    for expression, date, is_open in of_places.itertuples(index=False, name=None):
        places = places_by_name[expression]
        width = 0 if places == [expression] else len(places)
        named += [(width, place, date, bool(is_open)) for place in places]
    ends = set(case.lines[end])
    widest_first = sorted(named, key=lambda row: -row[0])
    return {(place, date): is_open for _, place, date, is_open in widest_first if place in ends}


def _places(expression: str, locations: pd.DataFrame) -> list[str]:
    """Return the places an expression names: a location, a group such as ``region:EAST``, or ``*`` for all."""
    ids = locations["location"]
    kind, separator, name = expression.partition(":")
    if (ids == expression).any():
        return [expression]
    if expression == "*":
        return ids.tolist()
    return ids[locations[kind] == name].tolist() if separator and kind in locations else []
