"""Speed of the flow of one SKU by the size of its network, beside HiGHS on the same network program, in one run.

Keys: per size the locations, arcs, milliseconds a SKU and arcs per second of the min-cost flow (network building and
solving), milliseconds of scipy's linprog (HiGHS) on the same arcs and nodes, their ratio, and whether both found the
same cost. Times are processor seconds, so that a busy machine tells the same.

    python benchmarks/flow_speed.py [--locations 20 80 342] [--skus 3]
    python benchmarks/flow_speed.py --smoke
"""

import argparse
import json
import time

import numpy as np
from _scale_chain import scale_chain
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from network.graph import build_network
from optimization.config import PlanConfig
from optimization.curve_build import build_cost_curves
from optimization.flow.arcs import FlowNetwork, flow_network
from optimization.flow.data import flow_data
from optimization.flow.model import solve_sku
from optimization.flow.problem import SkuProblem, sku_problem, sku_slices
from optimization.position import arrivals, inventory_positions
from optimization.targets import plan_horizon, stock_targets

# Costs agree when they differ by less than this share: the flow's are rounded to whole steps.
CLOSE = 1e-3


def problems(n_locations: int, n_skus: int) -> list[SkuProblem]:
    """Network programs of some SKUs of a generated chain with about so many places."""
    chain, config = scale_chain(n_locations * n_skus, n_places=n_locations), PlanConfig()
    network = build_network(chain.snapshot)
    known = {"positions": inventory_positions(chain.snapshot, network, series=chain.forecast.series)}
    known["targets"] = stock_targets(chain.forecast, network, chain.snapshot, config=config, **known)
    horizon = plan_horizon(known["targets"], config)
    coming = arrivals(chain.snapshot, None, network, cutoff=chain.snapshot.cutoff, horizon=horizon)
    curves = build_cost_curves(
        chain.forecast, network, chain.snapshot, arrivals=coming, horizon=horizon, config=config, **known
    )
    data = flow_data(chain.forecast, network, chain.snapshot, curves=curves, config=config, **known)
    slices, slopes = sku_slices(data), curves.slopes()
    return [sku_problem(data, slices, index, slopes=slopes) for index in range(min(n_skus, slices.sku.size))]


def flow_seconds(problem: SkuProblem) -> tuple[float, int]:
    """Processor seconds and arcs of the min-cost flow."""
    began = time.process_time()
    found = solve_sku(problem, PlanConfig().cost_steps)
    return time.process_time() - began, found.n_arcs


def highs_seconds(network: FlowNetwork) -> tuple[float, float]:
    """Processor seconds and optimal cost of the same network as a linear program."""
    arcs, m = network.arcs, network.arcs.tail.size
    rows = np.concatenate([arcs.tail, arcs.head])
    signs = np.concatenate([np.ones(m), -np.ones(m)])
    balance = csr_matrix((signs, (rows, np.tile(np.arange(m), 2))), shape=(network.supply.size, m))
    bounds = np.stack([np.zeros(m), arcs.capacity], axis=1)
    began = time.process_time()
    found = linprog(arcs.cost, A_eq=balance, b_eq=network.supply, bounds=bounds, method="highs")
    return time.process_time() - began, float(found.fun)


def flow_cost(network: FlowNetwork) -> float:
    """Cost of the flow's own optimum on the same arcs, unrounded."""
    from optimization.flow.model import _min_cost_flow
    from optimization.flow.objective import integer_costs

    flows, _ = _min_cost_flow(network, integer_costs(network.arcs.cost, PlanConfig().cost_steps)[0])
    return float((flows * network.arcs.cost).sum())


def measured(n_locations: int, n_skus: int) -> dict[str, object]:
    """Figures of one size; medians over the SKUs."""
    rows = []
    given = problems(n_locations, n_skus)
    flow_seconds(given[0])  # loads the solver
    for problem in given:
        network = flow_network(problem)
        seconds, n_arcs = flow_seconds(problem)
        other, cost = highs_seconds(network)
        is_same = abs(flow_cost(network) - cost) <= CLOSE * max(abs(cost), 1.0)
        rows.append((n_arcs, seconds, other, is_same))
    arcs, seconds, other = (np.array([row[column] for row in rows], dtype=float) for column in range(3))
    return {
        "locations": n_locations,
        "skus": len(rows),
        "arcs": int(np.median(arcs)),
        "ms_per_sku": round(1e3 * float(np.median(seconds)), 2),
        "arcs_per_second": round(float(arcs.sum() / seconds.sum())),
        "highs_ms": round(1e3 * float(np.median(other)), 2),
        "ratio": round(float(np.median(other / seconds)), 2),
        "same_cost": all(bool(row[3]) for row in rows),
    }


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locations", type=int, nargs="+", default=[20, 80, 342])
    parser.add_argument("--skus", type=int, default=3, help="SKUs of each size")
    parser.add_argument("--smoke", action="store_true", help="one small size")
    a = parser.parse_args()
    sizes, n_skus = ([9], 2) if a.smoke else (a.locations, a.skus)
    print(json.dumps({"sizes": [measured(size, n_skus) for size in sizes]}))


if __name__ == "__main__":
    main()
