"""The gym-invmgmt agent without the package: tiny chains by hand, against a slow search, and what it may know."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from _gym_agent import PARTS, Chain, Demand, State, Style, orders, shop_rows, wanted

from benchmarks.gym_invmgmt import m5_file, m5_window, published, report, scenarios, state_of

TOLD = {
    "locations": [1, 2],
    "holding": [0.03, 0.02],
    "capacity": [None, 5.0],
    "handling": [0.0, 0.01],
    "lanes": [
        {"origin": 2, "destination": 1, "lead_time": 1, "price": 1.5, "in_transit": 0.01},
        {"origin": None, "destination": 2, "lead_time": 0, "price": 0.5, "in_transit": 0.0},
    ],
    "shop": 1,
    "price": 2.0,
    "penalty": 0.1,
}


def chain(*, is_backlog=True):
    return Chain.of(TOLD, is_backlog=is_backlog)


def certain(*mean):
    return Demand(np.array(mean, dtype=float), 0.0, None)


def state(stock, horizon, *, backlog=0.0, reputation=1.0):
    return State(np.array(stock, dtype=float), np.zeros((2, horizon)), backlog, reputation)


def first_orders(now, demand, *, is_backlog=True):
    random = np.random.default_rng(0)
    return orders(chain(is_backlog=is_backlog), now, demand, style=Style(), random=random).tolist()


def profit_of(plan, stock, demand):
    """Play fixed orders (periods, 2 lanes) on the tiny chain with waiting demand, by the environment's rules."""
    shop, factory, in_transit, waiting, profit = *stock, 0.0, 0.0, 0.0
    for (to_shop, bought), wished in zip(plan, demand, strict=True):
        sent = min(to_shop, 5.0, factory)
        shop += in_transit
        factory += bought - sent
        sold = min(wished + waiting, shop)
        shop, waiting = shop - sold, wished + waiting - sold
        profit += 2.0 * sold - 0.5 * bought - 0.01 * sent - 0.03 * shop - 0.02 * factory - 0.01 * sent - 0.1 * waiting
        in_transit = sent
    return profit


def test_what_locations_pay_each_other_cancels():
    # sending costs 0.01 of handling and a period at 0.01 in transit; buying its price of 0.5
    assert chain().cost.tolist() == pytest.approx([0.02, 0.5])
    assert chain().origin.tolist() == [1, -1]


def test_goods_are_sent_when_the_shop_will_need_them_by_hand():
    # 2 in the shop serve today, 3 are wanted in the next period: 3 leave the factory now; none is bought, 4 are there
    assert first_orders(state([2, 4], 2), certain(2, 3)) == [3, 0]


def test_what_cannot_arrive_in_time_is_neither_sent_nor_bought():
    assert first_orders(state([0, 4], 1), certain(9)) == [0, 0]


def test_no_more_leaves_a_factory_than_its_capacity():
    # 9 are wanted next period and 9 are there, but 5 a period may leave
    assert first_orders(state([0, 9], 3), certain(0, 9, 0))[0] == 5


@pytest.mark.parametrize("demand", [(0, 2, 1), (1, 0, 2), (0, 1, 2)])
def test_the_plan_of_certain_demand_is_the_best_of_all_plans(demand):
    now = state([1, 1], 3)
    quantities = list(itertools.product(range(3), repeat=2))
    best = max(profit_of(plan, (1.0, 1.0), demand) for plan in itertools.product(quantities, repeat=3))
    first = tuple(first_orders(now, certain(*demand)))
    found = max(profit_of((first, *rest), (1.0, 1.0), demand) for rest in itertools.product(quantities, repeat=2))
    assert found == pytest.approx(best)


def test_demand_that_waits_is_asked_for_again_and_lost_demand_is_not():
    # 3 and 1 wanted, 1 there: waiting, 3 then 4 are asked in all; lost, 3 then 1 + 1 = 2
    uniform, arrivals = np.full((1, 2), 0.5), np.array([1.0, 0.0])
    asked = wanted(certain(3, 1), state([1, 0], 2), arrivals, uniform=uniform, is_backlog=True)
    assert asked.tolist() == [[3, 4]]
    lost = wanted(certain(3, 1), state([1, 0], 2), arrivals, uniform=uniform, is_backlog=False)
    assert lost.tolist() == [[3, 2]]


def test_reputation_falls_after_a_shortage_and_grows_after_service():
    # 10 wanted and 5 there: the next mean is 10 * 0.9; with enough there it is 10 * 1.01
    goodwill = Demand(np.array([10.0, 10.0]), 0.0, (1.01, 0.9, 0.2, 2.0))
    uniform = np.full((1, 2), 0.5)
    short = wanted(goodwill, state([5, 0], 2), np.array([5.0, 0.0]), uniform=uniform, is_backlog=False)
    served = wanted(goodwill, state([10, 0], 2), np.array([10.0, 0.0]), uniform=uniform, is_backlog=False)
    assert short[0] == pytest.approx([10.0, 5.0 + 9.0])
    assert served[0] == pytest.approx([10.0, 10.0 + 10.1])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_the_shop_has_convex_costs(seed, is_backlog):
    paths = np.cumsum(np.random.default_rng(seed).poisson(4.0, (50, 6)), axis=1).astype(float)
    breaks, slopes = shop_rows(chain(is_backlog=is_backlog), paths, extra_penalty=0.0)
    assert (np.diff(breaks, axis=1) >= 0).all()
    assert (np.diff(slopes, axis=1) >= -1e-12).all()
    assert slopes[:, -1] == pytest.approx(0.03 / PARTS)


def test_the_agent_sees_reputation_as_it_will_be_in_the_period():
    seen = {"period": 2, "backlog": 4.0, "stock": [1.0, 2.0], "arrivals": [[3.0], []], "reputation": 1.0}
    declared = {"mean": [9.0, 8.0, 7.0, 6.0], "noise": 1.0, "goodwill": [1.01, 0.9, 0.2, 2.0]}
    now, demand = state_of(seen, declared, chain(is_backlog=False))
    assert now.reputation == pytest.approx(0.9)
    assert now.backlog == 0.0
    assert now.pipeline.tolist() == [[3.0, 0.0], [0.0, 0.0]]
    assert demand.mean.tolist() == [7.0, 6.0]


def test_there_are_twenty_scenarios_and_two_more_with_the_m5_window():
    assert len(scenarios(None)) == 20
    found = scenarios([1.0, 3.0])
    assert len(found) == 22
    assert found["D_WalmartM5|base|M5_volatile|GW:False|BL:True|MARL:False"]["demand_config"]["base_mu"] == 2.0


def test_an_m5_window_is_scaled_to_a_mean_of_twenty(tmp_path):
    path = tmp_path / "window.json"
    path.write_text('{"raw_series": [1, 3]}', "utf-8")
    assert m5_window(None, path) == [10.0, 30.0]
    assert m5_window(None, None) is None
    assert m5_file(tmp_path, None) is None
    (tmp_path / "m5_window_metadata.json").touch()
    assert m5_file(tmp_path, None) == tmp_path / "m5_window_metadata.json"
    assert m5_file(tmp_path, path) == path


def test_gaps_are_medians_over_what_was_played(tmp_path):
    rows = [
        "ScenarioKey,MARL,Oracle_Profit,A_OptGap_Pct,B_OptGap_Pct",
        "x,False,100,4,",
        "y,False,50,8,2",
        "z,True,9,9,9",
    ]
    (tmp_path / "published_results.csv").write_text("\n".join(rows), "utf-8")
    known = published(tmp_path)
    assert set(known) == {"x", "y"}
    told = report({"x": {"gap_pct": 1.0}}, known)
    assert told["median_gap_pct"] == 1.0
    assert told["left_out"] == ["y"]
    assert told["published_median_gap_pct"] == {"A": 4.0}
