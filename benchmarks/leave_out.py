"""Replays the demo chain with one part of the plan left out, and with it, from one fit; prints one JSON line.

Both start from the same closing stock and meet the same latent demand. Slow stock is what a point holds at the end
beyond `SLOW_COVER_DAYS` of the demand it met, at cost. Without quantiles means: on expected demand alone.

    python benchmarks/leave_out.py [--part laterals --days 14] [--seed 1] [--skus 60] [--stores 20] [--smoke]
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import pandas as pd
from replay_demo import chain_with_future, latent

from engine import EngineConfig
from experiments.nightly import NightlyPlanner
from experiments.twin import Night, replay
from experiments.world import WorldConfig, build_world
from network.economics import sku_economics
from network.graph import build_network
from network.snapshot import snapshot_at

# What each part's absence changes in the settings of the plan; on means the forecast changes.
PARTS: dict[str, dict[str, Any]] = {
    "laterals": {"laterals": False},
    "emergency": {"emergency": False},
    "trucks": {"joint_trucks": False},
    "pooling": {"echelon_chain": False},
    "quantiles": {},
}
# Stock beyond this many days of demand is slow [days].
SLOW_COVER_DAYS = 60.0


@dataclass(eq=False)
class Watched:
    """A policy that remembers the stock of the last night it saw."""

    planner: NightlyPlanner
    stock: pd.DataFrame | None = None

    def __call__(self, night: Night) -> pd.DataFrame:
        self.stock = night.stock
        return self.planner(night)


def slow_stock(stock: pd.DataFrame, service: pd.DataFrame, *, n_days: int, cost: pd.Series) -> float:
    """Value at cost of stock beyond `SLOW_COVER_DAYS` of the demand each store and forward warehouse met [money]."""
    met = service.groupby(["sku", "location"])["latent"].sum() / n_days
    places = stock[stock["location"].isin(service["location"])]
    rate = met.reindex(pd.MultiIndex.from_frame(places[["sku", "location"]])).fillna(0.0).to_numpy()
    beyond = (places["on_hand"].to_numpy() - SLOW_COVER_DAYS * rate).clip(min=0.0)
    return float((beyond * cost.reindex(places["sku"]).to_numpy()).sum())


def main() -> None:
    """Run with and without the part and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=tuple(PARTS), default="laterals")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=60)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--history", type=int, default=540)
    parser.add_argument("--smoke", action="store_true", help="a tiny chain for a few days")
    a = parser.parse_args()
    if a.smoke:
        a.days, a.skus, a.stores, a.history = 2, 12, 4, 120
    world = build_world(WorldConfig(n_skus=a.skus, n_stores=a.stores, n_days=a.history, seed=a.seed))
    chain = chain_with_future(world)
    snapshot = snapshot_at(chain.tables, chain.settings, world.last_day)
    network = build_network(snapshot)
    ahead = latent(world, world.last_day + pd.Timedelta(days=1), a.days)
    cost = sku_economics(snapshot).set_index("sku")["unit_cost"]
    config, champion = EngineConfig(), None
    result: dict[str, Any] = {}
    for name, changes in (("on", {}), ("off", PARTS[a.part])):
        began = time.perf_counter()
        settings = config.replace(plan=config.plan.replace(**changes))
        planner = NightlyPlanner(
            chain.tables, chain.settings, world.last_day, settings, refit_days=a.days + 1, champion=champion,
            on_means=name == "off" and a.part == "quantiles",
        )  # fmt: skip
        policy = Watched(planner)
        run = replay(snapshot, network, demand=ahead, policy=policy, n_days=a.days)
        champion = planner.champion
        assert policy.stock is not None
        modes = run.moves.groupby("mode").size().to_dict()
        result[name] = {
            **{key: round(value, 4) for key, value in run.summary().items()},
            "slow_stock": round(slow_stock(policy.stock, run.service, n_days=a.days, cost=cost), 1),
            "lines": modes,
            "seconds": round(time.perf_counter() - began, 1),
        }
        print(name, result[name], file=sys.stderr, flush=True)
    ratio = result["on"]["total_cost"] / result["off"]["total_cost"]
    print(
        json.dumps(
            {"part": a.part, "days": a.days, "seed": a.seed, "skus": a.skus, "cost_ratio": round(ratio, 4), **result}
        )
    )


if __name__ == "__main__":
    main()
