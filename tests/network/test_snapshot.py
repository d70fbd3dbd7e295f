"""Snapshot: what is inside, what is left out, and when its hash changes."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.settings import ChainSettings, Economics
from network.snapshot import Snapshot, default_cutoff, sorted_by_key

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]

CUTOFF = pd.Timestamp("2024-03-10")


def test_rows_dated_after_the_cutoff_are_left_out_and_counted(table: Make, chain: Chain) -> None:
    sales = table("sales", date=["2024-03-10", "2024-03-11", "2024-03-12"], sku="x", location="A", units=1.0)
    returns = table("returns", date=["2024-03-11"], sku="x", location="A", units=1.0)
    snapshot = chain(sales=sales, returns=returns)
    assert len(snapshot.table("sales")) == 1
    assert dict(snapshot.excluded) == {"sales": 2, "returns": 1}


def test_stock_is_the_last_count_of_each_point_and_type(table: Make, chain: Chain) -> None:
    # A bare date (midnight) means the end of its day, so it beats the count at noon.
    stock = table(
        "stock",
        as_of=["2024-03-10", "2024-03-10 12:00", "2024-03-09", "2024-03-08", "2024-03-11"],
        sku=["x", "x", "x", "y", "y"],
        location="A",
        stock_type=["free", "free", "damaged", "free", "free"],
        on_hand=[1, 2, 3, 4, 5],
    )
    snapshot = chain(stock=stock)
    assert sorted(snapshot.table("stock")["on_hand"]) == [1, 3, 4]
    assert snapshot.excluded["stock"] == 1


def test_a_signal_is_known_until_the_last_second_of_the_cutoff_and_may_speak_of_later_days(
    table: Make, chain: Chain
) -> None:
    signals = table(
        "signals",
        signal="rain",
        key_type="global",
        date=["2024-03-20", "2024-03-20", "2024-03-01"],
        known_at=["2024-03-10 23:59:59", "2024-03-11 00:00", "2024-03-11 08:00"],
        value=[1.0, 2.0, 3.0],
    )
    assert list(chain(signals=signals).table("signals")["value"]) == [1.0]


def test_a_promotion_without_known_at_is_known_from_its_first_day(table: Make, chain: Chain) -> None:
    promotions = table(
        "promotions",
        promotion=["today", "tomorrow", "announced", "secret"],
        from_=["2024-03-10", "2024-03-11", "2024-03-20", "2024-03-20"],
        to=["2024-03-30"] * 4,
        known_at=[None, None, "2024-03-01", "2024-03-15"],
    )
    assert list(chain(promotions=promotions).table("promotions")["promotion"]) == ["announced", "today"]


def test_presales_and_adjustments_are_known_when_they_were_entered(table: Make, chain: Chain) -> None:
    presales = table("presales", event="d11", sku=["x", "y"], deposits=1.0, known_at=["2024-03-10", "2024-03-11"])
    adjustments = table(
        "adjustments",
        key=["sku:x", "sku:y"],
        from_=["2024-03-01", "2024-03-11"],
        to="2024-04-01",
        kind="exclude",
        known_at=[None, None],
    )
    snapshot = chain(presales=presales, adjustments=adjustments)
    assert list(snapshot.table("presales")["sku"]) == ["x"]
    assert list(snapshot.table("adjustments")["key"]) == ["sku:x"]


def test_an_order_that_leaves_later_is_known_only_once_it_is_approved(table: Make, chain: Chain) -> None:
    orders = table(
        "open_orders",
        order_id=["left", "proposed", "approved", "undated"],
        destination="A",
        sku="x",
        quantity=5,
        ship_date=["2024-03-10", "2024-03-12", "2024-03-12", None],
        status=["proposed", "proposed", "approved", "released"],
    )
    assert list(chain(open_orders=orders).table("open_orders")["order_id"]) == ["approved", "left", "undated"]


def test_orders_have_the_state_they_had_at_the_cutoff(table: Make, chain: Chain) -> None:
    orders = table(
        "open_orders",
        order_id=["arrived", "on_its_way", "partly", "short", "settled"],
        destination="A",
        sku="x",
        quantity=[5, 5, 6, 5, 6],
        ship_date="2024-03-08",
        due_date=["2024-03-10", "2024-03-12", "2024-03-12", "2024-03-09", "2024-03-12"],
        status=["released", "closed", "released", "closed", "closed"],
    )
    receipts = table(
        "receipts", order_id=["arrived", "on_its_way", "partly", "settled"], sku="x", quantity=[5, 5, 4, 4],
        date=["2024-03-10", "2024-03-12", "2024-03-09", "2024-03-09"],
    )  # fmt: skip
    tonight = chain(open_orders=orders, receipts=receipts).table("open_orders").set_index("order_id")["status"]
    known = {"arrived": "closed", "on_its_way": "released", "partly": "released", "short": "closed"}
    assert tonight.to_dict() == {**known, "settled": "closed"}
    # Of "settled" 2 units never came; on a past night nobody had said so yet.
    past = chain(open_orders=orders, receipts=receipts, **later_day(table))
    assert past.table("open_orders").set_index("order_id")["status"].to_dict() == {**known, "settled": "released"}


def later_day(table: Make) -> dict[str, pd.DataFrame]:
    """Tables that tell of a whole day after the cutoff, 10 March."""
    return {
        "sales": table("sales", date=["2024-03-12"], sku="x", location="A", units=1.0),
        "stock": table("stock", as_of=["2024-03-12"], sku="x", location="A", on_hand=1),
    }


def test_a_past_night_does_not_see_orders_placed_since(table: Make, chain: Chain) -> None:
    orders = table(
        "open_orders",
        order_id=["left", "leaves", "placed", "placed since", "left since"],
        destination="A",
        sku="x",
        quantity=5,
        ship_date=["2024-03-09", "2024-03-12", "2024-03-12", "2024-03-12", "2024-03-10"],
        placed_on=[None, None, "2024-03-10", "2024-03-11", "2024-03-11"],
        status="released",
    )
    # Tonight an order that leaves in two days has been placed; that of a past night may have been placed since.
    tonight = chain(open_orders=orders).table("open_orders")["order_id"]
    past = chain(open_orders=orders, **later_day(table))
    assert sorted(tonight) == ["leaves", "left", "placed"]
    assert sorted(past.table("open_orders")["order_id"]) == ["left", "placed"]
    assert past.excluded["open_orders"] == 3
    # Sales and a count of the day after, at two in the afternoon: that day is not over, and tonight is still tonight.
    at_two = {
        "sales": table("sales", date=["2024-03-11"], sku="x", location="A", units=1.0),
        "stock": table("stock", as_of=["2024-03-11 14:00"], sku="x", location="A", on_hand=1),
    }
    assert sorted(chain(open_orders=orders, **at_two).table("open_orders")["order_id"]) == sorted(tonight)
    # What was cut once is what a past night sees also when it is cut again.
    assert past.replace(skus=past.table("skus")).content_hash == past.content_hash


def test_known_ahead_plans_stay(table: Make, chain: Chain) -> None:
    calendar = table("calendar", date=["2024-11-11"], event="Double 11")
    skus = table("skus", sku=["x"], launch_date="2024-06-01")
    snapshot = chain(calendar=calendar, skus=skus)
    assert len(snapshot.table("calendar")) == len(snapshot.table("skus")) == 1


def test_every_table_of_the_contract_is_there(chain: Chain) -> None:
    snapshot = chain()
    assert snapshot.table("signals").empty
    assert "value" in snapshot.table("signals").columns
    with pytest.raises(KeyError):
        snapshot.table("nonsense")


def test_nobody_can_write_into_a_snapshot(chain: Chain) -> None:
    snapshot = chain()
    mine = snapshot.table("skus")
    mine.loc[0, "unit_cost"] = 99.0
    mine["new"] = 1
    assert snapshot.table("skus")["unit_cost"].isna().all()
    assert "new" not in snapshot.table("skus").columns


def test_replace_gives_a_new_snapshot_with_its_own_hash(table: Make, chain: Chain) -> None:
    snapshot = chain()
    dearer = table("skus", sku=["x", "y"], unit_cost=2.0)
    by_name, by_mapping = snapshot.replace(skus=dearer), snapshot.replace(tables={"skus": dearer})
    assert by_name.content_hash == by_mapping.content_hash != snapshot.content_hash
    assert by_name.content_hash == chain(skus=dearer).content_hash
    assert snapshot.replace().content_hash == snapshot.content_hash
    with pytest.raises(KeyError, match="no table 'skuz'"):
        snapshot.replace(skuz=dearer)


def test_replace_cuts_new_rows_at_the_cutoff_too(table: Make, chain: Chain) -> None:
    later = table("sales", date=["2024-03-11"], sku="x", location="A", units=1.0)
    changed = chain().replace(sales=later)
    assert changed.table("sales").empty
    assert changed.excluded["sales"] == 1


def test_an_earlier_cutoff_gives_what_a_snapshot_of_that_day_gave(table: Make, chain: Chain) -> None:
    sales = table("sales", date=["2024-03-05", "2024-03-10"], sku="x", location="A", units=1.0)
    assert (
        chain(sales=sales).replace(cutoff=date(2024, 3, 6)).content_hash
        == chain("2024-03-06", sales=sales).content_hash
    )


def test_the_hash_depends_on_settings_and_cutoff_but_not_on_the_chains_id(chain: Chain) -> None:
    base = chain().content_hash
    assert chain("2024-03-09").content_hash != base
    assert chain(settings=ChainSettings(unit_factor=2.0)).content_hash != base
    assert chain(settings=ChainSettings(economics=Economics(gross_margin=0.31))).content_hash != base
    assert chain(settings=ChainSettings(id="other folder")).content_hash == base


def test_the_hash_is_the_same_in_every_process_and_on_every_machine(table: Make, chain: Chain) -> None:
    sales = table("sales", date=["2024-03-05"], sku="x", location="A", units=1.5, price=[None])
    first, second = chain(sales=sales), chain(sales=sales.copy())
    assert first.content_hash == second.content_hash
    # Written down from another process; it changes only with the contract or the way of hashing.
    assert first.table_hashes["sales"] == SALES_HASH


SALES_HASH = "b89da257acb2d49091a97d9ee1690f223519636c02aebdd1f011e050594e7513"


@pytest.mark.parametrize(
    ("column", "value"),
    [("units", 1.0000000001), ("price", 3.0), ("channel", "instant"), ("is_promotion", True), ("sku", "y"),
     ("availability", 0.0), ("date", pd.Timestamp("2024-03-06")), ("zone", "Z1")],
)  # fmt: skip
def test_the_hash_sees_every_value(table: Make, chain: Chain, column: str, value: object) -> None:
    sales = table("sales", date=["2024-03-05", "2024-03-04"], sku="x", location="A", units=[1.0, 2.0])
    changed = sales.copy()
    changed.loc[0, column] = value
    assert chain(sales=sales).content_hash != chain(sales=changed).content_hash


def test_the_hash_sees_values_that_swap_columns_or_rows(table: Make, chain: Chain) -> None:
    sales = table("sales", date=["2024-03-05", "2024-03-04"], sku="x", location="A", units=[1.0, 2.0], price=[2.0, 1.0])
    swapped = sales.assign(units=sales["price"], price=sales["units"])
    crossed = sales.assign(units=[2.0, 1.0])
    hashes = {chain(sales=frame).content_hash for frame in (sales, swapped, crossed)}
    assert len(hashes) == 3


def test_minus_zero_and_zero_are_one_value(table: Make, chain: Chain) -> None:
    sales = table("sales", date=["2024-03-05"], sku="x", location="A", units=[0.0])
    assert chain(sales=sales).content_hash == chain(sales=sales.assign(units=-0.0)).content_hash


@given(st.randoms(use_true_random=False), st.lists(st.integers(-5, 5), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_the_hash_ignores_row_order_and_rows_after_the_cutoff(table, chain, random, offsets) -> None:  # type: ignore[no-untyped-def]
    days = [CUTOFF + pd.Timedelta(days=offset) for offset in offsets]
    sales = table("sales", date=days, sku=[f"k{i % 3}" for i in range(len(days))], location="A", units=1.0)
    order = list(range(len(days)))
    random.shuffle(order)
    shuffled = sales.iloc[order]
    truncated = sales[sales["date"] <= CUTOFF]
    given_snapshot, other, short = chain(sales=sales), chain(sales=shuffled), chain(sales=truncated)
    assert given_snapshot.content_hash == other.content_hash == short.content_hash
    pd.testing.assert_frame_equal(given_snapshot.table("sales"), other.table("sales"))
    pd.testing.assert_frame_equal(given_snapshot.table("sales"), short.table("sales"))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(allow_nan=False)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_sorting_by_key_is_what_pandas_does(rows: list[tuple[str, int, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["name", "day", "value"]).astype({"day": "int64", "value": "float64"})
    ours = sorted_by_key(frame, ("name", "day"))
    theirs = frame.sort_values(["name", "day"], kind="stable")
    assert list(zip(ours["name"], ours["day"], strict=True)) == list(zip(theirs["name"], theirs["day"], strict=True))
    assert sorted(ours["value"]) == sorted(frame["value"])


def test_sorting_survives_more_keys_than_fit_one_integer() -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.integers(0, 2**40, (3000, 6)), columns=list("abcdef"))
    expected = frame.sort_values(list("abcdef")).reset_index(drop=True)
    pd.testing.assert_frame_equal(sorted_by_key(frame, tuple("abcdef")), expected)


def test_the_default_cutoff_is_the_last_day_with_sales_and_stock(table: Make) -> None:
    sales = table("sales", date=["2024-03-01", "2024-03-02", "2024-03-04"], sku="x", location="A", units=1.0)
    stock = table("stock", as_of=["2024-03-02", "2024-03-03"], sku="x", location="A", on_hand=1)
    assert default_cutoff({"sales": sales, "stock": stock}) == pd.Timestamp("2024-03-02")
    later = stock.assign(as_of=pd.Timestamp("2024-03-03 18:00"))
    assert default_cutoff({"sales": sales, "stock": later}) == pd.Timestamp("2024-03-03")
    with pytest.raises(ValueError, match="no day has sales"):
        default_cutoff({"sales": sales.iloc[:0], "stock": stock})
