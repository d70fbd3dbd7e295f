"""A tiny invented data set in the publisher's format, with stock that runs out."""

from pathlib import Path

import numpy as np
import pandas as pd

N_STORES, N_PRODUCTS, N_DAYS = 6, 5, 76
DAY_HOURS, FIRST_HOUR, LAST_HOUR = 24, 6, 22


def smoke_rows(seed: int = 0) -> pd.DataFrame:
    """Hourly Poisson demand with weekends and activities, sold until the stock of the day is gone."""
    random = np.random.default_rng(seed)
    dates = pd.date_range("2024-03-28", periods=N_DAYS)
    grid = pd.MultiIndex.from_product(
        [range(N_STORES), range(N_PRODUCTS), dates], names=["store_id", "product_id", "dt"]
    )
    rows = grid.to_frame(index=False)
    n = len(rows)
    is_off = rows["dt"].dt.day_of_week >= 5
    activity = (rows["dt"].dt.isocalendar().week.astype(int) + rows["product_id"]) % 3 == 0
    rate = (4.0 + rows["product_id"]) * (1 + 0.3 * is_off) * (1 + 0.6 * activity)
    hour = np.exp(-0.5 * ((np.arange(DAY_HOURS) - 12) / 4.0) ** 2)
    demand = random.poisson(rate.to_numpy()[:, None] * hour / hour.sum())
    stock = np.where(random.random(n) < 0.5, random.poisson(rate), 1000)
    before = np.cumsum(demand, axis=1) - demand
    sold = np.clip(stock[:, None] - before, 0, demand)
    is_out = (before >= stock[:, None]).astype(np.int64)
    return rows.assign(
        city_id=rows["store_id"] % 2,
        management_group_id=0,
        first_category_id=rows["product_id"] % 2,
        second_category_id=rows["product_id"] % 2,
        third_category_id=rows["product_id"] % 2,
        discount=np.where(activity, 0.8, 1.0),
        holiday_flag=is_off.astype("int8"),
        activity_flag=activity.astype("int8"),
        precpt=0.0,
        avg_temperature=20.0,
        avg_humidity=70.0,
        avg_wind_level=1.5,
        sale_amount_sum24=sold.sum(axis=1) / 10.0,
        stockout_hours_6_22=is_out[:, FIRST_HOUR:LAST_HOUR].sum(axis=1),
        hours_sale=list(sold / 10.0),
        hours_stock_status=list(is_out),
    )


def write_smoke(folder: Path) -> None:
    """Write the rows as the publisher's file."""
    smoke_rows().to_parquet(folder / "train_daily.parquet", index=False)
