"""Promises that a run publishes: a week of them, with what is on its way from earlier nights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from forecasting.forecast import Forecast
from network.graph import build_network
from network.snapshot import Snapshot
from optimization.promises import promises

CUTOFF = "2024-06-02"


def test_a_line_that_left_last_night_can_be_promised_from_the_day_it_arrives(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # 10 on hand; 6 released last night arrive on 6 June, day 3 after the cutoff: 10, 10, 10, then 16.
    # Nothing was sold by channel, so nothing is kept for people who walk in.
    snapshot = make_snapshot(
        CUTOFF,
        locations=[{"location": "C", "tier": "central"}, {"location": "A", "tier": "store", "zone": "Z"}],
        lanes=[{"origin": "C", "destination": "A", "mode": "transfer", "lead_time_days": 2}],
        skus=[{"sku": "X"}],
        stock=[{"as_of": pd.Timestamp(CUTOFF), "sku": "X", "location": "A", "on_hand": 10}],
    )
    line: dict[str, Any] = {"order_id": "1", "origin": "C", "destination": "A", "sku": "X", "quantity": 6}
    released = pd.DataFrame([{**line, "ship_date": pd.Timestamp("2024-06-04"), "due_date": pd.Timestamp("2024-06-06")}])
    forecast = Forecast.from_rates([[1.0] * 10], ["X"], location=["A"], cutoff=CUTOFF)
    table = promises(snapshot, build_network(snapshot), forecast, released=released)
    found = table[table["zone"] == "Z"]
    assert found["quantity"].tolist() == [10, 10, 10, 16, 16, 16, 16]
    assert found["day"].tolist() == list(range(7))
