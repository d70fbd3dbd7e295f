"""Holidays, moved working days and shopping festivals of the synthetic chain, and what they truly do to demand."""

import numpy as np
import pandas as pd

from experiments.world_config import Floats, Ints, WorldConfig

HOLIDAYS = (
    ("New Year", "2023-01-01", "2023-01-02"), ("Spring Festival", "2023-01-21", "2023-01-27"),
    ("Qingming", "2023-04-05", "2023-04-05"), ("Labour Day", "2023-04-29", "2023-05-03"),
    ("Dragon Boat", "2023-06-22", "2023-06-24"), ("National Day", "2023-09-29", "2023-10-06"),
    ("New Year", "2024-01-01", "2024-01-01"), ("Spring Festival", "2024-02-10", "2024-02-17"),
    ("Qingming", "2024-04-04", "2024-04-06"), ("Labour Day", "2024-05-01", "2024-05-05"),
    ("Dragon Boat", "2024-06-10", "2024-06-10"), ("Mid-Autumn", "2024-09-15", "2024-09-17"),
    ("National Day", "2024-10-01", "2024-10-07"), ("New Year", "2025-01-01", "2025-01-01"),
    ("Spring Festival", "2025-01-28", "2025-02-04"), ("Qingming", "2025-04-04", "2025-04-06"),
    ("Labour Day", "2025-05-01", "2025-05-05"), ("Dragon Boat", "2025-05-31", "2025-06-02"),
    ("National Day", "2025-10-01", "2025-10-08"), ("New Year", "2026-01-01", "2026-01-03"),
    ("Spring Festival", "2026-02-15", "2026-02-23"),
)  # fmt: skip
"""Public holidays of mainland China as announced by the State Council, first and last day."""

MOVED_WORKDAYS = (
    "2023-01-28", "2023-01-29", "2023-04-23", "2023-05-06", "2023-06-25", "2023-10-07", "2023-10-08",
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28",
)  # fmt: skip
"""Weekend days that are worked to make up for a holiday."""

SALES_FESTIVALS = (("618", "06-16", "06-19"), ("Double 11", "11-09", "11-12"), ("Double 12", "12-11", "12-12"))
"""Shopping festivals: name, first and last day of each year."""

WEEKLY = np.array(
    [
        [0.90, 0.88, 0.90, 0.95, 1.08, 1.22, 1.17],
        [0.96, 0.94, 0.94, 0.98, 1.08, 1.08, 1.02],
        [1.00, 0.97, 0.97, 0.98, 1.06, 1.02, 1.00],
        [1.08, 1.05, 1.02, 1.00, 0.97, 0.92, 0.96],
    ]
)
"""True weekly pattern of each channel from Monday to Sunday, mean 1."""

HOLIDAY_EFFECT = np.array([1.20, 1.00, 1.10, 0.95])
FESTIVAL_EFFECT = np.array([0.60, 0.60, 0.85, 0.45])
RAMP_DAYS, RAMP_EFFECT = 14, np.array([0.60, 0.30, 0.35, 0.40])
"""Before Spring Festival demand rises linearly for two weeks, by channel; during it, shops and couriers rest."""


def sales_festivals(config: WorldConfig) -> list[tuple[str, int, int]]:
    """Return (name with year, first day index, last day index) of every festival that touches the drawn days."""
    years = range(config.first_day.year, config.dates[-1].year + 1)
    spans = [
        (f"{name} {year}", config.index_of(f"{year}-{first}"), config.index_of(f"{year}-{last}"))
        for year in years
        for name, first, last in SALES_FESTIVALS
    ]
    return [span for span in spans if span[2] >= 0 and span[1] < config.n_drawn]


def day_effects(config: WorldConfig) -> Floats:
    """Return the true factor of weekday, holiday and Spring Festival for each channel, (n_drawn, 4).

    A moved working day behaves like a Wednesday, a holiday like a Saturday with its own factor.
    """
    weekday: Ints = np.array(config.dates.day_of_week, dtype=np.int64)
    factor = np.ones((config.n_drawn, 4))
    for day in MOVED_WORKDAYS:
        if 0 <= config.index_of(day) < config.n_drawn:
            weekday[config.index_of(day)] = 2
    for name, first, last in HOLIDAYS:
        start, stop = config.index_of(first), config.index_of(last) + 1
        inside = slice(max(start, 0), max(stop, 0))
        weekday[inside] = 5
        factor[inside] *= FESTIVAL_EFFECT if name == "Spring Festival" else HOLIDAY_EFFECT
        if name == "Spring Festival":
            for lead in range(1, RAMP_DAYS + 1):
                if 0 <= start - lead < config.n_drawn:
                    factor[start - lead] *= 1 + RAMP_EFFECT * (RAMP_DAYS + 1 - lead) / RAMP_DAYS
    result: Floats = factor * WEEKLY[:, weekday].T
    return result


def build_calendar(config: WorldConfig) -> pd.DataFrame:
    """Return the contract table `calendar` for all drawn days that are special, in every region (empty region)."""
    rows: list[tuple[pd.Timestamp, str, str, bool]] = []
    for name, first, last in HOLIDAYS:
        rows += [(day, name, "holiday", False) for day in pd.date_range(first, last)]
    rows += [(pd.Timestamp(day), "moved working day", "moved_workday", True) for day in MOVED_WORKDAYS]
    for name, start, stop in sales_festivals(config):
        days = [config.first_day + pd.Timedelta(days=index) for index in range(start, stop + 1)]
        rows += [(day, name[:-5], "sale", day.weekday() < 5) for day in days]
    table = pd.DataFrame(rows, columns=["date", "event", "event_type", "is_workday"])
    table = table[table["date"].between(config.first_day, config.dates[-1])].drop_duplicates("date")
    table.insert(1, "region", "")
    return table.sort_values("date", ignore_index=True)


def build_closures(config: WorldConfig, suppliers: tuple[str, ...]) -> pd.DataFrame:
    """Return the contract table `closures`: suppliers ship nothing during Spring Festival."""
    days = [
        day for name, first, last in HOLIDAYS if name == "Spring Festival" for day in pd.date_range(first, last)
        if 0 <= config.index_of(day) < config.n_drawn
    ]  # fmt: skip
    rows = [(supplier, day, False) for supplier in suppliers for day in days]
    return pd.DataFrame(rows, columns=["location", "date", "open"])
