"""Lanes with several vehicle types: hand-worked mixes, every mix tried, and whole nights that pass the audit."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.graph import build_network
from network.snapshot import Snapshot
from network.vehicles import VehicleType, standing_for
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.truck_mix import cheapest_mix
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, RATES, SKU, planned, stock

FREE = float("inf")
LORRY = VehicleType("lorry", 100.0, 10.0, FREE, FREE)
VAN = VehicleType("van", 40.0, 3.0, FREE, FREE)
FLEET = (LORRY, VAN)


@pytest.mark.parametrize(
    ("volume", "most", "said", "cost"),
    [
        (12.0, 2, "1 lorry, 1 van", 140.0),  # two lorries cost 200, four vans 160 and are too many
        (6.0, 2, "2 van", 80.0),
        (6.0, 1, "1 lorry", 100.0),
        (2.0, 1, "1 van", 40.0),
        (20.0, 2, "2 lorry", 200.0),
        (0.0, 1, "1 van", 40.0),  # goods without size still need a vehicle
    ],
)
def test_the_cheapest_vehicles_that_carry_a_load(volume: float, most: int, said: str, cost: float) -> None:
    mix = cheapest_mix(volume, 0.0, FLEET, most=most)
    assert mix is not None
    assert (mix.said(FLEET), mix.cost) == (said, cost)


def test_what_so_many_vehicles_cannot_carry_has_no_mix() -> None:
    assert cheapest_mix(21.0, 0.0, FLEET, most=2) is None
    assert cheapest_mix(12.0, 0.0, (LORRY._replace(max_per_day=1), VAN._replace(max_per_day=0)), most=2) is None


@given(
    volume=st.floats(0.0, 30.0), weight=st.floats(0.0, 30.0), most=st.integers(1, 4),
    fleet=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 12), st.integers(1, 12), st.integers(0, 3)),
                   min_size=1, max_size=3),
)  # fmt: skip
def test_no_mix_is_cheaper(volume: float, weight: float, most: int, fleet: list[tuple[int, ...]]) -> None:
    types = tuple(VehicleType(f"T{i}", *map(float, each)) for i, each in enumerate(fleet))
    costs = [
        sum(n * t.cost for n, t in zip(counts, types, strict=True))
        for counts in product(*(range(int(t.max_per_day) + 1) for t in types))
        if 0 < sum(counts) <= most
        and sum(n * t.volume_m3 for n, t in zip(counts, types, strict=True)) >= volume
        and sum(n * t.weight_kg for n, t in zip(counts, types, strict=True)) >= weight
    ]
    mix = cheapest_mix(volume, weight, types, most=most)
    assert (mix is None) == (not costs)
    if mix is not None:
        assert mix.cost == pytest.approx(min(costs))


def test_the_type_with_the_least_cost_for_its_size_stands_for_the_lane() -> None:
    assert standing_for(FLEET) == LORRY  # 10 a m3 against 13.33
    assert standing_for((LORRY, VAN._replace(cost=20.0))).name == "van"


def tables(volume: float, **on_hand: int) -> dict[str, Any]:
    vehicles = [
        {"lane": lane, "type": kind, "cost": cost, "volume_m3": size}
        for lane in ("C>A:transfer", "C>B:transfer")
        for kind, cost, size in (("lorry", 20.0, 2.0), ("van", 8.0, 0.6))
    ]
    return {"locations": PLACES, "lanes": LANES, "skus": [{**SKU, "volume_m3": volume}], "vehicles": vehicles,
            "stock": stock(**on_hand)}  # fmt: skip


@pytest.mark.parametrize("joint", [True, False])
def test_a_small_load_takes_the_van_and_the_plan_passes_the_audit(
    make_snapshot: Callable[..., Snapshot], joint: bool
) -> None:
    # 13 to 15 units, and some days more until the next truck, of 0.01 m3: a van carries them for 8, the lorry costs 20.
    config = PlanConfig(laterals=False, joint_trucks=joint)
    case = planned(make_snapshot(CUTOFF, **tables(0.01, C=300, F=60, A=0, B=60)), RATES, config)
    (load,) = case.decisions.loads.to_dict("records")
    assert (load["mix"], load["trucks"], load["cost"]) == ("1 van", 1, 8.0)
    assert load["fill"] == pytest.approx(load["volume_m3"] / 0.6)
    assert case.violations.empty
    for wrong in ({"mix": "1 lorry"}, {"mix": "2 van"}, {"mix": "1 ship"}, {"cost": 7.0}):
        broken = case.decisions.loads.assign(**wrong)
        found = audit(
            case.decisions.moves, broken, snapshot=case.snapshot, network=case.network, positions=case.positions
        )
        assert "vehicle_mix" in set(found["rule"])


def test_a_lane_speaks_of_its_type_and_others_keep_their_truck(make_snapshot: Callable[..., Snapshot]) -> None:
    lanes = build_network(make_snapshot(CUTOFF, **tables(0.03, C=1))).lanes.set_index("lane_id")
    assert lanes.loc["C>A:transfer", ["truck_cost", "truck_volume_m3"]].tolist() == [20.0, 2.0]
    assert lanes.loc["C>F:transfer", "truck_cost"] == 0.0
    assert [each.name for each in lanes.loc["C>A:transfer", "fleet"]] == ["lorry", "van"]
    chilled = tables(0.03, C=1)
    chilled["vehicles"] = [{**row, "temperature": "chilled"} for row in chilled["vehicles"]]
    cold = build_network(make_snapshot(CUTOFF, **chilled)).lanes.set_index("lane_id")
    assert cold.loc["C>A:transfer", "truck_cost"] == 0.0  # goods of one temperature only: not mixed
    assert isinstance(lanes, pd.DataFrame)
