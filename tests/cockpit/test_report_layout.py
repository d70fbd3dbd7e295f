"""Where locations stand in the picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cockpit.report_layout import WIDTH, lay_out


def places(rows: list[tuple[str, str, str, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["location", "tier", "region", "latitude", "longitude"])


def test_north_is_up_and_east_is_right() -> None:
    layout = lay_out(places([("A", "store", "N", 40.0, 110.0), ("B", "store", "S", 30.0, 120.0)]))
    at = layout.places.set_index("location")
    assert at.loc["A", "y"] < at.loc["B", "y"]
    assert at.loc["A", "x"] < at.loc["B", "x"]


def test_the_scale_between_two_places_is_their_distance() -> None:
    # One degree of latitude is 111.32 km; ten of them are 1,113 km.
    layout = lay_out(places([("A", "store", "", 40.0, 110.0), ("B", "store", "", 30.0, 110.0)]))
    at = layout.places.set_index("location")
    assert layout.km_per_px is not None
    assert abs(at.loc["A", "y"] - at.loc["B", "y"]) * layout.km_per_px == pytest.approx(1113.2, rel=0.01)


def test_regions_far_apart_are_magnified_but_stay_apart() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (f"{region}{i}", "store", region, latitude + rng.normal(0, 0.1), 110.0 + rng.normal(0, 0.1))
        for region, latitude in (("N", 40.0), ("S", 25.0))
        for i in range(8)
    ]
    layout = lay_out(places(rows))
    boxes = layout.places.groupby("region")["y"].agg(["min", "max"])
    assert layout.magnification > 2
    assert boxes.loc["N", "max"] < boxes.loc["S", "min"]


def test_symbols_on_one_spot_are_pushed_apart() -> None:
    rows = [(f"S{i}", "store", "E", 31.0, 121.0) for i in range(6)] + [("C", "central", "W", 31.0, 100.0)]
    at = lay_out(places(rows)).places[["x", "y"]].to_numpy()
    distance = np.hypot(*(at[:, None] - at[None, :]).transpose(2, 0, 1))
    assert distance[np.triu_indices(len(at), 1)].min() > 8


def test_everything_stays_in_the_frame() -> None:
    rng = np.random.default_rng(1)
    rows = [(f"S{i:04d}", "store", "", rng.uniform(-60, 70), rng.uniform(-170, 170)) for i in range(900)]
    layout = lay_out(places(rows))
    assert layout.places["x"].between(0, WIDTH).all()
    assert layout.places["y"].between(0, layout.height).all()


def test_without_coordinates_tiers_are_layers_from_left_to_right() -> None:
    tiers = ("supplier", "central", "forward", "store")
    rows = [(f"{tier}{i}", tier, "", np.nan, np.nan) for tier in tiers for i in range(30)]
    layout = lay_out(places(rows))
    means = layout.places.groupby("tier")["x"].mean()
    assert not layout.is_geographic
    assert means[list(tiers)].is_monotonic_increasing
    assert layout.places["y"].between(0, layout.height).all()


@pytest.mark.parametrize("n", [0, 1])
def test_a_network_of_hardly_any_location_is_still_drawn(n: int) -> None:
    layout = lay_out(places([("A", "store", "", np.nan, np.nan)][:n]))
    assert len(layout.places) == n
