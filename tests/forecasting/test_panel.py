"""The panel: which stock points there are, when they live, where sales are booked."""

import numpy as np
import pandas as pd
import pytest

from forecasting.panel import booked_sales, build_panel
from network.graph import build_network
from network.snapshot import snapshot_at


def panel_of(chain, cutoff: str):
    snapshot = snapshot_at(chain.tables, chain.settings, pd.Timestamp(cutoff))
    return build_panel(snapshot, build_network(snapshot))


def few_sales(rows: list[tuple[str, str, str, float, float | str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "sku", "location", "units", "availability"])
    return frame.assign(price=10.0)


def test_days_without_a_row_are_zero_sales_and_full_shelf(make_chain):
    sales = few_sales([("2024-01-01", "K0", "S0", 2, ""), ("2024-01-04", "K0", "S0", 3, "")])
    panel = panel_of(make_chain(1, 1, 10, sales=sales), "2024-01-04")
    assert panel.sales.tolist() == [[2, 0, 0, 3]]
    assert panel.demand.tolist() == [[2, 0, 0, 3]]
    assert panel.available.tolist() == [[1, 1, 1, 1]]


def test_a_day_off_the_shelf_is_unobserved_not_zero(make_chain):
    sales = few_sales([("2024-01-01", "K0", "S0", 2, 1.0), ("2024-01-02", "K0", "S0", 0, 0.0)])
    panel = panel_of(make_chain(1, 1, 10, sales=sales), "2024-01-02")
    assert panel.available.tolist() == [[1, 0]]
    assert np.isnan(panel.demand[0, 1])


def test_life_starts_with_the_launch_and_ends_with_the_end_date(make_chain):
    base = make_chain(1, 1, 10, sales=few_sales([("2024-01-01", "K0", "S0", 1, ""), ("2024-01-05", "K0", "S0", 2, "")]))
    skus = base.tables["skus"].assign(end_date=pd.Timestamp("2024-01-06"))
    panel = panel_of(base.replace(skus=skus), "2024-01-08")
    assert panel.available.tolist() == [[1, 1, 1, 1, 1, 1, 0, 0]]


def test_zeros_are_not_filled_before_the_first_sale_of_an_undeclared_pair(make_chain):
    sales = few_sales([("2024-01-01", "K0", "S0", 1, ""), ("2024-01-03", "K0", "S1", 1, "")])
    chain = make_chain(1, 2, 10, sales=sales)
    chain = chain.replace(stock=chain.tables["stock"].iloc[:0])
    panel = panel_of(chain, "2024-01-04")
    assert panel.series["location"].tolist() == ["S0", "S1"]
    assert panel.available[1].tolist() == [0, 0, 1, 1]
    assert np.isnan(panel.demand[1, :2]).all()


def test_an_assorted_pair_that_never_sold_has_zeros_since_its_sku_first_sold(make_chain):
    sales = few_sales([("2024-01-01", "K1", "S0", 1, ""), ("2024-01-02", "K0", "S0", 1, "")])
    carried = pd.DataFrame({"sku": ["K0"], "location": ["S1"]})
    panel = panel_of(make_chain(2, 2, 4, sales=sales, assortment=carried), "2024-01-04")
    row = panel.series.query("sku == 'K0' and location == 'S1'").index[0]
    assert panel.available[row].tolist() == [0, 1, 1, 1]


def test_suppliers_have_no_series_and_central_only_with_sales(make_chain):
    chain = make_chain(1, 1, 10)
    stock = chain.tables["stock"]
    chain = chain.replace(stock=pd.concat([stock, stock.iloc[:1].assign(location="DC")], ignore_index=True))
    assert set(panel_of(chain, "2024-01-10").series["location"]) == {"S0"}


def test_channels_of_a_day_are_summed(make_chain):
    rows = few_sales([("2024-01-01", "K0", "S0", 2, ""), ("2024-01-01", "K0", "S0", 3, "")])
    sales = rows.assign(channel=["walk_in", "instant"])
    assert panel_of(make_chain(1, 1, 5, sales=sales), "2024-01-01").sales.tolist() == [[5]]


def test_online_sales_are_booked_to_the_location_that_serves_the_zone_first():
    sales = pd.DataFrame(
        {"zone": ["Z1", "Z1", np.nan], "channel": ["instant", "walk_in", "walk_in"], "location": ["S0", "S0", "S0"]}
    )
    serving = pd.DataFrame(
        {"zone": ["Z1", "Z1"], "channel": ["instant"] * 2, "location": ["F1", "S0"], "priority": [1, 2]}
    )
    booked = booked_sales(sales, serving)
    assert booked["location"].tolist() == ["F1", "S0", "S0"]
    assert booked["is_own"].tolist() == [False, True, True]


def test_prices_are_relative_to_the_trailing_usual_price(make_chain):
    sales = few_sales([("2024-01-01", "K0", "S0", 1, ""), ("2024-01-02", "K0", "S0", 1, "")]).assign(price=[10.0, 5.0])
    panel = panel_of(make_chain(1, 1, 5, sales=sales), "2024-01-03")
    # day 1: 10 / 10; day 2: 5 / 7.5; day 3 keeps the last price
    assert panel.price[0].tolist() == pytest.approx([1.0, 2 / 3, 2 / 3])


def test_a_longer_history_leaves_the_common_days_as_they_were(make_chain):
    chain = make_chain(3, 3, 60)
    early, late = panel_of(chain, "2024-02-10"), panel_of(chain, "2024-02-29")
    n = early.n_days
    assert np.array_equal(early.demand, late.demand[:, :n], equal_nan=True)
    assert np.array_equal(early.price, late.price[:, :n], equal_nan=True)


def test_unobserved_days_of_life_are_imputed_apart_and_closed_ones_are_zero(make_chain):
    days = [("2024-01-01", "K0", "S0", 4, 1.0), ("2024-01-02", "K0", "S0", 4, 1.0), ("2024-01-03", "K0", "S0", 0, 0.0)]
    closures = pd.DataFrame({"location": ["S0"], "date": ["2024-01-04"], "open": ["false"]})
    panel = panel_of(make_chain(1, 1, 10, sales=few_sales(days), closures=closures), "2024-01-05")
    # two full days of 4: 4 a day, alone in the chain; the day itself saw nothing
    assert np.isnan(panel.demand[0, 2])
    assert panel.wanted[0, [0, 1, 2]].tolist() == pytest.approx([4, 4, 4])
    assert panel.wanted[0, 3] == 0


def test_phantom_zeros_are_unobserved_and_counted(make_chain):
    dates = pd.date_range("2024-01-01", periods=60)
    sales = pd.concat(
        [
            pd.DataFrame(
                {"date": dates, "sku": "K0", "location": store, "units": 6, "availability": 1.0, "price": 10.0}
            )
            for store in ("S0", "S1")
        ]
    )
    sales.loc[(sales["location"] == "S0") & (sales["date"] > "2024-02-14"), "units"] = 0
    panel = panel_of(make_chain(1, 2, 60, sales=sales), "2024-02-29")
    assert panel.n_phantom_zeros == np.isnan(panel.demand[0]).sum() > 0
    assert panel.available[0, np.isnan(panel.demand[0])].tolist() == [0] * panel.n_phantom_zeros
    assert not np.isnan(panel.demand[1]).any()


def test_what_another_location_sold_in_its_place_is_not_lifted_again(make_chain):
    # S0 serves its zone first and ran out at once; S1 sold 5 of its zone's units: no more than what was wanted
    sales = few_sales([("2024-01-01", "K0", "S0", 5, 1.0), ("2024-01-02", "K0", "S0", 0, 0.0)])
    sales = pd.concat(
        [sales.assign(zone=""), sales.iloc[1:].assign(location="S1", units=5, availability=1.0, zone="Z")]
    )
    serving = pd.DataFrame({"zone": "Z", "channel": "walk_in", "location": ["S0", "S1"], "priority": [1, 2]})
    panel = panel_of(make_chain(1, 2, 5, sales=sales.assign(channel="walk_in"), serving=serving), "2024-01-02")
    assert panel.sales[0].tolist() == [5, 5]
    assert panel.wanted[0].tolist() == pytest.approx([5, 5], abs=0.8)
