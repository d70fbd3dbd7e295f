"""A chain as arrays for `twin_arrays`: stock, main lanes with their calendar, money, and who serves whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.recent_sales import WINDOW_DAYS
from experiments.twin_stock import ChainIndex, chain_index, indexes, opening_stock, whole
from network.contracts import Channel
from network.graph import SupplyNetwork
from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FOREVER = 1_000_000


@dataclass(frozen=True, eq=False)
class ArrayChain:
    """Everything a replay starts from; L places, S SKUs, m lanes: the main source of each place.

    Parameters
    ----------
    on_hand
        (L, S) free units at the start.
    opening_orders, opening_inside
        (days, L, S) units of open orders by the day they arrive; (days, S) those that come from a place of our own.
    perishable, life
        (p,) SKUs that expire, and the days for which fresh goods may be sold after today.
    n_buckets
        Buckets of remaining life.
    origin, destination
        (m,) places; -1 = supplier.
    ships, arrival
        (m, D) whether goods may leave on a day, and the day from whose start they are usable.
    protection
        (m,) review and lead time of each lane [days].
    truck_cost, truck_volume, truck_weight, truck_co2, unit_freight, is_truck
        (m,) of each lane; sizes infinite where not given, emissions 0 [kg/truck].
    case_pack, cost, margin, holding, volume, weight
        (S,).
    is_assorted
        (L, S).
    least
        (L, S) units that a place with customers should show of what it sells, at least one.
    sold_from, sold_until
        (S,) first and last day of sale, counted from the start.
    history
        Units and missing shares of the last `WINDOW_DAYS` before the start, (WINDOW_DAYS, L, S) each.
    physical
        (L,) the place each belongs to, where one building keeps separate stocks; else itself.
    truck_of
        (m,) the lane whose trucks carry the goods of each lane: that into the same building.
    tier
        (L,) tier of each place.
    """

    on_hand: Ints
    opening_orders: Ints
    opening_inside: Ints
    perishable: Ints
    life: Ints
    n_buckets: int
    origin: Ints
    destination: Ints
    ships: Flags
    arrival: Ints
    protection: Floats
    truck_cost: Floats
    truck_volume: Floats
    truck_weight: Floats
    truck_co2: Floats
    unit_freight: Floats
    is_truck: Flags
    case_pack: Floats
    cost: Floats
    margin: Floats
    holding: Floats
    volume: Floats
    weight: Floats
    is_assorted: Flags
    least: Ints
    sold_from: Ints
    sold_until: Ints
    history: tuple[Floats, Floats]
    physical: Ints
    truck_of: Ints
    tier: npt.NDArray[np.object_]

    @cached_property
    def fed_lanes(self) -> list[tuple[int, Ints]]:
        """Each place that feeds others, with the lanes out of it."""
        return [
            (int(place), np.flatnonzero(self.origin == place)) for place in np.unique(self.origin[self.origin >= 0])
        ]

    @cached_property
    def least_with_fed(self) -> Ints:
        """(L, S) units that a place and those it feeds should show, the latter in whole cases."""
        least = self.least.copy()
        cases = (np.ceil(self.least / self.case_pack) * self.case_pack).astype(np.int64)
        for place, lanes in self.fed_lanes:
            least[place] += cases[self.destination[lanes]].sum(axis=0)
        return least

    def by_physical(self, values: Ints) -> Ints:
        """Sum (L + 1, S) values of separate stocks in one building; the last row is demand that nobody serves."""
        return _summed(values, np.append(self.physical, self.physical.size))

    def by_truck(self, lanes: Ints, units: Ints) -> tuple[Ints, Floats]:
        """Put goods (k, S) of some lanes for separate stocks of one building on the same trucks.

        Returns
        -------
        The lanes whose trucks go, ascending, and what they carry.
        """
        trucks, row = np.unique(self.truck_of[lanes], return_inverse=True)
        if trucks.size == lanes.size:
            return trucks, units[np.argsort(row)].astype(np.float64)
        load = np.zeros((trucks.size, units.shape[1]))
        np.add.at(load, row, units)
        return trucks, load


def _summed(values: Ints, row: Ints) -> Ints:
    """Add rows of values to others; nothing is copied where each stays where it is."""
    if np.array_equal(row, np.arange(row.size)):
        return values
    summed = np.zeros_like(values)
    np.add.at(summed, row, values)
    return summed


@dataclass(frozen=True, eq=False)
class Serving:
    """Customers of zones and channels, and who serves them.

    Parameters
    ----------
    home
        (n_groups,) first choice; -1 where nobody serves.
    levels
        Groups that share no place with each other, in an order that keeps that of groups which do: rows of the groups,
        and for each rank the places that serve them, -1 = none.
    """

    home: Ints
    levels: list[tuple[Ints, list[Ints]]]


def array_chain(snapshot: Snapshot, network: SupplyNetwork, n_days: int) -> tuple[ArrayChain, ChainIndex]:
    """Read a chain at its cutoff for a replay of some days."""
    chain = chain_index(snapshot, network)
    sources = main_sources(network)
    sources = sources[sources["location"].isin(chain.locations)].reset_index(drop=True)
    lanes = network.lanes.iloc[sources["lane"].to_numpy()]
    stock = opening_stock(chain, snapshot)
    orders, inside = _opening_orders(chain, stock.in_transit, snapshot.cutoff)
    perishable = np.flatnonzero(stock.life < stock.lots.shape[2] - 1)
    life = stock.life[perishable]
    row = sources["lane"].to_numpy()
    ships = network.calendar.ship_days(row, snapshot.cutoff, n_days)
    arrival = network.calendar.due_day(row, snapshot.cutoff, n_days)
    case = snapshot.tables["skus"].set_index("sku").loc[chain.skus, "case_pack"].to_numpy(float)
    numbers = {name: lanes[name].to_numpy(float) for name in ("truck_cost", "unit_cost", "co2_kg_per_truck")}
    sizes = {name: lanes[name].fillna(np.inf).to_numpy(float) for name in ("truck_volume_m3", "truck_weight_kg")}
    return ArrayChain(
        on_hand=stock.on_hand().T.copy(),
        opening_orders=orders,
        opening_inside=inside,
        perishable=perishable,
        life=life,
        n_buckets=int(life.max(initial=0)) + 1,
        origin=np.asarray(chain.locations.get_indexer(pd.Index(sources["origin"])), dtype=np.int64),
        destination=np.asarray(chain.locations.get_indexer(pd.Index(sources["location"])), dtype=np.int64),
        ships=ships,
        arrival=arrival,
        protection=sources["protection"].to_numpy(float),
        truck_cost=numbers["truck_cost"],
        truck_volume=sizes["truck_volume_m3"],
        truck_weight=sizes["truck_weight_kg"],
        truck_co2=numbers["co2_kg_per_truck"],
        unit_freight=numbers["unit_cost"],
        is_truck=(lanes["vehicle"] == "truck").to_numpy(),
        case_pack=case,
        cost=chain.cost,
        margin=chain.margin,
        holding=chain.holding,
        volume=chain.volume,
        weight=chain.weight,
        is_assorted=chain.is_assorted.T,
        least=_least(chain, snapshot),
        sold_from=_day_of(chain, snapshot, "launch_date", otherwise=-FOREVER),
        sold_until=_day_of(chain, snapshot, "end_date", otherwise=FOREVER),
        history=_history(chain, snapshot),
        physical=np.arange(len(chain.locations)),
        truck_of=np.arange(len(sources)),
        tier=network.tier_of(chain.locations),
    ), chain


def main_sources(network: SupplyNetwork) -> pd.DataFrame:
    """Pick each own location's main source: a transfer if there is one, else a purchase; cheapest, then nearest.

    Returns
    -------
    Columns location, origin, mode, lane (row of `network.lanes`), review, lead_time, protection [days].
    """
    lanes = network.lanes.assign(lane=np.arange(len(network.lanes)))
    lanes = lanes[lanes["mode"].isin(["purchase", "transfer"])]
    rank = lanes["mode"].map({"transfer": 0, "purchase": 1})
    lanes = lanes.assign(rank=rank).sort_values(["destination", "rank", "lead_time_days", "unit_cost", "origin"])
    main = lanes.groupby("destination", as_index=False).first()
    days = main["order_weekdays"].map(lambda mask: bin(int(mask)).count("1"))
    review = np.ceil(7 / days.clip(lower=1))
    lead_time = main["lead_time_days"].clip(lower=1)
    return pd.DataFrame(
        {
            "location": main["destination"],
            "origin": main["origin"],
            "mode": main["mode"],
            "lane": main["lane"],
            "review": review,
            "lead_time": lead_time,
            "protection": review + lead_time - 1,
        }
    )


def _least(chain: ChainIndex, snapshot: Snapshot) -> Ints:
    """Display stock, at least a unit, of what each place with customers may sell, (L, S)."""
    rows = snapshot.table("assortment")
    rows = rows[~rows["blocked"].astype(bool)]
    sku, location = indexes(chain, rows["sku"], rows["location"])
    known = (sku >= 0) & (location >= 0)
    least = np.zeros((len(chain.locations), len(chain.skus)), dtype=np.int64)
    least[location[known], sku[known]] = np.maximum(whole(rows["presentation_stock"])[known], 1)
    serves = np.zeros(len(chain.locations), dtype=bool)
    serves[np.concatenate([[], *chain.servers.values()]).astype(np.int64)] = True
    return np.where(serves[:, None], least, 0)


def _day_of(chain: ChainIndex, snapshot: Snapshot, column: str, *, otherwise: int) -> Ints:
    """Days from the start to a date of each SKU, (S,)."""
    dates = snapshot.table("skus").set_index("sku")[column].reindex(chain.skus)
    days = ((dates - snapshot.cutoff).dt.days - 1).fillna(otherwise).to_numpy(dtype=np.int64)
    return np.asarray(days, dtype=np.int64)


def _opening_orders(
    chain: ChainIndex, in_transit: dict[pd.Timestamp, list[pd.DataFrame]], cutoff: pd.Timestamp
) -> tuple[Ints, Ints]:
    """Open orders by the day they arrive, (days, L, S), and those between our own places, (days, S)."""
    n_days = max(((date - cutoff).days for date in in_transit), default=0)
    orders = np.zeros((n_days, len(chain.locations), len(chain.skus)), dtype=np.int64)
    inside = np.zeros((n_days, len(chain.skus)), dtype=np.int64)
    for date, batches in in_transit.items():
        day = (date - cutoff).days - 1
        for rows in batches:
            sku, location = indexes(chain, rows["sku"], rows["destination"])
            at = location >= 0
            quantity = whole(rows["quantity"])
            np.add.at(orders[day], (location[at], sku[at]), quantity[at])
            own = rows["origin"].isin(chain.locations).to_numpy()
            np.add.at(inside[day], sku[own], quantity[own])
    return orders, inside


def _history(chain: ChainIndex, snapshot: Snapshot) -> tuple[Floats, Floats]:
    """Sales and missing shares of the last days, (WINDOW_DAYS, L, S) each, oldest first."""
    sales = snapshot.tables["sales"]
    day = WINDOW_DAYS - 1 - (snapshot.cutoff - sales["date"]).dt.days.to_numpy()
    sku, location = indexes(chain, sales["sku"], sales["location"])
    kept = (day >= 0) & (day < WINDOW_DAYS) & (sku >= 0) & (location >= 0)
    shape = (WINDOW_DAYS, len(chain.locations), len(chain.skus))
    at = (day[kept], location[kept], sku[kept])
    units, available = np.zeros(shape), np.ones(shape)
    np.add.at(units, at, sales["units"].to_numpy(float)[kept])
    np.minimum.at(available, at, sales["availability"].fillna(1.0).to_numpy(float)[kept])
    return units, 1.0 - available


def serving_of(chain: ChainIndex, groups: list[tuple[str, str]], *, is_siloed: bool = False) -> Serving:
    """Order customers so that those who share no place are served at once.

    Parameters
    ----------
    chain
        Who serves whom.
    groups
        Zone and channel of each group, in the order in which they are served.
    is_siloed
        Whether only the first choice serves.
    """
    nobody = np.empty(0, dtype=np.int64)
    orders = [chain.servers.get(group, nobody)[: 1 if is_siloed else None] for group in groups]
    return serving_levels(orders, len(chain.locations))


def serving_levels(orders: list[Ints], n_places: int) -> Serving:
    """Lay groups out by level: one more than the last earlier group with which they share a place.

    Parameters
    ----------
    orders
        Of each group the places that serve it, first choice first.
    n_places
        Number of places.
    """
    home = np.array([order[0] if len(order) else -1 for order in orders], dtype=np.int64)
    last = np.full(n_places, -1, dtype=np.int64)
    level = np.full(len(orders), -1, dtype=np.int64)
    for group, order in enumerate(orders):
        if not len(order):
            continue
        level[group] = last[order].max(initial=-1) + 1
        last[order] = level[group]
    levels = []
    for number in range(int(level.max(initial=-1)) + 1):
        groups = np.flatnonzero(level == number)
        n_ranks = max(len(orders[group]) for group in groups)
        table = np.full((n_ranks, groups.size), -1, dtype=np.int64)
        for column, row in enumerate(groups.tolist()):
            table[: len(orders[row]), column] = orders[row]
        levels.append((groups, list(table)))
    return Serving(home, levels)


def demand_by_day(
    chain: ChainIndex, demand: pd.DataFrame, first: pd.Timestamp, n_days: int
) -> tuple[list[tuple[str, str]], Ints]:
    """Turn a table of latent demand (date, sku, zone, channel, units) into (n_days, n_groups, S) whole units."""
    channels = [str(channel) for channel in Channel]
    keys = demand[["zone", "channel"]].drop_duplicates()
    groups = sorted(keys.itertuples(index=False, name=None))
    if any(channel not in channels for _, channel in groups):
        raise ValueError(f"channels are {channels}")
    row = pd.MultiIndex.from_tuples(groups).get_indexer(pd.MultiIndex.from_frame(demand[["zone", "channel"]]))
    sku = chain.skus.get_indexer(pd.Index(demand["sku"]))
    day = (demand["date"] - first).dt.days.to_numpy()
    kept = (day >= 0) & (day < n_days) & (sku >= 0)
    units = np.zeros((n_days, len(groups), len(chain.skus)), dtype=np.int64)
    np.add.at(units, (day[kept], row[kept], sku[kept]), whole(demand["units"])[kept])
    return [(str(zone), str(channel)) for zone, channel in groups], units
