"""A promotion in region A while its stock idles in region B: the story of DESIGN section 1, with its numbers.

Region A wants 2 x 22 + 7 x 66 = 506 HERO units by day 9 and holds 100; the central warehouse holds 60, and what is
bought tonight comes on day 14. Region B holds 820 and sells 10 a day: it can give some 500 and still keep a month.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest

import engine
from experiments.nightly import NightlyPlanner
from experiments.twin import Replay, replay
from experiments.world import LAST_DAY, promotion_story_world, write_world
from network.graph import build_network
from network.ingest import Chain, load_chain
from network.snapshot import Snapshot, snapshot_at
from optimization.config import PlanConfig

REGION_A, REGION_B = ["FA", "SA1", "SA2"], ["FB", "SB1", "SB2"]
DAYS = 10


@cache
def chain() -> Chain:
    with TemporaryDirectory() as folder:
        write_world(promotion_story_world(), Path(folder))
        return load_chain(Path(folder))


@cache
def story() -> Snapshot:
    return snapshot_at(chain().tables, chain().settings, LAST_DAY)


@cache
def tonight() -> engine.Plan:
    return engine.plan(story())


@cache
def nights(laterals: bool) -> Replay:
    config = engine.EngineConfig(plan=PlanConfig(laterals=laterals))
    planner = NightlyPlanner(chain().tables, chain().settings, LAST_DAY, config)
    latent = promotion_story_world().truth["latent_demand"]
    ahead = latent[latent["date"] > LAST_DAY]
    return replay(story(), build_network(story()), demand=ahead, policy=planner, n_days=DAYS)


def lost(result: Replay, locations: list[str]) -> int:
    rows = result.service[result.service["sku"].eq("HERO") & result.service["location"].isin(locations)]
    return int((rows["latent"] - rows["served"]).sum())


@pytest.fixture
def hero() -> Iterator[pd.DataFrame]:
    orders = tonight().orders
    yield orders[orders["sku"].eq("HERO")]


def test_idle_stock_leaves_region_b_tonight_and_is_there_before_the_promotion(hero):
    moved = hero[hero["origin"].isin(REGION_B) & hero["destination"].isin(REGION_A)]
    assert moved["quantity"].sum() >= 250
    assert (moved["due_date"] <= LAST_DAY + pd.Timedelta(days=3)).all()


def test_the_forward_warehouse_of_region_a_is_topped_up(hero):
    # FA has 40 and wants (2 x 10 + 7 x 30) = 230 by day 9
    assert hero.loc[hero["destination"].eq("FA"), "quantity"].sum() >= 100


def test_region_b_keeps_what_it_needs(hero):
    # 10 a day for the fourteen days until anything bought tonight could come = 140 of 820
    given = hero.loc[hero["origin"].isin(REGION_B), "quantity"].sum()
    assert 820 - given >= 140


def test_every_line_of_the_move_says_why_and_earns_its_cost(hero):
    moved = hero[hero["origin"].isin(REGION_B)]
    assert moved["reason"].str.contains("promotion").any()
    assert moved["net_benefit"].sum() > 0


def test_nothing_is_lost_in_a_or_b_while_without_laterals_a_runs_dry():
    # without laterals A has 100 + 60 for 506: at least 300 units are lost
    assert lost(nights(True), REGION_B) == 0
    assert lost(nights(True), REGION_A) == 0
    assert lost(nights(False), REGION_B) == 0
    assert lost(nights(False), REGION_A) >= 300
