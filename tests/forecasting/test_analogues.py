"""A new SKU starts from the SKUs of its category whose price is near, where nearness in price tells a rate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.analogues import CATEGORY_DAYS, WIDTH, price_likeness
from forecasting.coldstart import LONG_DAYS, POOL_WEIGHT_DAYS, base_rates
from forecasting.history import History, build_history
from forecasting.launch_analogues import analogue_words, launch_analogues
from forecasting.panel import Panel


def series_of(price: list[float], category: list[str] | None = None) -> pd.DataFrame:
    """Each SKU at one location."""
    n = len(price)
    return pd.DataFrame(
        {
            "sku": [f"K{row}" for row in range(n)],
            "location": ["S1"] * n,
            "category": category or ["A"] * n,
            "unit_price": price,
            "first_day": [0] * n,
            "is_begin_declared": [False] * n,
        }
    )


def history_of(series: pd.DataFrame, rate: list[float], n_days: int = 120) -> History:
    """Constant rates; NaN: never seen."""
    demand = np.repeat(np.array(rate, dtype=np.float32)[:, None], n_days, axis=1)
    seen = (~np.isnan(demand)).astype(np.float32)
    none = np.zeros(demand.shape, dtype=bool)
    dates = pd.date_range("2024-01-01", periods=n_days)
    filled = np.nan_to_num(demand)
    return build_history(Panel(series, dates, filled, demand, seen, seen, none, filled))


def test_nearness_falls_with_the_ratio_of_prices_and_ends_at_the_category():
    series = series_of([10.0, 10.0, 10.0 * np.exp(WIDTH), 10.0, np.nan], ["A", "A", "A", "B", "A"])
    near = price_likeness(series, np.arange(5), 5).nearness.toarray()
    assert near[0].tolist() == pytest.approx([0.0, 1.0, np.exp(-0.5), 0.0, 0.0])
    assert near[3].tolist() == near[4].tolist() == [0.0] * 5
    assert (near == near.T).all()


def test_rates_lean_on_neighbours_where_cheap_ones_sell_more():
    # two cheap SKUs sell 8 a day, two dear ones 1: each is foreseen well by its twin, badly by the other three
    series = series_of([1.0, 1.0, 50.0, 50.0, 1.0])
    likeness = price_likeness(series, np.arange(5), 5)
    units, exposure = np.array([800.0, 800.0, 100.0, 100.0, 0.0]), np.array([100.0, 100.0, 100.0, 100.0, 0.0])
    rates = likeness.rates(units, exposure, np.array([4.5]))
    # 1,600 units in 200 days of the cheap ones, 28 days of the category's 4.5; the dear ones count for nothing
    assert rates[4] == pytest.approx((1600 + CATEGORY_DAYS * 4.5) / (200 + CATEGORY_DAYS))


def test_the_category_stands_where_price_tells_nothing():
    likeness = price_likeness(series_of([1.0, 1.0, 50.0, 50.0]), np.arange(4), 4)
    units, exposure = np.array([100.0, 800.0, 800.0, 100.0]), np.full(4, 100.0)
    assert likeness.rates(units, exposure, np.array([4.5])).tolist() == [4.5] * 4


def test_analogues_of_a_launch_are_its_rate():
    series = series_of([1.0, 1.1, 50.0, 60.0, 1.0])
    history = history_of(series, [8.0, 9.0, 1.0, 1.5, np.nan])
    told = launch_analogues(history, 119, np.array([4]), n=10)
    assert told["sku"].tolist()[:2] == ["K0", "K1"]
    # one location, so that no size stands between the rate of the SKUs and that of the series; what the weights leave
    # is the chain's rate
    everywhere = (8.0 + 9.0 + 1.0 + 1.5) / 4
    left = 1.0 - told["weight"].sum()
    rate = (told["weight"] * told["rate"]).sum() + left * everywhere
    assert rate == pytest.approx(base_rates(history, 119).analogue[4], rel=1e-6)
    assert analogue_words(told.head(1), 4).startswith("K0 (")
    assert analogue_words(told, 3) == analogue_words(None, 4) == ""


def test_a_sku_sold_elsewhere_leads_the_list():
    series = pd.concat([series_of([1.0, 1.0]), series_of([1.0]).assign(location="S2")], ignore_index=True)
    history = history_of(series, [8.0, 2.0, np.nan])
    first = launch_analogues(history, 119, np.array([2])).iloc[0]
    assert (first["sku"], first["location"]) == ("K0", "S1")
    assert first["weight"] == pytest.approx(LONG_DAYS / (LONG_DAYS + POOL_WEIGHT_DAYS))


@given(st.lists(st.floats(0.5, 200.0), min_size=2, max_size=12), st.integers(0, 1000))
def test_weights_are_shares_and_rates_lie_among_those_of_others(price: list[float], seed: int):
    random = np.random.default_rng(seed)
    series = series_of(price)
    likeness = price_likeness(series, np.arange(len(price)), len(price))
    exposure = random.integers(0, 50, len(price)).astype(float)
    units = random.poisson(2.0, len(price)) * exposure
    shares, left = likeness.weights(exposure)
    assert shares.sum(axis=1) + left == pytest.approx(np.ones(len(price)))
    rates = likeness.rates(units, exposure, np.array([units.sum() / max(exposure.sum(), 1.0)]))
    assert (rates >= 0).all()
    assert rates.max() <= np.where(exposure > 0, units / np.maximum(exposure, 1.0), 0.0).max() + 1e-9
