from collections.abc import Callable
from typing import Any

import pandas as pd

from forecasting.forecast import Forecast
from network.graph import build_network
from network.snapshot import Snapshot
from optimization.position import arrivals, available_to_promise, inventory_positions

CUTOFF = "2024-06-02"
PLACES = [
    {"location": "SUP", "tier": "supplier"},
    {"location": "C", "tier": "central"},
    {"location": "A", "tier": "store"},
    {"location": "B", "tier": "store"},
]
LANES = [
    {"origin": "SUP", "destination": "C", "mode": "purchase", "lead_time_days": 5},
    {"origin": "C", "destination": "A", "mode": "transfer", "lead_time_days": 2},
    {"origin": "C", "destination": "B", "mode": "transfer", "lead_time_days": 2},
]


def order(order_id: str, quantity: int, *, ship: str, due: str | None, **more: Any) -> dict[str, Any]:
    dates = {"ship_date": pd.Timestamp(ship), "due_date": pd.Timestamp(due) if due else pd.NaT}
    return {"order_id": order_id, "origin": "C", "destination": "A", "sku": "X", "quantity": quantity, **dates, **more}


def chain(make_snapshot: Callable[..., Snapshot], **tables: Any) -> Snapshot:
    stock = [{"as_of": pd.Timestamp(CUTOFF), "sku": "X", "location": "A", "on_hand": 10, "allocated": 3}]
    return make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[{"sku": "X", "unit_cost": 2.0}], **{"stock": stock, **tables}
    )


def row(positions: pd.DataFrame, location: str) -> dict[str, int]:
    return dict(positions[positions["location"] == location].iloc[0])


def test_position_is_on_hand_plus_on_order_less_allocated(make_snapshot: Callable[..., Snapshot]) -> None:
    # 10 on hand - 3 promised + 4 in transit + 6 that leave on the 4th = 17; of the 10 on order 4 are in transit.
    orders = [
        order("1", 4, ship="2024-06-01", due="2024-06-03", status="released"),
        order("2", 6, ship="2024-06-04", due="2024-06-06", status="confirmed"),
        order("3", 99, ship="2024-06-01", due="2024-06-03", status="cancelled"),
    ]
    snapshot = chain(make_snapshot, open_orders=orders)
    found = row(inventory_positions(snapshot, build_network(snapshot)), "A")
    assert (found["on_hand"], found["allocated"], found["on_order"], found["in_transit"]) == (10, 3, 10, 4)
    assert found["inventory_position"] == 17


def test_what_has_come_or_was_never_confirmed_is_not_on_order(make_snapshot: Callable[..., Snapshot]) -> None:
    # Of 20 ordered 15 are confirmed, for the 7th, and 6 have come: 9 to come. 10 on hand - 3 promised + 9 = 16.
    orders = [order("1", 20, ship="2024-06-01", due="2024-06-04", status="confirmed")]
    receipts = [{"order_id": "1", "sku": "X", "date": pd.Timestamp("2024-06-02"), "quantity": 6}]
    told = [{"order_id": "1", "confirmed_quantity": 15, "date": pd.Timestamp("2024-06-07")}]
    snapshot = chain(make_snapshot, open_orders=orders, receipts=receipts, confirmations=told)
    network = build_network(snapshot)
    found = row(inventory_positions(snapshot, network), "A")
    assert (found["on_order"], found["in_transit"], found["inventory_position"]) == (9, 9, 16)
    coming = arrivals(snapshot, None, network, cutoff=snapshot.cutoff, horizon=10)
    assert list(zip(coming["day"], coming["quantity"], strict=True)) == [(4, 9)]


def test_goods_that_will_leave_are_promised_at_their_origin(make_snapshot: Callable[..., Snapshot]) -> None:
    stock = [{"as_of": pd.Timestamp(CUTOFF), "sku": "X", "location": "C", "on_hand": 50}]
    orders = [order("2", 6, ship="2024-06-04", due="2024-06-06", status="confirmed")]
    snapshot = chain(make_snapshot, stock=stock, open_orders=orders)
    found = row(inventory_positions(snapshot, build_network(snapshot)), "C")
    assert (found["on_hand"], found["allocated"], found["inventory_position"]) == (50, 6, 44)


def test_a_released_line_counts_until_the_system_of_record_names_it(make_snapshot: Callable[..., Snapshot]) -> None:
    released = pd.DataFrame([order("ours", 5, ship="2024-06-02", due="2024-06-04")])
    waiting = chain(make_snapshot)
    assert row(inventory_positions(waiting, build_network(waiting), released), "A")["on_order"] == 5
    named = [order("77", 5, ship="2024-06-02", due="2024-06-04", status="confirmed", external_ref="ours")]
    known = chain(make_snapshot, open_orders=named)
    assert row(inventory_positions(known, build_network(known), released), "A")["on_order"] == 5
    refused = [order("77", 5, ship="2024-06-02", due="2024-06-04", status="rejected", external_ref="ours")]
    rejected = chain(make_snapshot, open_orders=refused)
    assert row(inventory_positions(rejected, build_network(rejected), released), "A")["on_order"] == 0


def test_only_free_stock_is_planned_and_the_warehouse_behind_is_a_stock_point(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    stock = [
        {"as_of": pd.Timestamp(CUTOFF), "sku": "X", "location": "A", "on_hand": 7, "stock_type": "free"},
        {"as_of": pd.Timestamp(CUTOFF), "sku": "X", "location": "A", "on_hand": 5, "stock_type": "damaged"},
    ]
    snapshot = chain(make_snapshot, stock=stock)
    positions = inventory_positions(snapshot, build_network(snapshot))
    assert row(positions, "A")["on_hand"] == 7
    assert list(positions["location"]) == ["A", "C"], "the central warehouse feeds A; the supplier is not ours"


def test_late_orders_arrive_first_thing_and_undated_ones_after_the_lead_time(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # Due the 4th is index 1 (3 June is index 0); late ones are index 0; leaving on the 4th with L = 2 is the 5th.
    orders = [
        order("late", 1, ship="2024-05-20", due="2024-05-22", status="released"),
        order("soon", 2, ship="2024-06-02", due="2024-06-04", status="released"),
        order("undated", 4, ship="2024-06-04", due=None, status="released"),
        order("far", 8, ship="2024-06-04", due="2024-07-30", status="released"),
    ]
    snapshot = chain(make_snapshot, open_orders=orders)
    network = build_network(snapshot)
    coming = arrivals(snapshot, None, network, cutoff=snapshot.cutoff, horizon=10)
    assert list(zip(coming["day"], coming["quantity"], strict=True)) == [(0, 1), (1, 2), (2, 4)]


def test_available_to_promise_keeps_display_presales_and_walk_in_customers(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    """A: 30 on hand - 4 promised - 5 display - 6 presold - 2 that counts say may be missing = 13, + 8 on day 2 = 21.

    Half of A's sales walk in; tomorrow's demand is Poisson(4), whose 90% quantile 7 leaves ceil(3.5) = 4 for them, so
    a delivery customer is promised 9 tomorrow and 17 on day 2.
    """
    at = pd.Timestamp(CUTOFF)
    sale = {"date": at, "sku": "X", "location": "A", "units": 5.0}
    snapshot = make_snapshot(
        CUTOFF,
        locations=[*PLACES[:2], {"location": "A", "tier": "store", "zone": "Z"}, PLACES[3]],
        lanes=LANES,
        skus=[{"sku": "X"}],
        stock=[{"as_of": at, "sku": "X", "location": "A", "on_hand": 30, "allocated": 4}],
        sales=[{**sale, "channel": "walk_in"}, {**sale, "channel": "delivery"}],
        assortment=[{"sku": "X", "location": "A", "presentation_stock": 5}],
        presales=[{"event": "E", "sku": "X", "deposits": 6.0, "pickup_location": "A", "known_at": at}],
        counts=[{"date": at, "sku": "X", "location": "A", "recorded": 100, "counted": 95, "reason": "random"}],
        serving=[{"zone": "Z", "location": "A", "channel": channel} for channel in ("walk_in", "delivery")],
        open_orders=[order("1", 8, ship="2024-06-02", due="2024-06-05", status="confirmed")],
    )
    network = build_network(snapshot)
    forecast = Forecast.from_rates([[4.0] * 7], ["X"], location=["A"], cutoff=CUTOFF)
    positions = inventory_positions(snapshot, network, series=forecast.series)
    coming = arrivals(snapshot, None, network, cutoff=snapshot.cutoff, horizon=7)
    table = available_to_promise(snapshot, network, forecast, positions=positions, arrivals=coming, days=(0, 2))
    found = table[table["zone"] == "Z"].set_index(["channel", "day"])["quantity"]
    assert found.to_dict() == {("delivery", 0): 9, ("delivery", 2): 17, ("walk_in", 0): 13, ("walk_in", 2): 21}
