"""The M5 folder as published, cut at an origin: history, calendar and weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.node_calendar import NodeCalendar, node_calendar

Array = npt.NDArray[np.float64]

STATES = ("CA", "TX", "WI")
SNAP = "SNAP"
QUANTILES = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)
N_LEVELS = 9


@dataclass(frozen=True, eq=False)
class Levels:
    """The 154 series of levels 1 to 9 up to a cutoff.

    Parameters
    ----------
    names
        Columns `key` and `level`.
    demand
        (154, n_days) units.
    weight
        (154,) official weights of the validation window; each level sums to 1.
    calendar
        Events and SNAP days of history and horizon.
    """

    names: pd.DataFrame
    demand: Array
    weight: Array
    calendar: NodeCalendar


def newest(folder: Path, pattern: str) -> Path:
    """Return the file that matches; of several, the last by name.

    Raises
    ------
    FileNotFoundError
        If none does.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(f"{folder}: no file matches {pattern}")
    return found[-1]


def day_number(cutoff: str, calendar: pd.DataFrame) -> int:
    """Return N of day d_N for `d_N` or a date of the calendar.

    Raises
    ------
    ValueError
        If the calendar has no such day.
    """
    name = cutoff if cutoff.startswith("d_") else str(calendar.loc[calendar["date"] == cutoff, "d"].squeeze())
    if name not in set(calendar["d"]):
        raise ValueError(f"cutoff {cutoff}: the calendar has no such day; give d_1913 or 2016-04-24")
    return int(name.removeprefix("d_"))


def read_calendar(folder: Path) -> pd.DataFrame:
    """Return the published calendar, day by day."""
    return pd.read_csv(folder / "calendar.csv")


def event_table(calendar: pd.DataFrame) -> pd.DataFrame:
    """Events of all regions and SNAP days by state: columns date, region, event, event_type."""
    parts = []
    for number in (1, 2):
        part = calendar[["date", f"event_name_{number}", f"event_type_{number}"]].dropna()
        parts.append(part.set_axis(["date", "event", "event_type"], axis=1).assign(region=""))
    for state in STATES:
        days = calendar.loc[calendar[f"snap_{state}"] == 1, ["date"]]
        parts.append(days.assign(event=SNAP, event_type="snap", region=state))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(date=pd.to_datetime(table["date"]))


def day_columns(n_days: int) -> list[str]:
    """Names of the first days."""
    return [f"d_{day}" for day in range(1, n_days + 1)]


def read_levels(folder: Path, *, last_day: int, horizon: int) -> Levels:
    """Read the aggregates up to day ``last_day``; later columns are never read.

    Parameters
    ----------
    folder
        As published.
    last_day
        Cutoff: N of d_N.
    horizon
        Days ahead that the calendar must cover.
    """
    table = pd.read_parquet(newest(folder, "levels1_9*.parquet"), columns=["key", "level", *day_columns(last_day)])
    names = table[["key", "level"]]
    calendar = read_calendar(folder).iloc[: last_day + horizon]
    regions = [region_of(key) for key in names["key"]]
    share = np.array([[1.0 if place == s else 1.0 / 3.0 if not place else 0.0 for s in STATES] for place in regions])
    return Levels(
        names=names,
        demand=table[day_columns(last_day)].to_numpy(dtype=np.float64),
        weight=level_weights(folder, names),
        calendar=node_calendar(
            event_table(calendar), pd.DatetimeIndex(calendar["date"]), regions=STATES, region_share=share
        ),
    )


def region_of(key: str) -> str:
    """State of a series, empty for sums over states."""
    state = key.split("_")[0]
    return state if state in STATES else ""


def level_weights(folder: Path, names: pd.DataFrame) -> Array:
    """Official validation weights of the series of levels 1 to 9, (n,)."""
    weights = pd.read_parquet(folder / "weights_validation.parquet")
    weights = weights.assign(level=weights["Level_id"].str.removeprefix("Level").astype(int))
    weights = weights[weights["level"] <= N_LEVELS]
    second = weights["Agg_Level_2"]
    weights = weights.assign(key=weights["Agg_Level_1"].where(second == "X", weights["Agg_Level_1"] + "_" + second))
    joined = names.merge(weights[["key", "level", "Weight"]], on=["key", "level"], how="left")
    return joined["Weight"].to_numpy(dtype=np.float64)


def series_weights(folder: Path, table: pd.DataFrame) -> Array:
    """Official validation weights of item-store series with columns item_id and store_id, (n,)."""
    weights = pd.read_parquet(folder / "weights_validation.parquet")
    weights = weights[weights["Level_id"] == "Level12"]
    names = ["item_id", "store_id"]
    weights = weights.rename(columns=dict(zip(["Agg_Level_1", "Agg_Level_2"], names, strict=True)))
    joined = table[names].merge(weights[[*names, "Weight"]], on=names, how="left")
    return joined["Weight"].to_numpy(dtype=np.float64)


def level_groupings(bottom: pd.Series) -> list[pd.Series]:
    """Keys of levels 1 to 9 of each store-department series, in the files' words.

    Parameters
    ----------
    bottom
        Keys of level 9, such as ``CA_1_FOODS_2``.
    """
    parts = bottom.str.split("_", expand=True)
    state, store = parts[0], parts[0] + "_" + parts[1]
    category, department = parts[2], parts[2] + "_" + parts[3]
    total = pd.Series("Total", index=bottom.index)
    sums = [total, state, store, category, department]
    return [*sums, *(a + "_" + b for a in (state, store) for b in (category, department))]
