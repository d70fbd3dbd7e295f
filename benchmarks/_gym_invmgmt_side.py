"""The environment's side of benchmarks/gym_invmgmt.py: runs under the package's own Python and imports nothing of ours.

Reads one JSON object a line and answers with one a line: {"open": {...}, "seed": n} starts an episode and tells the
chain and the declared demand, {"order": [...]} plays a period, {"window": file} reads the M5 window. What is told of an
episode is what the published informed agents read: the network, the observation, and the mean of demand by period as
the demand engine declares it. Demand of a period is told after it only.
"""

import json
import sys

import numpy as np
from gym_invmgmt import CoreEnv, DemandEngine
from gym_invmgmt.data_adapters import m5_wide_csv_to_spec


def chain_of(env):
    """The network with its prices, as the environment holds it."""
    network, graph = env.network, env.graph
    stocked = [int(node) for node in network.main_nodes]
    return {
        "locations": stocked,
        "holding": [graph.nodes[node]["h"] for node in stocked],
        "capacity": [graph.nodes[node].get("C") for node in stocked],
        "handling": [graph.nodes[node].get("o", 0.0) / graph.nodes[node].get("v", 1.0) for node in stocked],
        "lanes": [
            {
                "origin": int(origin) if origin in stocked else None,
                "destination": int(destination),
                "lead_time": graph.edges[origin, destination]["L"],
                "price": graph.edges[origin, destination]["p"],
                "in_transit": graph.edges[origin, destination]["g"],
            }
            for origin, destination in network.reorder_links
        ],
        "shop": int(network.retail_links[0][0]),
        "price": graph.edges[network.retail_links[0]]["p"],
        "penalty": graph.edges[network.retail_links[0]]["b"],
    }


def demand_of(env):
    """Mean of each period at a reputation of 1, the noise, and how reputation moves."""
    engine = env.demand_engine
    plain = DemandEngine({**engine.config, "use_goodwill": False})
    return {
        "mean": [plain.get_current_mu(period) for period in range(env.num_periods)],
        "noise": engine.noise_scale,
        "goodwill": [engine.gw_growth, engine.gw_decay, engine.gw_floor, engine.gw_cap]
        if engine.use_goodwill
        else None,
    }


def seen(env, observation, profit, *, is_over):
    """The observation, taken apart."""
    n_retail, n_stocked = len(env.network.retail_links), len(env.network.main_nodes)
    parts = np.split(observation, np.cumsum([n_retail, n_retail, n_stocked, env.network.pipeline_length]))
    arrivals, at = [], 0
    for lane in env.network.reorder_links:
        lead_time = env.network.lead_times[lane]
        arrivals.append(parts[3][at : at + lead_time].tolist())
        at += lead_time
    return {
        "period": int(parts[4][0]),
        "demand": float(parts[0][0]),
        "backlog": float(parts[1][0]),
        "stock": parts[2].tolist(),
        "arrivals": arrivals,
        "reputation": float(parts[4][1]),
        "profit": profit,
        "is_over": is_over,
    }


def opened(request):
    """Start an episode."""
    env = CoreEnv(**request["open"])
    observation, _ = env.reset(seed=request["seed"])
    told = {"chain": chain_of(env), "demand": demand_of(env), "seen": seen(env, observation, 0.0, is_over=False)}
    return env, told


def window_of(path):
    """The M5 window of the published benchmark, chosen by the package's own rule from the competition's file."""
    return list(m5_wide_csv_to_spec(path, num_periods=30, base_mu=20.0).demand_config["external_series"])


def main():
    """Serve until the other side is done."""
    env, profit = None, 0.0
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            env, told = opened(request)
            profit = 0.0
        elif "window" in request:
            told = window_of(request["window"])
        else:
            observation, reward, terminated, truncated, _ = env.step(np.array(request["order"], dtype=float))
            profit += reward
            told = {"seen": seen(env, observation, profit, is_over=terminated or truncated)}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
