"""Trucks that a single line needs: hand-worked, and never more than the load costs."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.graph import SupplyNetwork, build_network
from optimization.load_savings import truck_savings
from tests.optimization.test_explain import CHAIN, CUTOFF, move


@pytest.fixture(scope="module")
def network(make_snapshot) -> SupplyNetwork:  # type: ignore[no-untyped-def]
    return build_network(make_snapshot(CUTOFF, **CHAIN))


def loads(trucks: int, cost: float) -> pd.DataFrame:
    return pd.DataFrame([{"load_id": "L1", "trucks": trucks, "cost": cost}])


def test_only_a_line_without_which_a_truck_stays_at_home_saves_it(network: SupplyNetwork) -> None:
    # A takes 0.1 m3 of 10: 50, 40 and 30 units are 0.5, 0.4 and 0.3 trucks, 1.2 in all: two trucks of 60. Without the
    # first 0.7 are left, without the second 0.8, without the third 0.9: one truck would do each time.
    skus = pd.DataFrame(CHAIN["skus"])
    three = pd.DataFrame([move("A", units) for units in (50, 40, 30)])
    assert truck_savings(three, loads(2, 120.0), skus=skus, network=network).tolist() == [60.0, 60.0, 60.0]
    two = pd.DataFrame([move("A", units) for units in (50, 30)])
    assert truck_savings(two, loads(1, 60.0), skus=skus, network=network).tolist() == [0.0, 0.0]
    one = pd.DataFrame([move("A", 50)])
    assert truck_savings(one, loads(1, 60.0), skus=skus, network=network).tolist() == [60.0]


@settings(max_examples=20, deadline=None)
@given(units=st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_a_line_never_saves_more_than_its_load_costs(network: SupplyNetwork, units: list[int]) -> None:
    trucks = -(-sum(units) // 100)
    lines = pd.DataFrame([move("A", each) for each in units])
    saved = truck_savings(lines, loads(trucks, 60.0 * trucks), skus=pd.DataFrame(CHAIN["skus"]), network=network)
    assert ((saved >= 0) & (saved <= 60.0 * trucks)).all()
