"""Markup that is safe whatever the data hold."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from cockpit.svg import band_path, element, number, picture, polyline_path, text


def test_a_coordinate_is_written_as_short_as_it_can_be() -> None:
    assert [number(value) for value in (3.0, 3.04, 3.06, -0.5, 100)] == ["3", "3", "3.1", "-0.5", "100"]


def test_texts_and_attributes_are_escaped_and_elements_are_kept() -> None:
    inner = element("b", {}, "x < y")
    assert element("a", {"title": '"><script>'}, inner, "&") == (
        '<a title="&#34;&gt;&lt;script&gt;"><b>x &lt; y</b>&amp;</a>'
    )


@given(st.text())
def test_no_text_can_open_an_element(words: str) -> None:
    made = text(1.0, 2.0, words)
    assert made.count("<") == 2
    assert made.count(">") == 2


def test_a_line_is_broken_where_a_value_is_missing() -> None:
    assert polyline_path([0, 1, 2, 3], [5, math.nan, 6, 7]) == "M0 5M2 6L3 7"


def test_a_band_runs_there_along_the_low_and_back_along_the_high_values() -> None:
    assert band_path([0, 1], [2, 3], [4, 5]) == "M0 2L1 3L1 5L0 4Z"
    assert band_path([], [], []) == ""


def test_a_picture_names_itself_to_a_screen_reader() -> None:
    assert 'role="img" aria-label="Sales"' in picture(10, 20, "Sales")
