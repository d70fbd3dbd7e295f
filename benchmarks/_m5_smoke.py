"""A tiny made-up folder in the format of the M5 data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from _m5_data import STATES, level_groupings

WEEK_LABELS = 11101
DEPARTMENTS = ("FOODS_1", "HOBBIES_1")


def made_up_data(folder: Path, *, n_days: int = 300, n_ahead: int = 28, n_states: int = 3) -> int:
    """Write the five files and return the number of days with demand; numbers from a fixed seed.

    Parameters
    ----------
    folder
        Where to.
    n_days
        Days with demand.
    n_ahead
        Days after them that the calendar covers.
    n_states
        States with a store each.
    """
    random = np.random.default_rng(11)
    calendar = _calendar(n_days + n_ahead)
    sample = _sample(random, calendar, n_days, STATES[:n_states])
    days = [f"d_{day}" for day in range(1, n_days + 1)]
    bottom = sample.assign(key=sample["store_id"] + "_" + sample["dept_id"]).groupby("key")[days].sum().reset_index()
    parts = [
        (10 * bottom[days]).groupby(grouping.to_numpy()).sum().rename_axis("key").reset_index().assign(level=level)
        for level, grouping in enumerate(level_groupings(bottom["key"]), start=1)
    ]
    levels = pd.concat(parts, ignore_index=True)[["key", "level", *days]]
    calendar.to_csv(folder / "calendar.csv", index=False)
    sample.to_parquet(folder / f"sales_sample1000_d1_d{n_days}.parquet", index=False)
    levels.to_parquet(folder / f"levels1_9_d1_d{n_days}.parquet", index=False)
    _prices(sample, calendar).to_parquet(folder / "sell_prices.parquet", index=False)
    _weights(levels, sample).to_parquet(folder / "weights_validation.parquet", index=False)
    return n_days


def _calendar(n: int) -> pd.DataFrame:
    dates = pd.date_range("2011-01-29", periods=n)
    week = np.arange(n) // 7
    is_feast = (np.arange(n) % 90 == 40)  # fmt: skip
    snap = {f"snap_{state}": (dates.day <= 5 + number).astype(int) for number, state in enumerate(STATES)}
    return pd.DataFrame(
        {
            "date": dates.strftime("%Y-%m-%d"),
            "wm_yr_wk": WEEK_LABELS + week,
            "d": [f"d_{day}" for day in range(1, n + 1)],
            "event_name_1": np.where(is_feast, "Feast", None),
            "event_type_1": np.where(is_feast, "National", None),
            "event_name_2": None,
            "event_type_2": None,
            **snap,
        }
    )


def _sample(random: np.random.Generator, calendar: pd.DataFrame, n_days: int, states: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    weekday = np.arange(n_days) % 7
    for state in states:
        rhythm = (1.0 + 0.5 * (weekday < 2)) * (1.0 + 0.3 * calendar[f"snap_{state}"].to_numpy()[:n_days])
        for department in DEPARTMENTS:
            for item in range(3):
                ids = [f"{department}_{item:03d}", department, department[:-2], f"{state}_1", state]
                units = random.poisson((0.5 + item) * rhythm)
                rows.append([f"{ids[0]}_{ids[3]}", *ids, *units])
    keys = ["id", "item_id", "dept_id", "cat_id", "store_id", "state_id"]
    return pd.DataFrame(rows, columns=[*keys, *(f"d_{day}" for day in range(1, n_days + 1))])


def _prices(sample: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    prices = sample[["store_id", "item_id"]].merge(calendar[["wm_yr_wk"]].drop_duplicates(), how="cross")
    return prices.assign(sell_price=np.where(prices["wm_yr_wk"] % 9 == 0, 4.0, 5.0))


def _weights(levels: pd.DataFrame, sample: pd.DataFrame) -> pd.DataFrame:
    share = 1.0 / levels.groupby("level")["key"].transform("count")
    upper = pd.DataFrame({"Level_id": "Level" + levels["level"].astype(str), "Agg_Level_1": levels["key"]})
    lower = sample[["item_id", "store_id"]].set_axis(["Agg_Level_1", "Agg_Level_2"], axis=1)
    lower = lower.assign(Level_id="Level12", Weight=1.0 / len(sample))
    return pd.concat([upper.assign(Agg_Level_2="X", Weight=share), lower], ignore_index=True)
