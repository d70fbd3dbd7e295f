"""Frontiers by hand, and what must hold of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.frontier import frontier, saving

POINTS = st.lists(st.tuples(st.floats(0.5, 1.0), st.floats(1.0, 100.0)), min_size=1, max_size=20)


def test_a_setting_that_another_beats_is_left_out() -> None:
    kept = frontier(np.array([0.95, 0.94, 0.90, 0.95]), np.array([12.0, 13.0, 10.0, 15.0]))
    assert kept.service.tolist() == [0.90, 0.95]
    assert kept.price.tolist() == [10.0, 12.0]


def test_the_saving_is_read_between_two_settings() -> None:
    # halfway between (0.90, 10) and (0.94, 14) lies (0.92, 12): 9 instead of 12 saves a quarter
    rival = frontier(np.array([0.90, 0.94]), np.array([10.0, 14.0]))
    ours = saving(rival, service=0.92, price=9.0)
    assert ours.at_equal_service == pytest.approx(0.25)
    assert ours.at_equal_price is None
    # for 11 the rival has 0.91
    assert saving(rival, service=0.93, price=11.0).at_equal_price == pytest.approx(0.02)


def test_nothing_is_said_beyond_what_was_tried() -> None:
    rival = frontier(np.array([0.90, 0.94]), np.array([10.0, 14.0]))
    ours = saving(rival, service=0.97, price=15.0)
    assert (ours.at_equal_service, ours.at_equal_price) == (None, None)


@given(POINTS)
def test_service_and_price_rise_together_and_no_setting_beats_the_frontier(points: list[tuple[float, float]]) -> None:
    service, price = (np.array(values) for values in zip(*points, strict=True))
    kept = frontier(service, price)
    assert (np.diff(kept.service) > 0).all()
    assert (np.diff(kept.price) > 0).all()
    for one, paid in points:
        assert any(s >= one and p <= paid for s, p in zip(kept.service, kept.price, strict=True))
