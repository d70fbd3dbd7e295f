"""A promotion of one SKU is seen by the others of its category at the location, and by nobody else."""

import numpy as np
import pytest

from forecasting.cannibalisation import promoted_neighbours
from forecasting.promotions import PromotedDays


def announced(is_on: list[list[float]], depth: list[list[float]]) -> PromotedDays:
    on = np.array(is_on, dtype=np.float32)
    empty = np.zeros_like(on)
    return PromotedDays(on, np.array(depth, dtype=np.float32), empty, empty, empty, empty, empty)


def test_share_and_depth_are_those_of_the_others_of_the_group():
    nan = np.nan
    # three SKUs of one category at one place selling 1, 3 and 6 a day, and one elsewhere; the second is promoted
    days = announced([[0, 0], [0, 1], [0, 0], [0, 0]], [[nan, nan], [nan, 0.4], [nan, nan], [nan, nan]])
    seen = promoted_neighbours(days, np.array([0, 0, 0, 1]), rate=np.array([1.0, 3.0, 6.0, 5.0]))
    assert seen.share[:, 0].tolist() == [0, 0, 0, 0]
    # the first sees 3 of the 9 units of the others promoted, the third 3 of 4, the promoted one nothing
    assert seen.share[:, 1].tolist() == pytest.approx([3 / 9, 0, 3 / 4, 0])
    assert seen.depth[:, 1].tolist() == pytest.approx([0.4 * 3 / 9, 0, 0.4 * 3 / 4, 0])


def test_a_promotion_without_a_price_has_a_share_and_no_depth():
    days = announced([[1.0], [0.0]], [[np.nan], [np.nan]])
    seen = promoted_neighbours(days, np.array([0, 0]), rate=np.array([2.0, 1.0]))
    assert seen.share[:, 0].tolist() == [0.0, 1.0]
    assert seen.depth[:, 0].tolist() == [0.0, 0.0]
