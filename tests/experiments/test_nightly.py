"""The engine's planner in the twin: what it ships keeps trucks, cases and the calendar, night after night."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from engine import EngineConfig
from experiments.nightly import NightlyPlanner
from experiments.twin import Replay, replay
from forecasting.config import ForecastConfig
from network.graph import SupplyNetwork, build_network
from network.snapshot import snapshot_at
from tests.experiments.test_no_peeking import planned_chain

N_NIGHTS = 3
LANE = ["origin", "destination", "mode"]


@cache
def nights() -> tuple[Replay, SupplyNetwork, pd.Series]:
    """Three nights of a chain whose transfer lanes have one small truck a day; the network and the SKUs' volumes."""
    chain, start, ahead = planned_chain()
    lanes = chain.tables["lanes"]
    small = lanes["mode"].eq("transfer")
    lanes = lanes.assign(max_trucks=lanes["max_trucks"].mask(small, 1), truck_volume_m3=lanes["truck_volume_m3"].mask(
        small, 0.05))  # fmt: skip
    tables = {**chain.tables, "lanes": lanes.astype(chain.tables["lanes"].dtypes.to_dict())}
    quick = EngineConfig(forecast=ForecastConfig(max_rounds=5, n_origins=1, max_training_rows=3000, threads=1))
    snapshot = snapshot_at(tables, chain.settings, start)
    network = build_network(snapshot)
    planner = NightlyPlanner(tables, chain.settings, start, quick)
    run = replay(snapshot, network, demand=ahead, policy=planner, n_days=N_NIGHTS)
    return run, network, snapshot.table("skus").set_index("sku")


def test_no_more_trucks_leave_than_a_lane_has_and_some_are_all_taken() -> None:
    run, network, skus = nights()
    moves = run.moves.assign(volume=run.moves["quantity"].astype(float) * run.moves["sku"].map(skus["volume_m3"]))
    loads = moves.groupby([*LANE, "ship_date"], as_index=False)["volume"].sum()
    loads = loads.merge(network.lanes[[*LANE, "truck_volume_m3", "max_trucks"]], on=LANE)
    trucks = np.ceil(loads["volume"] / loads["truck_volume_m3"] - 1e-6)
    assert (trucks <= loads["max_trucks"]).all()
    transfers = loads["mode"].eq("transfer")
    assert transfers.any()
    assert (loads["volume"] / loads["truck_volume_m3"])[transfers].max() > 0.5


def test_transfers_and_purchases_go_in_whole_cases() -> None:
    run, _, skus = nights()
    whole = run.moves[run.moves["mode"].isin(["purchase", "transfer"])]
    assert (whole["quantity"].astype(int) % whole["sku"].map(skus["case_pack"]).astype(int) == 0).all()


def test_goods_leave_on_the_morning_after_and_are_due_by_the_lanes_calendar() -> None:
    run, network, _ = nights()
    moves = run.moves
    assert (moves["ship_date"] == moves["decided_on"] + pd.Timedelta(days=1)).all()
    for night, rows in moves.groupby("decided_on"):
        lane = network.lanes.reset_index().merge(rows[LANE].drop_duplicates(), on=LANE)["index"].to_numpy()
        assert network.calendar.ship_days(lane, pd.Timestamp(str(night)), 1).all()
    assert (moves["due_date"] >= moves["ship_date"]).all()
