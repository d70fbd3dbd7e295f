"""The clairvoyant: costs by hand, the best of all plans on tiny chains, and never above any policy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.clairvoyant import clairvoyant
from experiments.twin import MOVE_COLUMNS, Night, replay
from network.contracts import empty
from network.graph import build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

CUTOFF = pd.Timestamp("2024-01-31")
SKUS = ("A", "B")


def _table(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    blank = empty(name)
    return pd.DataFrame(rows).reindex(columns=blank.columns).astype(blank.dtypes.to_dict())


def _sku(name: str, shelf_life: float) -> dict[str, object]:
    money = {"unit_cost": 10.0, "unit_price": 14.0, "shortage_cost": 4.0, "holding_cost": 0.1}
    size = {"volume_m3": 0.1, "weight_kg": 30.0, "shelf_life_days": shelf_life, "temperature": "ambient"}
    return {"sku": name, "case_pack": 1, "min_order_quantity": 0, **money, **size}


def chain(*, stock: dict[tuple[str, str], int], truck_cost: float = 0.0, shelf_life: float = float("nan")) -> Snapshot:
    """A supplier, a central and two stores that may help each other and each other's customers; two SKUs."""
    tiers = {"SUP": "supplier", "CEN": "central", "S1": "store", "S2": "store"}
    truck = {"truck_cost": truck_cost, "truck_volume_m3": 1.0, "truck_weight_kg": 100.0}
    own = [("CEN", "S1", "transfer", 2), ("CEN", "S2", "transfer", 1), ("S1", "S2", "transshipment", 1)]
    lanes = [{"origin": "SUP", "destination": "CEN", "mode": "purchase", "lead_time_days": 2}]
    lanes += [dict(zip(("origin", "destination", "mode", "lead_time_days"), lane, strict=True)) | truck for lane in own]
    sold = {"channel": "walk_in", "units": 1.0, "is_promotion": False, "date": CUTOFF}
    tables = {
        "locations": _table(
            "locations", [{"location": name, "tier": tier, "ownership": "own"} for name, tier in tiers.items()]
        ),
        "skus": _table("skus", [_sku(sku, shelf_life) for sku in SKUS]),
        "lanes": _table("lanes", list(lanes)),
        "sales": _table("sales", [{**sold, "sku": sku, "location": "S1", "zone": "Z1"} for sku in SKUS]),
        "stock": _table(
            "stock",
            [
                {"as_of": CUTOFF, "sku": sku, "location": place, "on_hand": n, "allocated": 0, "stock_type": "free"}
                for (sku, place), n in stock.items()
            ],
        ),
        "serving": _table(
            "serving",
            [
                {"zone": "Z1", "location": "S1", "channel": "walk_in", "priority": 1},
                {"zone": "Z2", "location": "S2", "channel": "walk_in", "priority": 1},
                {"zone": "Z2", "location": "S1", "channel": "walk_in", "priority": 2},
            ],
        ),
        "zones": _table("zones", [{"zone": "Z1"}, {"zone": "Z2"}]),
    }
    return snapshot_at(tables, ChainSettings(id="tiny"), CUTOFF)


def demand(units: dict[tuple[str, str], list[int]]) -> pd.DataFrame:
    parts = []
    for (sku, zone), wanted in units.items():
        days = pd.date_range(CUTOFF + pd.Timedelta(days=1), periods=len(wanted))
        part = {"date": days, "sku": sku, "zone": zone, "channel": "walk_in", "units": wanted}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def bound(snapshot: Snapshot, wanted: pd.DataFrame, n_days: int):
    return clairvoyant(snapshot, build_network(snapshot), demand=wanted, n_days=n_days)


def cost(snapshot: Snapshot, wanted: pd.DataFrame, policy, n_days: int) -> float:
    run = replay(snapshot, build_network(snapshot), demand=wanted, policy=policy, n_days=n_days)
    return run.summary()["total_cost"]


def planned(moves: list[tuple[int, str, str, str, str, int, int]]):
    """A policy that ships what it was told: night, sku, origin, destination, mode, lead time, quantity."""

    def decide(night: Night) -> pd.DataFrame:
        today = (night.date - CUTOFF).days
        leaves = night.date + pd.Timedelta(days=1)
        rows = [
            (sku, origin, destination, mode, leaves, leaves + pd.Timedelta(days=max(lead, 1) - 1), quantity)
            for when, sku, origin, destination, mode, lead, quantity in moves
            if when == today and quantity > 0
        ]
        return pd.DataFrame(rows, columns=list(MOVE_COLUMNS))

    return decide


def test_stock_in_the_right_place_costs_its_holding_alone():
    # 3 in the store, 1 wanted a day: 2, 1, 0 left at 0.1; the other SKU has none and loses nothing
    wanted = demand({("A", "Z1"): [1, 1, 1]})
    assert bound(chain(stock={("A", "S1"): 3}), wanted, 3).total_cost == pytest.approx(0.3)


def test_goods_that_cannot_come_in_time_are_lost_at_their_margin():
    # nothing in the store; the central's 2 units take until day 2: day 1 loses 2 at 4, and the 2 are held one evening,
    # sold on day 2; a supplier's goods would be in the central on day 2 and in the store on day 4
    wanted = demand({("A", "Z1"): [2, 2]})
    found = bound(chain(stock={("A", "CEN"): 2}), wanted, 2)
    assert found.total_cost == pytest.approx(8.0 + 0.2)
    assert found.by_sku["lost_units"].tolist() == pytest.approx([2.0, 0.0])


def test_a_truck_is_paid_by_the_share_that_is_filled():
    # 5 units of 0.1 m3 go to S2 at once in half a truck of 1 m3 that costs 6
    wanted = demand({("A", "Z2"): [5]})
    assert bound(chain(stock={("A", "CEN"): 5}, truck_cost=6.0), wanted, 1).total_cost == pytest.approx(3.0)


@pytest.mark.parametrize("wanted", [[1, 0, 2]])
def test_the_bound_is_the_cost_of_the_best_of_all_plans(wanted):
    # 2 in the central, 1 in S1; every plan of both over the nights that matter, at no transport cost
    snapshot = chain(stock={("A", "CEN"): 2, ("A", "S1"): 1})
    asked = demand({("A", "Z1"): wanted, ("A", "Z2"): [0, 1, 0]})
    costs = []
    for first, second, side in itertools.product(range(3), range(3), ((0, 0), (1, 0), (0, 1))):
        for direct in itertools.product(range(2), repeat=2):
            if first + second + sum(direct) > 2:
                continue
            moves = [(night, "A", "CEN", "S1", "transfer", 2, n) for night, n in enumerate((first, second))]
            moves += [(night, "A", "S1", "S2", "transshipment", 1, n) for night, n in enumerate(side)]
            moves += [(night, "A", "CEN", "S2", "transfer", 1, n) for night, n in enumerate(direct)]
            try:
                costs.append(cost(snapshot, asked, planned(moves), 3))
            except ValueError:
                continue  # ships what is not there any more
    assert bound(snapshot, asked, 3).total_cost == pytest.approx(min(costs))


@st.composite
def games(draw):
    """A chain, demand, and a seed for a careless policy."""
    stock = {(sku, place): draw(st.integers(0, 9)) for sku in SKUS for place in ("CEN", "S1", "S2")}
    life = draw(st.sampled_from([float("nan"), 2.0, 4.0]))
    snapshot = chain(stock=stock, truck_cost=draw(st.sampled_from([0.0, 3.0])), shelf_life=life)
    days = draw(st.integers(2, 5))
    units = {
        (sku, zone): draw(st.lists(st.integers(0, 6), min_size=days, max_size=days))
        for sku in SKUS
        for zone in ("Z1", "Z2")
    }
    return snapshot, demand(units), days, draw(st.integers(0, 10_000))


def careless(seed: int):
    """Ships random parts of what is there on every lane, and buys at random."""
    random = np.random.default_rng(seed)
    lanes = [("CEN", "S1", "transfer", 2), ("CEN", "S2", "transfer", 1), ("S1", "S2", "transshipment", 1)]

    def decide(night: Night) -> pd.DataFrame:
        left = {(row.sku, row.location): int(row.on_hand) for row in night.stock.itertuples()}
        moves = [(0, sku, "SUP", "CEN", "purchase", 2, int(random.integers(0, 5))) for sku in SKUS]
        for sku, (origin, destination, mode, lead) in itertools.product(SKUS, lanes):
            quantity = int(random.integers(0, left.get((sku, origin), 0) + 1))
            left[sku, origin] = left.get((sku, origin), 0) - quantity
            moves.append((0, sku, origin, destination, mode, lead, quantity))
        today = (night.date - CUTOFF).days
        return planned([(today, *move[1:]) for move in moves])(night)

    return decide


@settings(max_examples=10, deadline=None)
@given(games())
def test_no_policy_costs_less_than_the_bound(game):
    snapshot, wanted, days, seed = game
    least = bound(snapshot, wanted, days)
    assert least.total_cost >= -1e-9
    for policy in (planned([]), careless(seed), careless(seed + 1)):
        assert cost(snapshot, wanted, policy, days) >= least.total_cost - 1e-6


@settings(max_examples=5, deadline=None)
@given(games())
def test_more_days_never_cost_less(game):
    snapshot, wanted, days, _ = game
    assert bound(snapshot, wanted, days - 1).total_cost <= bound(snapshot, wanted, days).total_cost + 1e-6
