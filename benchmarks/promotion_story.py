"""A promotion in region A while its stock idles in region B: units lost in A, and what helping costs B; one JSON line.

The hand-made chain of `experiments.world_story`: A wants 506 units of one SKU by day 9 and holds 100, the central
warehouse 60; B holds 820 and sells 10 a day. Ten nights are replayed with laterals and without.

    python benchmarks/promotion_story.py [--days 10]
    python benchmarks/promotion_story.py --smoke
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import pandas as pd

import engine
from experiments.nightly import NightlyPlanner
from experiments.twin import Replay, replay
from experiments.world import LAST_DAY, promotion_story_world, write_world
from network.graph import build_network
from network.ingest import load_chain
from network.snapshot import snapshot_at
from optimization.config import PlanConfig

SKU = "HERO"
REGIONS = {"a": ("FA", "SA1", "SA2"), "b": ("FB", "SB1", "SB2")}


def nights(laterals: bool, n_days: int) -> Replay:
    """Replay the story."""
    world = promotion_story_world()
    with tempfile.TemporaryDirectory() as folder:
        write_world(world, Path(folder))
        chain = load_chain(Path(folder))
    snapshot = snapshot_at(chain.tables, chain.settings, LAST_DAY)
    config = engine.EngineConfig(plan=PlanConfig(laterals=laterals))
    planner = NightlyPlanner(chain.tables, chain.settings, LAST_DAY, config)
    latent = world.truth["latent_demand"]
    ahead = latent[latent["date"] > LAST_DAY]
    return replay(snapshot, build_network(snapshot), demand=ahead, policy=planner, n_days=n_days)


def told(result: Replay) -> dict[str, float]:
    """Units lost, wanted and moved sideways, and fill rate, of the promoted SKU in each region."""
    rows = result.service[result.service["sku"] == SKU]
    moves = result.moves[result.moves["sku"] == SKU]
    figures: dict[str, float] = {}
    for name, places in REGIONS.items():
        here = rows[rows["location"].isin(places)]
        figures[f"lost_{name}"] = int((here["latent"] - here["served"]).sum())
        figures[f"wanted_{name}"] = int(here["latent"].sum())
        figures[f"fill_{name}"] = round(float(here["first"].sum() / here["latent"].sum()), 4)
    sideways = moves["origin"].isin(REGIONS["b"]) & moves["destination"].isin(REGIONS["a"])
    return {**figures, "moved_b_to_a": int(moves.loc[sideways, "quantity"].sum())}


def main() -> None:
    """Replay with and without laterals and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--smoke", action="store_true", help="a single night")
    a = parser.parse_args()
    n_days = 1 if a.smoke else a.days
    helped, alone = (told(nights(laterals, n_days)) for laterals in (True, False))
    print(pd.DataFrame({"with": helped, "without": alone}).to_string(), file=sys.stderr)
    print(json.dumps({
        "days": n_days, "lost_a": helped["lost_a"], "lost_a_without_laterals": alone["lost_a"],
        "lost_b": helped["lost_b"], "fill_change_b": round(helped["fill_b"] - alone["fill_b"], 4),
        "with_laterals": helped, "without_laterals": alone,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
