"""The change of a forecast since the run before, in words."""

import pandas as pd

from cockpit.forecast_changes import COLUMNS, change_words

CHANGES = pd.DataFrame(
    [
        ("A", "S", "search", 10.0, 12.5, 3.0),
        ("A", "S", "refit", 10.0, 12.5, -0.5),
        ("A", "S", "weather", 10.0, 12.5, 0.01),
        ("B", "S", "search", 4.0, 4.0, 0.0),
    ],
    columns=list(COLUMNS),
)


def test_the_largest_parts_are_named_and_small_ones_left_out():
    assert change_words(CHANGES, "A", "S") == (
        "Next 7 days: 10.0 in the run before, now 12.5 units (search +3.0, refit −0.5)."
    )


def test_no_part_is_named_where_nothing_changed():
    assert change_words(CHANGES, "B", "S") == "Next 7 days: 4.0 in the run before, now 4.0 units."


def test_a_series_that_was_not_compared_has_no_words():
    assert change_words(CHANGES, "A", "T") == ""
