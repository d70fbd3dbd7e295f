"""Customers of all points at once: served in order, counted by first choice, and shelves that were empty."""

from __future__ import annotations

import numpy as np

from experiments.array_chain import serving_levels
from experiments.array_service import Customers, by_place, missing_shares
from tests.experiments.array_games import chain_of


def test_customers_go_to_the_next_place_and_count_at_the_first() -> None:
    # Place 1 has 3: its own customers take 2, those of place 2 (who has 1 and is asked for 4) the third; 2 go without.
    serving = serving_levels([np.array([1]), np.array([2, 1]), np.zeros(0, dtype=np.int64)], 3)
    on_hand = np.array([[9], [3], [1]])
    customers = Customers(serving, on_hand.shape)
    for _ in range(2):
        left = on_hand.copy()
        service = customers.serve(left, np.array([[2], [4], [5]], dtype=np.int16))
        assert left[:, 0].tolist() == [9, 0, 0]
        assert service.latent[:, 0].tolist() == [0, 2, 4, 5]
        assert service.first[:, 0].tolist() == [0, 2, 1, 0]
        assert service.lost[:, 0].tolist() == [0, 0, 2, 5]


def test_points_are_counted_by_place() -> None:
    chain = chain_of(1, lead_time=np.array([1, 1, 1]), ships=np.ones((3, 1), dtype=np.bool_))
    serving = serving_levels([np.array([1]), np.array([2])], 3)
    on_hand = np.array([[0, 0], [5, 1], [0, 7]])
    service = Customers(serving, on_hand.shape).serve(on_hand, np.array([[2, 2], [0, 3]]))
    # place 1: both SKUs asked, one short of 1 unit; place 2: one asked, none short
    assert by_place(chain, service).tolist() == [[0, 2, 1, 0], [0, 1, 0, 0], [0, 4, 3, 0], [0, 3, 3, 0]]


def test_a_shelf_misses_half_a_day_if_it_sold_out_and_a_day_if_it_had_nothing() -> None:
    shape = (3, 2)
    kept = np.array([[True, True], [True, False], [True, True]])
    chain = chain_of(1, lead_time=np.array([1, 1, 1]), ships=np.ones((3, 1), dtype=np.bool_), is_assorted=kept)
    sold = np.array([[0, 4], [0, 0], [1, 0]])
    left = np.array([[0, 0], [0, 0], [6, 0]])
    missing = missing_shares(chain, sold, left=left, recorded=None)
    assert dict(zip(missing.points.tolist(), missing.share.tolist(), strict=True)) == {0: 1.0, 1: 0.5, 2: 1.0, 5: 1.0}
    ghosts = np.zeros(shape, dtype=np.int64)
    ghosts[0] = 2
    seen = missing_shares(chain, sold, left=left, recorded=ghosts)
    assert dict(zip(seen.points.tolist(), seen.share.tolist(), strict=True)) == {2: 1.0, 5: 1.0}
