"""What the gate doubts, on small chains with one thing wrong, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.breach import ContractError
from network.doubt import CHECKS, Consequence, consequences, gate
from network.snapshot import Snapshot
from optimization.exceptions_chinese import chinese_exception

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]
CUTOFF = pd.Timestamp("2024-03-10")
SHOW = consequences(dict.fromkeys(CHECKS, "show"))


def sound_sales(n_days: int = 70, units: float = 6.0) -> pd.DataFrame:
    """Both SKUs sell 6 a day at A and B and the forwards, up to the cutoff."""
    days = pd.date_range(end=CUTOFF, periods=n_days)
    keys = pd.MultiIndex.from_product([days, ["x", "y"], ["A", "B", "F1", "F2"]], names=["date", "sku", "location"])
    return pd.DataFrame({"units": units}, index=keys).reset_index()


@pytest.fixture(scope="module")
def night(table: Make, chain: Chain) -> Callable[..., Snapshot]:
    """Make the snapshot of a chain that sells as given; its case pack is 12."""

    def make(sales: pd.DataFrame, on_hand: int = 40, as_of: str = "2024-03-10", **tables: pd.DataFrame) -> Snapshot:
        stock = tables.pop("stock", table("stock", as_of=as_of, sku=["x", "y"], location="C", on_hand=[on_hand, 40]))
        sold = table("sales", **{name: sales[name].tolist() for name in ("date", "sku", "location", "units")})
        return chain(sales=sold, stock=stock, skus=table("skus", sku=["x", "y"], case_pack=[12, 12]), **tables)

    return make


def doubted(snapshot: Snapshot) -> list[str]:
    doubts = gate(snapshot, SHOW)[1]
    for said in (sentence for doubt in doubts for sentence in (f"{doubt.table}: {doubt.words}", doubt.action)):
        assert chinese_exception(said) != said, "it has no Chinese"
    return [doubt.check for doubt in doubts]


def test_a_sound_night_is_not_doubted(night: Callable[..., Snapshot]) -> None:
    snapshot = night(sound_sales())
    same, doubts = gate(snapshot, consequences({}))
    assert doubts == ()
    assert same is snapshot


def test_a_feed_that_ends_before_the_cutoff_is_late(night: Callable[..., Snapshot]) -> None:
    sales = sound_sales()
    assert doubted(night(sales[sales["date"] < CUTOFF])) == ["late_sales"]
    assert doubted(night(sales, as_of="2024-03-08")) == ["late_stock"]


@pytest.mark.parametrize(
    ("last", "every", "is_late"),
    [
        ("2024-03-04", 7, False),  # Mondays; the cutoff is Sunday the 10th
        ("2024-03-03", 7, True),  # Sundays: that of the cutoff is missing
        ("2024-02-26", 7, True),  # Mondays: the 4th of March is missing
        ("2024-03-09", 1, True),
        ("2024-02-12", 28, False),  # every four weeks, 27 days ago
        ("2024-01-14", 28, False),  # 56 days ago, no more than twice the gap
        ("2024-01-13", 28, True),
    ],
)
def test_stock_is_late_by_the_rhythm_it_is_recorded_in(
    night: Callable[..., Snapshot], table: Make, last: str, every: int, is_late: bool
) -> None:
    days = pd.date_range(end=last, periods=20, freq=f"{every}D").strftime("%Y-%m-%d").tolist()
    stock = table("stock", as_of=days, sku="x", location="C", on_hand=40)
    assert doubted(night(sound_sales(), stock=stock)) == (["late_stock"] if is_late else [])


def test_a_chain_that_closes_on_sundays_is_not_late_on_a_sunday(night: Callable[..., Snapshot]) -> None:
    sales = sound_sales()
    open_days = sales[sales["date"].dt.day_of_week != 6]
    assert "late_sales" not in doubted(night(open_days))
    assert "late_sales" in doubted(night(open_days[open_days["date"] < CUTOFF - pd.Timedelta(days=1)]))


def test_a_silent_day_among_busy_ones_is_missing(night: Callable[..., Snapshot]) -> None:
    sales = sound_sales()
    hole = CUTOFF - pd.Timedelta(days=3)
    (doubt,) = gate(night(sales[sales["date"] != hole]), SHOW)[1]
    assert doubt.check == "missing_days"
    assert "2024-03-07" in doubt.words
    weekends = sales[sales["date"].dt.day_of_week < 5]  # a chain that is closed two days a week
    assert "missing_days" not in doubted(night(weekends))


def test_a_day_that_few_places_have_sent_is_doubted(night: Callable[..., Snapshot]) -> None:
    sales = sound_sales()
    is_left = (sales["date"] < CUTOFF) | (sales["location"] == "A")  # 1 of 4 places on the last day
    assert "missing_places" in doubted(night(sales[is_left]))
    is_left = (sales["date"] < CUTOFF) | (sales["location"] != "A")  # 3 of 4 = 0.75 < 0.8
    assert doubted(night(sales[is_left])) == ["missing_places"]


def test_a_place_that_is_often_silent_or_says_that_it_sold_nothing_is_not_missed(
    night: Callable[..., Snapshot],
) -> None:
    sales = sound_sales()
    is_last, is_half = sales["date"] == CUTOFF, sales["location"].isin(["A", "B"])
    assert "missing_places" in doubted(night(sales[~(is_last & is_half)]))
    nothing = sales.assign(units=sales["units"].where(~(is_last & is_half), 0.0))
    assert "missing_places" not in doubted(night(nothing))
    silent = (sales["date"] == CUTOFF - pd.Timedelta(days=3)) & is_half  # once before, on another weekday
    assert "missing_places" not in doubted(night(sales[~((is_last | silent) & is_half)]))
    same_weekday = is_half & (sales["date"].dt.day_of_week == CUTOFF.day_of_week)  # closed on this weekday, always
    assert "missing_places" not in doubted(night(sales[~same_weekday]))


def test_a_day_of_five_times_its_weekday_is_doubted_unless_it_has_an_event(
    night: Callable[..., Snapshot], table: Make
) -> None:
    sales = sound_sales()
    day = CUTOFF - pd.Timedelta(days=2)
    sales["units"] = np.where(sales["date"] == day, 5 * sales["units"], sales["units"])
    (doubt,) = gate(night(sales), SHOW)[1]
    assert (doubt.check, len(doubt.rows)) == ("volume_drift", 8)  # 2 SKUs at 4 places
    event = table("calendar", date=[str(day)[:10]], event="festival", event_type="holiday")
    assert doubted(night(sales, calendar=event)) == []


def test_eaches_that_become_cases_are_a_change_of_unit(night: Callable[..., Snapshot]) -> None:
    sales = sound_sales(units=24.0)
    is_case = (sales["sku"] == "x") & (sales["date"] > CUTOFF - pd.Timedelta(days=7))
    sales["units"] = np.where(is_case, sales["units"] / 12, sales["units"])
    doubts = [doubt for doubt in gate(night(sales), SHOW)[1] if doubt.check == "unit_change"]
    assert [doubt.sku for doubt in doubts] == ["x"]
    assert len(doubts[0].rows) == 7 * 4


def test_stock_beyond_ten_years_of_sales_is_doubted(night: Callable[..., Snapshot]) -> None:
    # 4 places x 6 a day x 365 days x 10 years = 87,600
    assert doubted(night(sound_sales(), on_hand=87_600)) == []
    (doubt,) = gate(night(sound_sales(), on_hand=87_601), SHOW)[1]
    assert (doubt.check, doubt.sku, doubt.location) == ("impossible_stock", "x", "C")


def test_a_doubt_refuses_the_night_unless_the_chain_says_otherwise(night: Callable[..., Snapshot]) -> None:
    snapshot = night(sound_sales(), on_hand=90_000, as_of="2024-03-08")
    with pytest.raises(ContractError) as refused:
        gate(snapshot, consequences({}))
    assert [breach.rule.partition(":")[0] for breach in refused.value.breaches] == ["late_stock", "impossible_stock"]
    with pytest.raises(ContractError) as refused:
        gate(snapshot, consequences({"impossible_stock": "quarantine"}))
    assert len(refused.value.breaches) == 1
    left, doubts = gate(snapshot, consequences({"impossible_stock": "quarantine", "late_stock": "show"}))
    assert left.table("stock")["sku"].tolist() == ["y"]
    assert len(doubts) == 2
    assert left.content_hash != snapshot.content_hash


@pytest.mark.parametrize(
    "asked", [{"late_sale": "show"}, {"late_sales": "ignore"}, {"missing_days": "quarantine"}, {"unit_change": True}]
)
def test_an_impossible_consequence_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"unknown check|: write|nothing to quarantine"):
        consequences(asked)


def test_refusing_is_the_default() -> None:
    assert set(consequences({}).values()) == {Consequence.REFUSE}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_ordinary_noise_is_not_doubted(night: Callable[..., Snapshot], seed: int) -> None:
    sales = sound_sales()
    sales["units"] = np.random.default_rng(seed).poisson(sales["units"]).astype(float)
    assert doubted(night(sales)) == []
