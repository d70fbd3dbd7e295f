"""Days between trucks, by hand."""

import numpy as np
import pandas as pd

from optimization.truck_gap import has_priced_trucks, truck_gaps
from tests.optimization.test_coverage import pairs

LANES = pd.DataFrame({
    "vehicle": ["truck", "truck", "parcel"],
    "truck_cost": [100.0, 0.0, 5.0],
    "truck_volume_m3": [20.0, 20.0, 0.1],
    "truck_weight_kg": [np.inf, np.inf, 30.0],
})  # fmt: skip


def test_only_trucks_with_a_price_and_a_size_count() -> None:
    assert has_priced_trucks(LANES).tolist() == [True, False, False]


def test_a_lane_waits_until_its_destinations_fill_a_truck() -> None:
    # Point 0 is the warehouse. Lane 0 brings 6 m3 a day to point 1: 20 / 6 = 3.3, so 4 days. Lane 1 has no price.
    inbound = pairs([-1, 0, 0], [[0], [0], [0]], [1, 1, 1])
    inbound = inbound.take(np.array([1, 2]))
    lanes = LANES.iloc[[2, 0, 1]].reset_index(drop=True)
    none = np.zeros(3)
    gaps = truck_gaps(inbound, lanes, daily=np.array([0.0, 6.0, 6.0]), volume=np.ones(3), weight=none)
    assert gaps.tolist() == [1, 4, 1]
    # 1 m3 a day would fill it in 20 days; nobody waits longer than a week.
    slow = truck_gaps(inbound, lanes, daily=np.array([0.0, 1.0, 6.0]), volume=np.ones(3), weight=none)
    assert slow.tolist() == [1, 7, 1]
