"""What goods pay of a full vehicle: never more together than the vehicles that carry them cost."""

from math import ceil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.vehicles import VehicleType, unit_freight, with_freight

LONG, STRONG = VehicleType("long", 100.0, 10.0, 1000.0, 9.0), VehicleType("strong", 90.0, 8.0, 5000.0, 9.0)
SIZES = st.floats(0.001, 50.0)


def lane(volume: float, weight: float, *fleet: VehicleType, cost: float = 100.0) -> pd.DataFrame:
    """One lane whose trucks have this size."""
    return pd.DataFrame({
        "truck_cost": [cost], "truck_volume_m3": [volume], "truck_weight_kg": [weight],
        "fleet": pd.Series([fleet], dtype=object),
    })  # fmt: skip


def paid(lanes: pd.DataFrame, volume: float, weight: float, *, average: tuple[float, float]) -> float:
    """What a unit pays where the average unit moved is of this volume and weight."""
    return float(unit_freight(with_freight(lanes, volume=average[0], weight=average[1]), [volume], [weight])[0])


def test_all_goods_of_a_lane_pay_by_what_fills_its_truck_first() -> None:
    """The average unit fills 10 m3 with 500 and 4 t with 800: 100 / 10 m3 = 10 a m3, whatever a unit weighs."""
    truck = lane(10.0, 4000.0)
    assert paid(truck, 0.02, 5.0, average=(0.02, 5.0)) == pytest.approx(0.2)
    assert paid(truck, 0.02, 900.0, average=(0.02, 5.0)) == pytest.approx(0.2)
    # 0.02 m3 of 10 kg: 400 fill it by weight, 100 / 4 t = 0.025 a kg.
    assert paid(truck, 0.5, 10.0, average=(0.02, 10.0)) == pytest.approx(0.25)


def test_a_truck_without_a_size_is_free_and_one_with_a_weight_only_is_paid_by_weight() -> None:
    assert paid(lane(np.inf, np.inf), 1.0, 1.0, average=(1.0, 1.0)) == 0.0
    assert paid(lane(np.inf, 50.0), 1.0, 1.0, average=(1.0, 1.0)) == pytest.approx(2.0)


def test_of_several_types_the_cheapest_by_what_fills_first_counts() -> None:
    """By volume long at 10 a m3 (strong 11.25), by weight strong at 90 / 5 t = 0.018 a kg (long 0.1)."""
    fleet = lane(10.0, 1000.0, LONG, STRONG)
    assert paid(fleet, 1.0, 100.0, average=(1.0, 100.0)) == pytest.approx(10.0)
    assert paid(fleet, 1.0, 1000.0, average=(1.0, 1000.0)) == pytest.approx(18.0)


@settings(max_examples=200, deadline=None)
@given(
    fleet=st.lists(st.tuples(SIZES, SIZES, SIZES), min_size=1, max_size=3),
    goods=st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=6),
    average=st.tuples(SIZES, SIZES),
    counts=st.lists(st.integers(0, 40), min_size=3, max_size=3),
)
def test_no_load_pays_more_than_the_vehicles_that_hold_it(
    fleet: list[tuple[float, float, float]],
    goods: list[tuple[float, float]],
    average: tuple[float, float],
    counts: list[int],
) -> None:
    types = [VehicleType(str(row), *each, np.inf) for row, each in enumerate(fleet)]
    lanes = lane(types[0].volume_m3, types[0].weight_kg, *types, cost=types[0].cost)
    load = [sum(each[side] for each in goods) for side in (0, 1)]
    number = dict(zip(types, counts, strict=False))
    room = [sum(n * each[2 + side] for each, n in number.items()) for side in (0, 1)]
    if room[0] < load[0] or room[1] < load[1]:  # one type alone, as many as it takes, holds any load
        first = types[0]
        number = {first: ceil(max(load[0] / first.volume_m3, load[1] / first.weight_kg))}
    cost = sum(n * each.cost for each, n in number.items())
    assert sum(paid(lanes, *each, average=average) for each in goods) <= cost * (1 + 1e-9)
