"""Formulas in the twin: with constant demand, the economic order quantity and base-stock cost what theory says.

Discrete time: h is charged on what is left at the end of a day; an order decided at the end of day t with a lead time
of L days (one at least) is usable from the start of day t + L. Costs are counted once the opening stock is used up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.array_chain import serving_levels
from experiments.twin import MOVE_COLUMNS, Night, replay
from experiments.twin_arrays import ArrayNight, replay_arrays
from network.graph import build_network
from optimization.policies import OrderUpTo, Policy, ReorderUpTo
from optimization.textbook.lot_sizes import economic_order_quantity
from optimization.textbook.newsvendor import newsvendor_discrete
from tests.experiments.array_games import N_PLACES, N_SKUS, chain_of
from tests.experiments.test_twin import chain, demand

some = settings(max_examples=40, deadline=None)
# Money in powers of two, so that sums are exact.
HOLDING, MARGIN = 0.125, 4.0
PARTS = ["holding_cost", "lost_margin", "logistics_cost", "waste_cost"]


def costs(
    policy: Policy, wanted: np.ndarray, *, lead_time: int, opening: int, review: int = 1, fixed_cost: float = 0.0
) -> pd.DataFrame:
    """One place fed by a supplier: the days of a rule on its position, with a fixed cost for each order.

    Orders leave every `review` days, on the morning after the decision; the fixed cost is a truck of endless size.
    """
    n_days = wanted.size
    stock = np.zeros((N_PLACES, N_SKUS), dtype=np.int64)
    stock[0, 0] = opening
    given: dict[str, Any] = {
        "on_hand": stock, "truck_cost": np.array([fixed_cost]), "truck_volume": np.array([np.inf]),
        "unit_freight": np.zeros(1), "holding": np.full(N_SKUS, HOLDING), "margin": np.full(N_SKUS, MARGIN),
    }  # fmt: skip
    ships = (np.arange(n_days) % review == 0)[None, :]
    arrays = chain_of(n_days, lead_time=np.array([lead_time]), ships=ships, **given)
    asked = np.zeros((n_days, 1, N_SKUS), dtype=np.int64)
    asked[:, 0, 0] = wanted

    def rule(night: ArrayNight) -> np.ndarray:
        units = np.zeros((1, N_SKUS))
        units[0, 0] = policy.quantities(night.position[0, 0])
        return units

    serving = serving_levels([np.array([0])], N_PLACES)
    return replay_arrays(arrays, serving, lambda day: asked[day], policy=rule, n_days=n_days)[0]


def cost_of_cycle(days: int, *, rate: int, lead_time: int, fixed_cost: float, n_cycles: int = 3) -> float:
    """Cost a day of ordering `days` of constant demand whenever only the lead time's demand is left."""
    point, lot = rate * (lead_time - 1), rate * days
    n_days = lead_time - 1 + days * n_cycles
    rule = ReorderUpTo(point, point + lot)
    table = costs(rule, np.full(n_days, rate), lead_time=lead_time, opening=point, fixed_cost=fixed_cost)
    # An order is paid on the morning it leaves, and its goods are counted from the morning they arrive.
    paid = table["logistics_cost"].iloc[: days * n_cycles].sum()
    held = table["holding_cost"].iloc[lead_time - 1 :].sum()
    assert table["lost_margin"].sum() == 0
    return float(paid + held) / (days * n_cycles)


@some
@given(days=st.integers(1, 8), rate=st.integers(1, 9), lead_time=st.integers(1, 5), fixed_cost=st.integers(0, 64))
def test_a_lot_of_so_many_days_costs_what_the_discrete_formula_says(days, rate, lead_time, fixed_cost):
    """K / k + h d (k - 1) / 2 a day.

    A lot Q = k d comes on a morning with nothing left. Evenings end with Q - d, Q - 2 d, ..., 0, in sum
    d (0 + 1 + ... + (k - 1)) = d k (k - 1) / 2 a cycle of k days, which pays K once. The textbook's continuous time
    counts h Q / 2 = h d k / 2: half a day's demand more, because there stock falls through the day.
    """
    expected = fixed_cost / days + HOLDING * rate * (days - 1) / 2
    found = cost_of_cycle(days, rate=rate, lead_time=lead_time, fixed_cost=fixed_cost)
    assert found == pytest.approx(expected, rel=1e-12)


@settings(max_examples=10, deadline=None)
@given(rate=st.integers(1, 6), fixed_cost=st.integers(1, 32))
def test_the_cheapest_lot_in_the_twin_is_the_economic_order_quantity_in_whole_days(rate, fixed_cost):
    """c(k + 1) - c(k) = h d / 2 - K / (k (k + 1)) >= 0 first where k (k + 1) >= 2 K / (h d) = (Q* / d) ** 2."""
    lot, _ = economic_order_quantity(fixed_cost, HOLDING, rate=rate)
    ratio = float(lot / rate)
    best = next(k for k in range(1, 100) if k * (k + 1) >= ratio**2 - 1e-9)
    tried = range(max(best - 2, 1), best + 3)
    cost = {k: cost_of_cycle(k, rate=rate, lead_time=2, fixed_cost=fixed_cost, n_cycles=1) for k in tried}
    assert cost[best] == pytest.approx(min(cost.values()), rel=1e-12)


def test_where_the_economic_order_quantity_is_whole_days_the_textbook_cost_is_met_but_for_half_a_day():
    # K = 16, h = 1/8, d = 4: Q* = sqrt(2 * 16 * 4 / 0.125) = 32 = 8 days; sqrt(2 * 16 * 4 * 0.125) = 4 a day, less
    # h d / 2 = 0.25: 3.75. In the twin: 16 / 8 + 0.125 * 4 * 7 / 2 = 2 + 1.75 = 3.75
    lot, textbook = economic_order_quantity(16.0, HOLDING, rate=4.0)
    assert (float(lot), float(textbook)) == (32.0, 4.0)
    found = cost_of_cycle(8, rate=4, lead_time=3, fixed_cost=16.0)
    assert found == pytest.approx(float(textbook) - HOLDING * 4 / 2, rel=1e-12)


@some
@given(level=st.integers(0, 40), rate=st.integers(0, 9), lead_time=st.integers(1, 5))
def test_base_stock_costs_what_the_discrete_formula_says(level, rate, lead_time):
    """h (S - L d)+ + p (d - S / L)+ a day, ordering every evening up to S.

    The order of evening t - L makes the position S and is usable from the morning of day t, so evening t ends with
    S - L d if that is not negative. With less, every unit sold on a day comes back L days later and is sold again at
    once: S units are sold in any L days, and L d - S are lost.
    """
    n_cycles = 3
    n_days = lead_time * (n_cycles + 1)
    table = costs(OrderUpTo(level), np.full(n_days, rate), lead_time=lead_time, opening=level)
    late = table.iloc[lead_time:]
    lost = max(lead_time * rate - level, 0) * n_cycles
    assert late["holding_cost"].tolist() == [HOLDING * max(level - lead_time * rate, 0)] * len(late)
    assert late["lost_margin"].sum() == MARGIN * lost
    expected = HOLDING * max(level - lead_time * rate, 0) + MARGIN * max(rate - level / lead_time, 0)
    assert late[PARTS].sum(axis=None) / len(late) == pytest.approx(expected, rel=1e-12)


@some
@given(spare=st.integers(0, 9), rate=st.integers(0, 9), lead_time=st.integers(1, 5), review=st.integers(1, 7))
def test_base_stock_with_a_review_period_covers_review_plus_lead_time_less_a_day(spare, rate, lead_time, review):
    """h (S - d (L + (R - 1) / 2)) a day for S >= d (R + L - 1), the protection interval; nothing is lost.

    Between two arrivals evenings end with S - L d, S - (L + 1) d, ..., S - (L + R - 1) d.
    """
    level = rate * (review + lead_time - 1) + spare
    n_days = lead_time + 3 * review
    table = costs(OrderUpTo(level), np.full(n_days, rate), lead_time=lead_time, opening=level, review=review)
    late = table.iloc[-2 * review :]
    expected = HOLDING * (level - rate * (lead_time + (review - 1) / 2))
    assert late["holding_cost"].mean() == pytest.approx(expected, rel=1e-12)
    assert table["lost_margin"].sum() == 0
    if rate > 0 and review > 1:
        least = level - spare - 1
        short = costs(OrderUpTo(least), np.full(n_days, rate), lead_time=lead_time, opening=least, review=review)
        # The first refill comes R + L - 1 days of demand after the start, and a unit is missing by then.
        assert short["lost_margin"].sum() > 0


@some
@given(level=st.integers(0, 20), wanted=st.lists(st.integers(0, 20), min_size=1, max_size=20))
def test_overnight_base_stock_costs_each_day_what_the_newsvendor_does(level, wanted):
    """h (S - D)+ + p (D - S)+: with L = R = 1 every morning begins with S, whatever was wanted before."""
    table = costs(OrderUpTo(level), np.array(wanted), lead_time=1, opening=level)
    left = np.maximum(level - np.array(wanted), 0)
    short = np.maximum(np.array(wanted) - level, 0)
    assert table["holding_cost"].tolist() == (HOLDING * left).tolist()
    assert table["lost_margin"].tolist() == (MARGIN * short).tolist()


def test_line_by_line_base_stock_pays_for_goods_between_own_places_too():
    """h (S - L d) in the store, h d (L - 1) under way, and the warehouse's own stock: 400 less d a day since day 1.

    d = 2, L = 3, S = 9: evenings end with 9 - 6 = 3 in the store and 2 * 2 = 4 under way. What is sold on day 1 is
    ordered that evening and leaves on day 2. Costs: h = 0.1, a truck of 7 for each day on which something leaves.
    """
    snapshot = chain(store_stock=9, central_stock=400, lead_time=3)

    def up_to_nine(night: Night) -> pd.DataFrame:
        there = night.stock.set_index("location")["on_hand"]["S1"] + night.open_orders["quantity"].sum()
        quantity = int(OrderUpTo(9).quantities(there))
        leaves = night.date + pd.Timedelta(days=1)
        row = ("A", "CEN", "S1", "transfer", leaves, leaves + pd.Timedelta(days=2), quantity)
        return pd.DataFrame([row] if quantity else [], columns=list(MOVE_COLUMNS))

    result = replay(snapshot, build_network(snapshot), demand=demand([2] * 9), policy=up_to_nine, n_days=9)
    warehouse = 400 - 2 * np.arange(9)
    assert result.days["holding_cost"].iloc[3:].tolist() == pytest.approx((0.1 * (warehouse + 3 + 4))[3:].tolist())
    assert result.days["logistics_cost"].tolist() == [0.0] + [7.0] * 8
    assert result.summary()["lost_margin"] == 0


@settings(max_examples=20, deadline=None)
@given(weights=st.lists(st.integers(1, 9), min_size=2, max_size=8))
def test_the_mean_of_the_twins_days_is_the_textbook_newsvendor_at_its_best_level(weights):
    """Each possible demand on one day, weighed by its probability."""
    share = np.array(weights) / sum(weights)
    level, expected = newsvendor_discrete(share, holding_cost=HOLDING, shortage_cost=MARGIN)

    def mean_cost(units: int) -> float:
        table = costs(OrderUpTo(units), np.arange(len(weights)), lead_time=1, opening=units)
        return float(share @ table[PARTS].sum(axis=1))

    assert mean_cost(level) == pytest.approx(expected, rel=1e-12)
    assert mean_cost(level) <= min(mean_cost(max(level - 1, 0)), mean_cost(level + 1)) + 1e-12
