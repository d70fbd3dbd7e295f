"""Signals from the feed to the forecast: a chain whose demand follows searches three days before, and storms."""

import numpy as np
import pandas as pd
import pytest

from forecasting.forecaster import Forecaster

FIRST = pd.Timestamp("2024-01-01")
N_DAYS, N_SKUS, N_STORES = 130, 4, 4
CUTOFF = FIRST + pd.Timedelta(days=115)
LEAD_DAYS, EFFECT, STORM_LIFT = 3, 0.6, 1.9


def feed(signal: str, family: str, key_type: str, values: pd.DataFrame, delay_days: int) -> pd.DataFrame:
    """Rows of a table of values by date and key."""
    rows = values.rename_axis("date").reset_index().melt("date", var_name="key")
    return rows.assign(
        signal=signal, family=family, key_type=key_type, known_at=rows["date"] + pd.Timedelta(days=delay_days)
    )


@pytest.fixture(scope="module")
def driven(make_chain):
    random = np.random.default_rng(7)
    dates = pd.date_range(FIRST, periods=N_DAYS, freq="D")
    interest = np.zeros((N_DAYS, N_SKUS))
    for day in range(1, N_DAYS):
        interest[day] = 0.8 * interest[day - 1] + 0.6 * random.normal(size=N_SKUS)
    storms = (random.random((N_DAYS, 2)) < 0.12).astype(float)
    storms[118, 0] = 1.0
    skus, stores = [f"K{n}" for n in range(N_SKUS)], [f"S{n}" for n in range(N_STORES)]
    earlier = np.vstack([np.zeros((LEAD_DAYS, N_SKUS)), interest[:-LEAD_DAYS]])
    region = np.array([1 if n % 2 == 0 else 0 for n in range(N_STORES)])
    mean = 8.0 * np.exp(EFFECT * earlier)[:, :, None] * np.where(storms[:, region] > 0, STORM_LIFT, 1.0)[:, None, :]
    grid = pd.MultiIndex.from_product([dates, skus, stores], names=["date", "sku", "location"]).to_frame(index=False)
    sales = grid.assign(channel="walk_in", units=random.poisson(mean).ravel(), price=10.0, is_promotion=False)
    search = pd.DataFrame(100.0 * np.exp(interest), index=dates, columns=skus)
    rain = pd.DataFrame(storms * 60.0, index=dates, columns=["EAST", "WEST"])
    signals = pd.concat(
        [feed("index", "search", "sku", search, 0), feed("rain", "weather", "region", rain, -3)], ignore_index=True
    )
    goods = pd.DataFrame({"sku": skus, "category": "A", "unit_price": 10.0})
    return make_chain(N_SKUS, N_STORES, N_DAYS, sales=sales, skus=goods, signals=signals)


@pytest.fixture(scope="module")
def forecaster(driven) -> Forecaster:
    return driven.fit(CUTOFF)


def later(table: pd.DataFrame) -> np.ndarray:
    return (table["known_at"] >= CUTOFF + pd.Timedelta(days=1)).to_numpy()


def test_leads_and_effects_of_both_drivers_are_found_and_written_down(driven, forecaster):
    found = {(link.driver, link.lead_days) for link in forecaster.signal_plan.links}
    assert found == {("index:sku", LEAD_DAYS), ("rain:region", 0)}
    assert {each.is_on for each in forecaster.signal_plan.verdicts} == {True}
    again = Forecaster.from_files(forecaster.to_files())
    assert again.signal_plan == forecaster.signal_plan
    assert again.id == forecaster.id


def test_scrambling_what_is_known_later_changes_no_bit_where_signals_do_move_the_forecast(driven, forecaster):
    table = driven.tables["signals"]
    random = np.random.default_rng(0)
    values = table["value"].to_numpy().copy()
    values[later(table)] = random.permutation(values[later(table)]) * 5
    scrambled = driven.replace(signals=table.assign(value=values))
    again = scrambled.fit(CUTOFF)
    assert again.to_files() == forecaster.to_files()
    before, after = driven.forecast(CUTOFF, forecaster, 7), scrambled.forecast(CUTOFF, again, 7)
    assert before.mean.tobytes() == after.mean.tobytes()
    # the canary can sing: the same for what was known before
    values = table["value"].to_numpy().copy()
    values[~later(table)] = random.permutation(values[~later(table)])
    other = driven.replace(signals=table.assign(value=values)).forecast(CUTOFF, forecaster, 7)
    assert other.mean.tobytes() != before.mean.tobytes()


def test_a_physically_truncated_feed_gives_the_identical_forecaster(driven, forecaster):
    table = driven.tables["signals"]
    truncated = driven.replace(signals=table[~later(table)].reset_index(drop=True))
    assert truncated.fit(CUTOFF).to_files() == forecaster.to_files()


def test_a_storm_in_the_forecast_lifts_demand_before_it_comes(driven, forecaster):
    # the storm of day 118 in EAST is in the forecast at the cutoff, day 115: step 3
    table = driven.tables["signals"]
    day = FIRST + pd.Timedelta(days=118)
    is_storm = ((table["signal"] == "rain") & (table["date"] == day) & (table["key"] == "EAST")).to_numpy()
    assert not later(table)[is_storm].any()
    calm = driven.replace(signals=table.assign(value=table["value"].mask(is_storm, 0.0)))
    stormy, usual = (chain.forecast(CUTOFF, forecaster, 7) for chain in (driven, calm))
    ratio = stormy.mean / usual.mean
    is_east = stormy.series["location"].isin(["S1", "S3"]).to_numpy()
    assert np.all(ratio[is_east, 2] > 1.4)
    assert np.all(ratio[~is_east, 2] == 1.0)


def test_searches_move_the_forecast_of_the_days_they_lead(driven, forecaster):
    table = driven.tables["signals"]
    is_last = ((table["signal"] == "index") & (table["date"] == CUTOFF) & (table["key"] == "K1")).to_numpy()
    quiet, loud = (
        driven.replace(signals=table.assign(value=table["value"].mask(is_last, value))).forecast(CUTOFF, forecaster, 7)
        for value in (100.0, 150.0)
    )
    ratio = loud.mean / quiet.mean
    of_sku = (quiet.series["sku"] == "K1").to_numpy()
    # no storm in the west: no cut of both effects together
    is_calm = of_sku & quiet.series["location"].isin(["S0", "S2"]).to_numpy()
    # a burst of the last day is felt LEAD_DAYS later and fades from then on
    assert np.all(ratio[is_calm, LEAD_DAYS - 1] > 1.1)
    assert np.all(ratio[is_calm, -1] < ratio[is_calm, LEAD_DAYS - 1])
    # others share no more than the weekday rhythm of the feed
    assert ratio[~of_sku] == pytest.approx(np.ones_like(ratio[~of_sku]), abs=0.02)
