"""Prices of shared limits: by hand, and against the linear program of all SKUs at once, which shares no code."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult, linprog

from optimization import price_search
from optimization.lane_prices import MEASURES, LanePrices, TonightLimits
from optimization.price_search import TonightUse, joined_use, search_prices

SPENT = 1.0
Gains = list[list[float]]


def limits(amount: list[float], overtime: float = np.inf) -> TonightLimits:
    """One lane a limit, by units."""
    n = len(amount)
    takes = sp.csr_array((np.ones(n), (np.arange(n) * len(MEASURES), np.arange(n))), shape=(n * len(MEASURES), n))
    return TonightLimits(np.array(amount), np.full(n, overtime), takes, np.zeros(n, dtype=np.int64))


def planner(gains: Gains, n_lanes: int) -> Callable[[LanePrices], TonightUse]:
    """SKU i ships on lane i modulo the lanes; its next unit gains a little less than the one before."""

    def plan_at(prices: LanePrices) -> TonightUse:
        lane = np.arange(len(gains)) % n_lanes
        paid = prices.price[lane, 0]
        units = np.array([sum(gain > price for gain in own) for own, price in zip(gains, paid, strict=True)])
        cost = np.array([-sum(own[:n]) for own, n in zip(gains, units, strict=True)])
        amount = np.zeros((len(gains), len(MEASURES)))
        amount[:, 0] = units
        return TonightUse(cost, cost + paid * units, np.arange(len(gains)), lane, amount, SPENT * units)

    return plan_at


def test_a_scarce_limit_costs_more_than_the_best_unit_that_must_go_without() -> None:
    """Two SKUs of ten units, worth 5 and 3 each; ten units leave.

    At no price both take ten: least cost -80, and 20 > 10. A unit costs 1 to move, so that is the most a price may be
    at first. Dual value 1: price 0.5, -(4.5 + 2.5) 10 - 0.5 x 10 = -75. Then at most 4: price 0.25 + 2 = 2.25, bound
    -(2.75 + 0.75) 10 - 2.25 x 10 = -57.5, better. Then at most 16: price 9.125, nobody takes any, bound -91.25.
    """
    found = search_prices(planner([[5.0] * 10, [3.0] * 10], 1), limits([10.0]), share=np.ones(1))
    assert found is not None
    np.testing.assert_allclose(found.price[0], [2.25, 0.0, 0.0])
    np.testing.assert_allclose(found.paid, 22.5)


def test_what_fits_has_no_price() -> None:
    assert search_prices(planner([[5.0] * 10, [3.0] * 10], 1), limits([20.0]), share=np.ones(1)) is None


def test_a_price_never_exceeds_overtime() -> None:
    found = search_prices(planner([[5.0] * 10, [3.0] * 10], 1), limits([10.0], overtime=1.5), share=np.ones(1))
    assert found is not None
    assert found.price.max() <= 1.5


def test_a_sample_has_its_share_of_the_limit_and_all_of_it_is_paid() -> None:
    """A quarter of 40 units is for the sample: the same prices as above, but what 40 units would earn."""
    found = search_prices(planner([[5.0] * 10, [3.0] * 10], 1), limits([40.0]), share=np.array([0.25]))
    assert found is not None
    np.testing.assert_allclose([found.price[0, 0], found.paid], [2.25, 90.0])


def test_a_solver_that_gives_up_ends_the_search_with_the_best_prices_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs are solved, as in the first example; the third, which found no better prices, is not."""
    n_solved = itertools.count(1)

    def solve(*given: Any, **options: Any) -> Any:
        return linprog(*given, **options) if next(n_solved) <= 2 else OptimizeResult({"status": 4})

    monkeypatch.setattr(price_search, "linprog", solve)
    found = search_prices(planner([[5.0] * 10, [3.0] * 10], 1), limits([10.0]), share=np.ones(1))
    assert found is not None
    np.testing.assert_allclose(found.price[0], [2.25, 0.0, 0.0])


def test_parts_are_joined_in_their_order() -> None:
    part = planner([[5.0], [3.0, 2.0]], 1)(LanePrices(np.zeros((1, 3)), np.zeros(1, dtype=np.int64), 0.0))
    both = joined_use([part, part])
    assert both.sku.tolist() == [0, 1, 2, 3]
    assert both.by_limit(limits([1.0])).toarray().ravel().tolist() == [1.0, 2.0, 1.0, 2.0]


falling = st.lists(st.floats(0.1, 9.0), min_size=1, max_size=6).map(lambda own: sorted(own, reverse=True))


def least_cost(gains: Gains, amount: list[float], overtime: float) -> float:
    """All units of all SKUs in one linear program, overtime for sale."""
    lane = np.concatenate([np.full(len(own), index % len(amount)) for index, own in enumerate(gains)])
    cost = -np.concatenate([np.array(own) for own in gains])
    takes = (lane[None, :] == np.arange(len(amount))[:, None]).astype(float)
    more = np.eye(len(amount))
    bounds = [(0.0, 1.0)] * cost.size + [(0.0, None if np.isfinite(overtime) else 0.0)] * len(amount)
    price = overtime if np.isfinite(overtime) else 0.0
    solved = linprog(np.append(cost, np.full(len(amount), price)), A_ub=np.hstack([takes, -more]), b_ub=amount,
                     bounds=bounds)  # fmt: skip
    assert solved.fun is not None
    return float(solved.fun)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(falling, min_size=2, max_size=5),
    st.lists(st.integers(1, 5).map(float), min_size=1, max_size=2),
    st.sampled_from([np.inf, 2.0]),
)
def test_prices_bound_the_best_plan_of_all_skus_from_below_and_better_than_none(
    gains: Gains, amount: list[float], overtime: float
) -> None:
    plan_at = planner(gains, len(amount))
    found = search_prices(plan_at, limits(amount, overtime), share=np.ones(len(amount)))
    best = least_cost(gains, amount, overtime)
    free = -sum(sum(own) for own in gains)
    if found is None:
        assert best >= free - 1e-6
        return
    assert (found.price >= 0).all()
    bound = float(plan_at(found).bound.sum()) - found.paid
    assert free - 1e-6 <= bound <= best + 1e-6
