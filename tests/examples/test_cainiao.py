"""The Cainiao adapter on a made-up file of the same format."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from examples import cainiao
from network.ingest import load_snapshot

SUMS = {"sales3": 6.0, "sales5": 6.0, "sales7": 10.0, "sales14": 17.0, "sales30": 17.0, "sales60": 47.0}
VISITORS = dict.fromkeys(cainiao.SIGNALS, 5.0)


def window_row(window: str, item: int, code: str, *, scale: float = 1.0) -> dict[str, object]:
    """One item and warehouse; ``scale`` multiplies all sums."""
    facts = {"cate_id": 4.0, "cate_level_id": 12.0, "brand_id": 7.0, "supplier_id": 9.0, "label_14d_qty": None}
    sums = {name: scale * value for name, value in (SUMS | {"sales90": 47.0} | VISITORS).items()}
    return {"window": window, "item_id": item, "store_code": code, **facts, **sums}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two items, two regional warehouses and the nation; an older window with a thousand times as much."""
    rows = [window_row("sub", item, code) for item in (26, 7) for code in ("1", "5")]
    rows += [window_row("sub", item, "all", scale=2.0) for item in (26, 7)]
    rows += [window_row("validation", 26, "1", scale=1000.0)]
    pd.DataFrame(rows).to_parquet(tmp_path / "windows_all.parquet")
    return tmp_path


def test_the_chain_is_valid_and_complete(data: Path) -> None:
    cainiao.main([str(data), str(data / "chain")])
    snapshot = load_snapshot(data / "chain")
    assert snapshot.cutoff == cainiao.LAST_DAY
    assert sorted(snapshot.table("skus")["sku"]) == ["ITEM_26", "ITEM_7"]
    assert set(snapshot.table("skus")["category"]) == {"CATEGORY_12"}
    assert set(snapshot.table("locations")["location"]) == {"SUPPLIER", "CENTRAL", "WAREHOUSE_1", "WAREHOUSE_5"}


def test_running_sums_are_spread_over_the_days_that_each_adds(data: Path) -> None:
    sales = cainiao.build_chain(data).tables["sales"].query("sku == 'ITEM_26' and location == 'WAREHOUSE_5'")
    age = (cainiao.LAST_DAY - sales["date"]).dt.days

    def sold(first: int, stop: int) -> float:
        return float(sales.loc[(age >= first) & (age < stop), "units"].sum())

    # 6 in three days, none in two, 4 in two, 7 in seven, none in sixteen, 30 in thirty, none before
    assert sales.loc[age < 3, "units"].tolist() == [2.0, 2.0, 2.0]
    assert [sold(3, 5), sold(5, 7), sold(7, 14), sold(14, 30)] == [0.0, 4.0, 7.0, 0.0]
    assert sales.loc[age.between(30, 59), "units"].tolist() == [1.0] * 30
    assert sold(60, 999) == 0.0


def test_only_the_last_window_and_no_national_sum_is_sold(data: Path) -> None:
    assert cainiao.build_chain(data).tables["sales"]["units"].sum() == 4 * 47.0


def test_visitors_are_those_of_the_nation_at_the_end_of_the_window(data: Path) -> None:
    signals = cainiao.build_chain(data).tables["signals"]
    assert set(signals["value"]) == {10.0}
    assert set(signals["known_at"]) == {cainiao.LAST_DAY}
    assert signals.groupby("signal")["family"].first()["paid_search_visitors"] == "search"
    assert len(signals) == 2 * len(cainiao.SIGNALS)


def test_stock_covers_days_of_recent_sales(data: Path) -> None:
    tables = cainiao.build_chain(data).tables
    stock = tables["stock"]
    is_central = stock["location"] == "CENTRAL"
    assert stock.loc[~is_central, "on_hand"].max() <= round(20 * 17 / 30)
    assert stock.loc[is_central, "on_hand"].between(10 * 34 / 30 - 1, 25 * 34 / 30 + 1).all()
    assert set(tables["open_orders"]["quantity"]) == {8}  # seven days of 34 / 30 a day, rounded up
