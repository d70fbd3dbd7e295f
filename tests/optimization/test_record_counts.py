"""How true the records are, by random counts, and which points need not be counted again."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from network.settings import ChainSettings
from network.snapshot import snapshot_at
from optimization.record_counts import counted_lately, record_accuracy

CUTOFF = pd.Timestamp("2025-11-03")


def counts(*rows: tuple[int, int, str, int]) -> pd.DataFrame:
    """Recorded, counted, reason, days before the cutoff."""
    return pd.DataFrame(
        {
            "date": [CUTOFF - pd.Timedelta(days=age) for *_, age in rows],
            "sku": [f"A{i}" for i in range(len(rows))],
            "location": "S1",
            "recorded": [recorded for recorded, *_ in rows],
            "counted": [counted for _, counted, *_ in rows],
            "reason": [reason for *_, reason, _ in rows],
        }
    )


def test_a_record_is_true_within_a_unit_or_two_percent() -> None:
    table = counts(
        (10, 9, "random", 0),  # off by 1: true
        (10, 8, "random", 0),  # off by 2 of 8, allowed is 1: wrong
        (98, 100, "random", 0),  # off by 2, allowed are 2% of 100 = 2: true
        (103, 100, "random", 0),  # off by 3: wrong
        (0, 0, "random", 89),  # true
    )
    assert record_accuracy(table, CUTOFF) == (0.6, 5)  # 3 of 5


def test_requested_and_old_counts_say_nothing_about_the_records() -> None:
    table = counts((10, 0, "requested", 0), (10, 0, "random", 90), (10, 10, "random", 1))
    assert record_accuracy(table, CUTOFF) == (1.0, 1)
    share, n = record_accuracy(table.iloc[:2], CUTOFF)
    assert math.isnan(share) and n == 0


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=20))
def test_the_share_is_that_of_a_plain_loop(pairs: list[tuple[int, int]]) -> None:
    share, n = record_accuracy(counts(*((*pair, "random", 0) for pair in pairs)), CUTOFF)
    true = sum(abs(recorded - counted) <= max(1, counted / 50) for recorded, counted in pairs)
    assert (share, n) == (true / len(pairs), len(pairs))


def test_a_count_answers_the_request_for_four_weeks() -> None:
    table = counts((5, 5, "requested", 27), (5, 5, "random", 28))
    snapshot = snapshot_at({"counts": table}, ChainSettings(), CUTOFF)
    points = pd.DataFrame({"sku": ["A0", "A1", "A0"], "location": ["S1", "S1", "S2"]})
    np.testing.assert_array_equal(counted_lately(snapshot, points), [True, False, False])
