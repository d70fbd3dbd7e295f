"""FreshRetailNet: nothing of the same day after the cutoff is read; profile, promotions and scores by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmarks._freshretailnet_data import KEYS, demand_availability, demand_profile, promotions, read_days
from benchmarks._freshretailnet_smoke import smoke_rows
from benchmarks._score_freshretailnet import masked_mean, score
from benchmarks.freshretailnet import forecast_days
from forecasting.config import ForecastConfig

CUTOFF = pd.Timestamp("2024-05-28")
SAME_DAY = ["precpt", "avg_temperature", "avg_humidity", "avg_wind_level", "sale_amount_sum24", "stockout_hours_6_22"]
HOURLY = ["hours_sale", "hours_stock_status"]
QUICK = ForecastConfig(horizon_days=7, threads=1, n_origins=1, max_training_rows=4_000, max_rounds=30)


def forecast_from(folder, rows) -> pd.DataFrame:
    folder.mkdir()
    rows.to_parquet(folder / "train_daily.parquet", index=False)
    days = read_days(folder, cutoff=CUTOFF, horizon=7)
    return forecast_days(days, CUTOFF, config=QUICK)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory) -> pd.DataFrame:
    return forecast_from(tmp_path_factory.mktemp("fresh") / "data", smoke_rows())


def test_scrambled_and_missing_days_after_the_cutoff_change_no_bit(forecast, tmp_path):
    rows = smoke_rows()
    after = rows["dt"] > CUTOFF
    past, ahead = rows[~after], rows[after].copy()
    random = np.random.default_rng(5)
    ahead[SAME_DAY] = random.gamma(1.0, 50.0, (len(ahead), len(SAME_DAY)))
    for name in HOURLY:
        ahead[name] = list(random.integers(0, 2, (len(ahead), 24)))
    pd.testing.assert_frame_equal(forecast_from(tmp_path / "scrambled", pd.concat([past, ahead])), forecast)
    known = ahead.drop(columns=[*SAME_DAY, *HOURLY])
    pd.testing.assert_frame_equal(forecast_from(tmp_path / "missing", pd.concat([past, known])), forecast)


def test_every_series_and_day_has_a_finite_forecast_with_ordered_quantiles(forecast):
    assert len(forecast) == 6 * 5 * 7
    assert not forecast.duplicated([*KEYS, "dt"]).any()
    quantiles = forecast.filter(regex=r"^q0\.").to_numpy()
    assert quantiles.shape[1] == 19
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert np.isfinite(forecast[["mean", "demand_mean", "sales_mean"]].to_numpy()).all()
    assert (forecast["sales_mean"] <= forecast["demand_mean"]).all()


def test_the_profile_does_not_take_late_hours_for_slow_ones_because_shelves_are_empty(tmp_path):
    rows = smoke_rows()
    rows.to_parquet(tmp_path / "train_daily.parquet", index=False)
    days = read_days(tmp_path, cutoff=CUTOFF, horizon=0)
    profile = demand_profile(days)
    hour = np.exp(-0.5 * ((np.arange(6, 22) - 12) / 4.0) ** 2)
    assert profile.sum() == pytest.approx(1.0)
    assert np.abs(profile - hour / hour.sum()).max() < 0.01


def test_availability_is_the_share_of_demand_not_of_hours(tmp_path):
    rows = smoke_rows()
    rows.to_parquet(tmp_path / "train_daily.parquet", index=False)
    days = read_days(tmp_path, cutoff=CUTOFF, horizon=0)
    is_out = np.zeros_like(days.is_out)
    is_out[0, -4:] = True
    share = demand_availability(dataclasses.replace(days, is_out=is_out))
    # out in the four quietest hours of the day: more than three quarters of demand came before
    assert 0.75 < share[0] < 1
    assert share[1:].tolist() == pytest.approx([1.0] * (len(share) - 1))


def test_promotions_are_runs_of_equal_days_of_one_series():
    dates = pd.date_range("2024-06-01", periods=4)
    rows = pd.DataFrame(
        {
            "store_id": [1] * 4 + [2] * 4,
            "product_id": 7,
            "dt": [*dates, *dates],
            "discount": [1.0, 0.8, 0.8, 0.5, 0.5, 1.0, 1.0, 1.0],
            "activity_flag": [0, 0, 0, 0, 0, 0, 1, 1],
        }
    )
    found = promotions(rows)
    assert found["location"].tolist() == ["S0001", "S0001", "S0002", "S0002"]
    assert found["from"].dt.day.tolist() == [2, 4, 1, 3]
    assert found["to"].dt.day.tolist() == [3, 4, 1, 4]
    assert found["price"].tolist() == pytest.approx([0.8, 0.5, 0.5, 1.0])
    assert found["mechanism"].tolist() == ["discount", "discount", "discount", "flash"]


def test_only_full_days_are_scored_and_sales_on_all(tmp_path):
    days = pd.DataFrame(
        {
            "store_id": 1,
            "product_id": 2,
            "dt": pd.date_range("2024-06-01", periods=4),
            "sale_amount_sum24": [4.0, 2.0, 3.0, 1.0],
            "stockout_hours_6_22": [0, 8, 0, 8],
        }
    )
    days.to_parquet(tmp_path / "all.parquet", index=False)
    forecast = days.iloc[2:][[*KEYS, "dt"]].assign(mean=[2.0, 9.0], sales_mean=[2.0, 2.0])
    result = score(forecast, tmp_path, history=tmp_path)
    # full day: |2 - 3| / 3; masked mean 4 against 3; sales (1 + 1) / 4 with bias 4 / 4 - 1
    assert result["wape"] == pytest.approx(1 / 3)
    assert result["bias"] == pytest.approx(-1 / 3)
    assert result["masked_wape"] == pytest.approx(1 / 3)
    assert result["wape_change"] == pytest.approx(0.0)
    assert result["sales_wape"] == pytest.approx(0.5)
    assert result["sales_bias"] == pytest.approx(0.0)
    assert masked_mean(tmp_path, pd.Timestamp("2024-06-02"))["masked"].tolist() == [4.0]
