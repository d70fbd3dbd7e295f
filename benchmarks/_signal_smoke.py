"""Made-up files in the formats of Rossmann, Breakfast at the Frat and Cainiao; numbers from a fixed seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from _signal_windows import ALL_COLUMNS, TESTED, TRAINED

from examples.breakfast import PRODUCTS, STATE_BY_STORE
from examples.cainiao import NATION, SUM_DAYS

LAST_DAY = pd.Timestamp("2015-06-19")
LAST_SATURDAY = pd.Timestamp("2011-12-31")


def made_up_rossmann(folder: Path, *, n_stores: int = 4, n_days: int = 110) -> None:
    """Stores with a weekday rhythm and promotions; customers follow sales, trends and weather are noise.

    Parameters
    ----------
    folder
        Where to.
    n_stores, n_days
        Size.
    """
    random = np.random.default_rng(7)
    dates = pd.date_range(end=LAST_DAY, periods=n_days)
    grid = pd.MultiIndex.from_product([range(1, n_stores + 1), dates], names=["Store", "Date"]).to_frame(index=False)
    weekday, week = grid["Date"].dt.day_of_week, (grid["Date"] - dates[0]).dt.days // 7
    grid["Open"] = (weekday < 6).astype(int)
    grid["Promo"] = ((week % 2 == 0) & (weekday < 5)).astype(int)
    level = (3000.0 + 400.0 * grid["Store"]) * random.lognormal(0.0, 0.1, len(grid))
    grid["Sales"] = (level * (1 + 0.4 * grid["Promo"]) * (1 + 0.2 * (weekday == 0))).round() * grid["Open"]
    grid = grid.assign(Customers=grid["Sales"] // 9, StateHoliday="0", SchoolHoliday=0)
    grid.astype({"Sales": "int64"}).to_csv(folder / "train.csv", index=False)
    stores = pd.DataFrame({"Store": range(1, n_stores + 1), "StoreType": "a", "Promo2": 1})
    stores = stores.assign(Promo2SinceWeek=13, Promo2SinceYear=2014, PromoInterval="Jan,Oct")
    stores.to_csv(folder / "store.csv", index=False)
    stores.assign(State="HE")[["Store", "State"]].to_csv(folder / "store_states.csv", index=False)
    weeks = pd.date_range(end=LAST_DAY, periods=n_days // 7, freq="W-SUN")
    trends = pd.DataFrame({"state": "HE", "week_start": weeks, "trend": random.integers(40, 90, len(weeks))})
    trends.to_csv(folder / "googletrend.csv", index=False)
    weather = pd.DataFrame({"state_name": "Hessen", "Date": dates, "Mean_TemperatureC": random.normal(15, 4, n_days)})
    weather.assign(Precipitationmm=random.exponential(2.0, n_days)).to_csv(folder / "weather.csv", index=False)


def made_up_breakfast(folder: Path, *, n_weeks: int = 24) -> None:
    """Noisy weeks of every product in every store, a circular every fourth, and trends that are noise.

    Parameters
    ----------
    folder
        Where to.
    n_weeks
        Size.
    """
    random = np.random.default_rng(8)
    weeks = pd.date_range(end=LAST_SATURDAY, periods=n_weeks, freq="7D")
    names = ["store_id", "upc", "week_end_date"]
    rows = pd.MultiIndex.from_product([STATE_BY_STORE, PRODUCTS, weeks], names=names).to_frame(index=False)
    feature = (np.arange(len(rows)) % 4 == 0).astype(int)
    units = random.poisson(40 * (1 + feature)).astype(float)
    rows = rows.assign(units=units, visits=0.8 * units, hss=0.7 * units, feature=feature, display=0)
    rows.to_csv(folder / "sales_12series_reconstructed.csv", index=False)
    terms = [("cold_cereal", "Kashi_Web_US"), ("cold_cereal", "Kashi_Web_KY"), ("cross_category", "Costco_Web_US")]
    starts = weeks - pd.Timedelta(days=6)
    trends = [
        pd.DataFrame({"group": group, "series": series, "period_start": starts}).assign(
            freq="Week", index=random.integers(0, 100, n_weeks)
        )
        for group, series in terms
    ]
    pd.concat(trends).to_csv(folder / "google_trends_all.csv", index=False)


def made_up_cainiao(folder: Path, *, n_items: int = 100) -> None:
    """Items that sell at a rate of their own in two warehouses; visitors follow the rate.

    Parameters
    ----------
    folder
        Where to.
    n_items
        Size.
    """
    random = np.random.default_rng(9)
    names = ["window", "item_id", "store_code"]
    windows = [*TRAINED, TESTED]
    rows = pd.MultiIndex.from_product([windows, range(n_items), ["1", "2", "3", NATION]], names=names).to_frame(
        index=False
    )
    rate = random.gamma(1.0, 1.0, n_items)[rows["item_id"]] * np.where(rows["store_code"] == NATION, 3.0, 1.0)
    sold = random.poisson(rate[:, None] * np.diff(SUM_DAYS)).cumsum(axis=1)
    sums = {f"sales{days}": sold[:, column] for column, days in enumerate(SUM_DAYS[1:])}
    visitors = {column: random.poisson(20.0 * rate) for column in ALL_COLUMNS}
    facts = {"cate_id": 1.0, "cate_level_id": 12.0, "brand_id": 1.0, "supplier_id": 1.0}
    label = random.poisson(14.0 * rate).astype(float)
    rows.assign(**sums, **visitors, **facts, label_14d_qty=label).to_parquet(folder / "windows_all.parquet")


MADE_UP = {"rossmann": made_up_rossmann, "breakfast": made_up_breakfast, "cainiao": made_up_cainiao}
