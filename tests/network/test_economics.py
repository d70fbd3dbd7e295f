"""Economics of SKUs: data first, then documented defaults, and every assumption named."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.economics import MONEY_COLUMNS, assumed_money, sku_economics
from network.settings import ChainSettings, Economics
from network.snapshot import Snapshot

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]


def test_declared_money_is_taken_as_it_is(table: Make, chain: Chain) -> None:
    skus = table("skus", sku=["x"], unit_cost=6.0, unit_price=10.0, holding_cost=0.02, shortage_cost=7.0)
    snapshot = chain(skus=skus)
    money = sku_economics(snapshot)
    assert money.loc[0, list(MONEY_COLUMNS)].tolist() == [6.0, 10.0, 0.02, 7.0]
    assert not money[[f"is_assumed_{name}" for name in MONEY_COLUMNS]].any(axis=None)
    assert assumed_money(snapshot, money) == ()


def test_missing_money_follows_from_cost_price_and_rates(table: Make, chain: Chain) -> None:
    # x: holding 6 x 0.25 / 365 = 0.00411; shortage (10 - 6) x 1 = 4.
    # y: no price: 7 / (1 - 0.3) = 10; shortage 3.
    # z: no cost: 10 x 0.7 = 7. w: nothing at all: cost 1, price 1 / 0.7.
    skus = table(
        "skus", sku=["w", "x", "y", "z"], unit_cost=[None, 6.0, 7.0, None], unit_price=[None, 10.0, None, 10.0]
    )
    snapshot = chain(skus=skus)
    money = sku_economics(snapshot).set_index("sku")
    assert money.loc["x", "holding_cost"] == pytest.approx(0.00411, abs=1e-5)
    assert money["shortage_cost"].tolist() == pytest.approx([1 / 0.7 - 1, 4.0, 3.0, 3.0])
    assert money["unit_cost"].tolist() == pytest.approx([1.0, 6.0, 7.0, 7.0])
    assert money["unit_price"].tolist() == pytest.approx([1 / 0.7, 10.0, 10.0, 10.0])
    assert money["is_assumed_unit_cost"].tolist() == [True, False, False, True]
    assert money["is_assumed_unit_price"].tolist() == [True, False, True, False]
    texts = [assumption.text for assumption in assumed_money(snapshot, money)]
    assert texts[0].startswith("unit_cost of 2 of 4 SKUs: price less a gross margin of 30%")
    assert len(texts) == 4


def test_the_price_recently_paid_stands_in_for_the_regular_price(table: Make, chain: Chain) -> None:
    # Of the last 91 days the prices are 8, 10, 10: the median is 10; the price of last year does not count.
    days = ["2024-03-01", "2024-03-02", "2024-03-03", "2023-01-01"]
    sales = table("sales", date=days, sku="x", location="A", units=1.0, price=[8.0, 10.0, 10.0, 99.0])
    money = sku_economics(chain(sales=sales, skus=table("skus", sku=["x"], unit_cost=6.0)))
    assert money.loc[0, "unit_price"] == 10.0
    assert not money.loc[0, "is_assumed_unit_price"]


def test_a_lost_sale_below_cost_still_costs_a_twentieth_of_the_cost(table: Make, chain: Chain) -> None:
    money = sku_economics(chain(skus=table("skus", sku=["x"], unit_cost=10.0, unit_price=9.0)))
    assert money.loc[0, "shortage_cost"] == pytest.approx(0.5)


def test_the_chains_rates_replace_ours(table: Make, chain: Chain) -> None:
    rates = Economics(holding_rate_per_year=0.365, gross_margin=0.5, shortage_multiple=3.0, unit_cost=4.0)
    money = sku_economics(chain(settings=ChainSettings(economics=rates), skus=table("skus", sku=["x"])))
    assert money.loc[0, list(MONEY_COLUMNS)].tolist() == pytest.approx([4.0, 8.0, 0.004, 12.0])


@given(st.lists(st.tuples(*[st.one_of(st.none(), st.floats(0, 1e6))] * 4), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_money_is_always_known_and_never_negative(table, chain, rows) -> None:  # type: ignore[no-untyped-def]
    columns = {name: [row[number] for row in rows] for number, name in enumerate(MONEY_COLUMNS)}
    skus = table("skus", sku=[f"k{number}" for number in range(len(rows))], **columns)
    money = sku_economics(chain(skus=skus))
    values = money[list(MONEY_COLUMNS)].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert len(money) == len(rows)
