"""Any chain gets a finite, non-negative forecast, and says which model made it and why."""

import numpy as np
import pandas as pd
import pytest

from forecasting.classes import DemandClass
from forecasting.explain import FAMILIES, drivers
from forecasting.forecaster import Forecaster
from forecasting.pipeline import NO_HISTORY, forecast_demand
from network.graph import build_network
from network.snapshot import snapshot_at

MODELS = {"blend", "global", "seasonal_naive", "moving_average", "tsb", "adida", "gamma_poisson"}


def assert_sound(forecast, n_series: int, horizon: int = 14) -> None:
    assert forecast.mean.shape == (n_series, horizon)
    assert np.isfinite(forecast.mean).all() and (forecast.mean >= 0).all()
    quantiles = forecast.interval_quantiles([0.05, 0.5, 0.9, 0.99], 0, horizon)
    assert np.isfinite(quantiles).all() and (quantiles >= 0).all() and (np.diff(quantiles, axis=1) >= 0).all()
    assert set(forecast.series["model"]) <= MODELS
    assert set(forecast.series["demand_class"]) <= {str(name) for name in DemandClass}
    is_single = ~forecast.series["model"].isin(["global", "blend"])
    assert (forecast.series.loc[is_single, "fallback"] != "").all()
    assert (forecast.series.loc[forecast.series["model"] == "global", "fallback"] == "").all()


def forecast_of(chain, last_day: int, horizon: int = 14):
    cutoff = pd.Timestamp("2024-01-01") + pd.Timedelta(days=last_day)
    return chain.forecast(cutoff, chain.fit(cutoff), horizon)


@pytest.mark.parametrize("n_days", [1, 7, 10, 20, 30])
def test_short_histories_fall_back_and_say_so(make_chain, n_days):
    forecast = forecast_of(make_chain(2, 3, n_days), n_days - 1)
    assert_sound(forecast, 6)
    # two units a day at 4/7 weekdays, 3.2 at weekends: the mean is about 2.3
    assert 0.5 < forecast.mean.mean() < 5.0


def test_one_sku_at_one_location_is_enough(make_chain):
    assert_sound(forecast_of(make_chain(1, 1, 60), 59), 1)


def test_a_chain_that_never_sold_forecasts_zero(make_chain):
    forecast = forecast_of(make_chain(2, 2, 60, rate=0.0), 59)
    assert_sound(forecast, 4)
    assert forecast.mean.max() == 0.0
    assert forecast.interval_quantiles([0.99], 0, 14).max() == 0.0


def test_more_than_the_longest_panel_is_cut_not_refused(make_chain):
    forecast = forecast_of(make_chain(1, 2, 830), 829)
    assert_sound(forecast, 2)


def test_a_location_never_seen_gets_the_rate_of_its_sku_elsewhere(make_chain):
    # S3 is assorted from tomorrow and has never sold; the other stores sell about 2.3 a day
    base = make_chain(2, 4, 60)
    carried = pd.DataFrame({"sku": ["K0"], "location": ["S3"], "from": ["2024-03-01"]})
    chain = make_chain(2, 4, 60, assortment=carried)
    is_new = {name: base.tables[name]["location"] == "S3" for name in ("sales", "stock")}
    chain = chain.replace(**{name: chain.tables[name][~mask].reset_index(drop=True) for name, mask in is_new.items()})
    forecast = forecast_of(chain, 59)
    new = forecast.series["location"] == "S3"
    assert forecast.series.loc[new, "sku"].tolist() == ["K0"]
    assert forecast.series.loc[new, "fallback"].item() == NO_HISTORY
    assert 1.0 < forecast.mean[new.to_numpy()].mean() < 4.0


def test_nothing_is_forecast_before_launch_or_after_the_end(make_chain):
    # history ends on 2024-02-29; K0 ends with 2024-03-03 (day index 2), K1 is launched on 2024-03-06 (day index 5)
    base = make_chain(3, 2, 60)
    skus = base.tables["skus"].copy()
    skus.loc[skus["sku"] == "K0", "end_date"] = pd.Timestamp("2024-03-03")
    skus.loc[skus["sku"] == "K1", "launch_date"] = pd.Timestamp("2024-03-06")
    sales = base.tables["sales"]
    chain = base.replace(skus=skus, sales=sales[sales["sku"] != "K1"].reset_index(drop=True))
    forecast = forecast_of(chain, 59)
    ended = forecast.mean[(forecast.series["sku"] == "K0").to_numpy()]
    assert (ended[:, :3] > 0).all() and (ended[:, 3:] == 0).all()
    launched = forecast.mean[(forecast.series["sku"] == "K1").to_numpy()]
    assert (launched[:, :5] == 0).all() and (launched[:, 5:] > 0).all()


def test_records_of_no_units_before_a_launch_are_no_demand(make_chain):
    """Systems list what is to come: K1 has empty shelves and rows of 0 units; it is launched in a year."""
    base = make_chain(3, 2, 60)
    skus, sales = base.tables["skus"].copy(), base.tables["sales"].copy()
    skus.loc[skus["sku"] == "K1", "launch_date"] = pd.Timestamp("2025-03-06")
    to_come = sales["sku"] == "K1"
    sales.loc[to_come, ["units", "availability"]] = [0, 0.0]
    forecast = forecast_of(base.replace(skus=skus, sales=sales), 59)
    assert forecast.mean[(forecast.series["sku"] == "K1").to_numpy()].max() == 0.0
    sales.loc[to_come & (sales["date"] >= "2024-02-20"), ["units", "availability"]] = [3, 1.0]
    sold = forecast_of(base.replace(skus=skus, sales=sales), 59)
    assert sold.mean[(sold.series["sku"] == "K1").to_numpy()].min() > 0.0, "what was sold early had been launched early"


def test_a_closed_day_has_no_demand_and_teaches_nothing(make_chain):
    closed = pd.date_range("2024-01-07", "2024-03-24", freq="7D")
    closures = pd.DataFrame({"location": "S0", "date": closed, "open": False})
    chain = make_chain(2, 2, 60, closures=closures)
    forecast = forecast_of(chain, 59)
    of_store = (forecast.series["location"] == "S0").to_numpy()
    sundays = forecast.cutoff + pd.to_timedelta(np.arange(1, 15), unit="D")
    is_sunday = sundays.day_of_week == 6
    assert (forecast.mean[of_store][:, is_sunday] == 0).all()
    assert (forecast.mean[of_store][:, ~is_sunday] > 0).all()


def test_the_global_model_learns_the_weekend(fitted):
    chain, cutoff, forecaster = fitted
    forecast = chain.forecast(cutoff, forecaster)
    assert "global" in set(forecaster.weights()["model"])
    days = forecast.cutoff + pd.to_timedelta(np.arange(1, 15), unit="D")
    quiet = (forecast.series["sku"] == "K1").to_numpy()
    weekend = forecast.mean[quiet][:, days.day_of_week >= 5].mean()
    weekdays = forecast.mean[quiet][:, days.day_of_week < 5].mean()
    # true factor 1.6
    assert 1.3 < weekend / weekdays < 1.9


def test_a_unit_factor_scales_the_forecast(make_chain):
    plain = forecast_of(make_chain(2, 2, 20), 19)
    scaled = forecast_of(make_chain(2, 2, 20, settings={"id": "test", "unit_factor": 3.0}), 19)
    assert scaled.mean.mean() == pytest.approx(3.0 * plain.mean.mean(), rel=0.02)


def test_files_bring_back_the_same_forecaster_bit_for_bit(fitted):
    chain, cutoff, forecaster = fitted
    files = forecaster.to_files()
    again = Forecaster.from_files(files)
    assert again.to_files() == files and again.id == forecaster.id
    one, two = (chain.forecast(cutoff, each) for each in (forecaster, again))
    assert one.mean.tobytes() == two.mean.tobytes()
    assert one.interval_quantiles([0.9], 0, 7).tobytes() == two.interval_quantiles([0.9], 0, 7).tobytes()


def test_days_of_a_full_shelf_read_their_own_tables(fitted):
    chain, cutoff, forecaster = fitted
    snapshot = snapshot_at(chain.tables, chain.settings, cutoff)
    ask = (snapshot, build_network(snapshot), Forecaster.from_files(forecaster.to_files()), 14)
    assert forecast_demand(*ask).distribution.ratios.tolist() == forecaster.distribution.ratios.tolist()
    full = forecast_demand(*ask, target_shelf=1.0)
    assert full.distribution.ratios.tolist() == forecaster.full_shelf.ratios.tolist()
    assert_sound(full, 16)


def test_fitting_twice_gives_the_same_bits(fitted):
    chain, cutoff, forecaster = fitted
    assert chain.fit(cutoff, forecaster.config).to_files() == forecaster.to_files()


def test_drivers_sum_to_the_forecast(fitted):
    chain, cutoff, forecaster = fitted
    forecast = chain.forecast(cutoff, forecaster)
    snapshot = snapshot_at(chain.tables, chain.settings, cutoff)
    rows = np.array([0, 5, 9])
    split = drivers(forecaster, snapshot, build_network(snapshot), rows, windows=np.array([[0, 14], [0, 7], [3, 14]]))
    assert split["family"].tolist() == list(FAMILIES) * 3
    total = split.groupby("series")["amount"].sum()
    # what planners add is theirs, not a driver's
    mean = forecast.unadjusted_mean
    assert mean is not None
    assert total.to_numpy() == pytest.approx([mean[0].sum(), mean[5, :7].sum(), mean[9, 3:].sum()])
    assert split["days"].unique().tolist() == [14, 7, 11]


def test_the_horizon_may_differ_from_the_fitted_one(fitted):
    chain, cutoff, forecaster = fitted
    for horizon in (3, 28):
        assert_sound(chain.forecast(cutoff, forecaster, horizon), 16, horizon)
