"""The newsvendor: published answers, limits, and the loss functions by hand."""

import numpy as np
import pytest

from optimization.textbook.newsvendor import (
    newsvendor_cost,
    newsvendor_discrete,
    newsvendor_normal,
    normal_loss,
    normal_second_loss,
)


def test_normal_demand_of_snyder_and_shen():
    level, cost = newsvendor_normal(50, 8, holding_cost=0.18, shortage_cost=0.70)
    assert level == pytest.approx(56.604, abs=5e-4)
    assert cost == pytest.approx(1.9976, abs=5e-5)


def test_demand_without_spread_is_stocked_and_costs_nothing():
    level, cost = newsvendor_normal([5, 7], 0, holding_cost=1, shortage_cost=[1, 9])
    assert level.tolist() == [5, 7]
    assert cost.tolist() == [0, 0]
    assert newsvendor_cost(3, mean=5, sd=0, holding_cost=1, shortage_cost=9) == 18


def test_whole_demand_by_hand():
    # F(1) = 0.7 >= 2 / 3; S = 1 holds 1 at 0.2 and is short of 1 at 0.3, twice as dear
    assert newsvendor_discrete([0.2, 0.5, 0.3], holding_cost=1, shortage_cost=2) == (1, pytest.approx(0.8))


def test_a_ratio_met_exactly_takes_the_smaller_level():
    assert newsvendor_discrete([0.5, 0.25, 0.25], holding_cost=1, shortage_cost=3)[0] == 1


def test_losses_by_hand():
    # L(0) = 1 / sqrt(2 pi); below zero everything above is lost as well: L(-z) = z + L(z)
    assert normal_loss(0) == pytest.approx(1 / np.sqrt(2 * np.pi))
    assert normal_loss(-1) == pytest.approx(1 + normal_loss(1))
    assert normal_second_loss(0) == pytest.approx(0.25)
    assert normal_loss(40) == 0.0
