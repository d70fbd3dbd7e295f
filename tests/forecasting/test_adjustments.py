"""Planners exclude history and change forecasts; what they changed is kept and measured."""

import numpy as np
import pandas as pd
import pytest

from forecasting.adjustments import adjusted_mean, adjustment_value, excluded_days, touched_series
from forecasting.forecast import Forecast

CUTOFF = pd.Timestamp("2024-01-31")
SERIES = pd.DataFrame(
    {
        "sku": ["K0", "K0", "K1"],
        "location": ["S0", "S1", "S0"],
        "category": ["A", "A", "B"],
        "brand": ["X", "X", "X"],
        "zone": ["Z0", "Z1", "Z0"],
        "region": ["", "", ""],
    }
)
MEAN = np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0], [2.0, 2.0, 2.0]])


def entries(*rows: tuple[str, str, float | None, str]) -> pd.DataFrame:
    """Key, kind, value, and known_at; all hold on the second day of the horizon."""
    frame = pd.DataFrame(rows, columns=["key", "kind", "value", "known_at"])
    day = pd.Timestamp("2024-02-02")
    return frame.assign(
        user="u", reason="r", known_at=pd.to_datetime(frame["known_at"]), **{"from": day, "to": day}
    ).astype({"value": "float64"})


def changed(*rows: tuple[str, str, float | None, str], active: np.ndarray | None = None) -> np.ndarray:
    is_active = np.ones(MEAN.shape, dtype=bool) if active is None else active
    result = adjusted_mean(MEAN, entries(*rows), SERIES, cutoff=CUTOFF, is_active=is_active)
    assert result.mean[:, [0, 2]].tolist() == MEAN[:, [0, 2]].tolist()
    assert result.record["units"].sum() == pytest.approx((result.mean - MEAN).sum())
    return result.mean[:, 1]


def test_a_factor_multiplies_every_stock_point_of_the_key():
    assert changed(("sku:K0", "multiply", 1.5, "2024-01-30")).tolist() == [1.5, 4.5, 2.0]
    assert changed(("category:B", "multiply", 0.0, "2024-01-30")).tolist() == [1.0, 3.0, 0.0]


def test_added_units_are_those_of_the_whole_key_and_follow_the_forecast():
    # 8 units a day of K0, forecast 1 and 3: a quarter and three quarters
    assert changed(("sku:K0", "add", 8.0, "2024-01-30")).tolist() == [3.0, 9.0, 2.0]
    assert changed(("sku:K0@location:S1", "add", 8.0, "2024-01-30")).tolist() == [1.0, 11.0, 2.0]


def test_a_set_key_has_that_total_and_never_less_than_nothing():
    assert changed(("location:S0", "set", 6.0, "2024-01-30")).tolist() == [2.0, 3.0, 4.0]
    assert changed(("sku:K0", "add", -10.0, "2024-01-30")).tolist() == [0.0, 0.0, 2.0]


def test_entries_act_in_the_order_in_which_they_were_made():
    doubled_then_set = [("sku:K1", "multiply", 2.0, "2024-01-29"), ("sku:K1", "set", 7.0, "2024-01-30")]
    assert changed(*doubled_then_set)[2] == 7.0
    assert changed(("sku:K1", "multiply", 2.0, "2024-01-31"), ("sku:K1", "set", 7.0, "2024-01-30"))[2] == 14.0


def test_where_nothing_is_forecast_the_units_go_to_the_points_that_can_sell():
    active = np.ones(MEAN.shape, dtype=bool)
    active[0] = False
    none = np.zeros_like(MEAN)
    result = adjusted_mean(none, entries(("sku:K0", "add", 5.0, "2024-01-30")), SERIES, cutoff=CUTOFF, is_active=active)
    assert result.mean[:, 1].tolist() == [0.0, 5.0, 0.0]


def test_a_key_of_another_form_is_named():
    with pytest.raises(ValueError, match="sku:A"):
        touched_series("K0", SERIES)
    assert touched_series("brand:X@zone:Z0", SERIES).tolist() == [True, False, True]


def test_excluded_days_are_those_of_the_key():
    dates = pd.date_range("2024-02-01", periods=3)
    days = excluded_days(entries(("location:S0", "exclude", None, "2024-02-03")), SERIES, dates)
    assert days.astype(int).tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]


def test_value_is_the_error_before_less_the_error_after():
    forecast = Forecast.from_rates(MEAN, ["K0", "K0", "K1"], location=["S0", "S1", "S0"], cutoff="2024-01-31")
    active = np.ones(MEAN.shape, dtype=bool)
    adjusted = adjusted_mean(
        MEAN, entries(("sku:K0", "multiply", 2.0, "2024-01-30")), SERIES, cutoff=CUTOFF, is_active=active
    )
    forecast = forecast.replace(mean=adjusted.mean, unadjusted_mean=MEAN, adjustments=adjusted.record)
    # demand of K0 on the second day: 2 and 5; before |1-2| + |3-5| = 3 of 7, after |2-2| + |6-5| = 1 of 7
    actual = np.array([[1.0, 2.0, 1.0], [3.0, 5.0, 3.0], [9.0, 9.0, 9.0]])
    value = adjustment_value(forecast, actual)
    assert value["wape_before"].tolist() == pytest.approx([3 / 7])
    assert value["wape_after"].tolist() == pytest.approx([1 / 7])
    assert value["value"].tolist() == pytest.approx([2 / 7])
    assert value["units"].tolist() == [4.0]
    # of the one series of a taken forecast
    assert adjustment_value(forecast.take([1]), actual[[1]])["wape_after"].tolist() == pytest.approx([1 / 5])
    assert adjustment_value(Forecast.from_rates(MEAN, ["a", "b", "c"], location=["x"] * 3), MEAN).empty


def test_a_chain_shows_its_forecast_with_and_without_and_forgets_excluded_days(make_chain):
    chain = make_chain(n_skus=2, n_stores=2, n_days=60)
    cutoff, day = pd.Timestamp("2024-02-20"), pd.Timestamp("2024-02-22")
    raw = {"key": "sku:K0", "from": day, "to": day, "kind": "multiply", "value": 3.0, "user": "u", "reason": "fair"}
    row = pd.DataFrame([{**raw, "known_at": cutoff}])
    empty = chain.tables["adjustments"]
    planned = chain.replace(adjustments=pd.concat([empty, row]).astype(empty.dtypes.to_dict()))
    forecaster = chain.fit(cutoff)
    plain, changed_one = (c.forecast(cutoff, forecaster, 7) for c in (chain, planned))
    assert plain.adjustments is None and plain.unadjusted_mean is None
    assert changed_one.unadjusted_mean.tobytes() == plain.mean.tobytes()
    is_touched = np.outer(plain.series["sku"] == "K0", np.arange(7) == 1)
    assert changed_one.mean == pytest.approx(np.where(is_touched, 3 * plain.mean, plain.mean))
    # excluding the last three weeks changes what the model knows
    gone = row.assign(kind="exclude", value=np.nan, **{"from": cutoff - pd.Timedelta(days=20), "to": cutoff})
    forgot = chain.replace(adjustments=pd.concat([empty, gone]).astype(empty.dtypes.to_dict()))
    assert not np.array_equal(forgot.forecast(cutoff, forecaster, 7).mean, plain.mean)
