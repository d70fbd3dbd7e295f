"""The supply-chain benchmark: how a chain is read, and what it says beside a given solution."""

import json

import numpy as np
import pytest

from benchmarks.supply_chains import chain_report, made_up_data, network_of, published_costs, read_chain
from optimization.textbook.guaranteed_service import NO_LIMIT


def test_a_good_is_worth_its_own_cost_and_that_of_its_inputs(tmp_path):
    made_up_data(tmp_path)
    stages = read_chain(tmp_path / "made_up.txt")
    network = network_of(stages)
    # A 1, B 2, M 3 + 1 + 2, N 1 + 2, Shop 1 + 6 + 3, Kiosk 1 + 3
    assert network.holding_cost.tolist() == [1, 2, 6, 3, 10, 4]
    assert network_of(stages, is_cost_added=False).holding_cost.tolist() == [1, 2, 3, 1, 1, 1]
    assert network.max_service_time.tolist() == [NO_LIMIT] * 4 + [0, 2]
    # the kiosk's 2 and the shop's 3 deviations meet at N
    assert network.demand_bound[3] == pytest.approx(1.645 * 13**0.5)


def test_a_chain_with_given_times_is_compared_with_their_cost(tmp_path):
    made_up_data(tmp_path)
    names = ["A", "B", "M", "N", "Shop", "Kiosk"]
    (tmp_path / "made_up_solution.json").write_text(json.dumps([[name, {"s": 0, "cost": 50}] for name in names]))
    report = chain_report(tmp_path, "made_up")
    assert report["published"] == 300
    assert report["given_times_cost"] == report["stock_everywhere"]
    assert report["is_proven"]
    assert report["cost"] <= report["given_times_cost"]


def test_demand_that_pools_otherwise_is_refused(tmp_path):
    path = tmp_path / "chain.txt"
    path.write_text("header\nA,6,0,1,1,,3,1.645\n", "utf-8")
    with pytest.raises(ValueError, match="stage A: risk_pool 1 is not 2"):
        read_chain(path)


def test_without_published_costs_there_is_nothing_to_compare(tmp_path):
    made_up_data(tmp_path)
    assert published_costs(tmp_path) == {}
    report = chain_report(tmp_path, "made_up")
    assert report["published"] is None
    assert np.isfinite(report["cost"])
