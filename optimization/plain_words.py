"""Dates, days and amounts the way a planner says them, in any locale."""

from __future__ import annotations

import numpy as np
import pandas as pd

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_COVER_DAYS = 365
"""Cover beyond this is told as more than this [days]."""


def say_date(date: pd.Timestamp) -> str:
    """A day as ``Thursday 6 Nov``."""
    return f"{_WEEKDAYS[date.weekday()]} {date.day} {_MONTHS[date.month - 1]}"


def say_units(units: float) -> str:
    """A quantity as ``1 unit`` or ``1,240 units``."""
    whole = round(units)
    return f"{whole:,} unit{'' if whole == 1 else 's'}"


def say_days(days: float) -> str:
    """A number of days as ``1 day``, ``6 days`` or ``over a year``; less than half a day is ``under a day``."""
    if not np.isfinite(days) or days > MOST_COVER_DAYS:
        return "over a year"
    whole = round(days)
    if whole < 1:
        return "under a day"
    return f"{whole} day{'' if whole == 1 else 's'}"


def say_cover(days: float) -> str:
    """Cover as ``6 days' cover``."""
    said = say_days(days)
    if said in ("over a year", "under a day"):
        return f"{said} of cover"
    return f"{said}{chr(39)}{'' if said.endswith('s') else 's'} cover"


def say_rate(units_per_day: float) -> str:
    """A rate of sale as ``3.2 a day`` or, when slow, ``2 a week`` or ``1 in 20 days``."""
    if units_per_day >= 1:
        return f"{units_per_day:.1f} a day"
    if units_per_day * 7 >= 1:
        return f"{units_per_day * 7:.1f} a week"
    return f"1 in {round(1 / units_per_day):,} days" if units_per_day > 1 / MOST_COVER_DAYS else "almost nothing"
