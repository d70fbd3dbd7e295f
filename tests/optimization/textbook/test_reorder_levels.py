"""(s, S): the published example, and the limits where an order costs nothing or nothing is wanted."""

import numpy as np
import pytest
from scipy.stats import poisson

from optimization.textbook.newsvendor import newsvendor_discrete
from optimization.textbook.reorder_levels import reorder_levels_discrete


def test_poisson_demand_of_zheng_and_federgruen():
    chance = poisson.pmf(np.arange(60), 6)
    levels = reorder_levels_discrete(chance, fixed_cost=5, holding_cost=1, shortage_cost=4)
    assert levels[:2] == (4, 10)
    assert levels.cost == pytest.approx(8.0341, abs=5e-5)


def test_orders_that_cost_nothing_go_up_to_the_newsvendor_level_each_time():
    chance = poisson.pmf(np.arange(60), 6)
    levels = reorder_levels_discrete(chance, fixed_cost=0, holding_cost=1, shortage_cost=4)
    best, cost = newsvendor_discrete(chance, holding_cost=1, shortage_cost=4)
    assert levels[:2] == (best - 1, best)
    assert levels.cost == pytest.approx(cost)


def test_dear_orders_come_seldom():
    # demand is always 1: from 5 down to 0 a cycle of 6 days leaves 4, 3, 2, 1, 0 and is once 1 short, which costs 4:
    # (12 + 14) / 6; a cycle of 5 days costs (12 + 10) / 5, one of 7 (12 + 19) / 7
    levels = reorder_levels_discrete([0.0, 1.0], fixed_cost=12, holding_cost=1, shortage_cost=4)
    assert levels == (-1, 5, pytest.approx(26 / 6))


def test_no_demand_at_all_is_refused():
    with pytest.raises(ValueError, match="always 0"):
        reorder_levels_discrete([1.0], fixed_cost=5, holding_cost=1, shortage_cost=4)
