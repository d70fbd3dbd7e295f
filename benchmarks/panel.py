"""The headline comparison on real demand: FreshRetailNet-50K on an assumed network; prints one JSON line.

Sales, stock-out hours, discounts, days off and weather are the publisher's; everything physical is invented by the
adapter `examples/freshretailnet.py`, and said so in the line. The last weeks of the data are replayed after a start on
which stock is laid out by the adapter's rule. Demand is what sold, lifted where shelves ran empty during the day; days
wholly empty sold and count nothing. Because that estimate is ours, a second figure counts lost margin on the point-days
only whose shelf was full all day in life, of which the demand is known. Rivals are tuned on the weeks before the start.

    python benchmarks/panel.py DATA [--cities 8 9] [--weeks 4] [--warm-up 1]
    python benchmarks/panel.py --smoke
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "examples"))
sys.path.insert(2, str(Path(__file__).resolve().parents[1]))

from _freshretailnet_smoke import write_smoke
from _headline_views import OurRun, Pair, fitted, replay_ours, rounded, tuned_rivals
from chain_writer import ChainFolder, write_chain
from headline import GRIDS

from examples import freshretailnet as adapter
from experiments.array_chain import ArrayChain, Serving, array_chain, demand_by_day, serving_of
from experiments.kpis import Trace, summary
from experiments.prove_history import demand_between, with_own_zones
from experiments.twin import Night, Policy
from experiments.twin_arrays import replay_arrays
from experiments.twin_stock import ChainIndex
from network.contracts import Tier
from network.graph import SupplyNetwork, build_network
from network.ingest import load_chain
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
REFIT_DAYS = 14
# Trucks that only the sample fills carry so many usual days of it.
TRUCK_DAYS = 1.15
TRUCKS = (
    f"Trucks from the supplier and the central warehouse carry {TRUCK_DAYS:g} usual days of the sample at the "
    "adapter's cost a m3: they are shared with what is not in the sample."
)
# Two small cities: 9 stores, 262 series.
CITIES = (8, 9)


@dataclass(frozen=True, eq=False)
class Panel:
    """The chain at the start, and the demand of as many days before and after it.

    Parameters
    ----------
    tables, settings, snapshot, network, demand
        As for a replay of our planner; demand of the days to come.
    chain, index, serving
        The same as arrays.
    past, ahead
        Demand before and after the start, (n_days, n_groups, S).
    latent
        The latter by place, (n_days, L, S).
    is_full
        (n_days, L, S) point-days whose shelf was full all day.
    lifted_share
        Part of the demand to come that no sale shows.
    """

    tables: dict[str, pd.DataFrame]
    settings: ChainSettings
    snapshot: Snapshot
    network: SupplyNetwork
    demand: pd.DataFrame
    chain: ArrayChain
    index: ChainIndex
    serving: Serving
    past: Ints
    ahead: Ints
    latent: Ints
    is_full: Flags
    lifted_share: float


def panel_of(rows: pd.DataFrame, n_days: int, n_tuning: int) -> Panel:
    """Lay the chain out so many days before the end of the data.

    Parameters
    ----------
    rows
        The publisher's, of the cities kept.
    n_days, n_tuning
        Days replayed, and days before them on which rivals are tuned.
    """
    last_day = rows["date"].max()
    start = last_day - pd.Timedelta(days=n_days)
    before = rows[rows["date"] <= start].reset_index(drop=True)
    folder = _with_trucks_of_its_size(adapter.build_chain(before))
    series = pd.MultiIndex.from_frame(before[["sku", "location"]].drop_duplicates())
    later = rows[pd.MultiIndex.from_frame(rows[["sku", "location"]]).isin(series)].reset_index(drop=True)
    ahead = {"sales": adapter.sales_table(later, folder.tables["skus"]), "signals": adapter.weather_signals(later),
             "calendar": adapter.calendar_table(later)}  # fmt: skip
    with tempfile.TemporaryDirectory() as path:
        write_chain(replace(folder, tables={**folder.tables, **ahead}), Path(path))
        loaded = load_chain(Path(path))
    tables, settings = dict(loaded.tables), loaded.settings
    snapshot = with_own_zones(snapshot_at(tables, settings, start))
    network, whole = build_network(snapshot), snapshot_at(tables, settings, last_day)
    places = snapshot.table("locations")
    own = frozenset(places.loc[places["tier"] != Tier.SUPPLIER, "location"].astype(str))
    tuned_from = start - pd.Timedelta(days=n_tuning)
    both, _ = demand_between(whole, network, start=tuned_from, own=own)
    demand = both[both["date"] > start].reset_index(drop=True)
    chain, index = array_chain(snapshot, network, max(n_days, n_tuning))
    groups, units = demand_by_day(index, both, tuned_from + pd.Timedelta(days=1), n_tuning + n_days)
    serving, sold = serving_of(index, groups), whole.table("sales")
    sold = sold[sold["date"] > start]
    return Panel(
        tables, settings, snapshot, network, demand, chain, index, serving, units[:n_tuning], units[n_tuning:],
        _by_place(serving, units[n_tuning:], len(index.locations)), _full_days(index, sold, start, n_days),
        1.0 - float(sold["units"].sum()) / float(demand["units"].sum()),
    )  # fmt: skip


def _with_trucks_of_its_size(folder: ChainFolder) -> ChainFolder:
    """Size trucks from the supplier and the central warehouse to a usual day of the sample, at the same cost a m3."""
    sales, skus = folder.tables["sales"], folder.tables["skus"]
    units = sales.groupby(["sku", "location"])["units"].sum() * adapter.UNIT_FACTOR / sales["date"].nunique()
    volume = units.index.get_level_values("sku").map(skus.set_index("sku")["volume_m3"]) * units
    region = folder.tables["locations"].set_index("location")["region"]
    by_region = volume.groupby(volume.index.get_level_values("location").map(region)).sum()
    lanes = folder.tables["lanes"]
    daily = lanes["destination"].map(region).map(by_region)
    daily = daily.where(lanes["mode"].ne("purchase"), float(volume.sum()))
    far = lanes["origin"].isin([adapter.SUPPLIER, adapter.CENTRAL])
    size = lanes["truck_volume_m3"].where(~far, TRUCK_DAYS * daily)
    cost = lanes["truck_cost"] * size / lanes["truck_volume_m3"]
    sized = lanes.assign(truck_volume_m3=size.round(3), truck_cost=cost.round(2))
    return replace(folder, tables={**folder.tables, "lanes": sized})


def _by_place(serving: Serving, units: Ints, n_places: int) -> Ints:
    """Demand by the place that serves it, (n_days, L, S)."""
    latent = np.zeros((len(units), n_places, units.shape[2]), dtype=np.int64)
    np.add.at(latent, (slice(None), serving.home[serving.home >= 0]), units[:, serving.home >= 0])
    return latent


def _full_days(index: ChainIndex, sold: pd.DataFrame, start: pd.Timestamp, n_days: int) -> Flags:
    """Point-days on which goods were on the shelf all day, (n_days, L, S)."""
    is_full = np.zeros((n_days, len(index.locations), len(index.skus)), dtype=bool)
    day = (sold["date"] - start).dt.days.to_numpy() - 1
    place, sku = index.locations.get_indexer(sold["location"]), index.skus.get_indexer(sold["sku"])
    is_full[day, place, sku] = sold["availability"].fillna(1.0).to_numpy(float) >= 1.0
    return is_full


def figures(panel: Panel, days: pd.DataFrame, trace: Trace, warm_up: int) -> dict[str, float]:
    """KPIs of the days that count; `known_...` count lost sales on full-shelf point-days only."""
    latent, is_full = panel.latent[warm_up:], panel.is_full[warm_up:]
    lost = np.maximum(latent - trace.sold[warm_up:], 0)
    known = np.where(is_full, lost, 0)
    total = summary(days.iloc[warm_up:])
    margin = float((known.sum(axis=(0, 1)) * panel.chain.margin).sum())
    wanted = (latent > 0) & is_full
    return {
        **total,
        "known_total_cost": total["total_cost"] - total["lost_margin"] + margin,
        "known_lost_margin": margin,
        "known_fill_rate": 1.0 - float(known.sum()) / float(latent[is_full].sum()),
        "known_stockout_rate": float((known[wanted] > 0).mean()),
    }


def by_rule(panel: Panel, name: str, pair: Pair, n_days: int, warm_up: int) -> dict[str, float]:
    """Replay a tuned rival."""
    policy = GRIDS[name][0](panel.chain)(*pair)
    days, trace = replay_arrays(panel.chain, panel.serving, lambda day: panel.ahead[day], policy=policy, n_days=n_days)
    return figures(panel, days, trace, warm_up)


def without_zones(policy: Policy) -> Policy:
    """Let the planner see sales as the data have them: without the zones that only the replay knows."""

    def decide(night: Night) -> pd.DataFrame:
        return policy(replace(night, sales=night.sales.assign(zone="")) if len(night.sales) else night)

    return decide


def main() -> None:
    """Replay everybody and print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder of FreshRetailNet-50K")
    parser.add_argument("--cities", type=int, nargs="*", default=list(CITIES))
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="a tiny invented data set for a few days")
    a = parser.parse_args()
    n_days, warm_up, n_tuning = 7 * a.weeks, 7 * a.warm_up, 28
    with tempfile.TemporaryDirectory() as folder:
        if a.smoke:
            write_smoke(Path(folder))
            a.data, a.cities, n_days, warm_up, n_tuning = Path(folder), [0, 1], 2, 0, 5
        elif a.data is None:
            parser.error("give the folder of FreshRetailNet-50K, or --smoke")
        rows = adapter.read_days(a.data, max(a.cities) + 1)
    panel = panel_of(rows[rows["city_id"].isin(a.cities)].reset_index(drop=True), n_days, n_tuning)
    factors, best = tuned_rivals(panel.chain, panel.serving, panel.past)
    results = {name: by_rule(panel, name, pair, n_days, warm_up) for name, pair in factors.items()}
    began = time.perf_counter()
    run = OurRun(stress=without_zones)
    mine = replay_ours(panel, run, champion=fitted(panel.snapshot, panel.network), n_days=n_days, refit_days=REFIT_DAYS)
    results["ours"] = figures(panel, mine.days, mine.trace, warm_up)
    print(f"ours: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    print(pd.DataFrame(results).T.round(4).to_string(), file=sys.stderr)
    ours, rival = results["ours"], results[best]
    stores = panel.network.locations.loc[panel.network.locations["tier"] == "store", "location"]
    print(json.dumps({
        "cities": a.cities, "stores": len(stores), "series": int((panel.latent.sum(axis=0) > 0).sum()),
        "days": n_days, "warm_up": warm_up, "lifted_share": round(panel.lifted_share, 4), "best_rival": best,
        "cost_vs_best_rival": round(ours["total_cost"] / rival["total_cost"], 4),
        "known_cost_vs_best_rival": round(ours["known_total_cost"] / rival["known_total_cost"], 4),
        "ours": rounded(ours), "rival": rounded(rival),
        "assumed": [f"{table}: {text}" for table, text in adapter.ASSUMPTIONS] + [f"lanes: {TRUCKS}"],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
