"""Replays the demo chain under our planner and under a base-stock rule tuned on history; prints one JSON line.

Both start from the same closing stock, meet the same latent demand, and see only what a night knows. The base-stock
rule gets its two safety factors from a replay of the last days of history (their latent demand, which is more than it
would know in life) by a grid of `--grid` x `--grid` values. `clairvoyant` is what no policy can go below, and
`share_of_gap` how much of the rival's distance to it is left: (ours - clairvoyant) / (rival - clairvoyant).

    python benchmarks/replay_demo.py [--days 56] [--seed 1] [--skus 60] [--stores 20] [--smoke]
"""

import argparse
import dataclasses
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engine import EngineConfig
from experiments.array_chain import array_chain, demand_by_day, serving_of
from experiments.baselines import echelon_base_stock, tuned
from experiments.clairvoyant import clairvoyant
from experiments.kpis import summary
from experiments.nightly import NightlyPlanner
from experiments.twin import Replay, replay
from experiments.twin_arrays import ArrayPolicy, replay_arrays
from experiments.world import World, WorldConfig, build_world, write_world
from network.graph import SupplyNetwork, build_network
from network.ingest import Chain, load_chain
from network.snapshot import Snapshot, snapshot_at


def latent(world: World, first: pd.Timestamp, n_days: int, shift: int = 0) -> pd.DataFrame:
    """Latent demand of some days, moved ahead by `shift` days."""
    demand = world.truth["latent_demand"]
    last = first + pd.Timedelta(days=n_days - 1)
    rows = demand[demand["date"].between(first, last)]
    return rows.assign(date=rows["date"] + pd.Timedelta(days=shift))


def rival(
    world: World, snapshot: Snapshot, network: SupplyNetwork, *, n_days: int, pairs: list[tuple[float, float]]
) -> tuple[dict[str, float], str]:
    """Tune the base-stock rule on the last days of history, then replay it on the days to come."""
    chain, index = array_chain(snapshot, network, n_days)
    first = world.last_day + pd.Timedelta(days=1)
    past = latent(world, world.last_day - pd.Timedelta(days=n_days - 1), n_days, shift=n_days)
    family = echelon_base_stock(chain)

    def run(policy: ArrayPolicy, demand: pd.DataFrame) -> dict[str, float]:
        groups, units = demand_by_day(index, demand, first, n_days)
        serving = serving_of(index, groups)
        return summary(replay_arrays(chain, serving, lambda day: units[day], policy=policy, n_days=n_days)[0])

    factors = tuned(family, lambda policy: run(policy, past)["total_cost"], pairs)
    result = run(family(*factors), latent(world, first, n_days))
    return result, f"z_local={factors[0]:.2f}, z_echelon={factors[1]:.2f} of {len(pairs)} pairs"


def chain_with_future(world: World) -> Chain:
    """Read the world as any chain is read, with the signals and promotions that only become known later."""
    later = {
        name: pd.concat([world.tables[name], world.truth[f"future_{name}"]], ignore_index=True)
        for name in ("signals", "promotions")
    }
    with tempfile.TemporaryDirectory() as folder:
        write_world(dataclasses.replace(world, tables={**world.tables, **later}), Path(folder))
        return load_chain(Path(folder))


def ours(
    world: World, chain: Chain, snapshot: Snapshot, *, network: SupplyNetwork, n_days: int, refit_days: int
) -> Replay:
    """Replay our planner; signals and promotions of later days become known as they would."""
    planner = NightlyPlanner(chain.tables, chain.settings, world.last_day, EngineConfig(), refit_days=refit_days)
    ahead = latent(world, world.last_day + pd.Timedelta(days=1), n_days)
    return replay(snapshot, network, demand=ahead, policy=planner, n_days=n_days)


def main() -> None:
    """Run both and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=60)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--history", type=int, default=540)
    parser.add_argument("--grid", type=int, default=5)
    parser.add_argument("--factors", type=float, nargs=2, metavar="Z", help="the rival's factors as tuned before")
    parser.add_argument("--refit-days", type=int, default=28)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    if a.smoke:
        a.days, a.skus, a.stores, a.history, a.grid = 3, 12, 4, 120, 2
    world = build_world(WorldConfig(n_skus=a.skus, n_stores=a.stores, n_days=a.history, seed=a.seed))
    chain = chain_with_future(world)
    snapshot = snapshot_at(chain.tables, chain.settings, world.last_day)
    network = build_network(snapshot)
    began = time.perf_counter()
    local = np.linspace(0.5, 4.5, a.grid) if a.factors is None else a.factors[:1]
    echelon = np.linspace(0.0, 8.0, a.grid) if a.factors is None else a.factors[1:]
    pairs = [(float(one), float(two)) for one, two in itertools.product(local, echelon)]
    base, budget = rival(world, snapshot, network, n_days=a.days, pairs=pairs)
    middle = time.perf_counter()
    mine = ours(world, chain, snapshot, network=network, n_days=a.days, refit_days=a.refit_days)
    seconds = {"base_stock": round(middle - began, 1), "tierflow": round(time.perf_counter() - middle, 1)}
    ahead = latent(world, world.last_day + pd.Timedelta(days=1), a.days)
    last = time.perf_counter()
    least = clairvoyant(snapshot, network, demand=ahead, n_days=a.days).total_cost
    seconds["clairvoyant"] = round(time.perf_counter() - last, 1)
    table = pd.DataFrame({"base_stock": base, "tierflow": mine.summary()})
    print(table.round(4).to_string(), file=sys.stderr)
    costs = table.loc["total_cost"]
    print(json.dumps({
        "clairvoyant": round(least, 1),
        "share_of_gap": round(float((costs["tierflow"] - least) / (costs["base_stock"] - least)), 4),
        "days": a.days, "seed": a.seed, "skus": a.skus, "stores": a.stores, "tuning": budget,
        "cost_ratio": round(float(table.loc["total_cost", "tierflow"] / table.loc["total_cost", "base_stock"]), 4),
        **{name: {k: round(float(v), 4) for k, v in table[name].items()} for name in table}, "seconds": seconds,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
