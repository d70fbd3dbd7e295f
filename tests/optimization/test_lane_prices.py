"""Limits that SKUs share tonight, gathered from the tables, and what a unit pays for them."""

from collections.abc import Callable

import numpy as np
import pytest

from network.graph import build_network
from network.snapshot import Snapshot
from optimization.flow.data import Moves
from optimization.inbound import Inbound
from optimization.lane_prices import MEASURES, LanePrices, tonight_limits, unit_volume

MakeSnapshot = Callable[..., Snapshot]
UNITS, VOLUME, CASES = (MEASURES.index(name) for name in ("units", "m3", "cases"))


@pytest.fixture
def snapshot(make_snapshot: MakeSnapshot) -> Snapshot:
    """Two suppliers, a warehouse, two stores; the night of Monday 3 June 2024."""
    return make_snapshot(
        "2024-06-03",
        locations=[
            {"location": "V", "tier": "supplier"}, {"location": "W", "tier": "supplier"},
            {"location": "C", "tier": "central"}, {"location": "A", "tier": "store"},
            {"location": "B", "tier": "store"},
        ],
        skus=[{"sku": "K", "case_pack": 6, "volume_m3": 0.25}],
        lanes=[
            {"origin": "V", "destination": "C", "mode": "purchase", "lead_time_days": 4},
            {"origin": "W", "destination": "C", "mode": "purchase", "lead_time_days": 2},
            {"origin": "C", "destination": "A", "mode": "transfer", "lead_time_days": 1},
            {"origin": "C", "destination": "B", "mode": "transfer", "lead_time_days": 2},
        ],
        suppliers=[{"supplier": "V", "weekly_capacity": 50.0}, {"supplier": "W"}],
        capacity=[
            {"location": "C", "kind": "ship", "amount": 8.0, "unit": "m3", "overtime_cost": 30.0},
            {"location": "C", "kind": "receive", "amount": 90.0, "unit": "units", "weekday": "FR"},
            {"location": "B", "kind": "receive", "amount": 7.0, "unit": "cases"},
            {"location": "B", "kind": "receive", "amount": 3.0, "unit": "lines"},
        ],
    )  # fmt: skip


def lane_of(snapshot: Snapshot, origin: str, destination: str) -> int:
    lanes = build_network(snapshot).lanes
    return int(np.flatnonzero((lanes["origin"] == origin) & (lanes["destination"] == destination))[0])


def test_limits_are_docks_of_the_day_and_suppliers_with_a_capacity(snapshot: Snapshot) -> None:
    """What V sends on Tuesday in 4 days is there on Friday, what W sends in 2 on Wednesday: only V meets the dock."""
    found = tonight_limits(build_network(snapshot), snapshot)
    takes = found.takes.toarray().reshape(-1, len(MEASURES), found.amount.size)
    rows = {
        (amount, overtime): sorted((int(lane), int(measure)) for lane, measure in np.argwhere(takes[:, :, index]))
        for index, (amount, overtime) in enumerate(zip(found.amount, found.overtime, strict=True))
    }
    v, a, b = (lane_of(snapshot, *ends) for ends in (("V", "C"), ("C", "A"), ("C", "B")))
    assert rows == {
        (8.0, 30.0): sorted([(a, VOLUME), (b, VOLUME)]),
        (90.0, np.inf): [(v, UNITS)],
        (7.0, np.inf): [(b, CASES)],
        (50.0, np.inf): [(v, UNITS)],
    }


def test_a_unit_pays_for_what_it_takes_tonight_and_nothing_later_or_with_another_lead_time(snapshot: Snapshot) -> None:
    """1 a unit + 8 a m3 x 0.25 m3 + 3 a case / 6 = 3.5 on the first lane; twice that on the second."""
    ends = Inbound(
        point=np.zeros(2, dtype=np.int64), origin_point=np.full(2, -1), lane=np.arange(2), priority=np.ones(2),
        lead_time_days=np.ones(2, dtype=np.int64), case=np.full(2, 6), order_multiple=np.full(2, 6),
        min_order_quantity=np.zeros(2, dtype=np.int64), unit_cost=np.ones(2), is_main=np.ones(2, dtype=bool),
        slot=np.zeros(2, dtype=np.int64), ships=np.ones((1, 3), dtype=bool), arrival=np.ones((1, 3), dtype=np.int64),
    )  # fmt: skip
    moves = Moves(
        pair=np.array([0, 0, 1, 1]), day=np.array([0, 1, 0, 0]), arrival=np.array([1, 2, 1, 2]), cost=np.ones(4),
        price=np.zeros(4), most=np.full(4, 9), min_life=np.zeros(4, dtype=np.int64), inbound=ends,
    )  # fmt: skip
    price = np.zeros((2, len(MEASURES)))
    price[0, [UNITS, VOLUME, CASES]] = 1.0, 8.0, 3.0
    price[1] = 2.0 * price[0]
    prices = LanePrices(price, np.array([1, 1]), 0.0)
    volume = unit_volume(snapshot.table("skus"), snapshot)
    assert volume.tolist() == [0.25]
    assert prices.of_moves(moves, volume).tolist() == [3.5, 0.0, 7.0, 0.0]
