"""What tonight's moves of all SKUs share, and what it costs a unit: docks and what suppliers deliver in a week.

SKUs are planned one by one, so what they share must be in their costs, or each would take all of it. A limit is linear
in what a move takes of it: units, m3 or cases. Its price is paid on every lane that uses it. Trucks of a lane have no
price here: the truck program decides them, and with their prices in the flow as well plans were no cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from optimization.dock_limits import SIDES, declared_docks
from optimization.lots import weekly_room

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.flow.data import Moves

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MEASURES = ("units", "m3", "cases")


@dataclass(frozen=True, eq=False)
class TonightLimits:
    """Linear limits of what leaves tonight.

    Parameters
    ----------
    amount
        (m,) how much there is.
    overtime
        (m,) what one more costs where it is for sale, else infinity [money].
    takes
        (n_lanes * len(MEASURES), m) 1 where a limit is used by what a lane carries in a measure, lane by lane.
    arrival
        (n_lanes,) day on which what leaves a lane tonight is usable; goods with another lead time use no limit here.
    """

    amount: Floats
    overtime: Floats
    takes: sp.csr_array
    arrival: Ints


@dataclass(frozen=True, eq=False)
class LanePrices:
    """What a move of tonight pays on each lane.

    Parameters
    ----------
    price
        (n_lanes, len(MEASURES)) [money per unit, m3, case].
    arrival
        As in `TonightLimits`.
    paid
        What all limits together would earn if they were used up [money].
    """

    price: Floats
    arrival: Ints
    paid: float

    def of_moves(self, moves: Moves, volume: Floats) -> Floats:
        """Price of a unit of each move, (k,) [money/unit]; 0 on later days.

        Parameters
        ----------
        moves
            Possible moves.
        volume
            (n,) of a unit of each stock point's SKU [m3].
        """
        rows = np.flatnonzero(self.is_shared(moves))
        price = np.zeros(moves.pair.size)
        price[rows] = (self.price[moves.inbound.lane[moves.pair[rows]]] * taken(moves, rows, volume)).sum(axis=1)
        return price

    def is_shared(self, moves: Moves) -> npt.NDArray[np.bool_]:
        """(k,) moves of tonight that arrive as their lane does."""
        shared: npt.NDArray[np.bool_] = (moves.day == 0) & (
            moves.arrival == self.arrival[moves.inbound.lane[moves.pair]]
        )
        return shared


def taken(moves: Moves, rows: Ints, volume: Floats) -> Floats:
    """What one unit of some moves takes by measure, (r, len(MEASURES)); `volume` as for `LanePrices.of_moves`."""
    pair = moves.pair[rows]
    found: Floats = np.column_stack([
        np.ones(rows.size), volume[moves.inbound.point[pair]], 1.0 / moves.inbound.case[pair]
    ])  # fmt: skip
    return found


def unit_volume(points: pd.DataFrame, snapshot: Snapshot) -> Floats:
    """(n,) volume of a unit of each stock point's SKU, 0 where unknown [m3]."""
    volume = snapshot.table("skus").set_index("sku")["volume_m3"]
    each: Floats = volume.reindex(points["sku"]).fillna(0.0).to_numpy(dtype=np.float64)
    return each


def tonight_limits(network: SupplyNetwork, snapshot: Snapshot) -> TonightLimits:
    """Gather the limits: shipping, picking and receiving, and suppliers' weeks.

    Left out, and kept after the flow only: capacities in lines, trucks or pallets, room in store, the budget.

    Parameters
    ----------
    network, snapshot
        Lanes, capacities and suppliers.
    """
    lanes = network.lanes
    every = np.arange(len(lanes))
    longest = int(np.maximum(lanes["lead_time_days"].max(), 1)) + 1 if len(lanes) else 1
    arrival = network.calendar.due_day(every, snapshot.cutoff, longest)[:, 0]
    rows = [*_docks(lanes, snapshot, arrival), *_weeks(lanes, snapshot)]
    lane = np.concatenate([np.zeros(0, dtype=np.int64), *(lane for _, _, lane, _ in rows)])
    measure = np.concatenate([np.zeros(0, dtype=np.int64), *(np.full(lane.size, at) for _, _, lane, at in rows)])
    limit = np.repeat(np.arange(len(rows)), [lane.size for _, _, lane, _ in rows])
    takes = sp.csr_array(
        (np.ones(lane.size), (lane * len(MEASURES) + measure, limit)), shape=(len(lanes) * len(MEASURES), len(rows))
    )
    amount, overtime = (np.array([row[at] for row in rows], dtype=np.float64) for at in (0, 1))
    return TonightLimits(amount, overtime, takes, arrival)


Row = tuple[float, float, Ints, int]
"""Amount, price of overtime, lanes, measure."""


def _docks(lanes: pd.DataFrame, snapshot: Snapshot, arrival: Ints) -> list[Row]:
    """What places can ship and pick tomorrow, and receive on the day on which goods that leave then arrive."""
    places = np.asarray(snapshot.table("capacity")["location"].unique(), dtype=object)
    declared = declared_docks(snapshot, places, int(arrival.max(initial=0)) + 1)
    declared = declared[declared["unit"].isin(MEASURES) & np.isfinite(declared["amount"])]
    columns = ("location", "kind", "unit", "day", "amount", "overtime_cost")
    found: list[Row] = []
    for location, kind, unit, day, amount, overtime in declared[list(columns)].itertuples(index=False):
        side = next(side for side, each in SIDES if each == kind)
        leaves = arrival == day if side == "destination" else np.full(len(lanes), day == 0)
        lane = np.flatnonzero((lanes[side] == location).to_numpy(dtype=bool) & leaves)
        if lane.size:
            found.append((float(amount), float(overtime), lane, MEASURES.index(unit)))
    return found


def _weeks(lanes: pd.DataFrame, snapshot: Snapshot) -> list[Row]:
    """What suppliers can still deliver in the week that ends tomorrow."""
    origin = lanes["origin"].to_numpy(dtype=object)
    return [
        (float(room), np.inf, np.flatnonzero(origin == supplier), MEASURES.index("units"))
        for supplier, room in weekly_room(snapshot).dropna().items()
        if (origin == supplier).any()
    ]
