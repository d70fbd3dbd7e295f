"""Demand of zones and channels belongs to the location that serves them now, whoever shipped it then."""

import pandas as pd

from forecasting.panel import build_panel
from network.graph import build_network
from network.snapshot import snapshot_at

CUTOFF = pd.Timestamp("2024-01-20")


def units_by_location(make_chain, serving: pd.DataFrame) -> dict[str, float]:
    """Ten units sold to zone Z1 by delivery and five by pick-up, all of them from store S1."""
    sales = pd.DataFrame(
        {"date": ["2024-01-10", "2024-01-11"], "sku": "K0", "location": "S1", "channel": ["delivery", "pickup"],
         "zone": "Z1", "units": [10, 5], "availability": 1.0}
    )  # fmt: skip
    zones = pd.DataFrame({"zone": ["Z1"]})
    chain = make_chain(1, 3, 30, sales=sales, serving=serving, zones=zones)
    snapshot = snapshot_at(chain.tables, chain.settings, CUTOFF)
    panel = build_panel(snapshot, build_network(snapshot))
    units = pd.Series(panel.sales.sum(axis=1), index=panel.series["location"])
    return {str(name): float(value) for name, value in units.items() if value}


def rows(*entries: tuple[str, str, int, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(entries, columns=["location", "channel", "priority", "from", "to"])
    return frame.assign(zone="Z1")


def test_each_channel_goes_to_the_first_that_serves_it(make_chain):
    serving = rows(("S2", "delivery", 2, "", ""), ("S0", "delivery", 1, "", ""))
    # nobody is named for pick-up: it stays where it sold
    assert units_by_location(make_chain, serving) == {"S0": 10.0, "S1": 5.0}


def test_a_rule_that_has_ended_or_not_begun_serves_nobody(make_chain):
    serving = rows(
        ("S0", "delivery", 1, "", "2024-01-20"), ("S2", "delivery", 2, "2024-01-21", ""),
        ("S1", "delivery", 1, "2024-02-01", ""),
    )  # fmt: skip
    assert units_by_location(make_chain, serving) == {"S2": 10.0, "S1": 5.0}
