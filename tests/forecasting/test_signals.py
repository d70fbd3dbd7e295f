"""The bitemporal store: what was known when, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from forecasting.signals import LOOK_BACK_DAYS, Channel, SignalStore, series_keys

FIRST = pd.Timestamp("2024-01-01")


def store(rows: list[tuple[str, str, str, float]]) -> SignalStore:
    frame = pd.DataFrame(rows, columns=["key", "date", "known_at", "value"])
    frame = frame.assign(signal="rain", key_type="region", family="weather")
    for name in ("date", "known_at"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601").astype("datetime64[ns]")
    return SignalStore(frame, FIRST)


RAIN = Channel("rain", "region", "weather")


def test_a_value_counts_from_the_day_it_is_known():
    signals = store([("EAST", "2024-01-03", "2024-01-05 08:00", 7.0)])
    assert np.isnan(signals.as_of(3, RAIN, horizon=2).past).all()
    # day index 4 is 2024-01-05: known during that day, usable at its end
    assert signals.as_of(4, RAIN, horizon=2).past[0, -3] == 7.0


def test_of_several_versions_the_last_known_one_counts():
    signals = store([("EAST", "2024-01-02", "2024-01-02", 1.0), ("EAST", "2024-01-02", "2024-01-04", 2.0)][::-1])
    assert signals.as_of(1, RAIN, horizon=0).past[0, -1] == 1.0
    assert signals.as_of(3, RAIN, horizon=0).past[0, -3] == 2.0


def test_a_weather_forecast_is_usable_for_its_target_day():
    signals = store([("EAST", "2024-01-06", "2024-01-04", 30.0)])
    view = signals.as_of(3, RAIN, horizon=3)
    assert view.ahead[0].tolist() == pytest.approx([np.nan, 30.0, np.nan], nan_ok=True)
    assert np.isnan(signals.as_of(2, RAIN, horizon=3).ahead).all()


def test_a_view_is_as_long_as_the_look_back_and_the_horizon():
    view = store([("EAST", "2024-01-02", "2024-01-02", 1.0)]).as_of(5, RAIN, horizon=4)
    assert view.values.shape == (1, LOOK_BACK_DAYS + 4)


def test_series_find_their_key_and_others_none():
    view = store([("EAST", "2024-01-02", "2024-01-02", 1.0)]).as_of(5, RAIN, horizon=1)
    series = pd.DataFrame({"region": ["WEST", "EAST"]})
    assert series_keys(view.keys, "region", series).tolist() == [-1, 0]


def test_a_signal_with_a_tone_makes_a_second_channel():
    frame = pd.DataFrame(
        {"signal": "mentions", "key_type": "sku", "key": "K1", "date": FIRST, "known_at": FIRST, "family": "social",
         "value": [4.0], "sentiment": [-0.5]}
    )  # fmt: skip
    signals = SignalStore(frame, FIRST)
    names = [channel.signal for channel in signals.channels]
    assert names == ["mentions", "mentions~tone"]
    # 4 mentions at tone -0.5
    assert signals.as_of(0, signals.channels[1], horizon=0).past[0, -1] == -2.0


def test_a_channel_that_the_chain_does_not_have_has_no_keys():
    view = store([("EAST", "2024-01-02", "2024-01-02", 1.0)]).as_of(5, Channel("x", "sku", "search"), horizon=2)
    assert len(view.keys) == 0
    assert view.values.shape == (0, LOOK_BACK_DAYS + 2)
