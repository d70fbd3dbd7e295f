"""Perfect foresight: a lower bound of what any policy can cost in the twin.

All demand is known in advance and one linear program per SKU moves goods over the days at least cost. Every plan that a
policy can make in the twin is feasible in it and costs no more there, because what is left out only ever costs more or
forbids something: trucks are bought by the share that a SKU fills of them, quantities may be fractions, goods expire
only where that pays, and any location that may serve a customer may do so in any order. What is kept: lead times, stock
cannot be shipped before it is there, customers are served by their own locations only, and unmet demand is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from experiments.twin_day import asked_by_day
from experiments.twin_stock import ChainIndex, PhysicalStock, chain_index, indexes, opening_stock, whole
from network.contracts import Mode
from network.graph import SupplyNetwork
from network.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clairvoyant:
    """The bound of a replay's total cost.

    Parameters
    ----------
    by_sku
        One row a SKU: sku, bound, lost_units (latent demand that even the clairvoyant loses) [money], [units].
    """

    by_sku: pd.DataFrame

    @property
    def total_cost(self) -> float:
        """Holding, lost margin, logistics and waste that no policy can go below [money]."""
        return float(self.by_sku["bound"].sum())


def clairvoyant(snapshot: Snapshot, network: SupplyNetwork, *, demand: pd.DataFrame, n_days: int) -> Clairvoyant:
    """Bound from below what `twin.replay` charges any policy that keeps the lanes' lead times.

    Parameters
    ----------
    snapshot, network, demand, n_days
        As for `twin.replay`: state at the cutoff, lanes and serving, latent demand to come, days.

    Raises
    ------
    RuntimeError
        If the solver does not prove an optimum; the program is feasible by construction, so this is a fault of ours.
    """
    chain = chain_index(snapshot, network)
    opening = opening_stock(chain, snapshot)
    arrivals = _arrivals(chain, opening, cutoff=snapshot.cutoff, n_days=n_days)
    customers = _customers(chain, demand, cutoff=snapshot.cutoff, n_days=n_days)
    program = _program(chain, customers, n_days=n_days)
    on_hand = opening.on_hand().astype(np.float64)
    rows = []
    for index, sku in enumerate(chain.skus):
        bound, lost = _solved(program, chain, index, on_hand=on_hand[index], arrivals=arrivals[index])
        rows.append((sku, bound, lost))
    return Clairvoyant(pd.DataFrame(rows, columns=["sku", "bound", "lost_units"]))


@dataclass(frozen=True, eq=False)
class Customers:
    """Groups of customers by who may serve them.

    Parameters
    ----------
    servers
        Locations (rows) that may serve each group, in no order.
    units
        (n_groups, n_days, n_skus) latent demand.
    """

    servers: list[Ints]
    units: Ints


@dataclass(frozen=True, eq=False)
class Program:
    """Constraints that all SKUs share: balance of each location and day, what may leave, what is wanted.

    Variables, in this order: units on each lane by ship day, units sold by each server to each group by day, units
    written off by location and day, stock at the end of each day by location.

    Parameters
    ----------
    equal
        Sparse (n_locations * n_days, n_variables): what arrives less what goes and what stays.
    at_most
        Sparse (n_locations * n_days + n_groups * n_days, n_variables): what leaves in the morning less the stock of
        the evening before, and what is sold to a group.
    lanes
        (n_lanes, 5) columns origin row or -1, destination row, days from ship day to the day it is usable, row in
        `chain.lanes`, whether it counts as held on its way.
    wanted
        (n_groups, n_days, n_skus) latent demand.
    n_sales
        Number of sales variables.
    n_days
        Days replayed.
    """

    equal: sparse.csr_array
    at_most: sparse.csr_array
    lanes: Ints
    wanted: Ints
    n_sales: int
    n_days: int

    @property
    def n_locations(self) -> int:
        """Own locations."""
        return int(self.equal.shape[0]) // self.n_days


def _arrivals(chain: ChainIndex, opening: PhysicalStock, *, cutoff: pd.Timestamp, n_days: int) -> Floats:
    """Units that open orders bring by day, (n_skus, n_locations, n_days)."""
    found = np.zeros((len(chain.skus), len(chain.locations), n_days))
    for date, batches in opening.in_transit.items():
        day = (date - cutoff).days - 1
        if day < n_days:
            rows = pd.concat(batches, ignore_index=True)
            sku, location = indexes(chain, rows["sku"], rows["destination"])
            np.add.at(found, (sku, location, np.full(len(rows), day)), whole(rows["quantity"]))
    return found


def _customers(chain: ChainIndex, demand: pd.DataFrame, *, cutoff: pd.Timestamp, n_days: int) -> Customers:
    """Add up demand over zones and channels that the same locations may serve; whom nobody serves, nobody can lose."""
    group_of: dict[tuple[int, ...], int] = {}
    cells: list[tuple[int, int, Ints]] = []
    for date, asked in asked_by_day(chain, demand).items():
        day = (date - cutoff).days - 1
        if 0 <= day < n_days:
            for part in asked:
                key = tuple(sorted(int(location) for location in part.order))
                cells.append((group_of.setdefault(key, len(group_of)), day, part.units))
    units = np.zeros((len(group_of), n_days, len(chain.skus)), dtype=np.int64)
    for group, day, wanted in cells:
        units[group, day] += wanted
    return Customers([np.array(key, dtype=np.int64) for key in group_of], units)


def _lanes(chain: ChainIndex, n_days: int) -> Ints:
    """Lanes into own locations whose goods can arrive within the days; see `Program.lanes`."""
    index = chain.lanes.index
    origin = chain.locations.get_indexer(index.get_level_values("origin"))
    destination = chain.locations.get_indexer(index.get_level_values("destination"))
    lead_time = chain.lanes["lead_time_days"].to_numpy(dtype=np.float64)
    delay = np.maximum(np.floor(lead_time), 1).astype(np.int64) - 1
    is_held = index.get_level_values("mode") != str(Mode.PURCHASE)
    table = np.stack([origin, destination, delay, np.arange(len(index)), is_held.astype(np.int64)], axis=1)
    reaching: Ints = table[(destination >= 0) & (delay < n_days)]
    return reaching


def _program(chain: ChainIndex, customers: Customers, *, n_days: int) -> Program:
    """Build the shared constraints."""
    lanes = _lanes(chain, n_days)
    n_locations = len(chain.locations)
    pairs = [(group, int(server)) for group, servers in enumerate(customers.servers) for server in servers]
    group, server = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    n_shipped, n_sold, n_cells = len(lanes) * n_days, len(pairs) * n_days, n_locations * n_days
    days = np.arange(n_days)
    shipped = np.arange(n_shipped).reshape(len(lanes), n_days)
    sold = n_shipped + np.arange(n_sold).reshape(len(pairs), n_days)
    written = n_shipped + n_sold + np.arange(n_cells).reshape(n_locations, n_days)
    kept = written + n_cells
    cell = np.arange(n_cells).reshape(n_locations, n_days)
    n_variables = n_shipped + n_sold + 2 * n_cells
    own = lanes[:, 0] >= 0
    usable = days + lanes[:, 2, None]
    arrives = usable < n_days
    rows_in = cell[np.broadcast_to(lanes[:, 1, None], usable.shape)[arrives], usable[arrives]]
    balance = [
        (rows_in, shipped[arrives], 1.0),
        (cell[lanes[own, 0]], shipped[own], -1.0),
        (cell[server], sold, -1.0),
        (cell, written, -1.0),
        (cell, kept, -1.0),
        (cell[:, 1:], kept[:, :-1], 1.0),
    ]
    leaving = [(cell[lanes[own, 0]], shipped[own], 1.0), (cell[:, 1:], kept[:, :-1], -1.0)]
    wanted = n_cells + np.arange(len(customers.servers) * n_days).reshape(-1, n_days)
    leaving.append((wanted[group], sold, 1.0))
    return Program(
        equal=_matrix(balance, (n_cells, n_variables)),
        at_most=_matrix(leaving, (n_cells + wanted.size, n_variables)),
        lanes=lanes,
        wanted=customers.units,
        n_sales=n_sold,
        n_days=n_days,
    )


def _matrix(parts: list[tuple[Ints, Ints, float]], shape: tuple[int, int]) -> sparse.csr_array:
    """Sparse matrix from parts of (rows, columns, value)."""
    rows = np.concatenate([np.ravel(part[0]) for part in parts])
    columns = np.concatenate([np.ravel(part[1]) for part in parts])
    values = np.concatenate([np.full(np.size(part[0]), part[2]) for part in parts])
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def _solved(program: Program, chain: ChainIndex, sku: int, *, on_hand: Floats, arrivals: Floats) -> tuple[float, float]:
    """Least cost of one SKU and the demand that is lost in it.

    Parameters
    ----------
    program, chain
        Shared constraints; economics.
    sku
        Row of the SKU.
    on_hand
        (n_locations,) at the cutoff.
    arrivals
        (n_locations, n_days) open orders.
    """
    supply = arrivals.copy()
    supply[:, 0] += on_hand
    ready = np.zeros_like(arrivals)
    ready[:, 0] = on_hand
    wanted = program.wanted[:, :, sku].astype(np.float64)
    n_cells = supply.size
    cost = np.concatenate([
        _lane_costs(program, chain, sku).ravel(),
        np.full(program.n_sales, -chain.margin[sku]),
        np.full(n_cells, chain.cost[sku]),
        np.full(n_cells, chain.holding[sku]),
    ])  # fmt: skip
    balance = LinearConstraint(program.equal, -supply.ravel(), -supply.ravel())
    limits = LinearConstraint(program.at_most, -np.inf, np.concatenate([ready.ravel(), wanted.ravel()]))
    # No variable is declared whole: this is a linear program, all of whose variables are at least 0.
    found = milp(cost, constraints=[balance, limits])
    if not found.success:
        raise RuntimeError(f"the clairvoyant's program of {chain.skus[sku]} ended as: {found.message}")
    first = len(program.lanes) * program.n_days
    lost = float(wanted.sum() - found.x[first : first + program.n_sales].sum())
    return float(found.fun + chain.margin[sku] * wanted.sum()), lost


def _lane_costs(program: Program, chain: ChainIndex, sku: int) -> Floats:
    """Cost of one unit on each lane by ship day, (n_lanes, n_days): its share of a truck, freight, holding on the way.

    A truck is filled by volume or by weight, whichever is more. By volume alone, or by weight where no volume is given,
    the shares of all SKUs never add up to more trucks than there are.
    """
    lane = chain.lanes.iloc[program.lanes[:, 3]]
    volume = lane["truck_volume_m3"].to_numpy(dtype=np.float64)
    by_volume = chain.volume[sku] / volume
    by_weight = chain.weight[sku] / lane["truck_weight_kg"].to_numpy(dtype=np.float64)
    share = np.where(np.isfinite(volume), by_volume, by_weight)
    is_own = lane.index.get_level_values("mode") != str(Mode.PURCHASE)
    direct = np.where(is_own, lane["unit_cost"].to_numpy(dtype=np.float64), 0.0)
    moved = lane["truck_cost"].to_numpy(dtype=np.float64) * share + direct
    left = program.n_days - np.arange(program.n_days)
    evenings = np.minimum(program.lanes[:, 2, None], left) * program.lanes[:, 4, None]
    costs: Floats = moved[:, None] + chain.holding[sku] * evenings
    return costs
