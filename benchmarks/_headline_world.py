"""The chain of the headline study: half a year over a Double 11 and a Spring Festival, one opening stock."""

import dataclasses
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from experiments.array_chain import ArrayChain, Serving, array_chain, demand_by_day, serving_of
from experiments.baselines import WeeksOfCover
from experiments.recent_sales import WINDOW_DAYS
from experiments.silos import siloed
from experiments.twin_stock import ChainIndex, indexes
from experiments.world import World, WorldConfig, build_world, write_world
from network.contracts import Channel, Tier
from network.graph import SupplyNetwork, build_network
from network.ingest import load_chain
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Last day before the replay: eight weeks later 26 weeks begin that hold a Double 11 and a Spring Festival.
START = pd.Timestamp("2024-08-11")
# Days of sales that everybody may learn from before the start.
HISTORY_DAYS = 430
# Opening stock in days of recent sales, of central warehouses and of all others.
OPENING_DAYS = {"central": 28.0, "other": 10.0}
# The experience rule: days of cover by habit beyond lead time and a weekly review, and how much planners misjudge.
COVER_DAYS = {Tier.CENTRAL: 14.0, Tier.FORWARD: 0.0, Tier.STORE: 0.0}
MISJUDGED = 0.8


@dataclass(frozen=True, eq=False)
class Study:
    """One chain of the study.

    Parameters
    ----------
    world, tables, settings
        The chain with all vintages.
    snapshot, network
        What is known at the start.
    chain, index, serving
        The same as arrays.
    past, ahead
        Latent demand of as many days before and after the start, (n_days, n_groups, S).
    demand
        The latter as a table.
    """

    world: World
    tables: dict[str, pd.DataFrame]
    settings: ChainSettings
    snapshot: Snapshot
    network: SupplyNetwork
    chain: ArrayChain
    index: ChainIndex
    groups: list[tuple[str, str]]
    serving: Serving
    past: Ints
    ahead: Ints
    demand: pd.DataFrame


def study_of(seed: int, *, n_skus: int, n_stores: int, n_days: int, n_tuning: int) -> Study:
    """Draw a chain and put its opening stock in place.

    Parameters
    ----------
    seed, n_skus, n_stores
        Of the world.
    n_days
        Days to replay.
    n_tuning
        Days before the start on which the rivals are tuned.
    """
    n_world = (pd.Timestamp("2025-11-05") - START).days + HISTORY_DAYS + 1
    world = build_world(WorldConfig(n_skus=n_skus, n_stores=n_stores, n_days=n_world, seed=seed))
    later = {
        name: pd.concat([world.tables[name], world.truth[f"future_{name}"]], ignore_index=True)
        for name in ("signals", "promotions")
    }
    with tempfile.TemporaryDirectory() as folder:
        write_world(dataclasses.replace(world, tables={**world.tables, **later}), Path(folder))
        loaded = load_chain(Path(folder))
    tables = {**loaded.tables, "open_orders": loaded.tables["open_orders"].iloc[:0]}
    tables["stock"] = _opening_stock(tables, loaded.settings)
    tables["lots"] = loaded.tables["lots"].iloc[:0]
    snapshot = snapshot_at(tables, loaded.settings, START)
    network = build_network(snapshot)
    chain, index = array_chain(snapshot, network, n_days)
    latent = world.truth["latent_demand"]
    first = START + pd.Timedelta(days=1)
    groups, ahead = demand_by_day(index, latent, first, n_days)
    past = demand_by_day(index, latent, first - pd.Timedelta(days=n_tuning), n_tuning)[1]
    return Study(
        world, tables, loaded.settings, snapshot, network, chain, index, groups, serving_of(index, groups), past, ahead,
        latent[latent["date"].between(first, START + pd.Timedelta(days=n_days))],
    )  # fmt: skip


def _opening_stock(tables: dict[str, pd.DataFrame], settings: ChainSettings) -> pd.DataFrame:
    """Days of recent sales at every place; central warehouses hold for all they feed."""
    snapshot = snapshot_at({**tables, "stock": tables["stock"].iloc[:0]}, settings, START)
    chain, index = array_chain(snapshot, build_network(snapshot), 1)
    rate = chain.history[0].sum(axis=0) / WINDOW_DAYS
    fed = rate.copy()
    for origin, place in zip(chain.origin, chain.destination, strict=True):
        if origin >= 0:
            fed[origin] += rate[place]
    is_central = (chain.tier == Tier.CENTRAL)[:, None]
    units = np.ceil(np.where(is_central, OPENING_DAYS["central"] * fed, OPENING_DAYS["other"] * rate))
    place, sku = np.nonzero(units)
    rows = pd.DataFrame({
        "as_of": START, "sku": index.skus[sku], "location": index.locations[place], "on_hand": units[place, sku],
        "allocated": 0, "stock_type": "free",
    })  # fmt: skip
    blank = tables["stock"].iloc[:0]
    return rows.reindex(columns=blank.columns).astype(blank.dtypes.to_dict())


def experience_rule(chain: ArrayChain, seed: int) -> WeeksOfCover:
    """The rule of experience, with misjudgements drawn once."""
    rng = np.random.default_rng(seed)
    cover = np.array([COVER_DAYS[tier] for tier in chain.tier[chain.destination]])
    misjudged = rng.lognormal(0.0, MISJUDGED, (chain.destination.size, chain.cost.size))
    return WeeksOfCover(chain, cover, misjudged, np.arange(chain.destination.size) % 7)


def apart(study: Study) -> tuple[ArrayChain, Serving]:
    """Give the chain separate online and walk-in stock, divided by what each kind of customer bought of late."""
    sales = study.snapshot.tables["sales"]
    recent = sales[sales["date"] > START - pd.Timedelta(days=2 * WINDOW_DAYS)]
    sku, place = indexes(study.index, recent["sku"], recent["location"])
    known = (sku >= 0) & (place >= 0)
    all_units, online = np.zeros(study.chain.on_hand.shape), np.zeros(study.chain.on_hand.shape)
    units, is_online = recent["units"].to_numpy(float), (recent["channel"] != Channel.WALK_IN).to_numpy()
    np.add.at(all_units, (place[known], sku[known]), units[known])
    np.add.at(online, (place[known & is_online], sku[known & is_online]), units[known & is_online])
    share = np.divide(online, all_units, out=np.full(online.shape, 0.5), where=all_units > 0)
    return siloed(study.chain, study.index, study.groups, share)
