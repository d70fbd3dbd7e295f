"""The network picture."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cockpit.report_layout import lay_out
from cockpit.report_map import MAX_FLOWS, network_picture
from cockpit.report_tables import by_lane


def drawn(plan: Any, flows: pd.DataFrame | None = None) -> str:
    lanes = by_lane(plan.orders) if flows is None else flows
    return network_picture(lay_out(plan.network.locations), lanes, {"DC-EAST": 2}, "CNY")


def test_every_tier_has_its_own_shape(fake_plan: Any) -> None:
    picture = drawn(fake_plan)
    counts = {tier: picture.count(f'class="place {tier}"') for tier in ("supplier", "central", "forward", "store")}
    assert counts == fake_plan.network.locations["tier"].value_counts().to_dict()


def test_every_lane_is_one_curve_named_with_its_goods(fake_plan: Any) -> None:
    lanes = by_lane(fake_plan.orders)
    picture = drawn(fake_plan)
    assert picture.count('<g class="flow flow-') == len(lanes)
    first = lanes.iloc[0]
    assert f"{first['origin']} to {first['destination']}, {first['quantity']:,} units" in picture


def test_the_thickest_line_is_the_lane_of_most_value(fake_plan: Any) -> None:
    lanes = by_lane(fake_plan.orders).head(2).assign(value=[400.0, 100.0])
    # Width 1.4 + 6.6 sqrt(share): 8.0 for the largest, 1.4 + 6.6 * 0.5 = 4.7 for a quarter of it.
    picture = drawn(fake_plan, lanes)
    assert 'stroke-width="8"' in picture
    assert 'stroke-width="4.7"' in picture


def test_only_the_lanes_of_most_value_are_drawn_in_a_large_chain(plan_maker: Any) -> None:
    assert drawn(plan_maker(n_stores=300, n_orders=3000)).count('<g class="flow flow-') == MAX_FLOWS


def test_a_location_with_a_critical_exception_wears_a_ring(fake_plan: Any) -> None:
    picture = drawn(fake_plan)
    assert picture.count('class="alert"') == 1
    assert "DC-EAST (central, 2 critical)" in picture


def test_a_location_named_like_markup_stays_a_name(fake_plan: Any) -> None:
    places = fake_plan.network.locations
    places.loc[0, "location"] = "<img src=x onerror=alert(1)>"
    assert "<img" not in drawn(fake_plan)
