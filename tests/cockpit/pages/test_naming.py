"""Codes have the names that the run published, and no others."""

from __future__ import annotations

import pandas as pd

from cockpit.pages.naming import NO_NAMES, names_of

PRODUCTS = pd.DataFrame({"sku": ["K1", "K2"], "product_name": ["Milk", None]})
PLACES = pd.DataFrame({"location": ["DC", "S1"], "location_name": ["Main depot", ""]})


def test_a_code_has_the_name_of_what_its_column_holds() -> None:
    names = names_of(PRODUCTS, PLACES)
    assert [names.of("sku", code) for code in ("K1", "K2", "K3")] == ["Milk", "", ""]
    places = [names.of(column, "DC") for column in ("location", "origin", "destination", "main_source")]
    assert places == ["Main depot"] * 4
    assert [names.of("sku", "DC"), names.of("destination", "K1"), names.of("load_id", "DC")] == ["", "", ""]


def test_a_lane_is_named_where_one_of_its_ends_is() -> None:
    names = names_of(PRODUCTS, PLACES)
    assert names.route("DC", "S1") == "Main depot → S1"
    assert names.route("S1", "S2") == ""


def test_runs_of_earlier_versions_have_codes_alone() -> None:
    names = names_of(None, PLACES.drop(columns="location_name"))
    assert (names.of("sku", "K1"), names.route("DC", "S1")) == ("", "")
    assert NO_NAMES.of("sku", None) == ""
