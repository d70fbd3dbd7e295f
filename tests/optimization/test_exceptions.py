from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from network.snapshot import Snapshot
from optimization.exception_case import EXCEPTION_COLUMNS
from optimization.exceptions import build_exceptions
from optimization.exceptions_chinese import chinese_exception

CUTOFF = "2025-11-03"  # a Monday
DAY = pd.Timestamp(CUTOFF)
LOCATIONS: list[dict[str, Any]] = [
    {"location": "SUP", "tier": "supplier"},
    {"location": "C1", "tier": "central"},
    {"location": "S1", "tier": "store", "region": "EAST"},
    {"location": "S2", "tier": "store", "region": "WEST"},
]
SKUS: list[dict[str, Any]] = [
    {"sku": "A", "category": "tea", "unit_cost": 2.0, "unit_price": 5.0},
    {"sku": "B", "category": "tea", "unit_cost": 3.0, "unit_price": 5.0},
]
LANES: list[dict[str, Any]] = [
    {"origin": "SUP", "destination": "C1", "mode": "purchase", "lead_time_days": 7},
    {"origin": "C1", "destination": "tier:store", "mode": "transfer", "lead_time_days": 3},
    {"origin": "S2", "destination": "S1", "mode": "transshipment", "lead_time_days": 1},
]
STOCK: list[dict[str, Any]] = [
    {"as_of": CUTOFF, "sku": "A", "location": "C1", "on_hand": 500},
    {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 30},
    {"as_of": CUTOFF, "sku": "A", "location": "S2", "on_hand": 30},
]
RATES = {("A", "S1"): 2.0, ("A", "S2"): 2.0}


def daily_sales(sku: str, location: str, units: float, *, first: int = 120, last: int = 0) -> list[dict[str, Any]]:
    """Sales of every day from `first` to `last` days before the cutoff."""
    return [
        {"date": DAY - pd.Timedelta(days=age), "sku": sku, "location": location, "units": units}
        for age in range(first, last - 1, -1)
    ]


SALES = daily_sales("A", "S1", 2.0) + daily_sales("A", "S2", 2.0)


@pytest.fixture(scope="module")
def find(make_snapshot: Callable[..., Snapshot], plan_night: Callable[..., Any]) -> Callable[..., pd.DataFrame]:
    def found(
        rates: dict[tuple[str, str], float] | None = None,
        *,
        moves: Sequence[dict[str, Any]] = (),
        released: pd.DataFrame | None = None,
        **tables: Sequence[dict[str, Any]],
    ) -> pd.DataFrame:
        chain = {"locations": LOCATIONS, "skus": SKUS, "lanes": LANES, "stock": STOCK, "sales": SALES}
        night = plan_night(make_snapshot(CUTOFF, **{**chain, **tables}), rates or RATES, moves)
        told = build_exceptions(
            night.facts, night.decisions, snapshot=night.snapshot, network=night.network, released=released
        )
        for sentence in [*told["message"], *told["suggestion"]]:
            assert chinese_exception(sentence) != sentence, "it has no Chinese"
        return told

    return found


def only(exceptions: pd.DataFrame, kind: str) -> pd.Series:
    rows = exceptions.loc[exceptions["kind"] == kind]
    assert len(rows) == 1, exceptions.to_string()
    return rows.iloc[0]


def test_a_healthy_night_has_no_exceptions(find: Callable[..., pd.DataFrame]) -> None:
    result = find()
    assert result.empty, result.to_string()
    assert {name: str(dtype) for name, dtype in result.dtypes.items()} == EXCEPTION_COLUMNS


def test_a_stock_out_before_any_delivery_is_critical_and_has_its_date(find: Callable[..., pd.DataFrame]) -> None:
    # S1 holds 3 at 2 a day; C1 needs 3 days, so goods are there on Thursday 6 Nov: 3 of the 4 units of two days are met
    stock = [STOCK[0], {**STOCK[1], "on_hand": 3}, {**STOCK[2], "on_hand": 0}]
    lanes = LANES[:2]
    hit = find(stock=stock, lanes=lanes)
    coming = hit.loc[hit["kind"] == "stock-out coming"].set_index("location")
    assert coming.loc["S1", "severity"] == "critical"
    assert coming.loc["S1", "date"] == pd.Timestamp("2025-11-05")
    assert coming.loc["S1", "message"].startswith("runs out Wednesday 5 Nov; the earliest delivery is Thursday 6 Nov")
    assert coming.loc["S2", "message"].startswith("out of stock; the earliest delivery is Thursday 6 Nov")
    assert coming.loc["S2", "money"] > coming.loc["S1", "money"] > 0
    assert hit["rank"].tolist() == list(range(1, len(hit) + 1))
    assert hit["money"].is_monotonic_decreasing


def test_a_stock_point_no_lane_reaches_is_named(find: Callable[..., pd.DataFrame]) -> None:
    hit = only(find(lanes=[LANES[0], {**LANES[1], "destination": "S1"}]), "unreachable stock point")
    # 14 days x 2 - 30 on hand: nothing is lost yet, but it must be said
    assert (hit["location"], hit["severity"]) == ("S2", "critical")


def test_a_slow_mover_is_told_where_it_would_sell(find: Callable[..., pd.DataFrame]) -> None:
    # S2: 30 units at 0.1 a day is 300 days; beyond 60 days' demand (6) it has 24 too many, worth 48.
    # S1: 28 units of demand in 14 days, 10 in stock.
    stock = [STOCK[0], {**STOCK[1], "on_hand": 10}, STOCK[2]]
    sales = daily_sales("A", "S1", 2.0) + daily_sales("A", "S2", 1.0, first=120, last=40)
    hit = only(find({("A", "S1"): 2.0, ("A", "S2"): 0.1}, stock=stock, sales=sales), "slow mover")
    assert (hit["location"], hit["money"], hit["severity"]) == ("S2", 48.0, "warning")
    assert hit["message"] == "30 units, 300 days' cover; none sold in 28 days"
    assert hit["suggestion"] == "Would sell at S1 (wants 18 units more, sells 2.0 a day)."


def test_units_that_leave_tonight_are_said_with_the_slow_mover(find: Callable[..., pd.DataFrame]) -> None:
    sales = daily_sales("A", "S1", 2.0) + daily_sales("A", "S2", 1.0, first=120, last=40)
    day = DAY + pd.Timedelta(days=1)
    move = {"sku": "A", "origin": "S2", "destination": "S1", "mode": "transshipment", "ship_date": day,
            "due_date": day, "arrival_day": 0, "quantity": 12}  # fmt: skip
    hit = only(find({("A", "S1"): 2.0, ("A", "S2"): 0.1}, sales=sales, moves=[move]), "slow mover")
    assert hit["suggestion"].startswith("12 units leave tonight. ")


def test_units_that_cannot_really_be_there_are_called_phantom(find: Callable[..., pd.DataFrame]) -> None:
    # 2 a day for 84 days, then none for 10 days while S2 and S1's other SKU went on selling: e^-20
    sales = (
        daily_sales("A", "S1", 2.0, last=10)
        + daily_sales("B", "S1", 1.0)
        + daily_sales("A", "S2", 2.0)
        + daily_sales("B", "S2", 1.0)
    )
    stock = [*STOCK, {"as_of": CUTOFF, "sku": "B", "location": "S1", "on_hand": 5}]
    hit = only(find(sales=sales, stock=stock), "phantom stock")
    assert (hit["sku"], hit["location"]) == ("A", "S1")
    assert hit["message"] == "30 units on record, none sold for 10 days where 2.0 a day was usual"
    assert hit["money"] == pytest.approx(2.0 * 28 * 3.0)
    count = {"date": CUTOFF, "sku": "A", "location": "S1", "recorded": 30, "counted": 30, "reason": "requested"}
    assert "phantom stock" not in set(find(sales=sales, stock=stock, counts=[count])["kind"])  # it was counted


@pytest.mark.parametrize(
    "sales",
    [
        # the shop was shut: it sold nothing at all
        daily_sales("A", "S1", 2.0, last=10) + daily_sales("A", "S2", 2.0),
        # sells one unit every 10 days or so: ten days without are ordinary
        [row for row in daily_sales("A", "S1", 1.0, last=10) if row["date"].day in (5, 15, 25)]
        + daily_sales("B", "S1", 1.0)
        + daily_sales("A", "S2", 2.0),
        # the shelf is known to have been empty
        daily_sales("A", "S1", 2.0, last=10)
        + [{**row, "availability": 0.0} for row in daily_sales("A", "S1", 0.0, first=9)]
        + daily_sales("B", "S1", 1.0)
        + daily_sales("A", "S2", 2.0),
        # the season is over everywhere
        daily_sales("A", "S1", 2.0, last=28)
        + daily_sales("B", "S1", 1.0)
        + daily_sales("A", "S2", 2.0, last=28)
        + daily_sales("B", "S2", 1.0),
    ],
)
def test_a_silence_with_another_cause_is_not_called_phantom(
    find: Callable[..., pd.DataFrame], sales: list[dict[str, Any]]
) -> None:
    assert "phantom stock" not in set(find(sales=sales)["kind"])


def test_a_late_order_is_told_with_its_days(find: Callable[..., pd.DataFrame]) -> None:
    order = {"order_id": "O1", "origin": "C1", "destination": "S1", "sku": "A", "quantity": 10,
             "ship_date": "2025-10-28", "due_date": "2025-10-31", "status": "confirmed"}  # fmt: skip
    hit = only(find(open_orders=[order]), "late order")
    assert hit["message"] == "order O1 from C1: 10 units due Friday 31 Oct, 4 days late"
    assert (hit["money"], hit["severity"]) == (30.0, "warning")


def test_a_line_nobody_acknowledged_is_critical(find: Callable[..., pd.DataFrame]) -> None:
    released = pd.DataFrame(
        {
            "order_id": ["TR-1", "TR-2", "TR-3"],
            "origin": "C1",
            "destination": "S1",
            "sku": "A",
            "quantity": 10,
            "ship_date": pd.to_datetime(["2025-10-30", "2025-11-03", "2025-10-30"]),
            "due_date": pd.to_datetime(["2025-11-01", "2025-11-05", "2025-11-01"]),
        }
    )
    known = {"order_id": "X", "destination": "S1", "sku": "A", "quantity": 10, "status": "closed",
             "external_ref": "TR-3", "ship_date": "2025-10-30"}  # fmt: skip
    hit = only(find(released=released, open_orders=[known]), "unacknowledged order")
    assert hit["severity"] == "critical"
    assert hit["message"] == "order TR-1: 10 units released 5 days ago and never acknowledged; still counted"


def test_a_short_confirmation_is_told(find: Callable[..., pd.DataFrame]) -> None:
    order = {"order_id": "O1", "origin": "SUP", "destination": "C1", "sku": "A", "quantity": 100,
             "ship_date": "2025-11-01", "due_date": "2025-11-10", "status": "confirmed"}  # fmt: skip
    hit = only(
        find(open_orders=[order], confirmations=[{"order_id": "O1", "confirmed_quantity": 60}]), "confirmed short"
    )
    assert (hit["message"], hit["money"]) == ("order O1: 60 units of 100 units confirmed", 120.0)


def test_a_promotion_without_stock_is_critical(find: Callable[..., pd.DataFrame]) -> None:
    # By Sunday 16 Nov (13 days) S1 is expected to want 65 and has 30: 35 short at 3 each
    promotion = {"promotion": "P1", "sku": "A", "region": "EAST", "from": "2025-11-11", "to": "2025-11-16",
                 "known_at": "2025-11-01"}  # fmt: skip
    hit = only(find({("A", "S1"): 5.0, ("A", "S2"): 2.0}, promotions=[promotion]), "promotion without stock")
    assert (hit["sku"], hit["location"], hit["money"]) == ("A", "S1", 105.0)
    assert hit["message"] == "promotion P1 from Tuesday 11 Nov: about 35 units short at 1 location"


def test_a_presale_without_stock_is_critical(find: Callable[..., pd.DataFrame]) -> None:
    presale = {"event": "D11", "sku": "A", "channel": "delivery", "deposits": 1000, "ship_from": "2025-11-11",
               "known_at": "2025-11-01"}  # fmt: skip
    hit = only(find(presales=[presale]), "presale without stock")
    assert hit["money"] == pytest.approx((1000 - 560) * 3.0)


def test_stock_left_after_a_promotion_is_told(find: Callable[..., pd.DataFrame]) -> None:
    promotion = {"promotion": "P1", "category": "tea", "location": "S1", "from": "2025-10-25", "to": "2025-11-01"}
    stock = [STOCK[0], {**STOCK[1], "on_hand": 100}, STOCK[2]]
    hit = only(find(promotions=[promotion], stock=stock), "excess after promotion")
    # 100 - 28 x 2 = 44 units at 2
    assert (hit["location"], hit["money"]) == ("S1", 88.0)
    assert hit["message"] == "44 units too many after P1 ended Saturday 1 Nov, 50 days' cover"


def test_interest_without_sales_is_compared_with_the_category(find: Callable[..., pd.DataFrame]) -> None:
    skus = [{"sku": f"K{i}", "category": "tea", "unit_cost": 2.0, "unit_price": 5.0} for i in range(5)]
    sales = [row for i in range(5) for row in daily_sales(f"K{i}", "S1", 1.0 if i == 4 else 10.0)]
    stock = [{"as_of": CUTOFF, "sku": f"K{i}", "location": "S1", "on_hand": 20} for i in range(5)]
    signals = [
        {"signal": "search_index", "key_type": "sku", "key": f"K{i}", "date": DAY - pd.Timedelta(days=age),
         "known_at": DAY, "family": "search", "value": 100.0}
        for i in range(5) for age in range(28)
    ]  # fmt: skip
    rates = {(f"K{i}", "S1"): 1.0 for i in range(5)}
    hit = only(find(rates, skus=skus, sales=sales, stock=stock, signals=signals), "interest without sales")
    # 2,800 / 29 against 2,800 / 281: 9.7 times
    assert hit["sku"] == "K4"
    assert hit["message"].startswith("search_index is 10 times as high for its sales as usual in tea; 28 units sold")


def test_lots_that_will_not_sell_in_time_are_told(find: Callable[..., pd.DataFrame]) -> None:
    lots = [
        {"sku": "A", "location": "S1", "expiry_date": "2025-11-06", "quantity": 10},
        {"sku": "A", "location": "S1", "expiry_date": "2025-12-06", "quantity": 20},
    ]
    hit = only(find(lots=lots), "ageing")
    # three days sell 6 of the first 10
    assert (hit["money"], hit["date"]) == (8.0, pd.Timestamp("2025-11-06"))
    assert hit["message"] == "10 units expire Thursday 6 Nov, about 4 units will not sell"


def test_a_new_sku_without_a_source_is_told(find: Callable[..., pd.DataFrame]) -> None:
    skus = [*SKUS, {"sku": "N", "category": "tea", "launch_date": "2025-11-10"}]
    assortment = [{"sku": sku, "location": place} for sku in ("A", "N") for place in ("S1", "S2")]
    lanes = LANES[1:]  # nobody buys
    hit = find(skus=skus, assortment=assortment, lanes=lanes)
    assert hit.loc[hit["kind"] == "new SKU without a source", "sku"].tolist() == ["N"]


def test_a_location_that_stopped_sending_sales_or_stock_is_told(find: Callable[..., pd.DataFrame]) -> None:
    sales = daily_sales("A", "S1", 2.0, last=5) + daily_sales("A", "S2", 2.0)
    stock = [*STOCK[:2], {**STOCK[2], "as_of": "2025-10-30"}]
    stale = find(sales=sales, stock=stock)
    stale = stale.loc[stale["kind"] == "feed stale"].set_index("location")
    assert stale.loc["S1", "message"] == "no sales since Wednesday 29 Oct, 5 days, from a location that sells every day"
    assert stale.loc["S2", "message"] == "the newest stock record is of Thursday 30 Oct, 4 days old"


def test_a_signal_that_stopped_is_told(find: Callable[..., pd.DataFrame]) -> None:
    signals = [
        {"signal": "traffic", "key_type": "global", "key": "", "date": DAY - pd.Timedelta(days=age),
         "known_at": DAY - pd.Timedelta(days=age), "value": 1.0}
        for age in range(60, 5, -1)
    ]  # fmt: skip
    hit = only(find(signals=signals), "feed stale")
    assert hit["message"] == "signal traffic last came Tuesday 28 Oct, 6 days ago"


def test_more_than_a_declared_capacity_is_told_by_day(find: Callable[..., pd.DataFrame]) -> None:
    day, due = DAY + pd.Timedelta(days=1), DAY + pd.Timedelta(days=3)
    move = {"sku": "A", "origin": "C1", "destination": "S1", "mode": "transfer", "ship_date": day, "due_date": due,
            "arrival_day": 2, "quantity": 40}  # fmt: skip
    capacity = [
        {"location": "S1", "kind": "receive", "amount": 100},
        {"location": "S1", "kind": "receive", "weekday": "TH", "amount": 30, "overtime_cost": 0.5},
        {"location": "C1", "kind": "ship", "amount": 40},
    ]
    hit = only(find(moves=[move], capacity=capacity), "capacity breach")
    assert (hit["location"], hit["date"], hit["money"]) == ("S1", due, 5.0)
    assert hit["message"] == "40 units to be received on Thursday 6 Nov, room for 30"


def test_a_store_that_is_too_small_is_told(find: Callable[..., pd.DataFrame]) -> None:
    skus = [{**SKUS[0], "volume_m3": 0.1}, SKUS[1]]
    locations = [*LOCATIONS[:3], {**LOCATIONS[3], "storage_volume_m3": 2.5}]
    hit = only(find(skus=skus, locations=locations), "capacity breach")
    assert hit["message"] == "3 m3 in store on Tuesday 4 Nov, room for 2"
