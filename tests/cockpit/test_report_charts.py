"""The small charts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cockpit.report_charts import DemandPicture, forecast_chart, terms_bar

FLAT = DemandPicture(
    sku="A",
    location="X",
    history_days=pd.date_range("2024-10-01", periods=10),
    days=pd.date_range("2024-10-11", periods=7),
    sales=np.full(10, 4.0),
    is_censored=np.zeros(10, dtype=bool),
    mean=np.full(7, 4.0),
    quantiles=np.tile([1.0, 3.0, 5.0, 8.0], (7, 1)),
    is_promotion=np.zeros(17, dtype=bool),
)


def test_the_chart_says_in_words_what_it_shows() -> None:
    assert "A at X: 10 days of sales (0 with an empty shelf), then 7 days ahead with 28.0 units" in forecast_chart(FLAT)


def test_days_with_an_empty_shelf_are_marked_one_by_one() -> None:
    is_censored = np.arange(10) % 5 == 0
    chart = forecast_chart(dataclasses.replace(FLAT, is_censored=is_censored))
    assert chart.count('class="censored"') == 2


def test_each_run_of_promotion_days_is_one_box() -> None:
    is_promotion = np.isin(np.arange(17), [2, 3, 4, 12])
    assert forecast_chart(dataclasses.replace(FLAT, is_promotion=is_promotion)).count('class="edge"') == 2


def test_a_stock_point_without_history_has_a_chart() -> None:
    new = dataclasses.replace(
        FLAT,
        history_days=pd.DatetimeIndex([]),
        sales=np.zeros(0),
        is_censored=np.zeros(0, dtype=bool),
        is_promotion=np.zeros(7, dtype=bool),
    )
    assert "0 days of sales" in forecast_chart(new)


def test_demand_of_nothing_has_an_axis() -> None:
    nothing = dataclasses.replace(FLAT, sales=np.zeros(10), mean=np.zeros(7), quantiles=np.zeros((7, 4)))
    assert ">1</text>" in forecast_chart(nothing)


def test_benefits_stand_right_and_costs_left_of_zero() -> None:
    bar = terms_bar([("shortage_avoided", 100.0), ("holding", -20.0)], 120.0, "CNY")
    assert bar.count("<rect") == 2
    assert "shortage avoided +CNY 100, holding −CNY 20.00" in bar


def test_an_order_without_terms_has_an_empty_bar() -> None:
    assert "<rect" not in terms_bar([], 0.0, "CNY")
