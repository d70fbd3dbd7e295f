"""What a second run inside the day knows: sales so far against what was expected by then, and lanes still open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.forecast import Forecast
from network.graph import build_network
from network.snapshot import Snapshot
from optimization.wave import Wave, closures_after, stock_after, wave_snapshot

CUTOFF = "2025-11-03"
NOON = time(15, 0)  # half of the selling hours, 8 to 22
STOCK = [
    {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 20},
    {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 9, "stock_type": "damaged"},
    {"as_of": CUTOFF, "sku": "B", "location": "S1", "on_hand": 3},
    {"as_of": CUTOFF, "sku": "A", "location": "S2", "on_hand": 20},
]
LANES = [
    {"origin": "C1", "destination": "S1", "mode": "transfer", "lead_time_days": 1, "cutoff_time": "14:30"},
    {"origin": "C1", "destination": "S2", "mode": "transfer", "lead_time_days": 1, "cutoff_time": "15:00"},
    {"origin": "C1", "destination": "S1", "mode": "emergency", "lead_time_days": 0},
    {"origin": "S2", "destination": "S1", "mode": "transshipment", "lead_time_days": 1, "cutoff_time": "18:00"},
]
LOCATIONS = [{"location": "C1", "tier": "central"}] + [{"location": at, "tier": "store"} for at in ("S1", "S2")]


@pytest.fixture(scope="module")
def evening(make_snapshot: Callable[..., Snapshot]) -> Callable[..., Snapshot]:
    """The evening before, with closures as given."""

    def make(closures: list[dict[str, Any]] | None = None) -> Snapshot:
        skus = [{"sku": sku, "unit_cost": 1.0} for sku in "AB"]
        tables = {"locations": LOCATIONS, "skus": skus, "lanes": LANES, "stock": STOCK, "closures": closures or []}
        return make_snapshot(CUTOFF, **tables)

    return make


def expecting(**rates: float) -> Forecast:
    """Demand a day by point, such as A_S1=10."""
    points = [name.split("_") for name in rates]
    daily = np.repeat(np.array(list(rates.values()))[:, None], 3, axis=1)
    return Forecast.from_rates(daily, [sku for sku, _ in points], location=[at for _, at in points], cutoff=CUTOFF)


def wave(*sold: tuple[str, str, float], at: time = NOON) -> Wave:
    return Wave(at, pd.DataFrame(sold, columns=["sku", "location", "units"]))


def test_the_share_of_the_day_runs_from_opening_to_closing() -> None:
    shares = [wave(at=time(hour)).share_passed for hour in (0, 8, 15, 22, 23)]
    assert shares == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_a_place_that_sold_more_than_expected_has_less_left(evening: Callable[..., Snapshot]) -> None:
    # A at S1: 10 a day, by 15:00 expected 5, sold 4 + 5 = 9: 4 less than 20. B: expected 2, sold none: 2 more than 3.
    # S2 has sent nothing: it stays, whatever was expected.
    stock = evening().table("stock")
    known = wave(("A", "S1", 4.0), ("A", "S1", 5.0))
    after = stock_after(stock, expecting(A_S1=10, B_S1=4, A_S2=10), known)
    left = {(row.sku, row.location, row.stock_type): row.on_hand for row in after.itertuples()}
    assert left == {("A", "S1", "free"): 16, ("A", "S1", "damaged"): 9, ("B", "S1", "free"): 5, ("A", "S2", "free"): 20}
    assert after.dtypes.equals(stock.dtypes)


def test_stock_never_falls_below_nothing(evening: Callable[..., Snapshot]) -> None:
    after = stock_after(evening().table("stock"), expecting(A_S1=1), wave(("A", "S1", 900.0)))
    assert after.set_index(["sku", "location"])["on_hand"].loc[("B", "S1")] == 3
    assert after["on_hand"].min() == 0


def test_lanes_whose_time_has_passed_are_closed_for_the_day_only(evening: Callable[..., Snapshot]) -> None:
    # at 15:00: 14:30 has passed, 15:00 is just in time, 18:00 and no time at all are open
    snapshot = evening()
    after = wave_snapshot(snapshot, build_network(snapshot), expecting(A_S1=1), wave(("A", "S1", 1.0)))
    network = build_network(after)
    may_leave = network.calendar.ship_days(np.arange(len(network.lanes)), after.cutoff, 2)
    by_lane = dict(zip(network.lanes["lane_id"], may_leave.tolist(), strict=True))
    assert by_lane == {
        "C1>S1:transfer": [False, True],
        "C1>S2:transfer": [True, True],
        "C1>S1:emergency": [True, True],
        "S2>S1:transshipment": [True, True],
    }
    assert after.content_hash != snapshot.content_hash


def test_the_time_of_the_day_itself_comes_before_that_of_the_lane(evening: Callable[..., Snapshot]) -> None:
    rows = [{"lane": "C1>S1:transfer", "date": "2025-11-04", "open": True, "cutoff_time": "16:00"},
            {"lane": "C1>S1:emergency", "date": "2025-11-04", "open": True, "cutoff_time": "12:00"}]  # fmt: skip
    snapshot = evening(rows)
    after = closures_after(snapshot, build_network(snapshot), wave(("A", "S1", 1.0)))
    is_open = dict(zip(after["lane"], after["open"], strict=True))
    assert is_open == {"C1>S1:transfer": True, "C1>S1:emergency": False}
    assert after.dtypes.equals(snapshot.table("closures").dtypes)


@settings(max_examples=25, deadline=None)
@given(sold=st.lists(st.integers(0, 30), min_size=1, max_size=4), rate=st.floats(0, 30), hour=st.integers(0, 23))
def test_stock_and_forecast_together_leave_what_is_there_less_what_is_still_to_come(
    evening: Callable[..., Snapshot], sold: list[int], rate: float, hour: int
) -> None:
    known = wave(*(("A", "S1", float(units)) for units in sold), at=time(hour))
    after = stock_after(evening().table("stock"), expecting(A_S1=rate), known)
    row = after[(after["sku"] == "A") & (after["location"] == "S1") & (after["stock_type"] == "free")].iloc[0]
    tonight = 20 - sum(sold) - rate * (1 - known.share_passed)
    assert row["on_hand"] - rate == pytest.approx(max(tonight, -rate), abs=0.5 + 1e-9)
