"""What the flow of every SKU needs, as arrays: stock, lanes by day, unit costs, and what may be given away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode, Tier
from network.economics import sku_economics
from network.vehicles import unit_freight
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_build import free_tonight
from optimization.expiry import LotsOnHand, life_asked, lots_on_hand
from optimization.flow.protection import given_freely, not_lateral
from optimization.inbound import Inbound, build_inbound
from optimization.phase_out import last_sale_day, shelf_floor

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Taking the second source instead of the first costs this many handlings more, and so on.
PRIORITY_HANDLINGS = 10.0
# A bound that binds nobody [units].
NO_LIMIT = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class Moves:
    """Possible moves of some lanes: one row a (stock point, lane, ship day).

    Parameters
    ----------
    pair
        (k,) rows of `inbound`.
    day, arrival
        (k,) ship and arrival index [days].
    cost
        (k,) cost of moving one unit: lane, freight at the price of a full truck, parcel and handling [money/unit].
    most
        (k,) units that live long enough to be sent, on the first day; on later days without a bound.
    price
        (k,) what a unit pays for what all SKUs share tonight, beyond its cost; 0 where nothing is scarce [money/unit].
    min_life
        (k,) days of life that the goods must have left on arrival.
    inbound
        The pairs.
    """

    pair: Ints
    day: Ints
    arrival: Ints
    cost: Floats
    price: Floats
    most: Ints
    min_life: Ints
    inbound: Inbound

    @cached_property
    def destination(self) -> Ints:
        """(k,) rows of the points that receive."""
        return self.inbound.point[self.pair]

    @cached_property
    def origin(self) -> Ints:
        """(k,) rows of the points that send; -1 for suppliers."""
        return self.inbound.origin_point[self.pair]


@dataclass(frozen=True, eq=False)
class FlowData:
    """Input of the flows of all SKUs.

    Parameters
    ----------
    positions
        (n,) stock points, sorted by (sku, location).
    curves
        Cost curves; local rows are those of the positions.
    free
        (n,) units on hand tonight that may leave.
    sendable
        (n,) units of these that live long enough for some move of tonight.
    giveable
        (n,) units that laterals, returns, and emergency moves from outside the central tier may take.
    lots
        Stock of known expiry.
    regular
        Purchases and transfers on every allowed day.
    tonight
        Laterals, emergency moves and returns, on the first day only.
    is_protected
        (k,) whether a move of `tonight` draws on `giveable` rather than on `free`.
    is_banned
        (k,) whether a move of `tonight` turned out not to pay for its truck and may not be made.
    has_echelon
        (n,) whether a point is bought for and feeds others.
    lanes
        The network's lanes.
    """

    positions: pd.DataFrame
    curves: CostCurves
    free: Ints
    sendable: Ints
    giveable: Ints
    lots: LotsOnHand
    regular: Moves
    tonight: Moves
    is_protected: Flags
    is_banned: Flags
    has_echelon: Flags
    lanes: pd.DataFrame

    @cached_property
    def pipeline(self) -> Ints:
        """(n, T) units that open orders bring by day."""
        supply = self.curves.base_supply[: len(self.positions)]
        return np.diff(supply, axis=1, prepend=self.free[:, None])


def flow_data(
    forecast: Forecast,
    network: SupplyNetwork,
    snapshot: Snapshot,
    *,
    positions: pd.DataFrame,
    targets: pd.DataFrame,
    curves: CostCurves,
    config: PlanConfig,
    inbound: Inbound | None = None,
) -> FlowData:
    """Gather the flow's input; parameters as for `build_cost_curves`."""
    horizon = curves.horizon
    free = free_tonight(positions)
    regular = inbound or build_inbound(
        positions, snapshot, network=network, horizon=horizon, max_sources=config.max_sources
    )
    floor = shelf_floor(positions, targets, snapshot, horizon=1)[:, 0]
    giveable = given_freely(forecast, curves, floor=floor, free=free, config=config)
    is_wanted = (Mode.TRANSSHIPMENT, config.laterals), (Mode.EMERGENCY, config.emergency), (Mode.RETURN, config.returns)
    lateral = build_inbound(
        positions,
        snapshot,
        network=network,
        modes=tuple(mode for mode, wanted in is_wanted if wanted),
        horizon=horizon,
        max_sources=config.max_lateral_origins,
        can_give=free > 0,
    )
    last_day = last_sale_day(positions, snapshot)
    cost = unit_move_cost(positions, snapshot, network=network, config=config)
    lots = lots_on_hand(positions, snapshot, network, free=free)
    living = partial(_within_life, lots=lots, free=free)
    tonight = living(
        moves_of(lateral, cost(lateral), last_day=last_day, network=network, receipts=None),
        asked=life_asked(lateral, positions, snapshot, network),
    )
    regularly = living(
        moves_of(regular, cost(regular), last_day=last_day, network=network, receipts=curves.receipts),
        asked=life_asked(regular, positions, snapshot, network),
    )
    mode = network.lanes["mode"].to_numpy()[lateral.lane][tonight.pair]
    is_central = (targets["tier"] == Tier.CENTRAL).to_numpy(dtype=bool)
    return FlowData(
        positions=positions,
        curves=curves,
        free=free,
        sendable=_sendable(free, regularly, tonight),
        giveable=giveable,
        lots=lots,
        regular=regularly,
        tonight=tonight,
        is_protected=(mode != Mode.EMERGENCY) | ~is_central[tonight.origin],
        is_banned=not_lateral(tonight, targets, curves, lanes=network.lanes, free=free, config=config),
        has_echelon=curves.echelon_of[: len(positions)] >= 0,
        lanes=network.lanes,
    )


def moves_of(
    inbound: Inbound, cost: Floats, *, last_day: Ints, network: SupplyNetwork, receipts: Flags | None
) -> Moves:
    """List the possible moves: allowed ship days whose goods arrive inside the horizon and while they are sold.

    Of several ship days with one arrival only the last is kept: nobody needs to commit earlier.

    Parameters
    ----------
    inbound, cost
        Pairs and their cost of moving a unit (m,).
    last_day
        (n,) last day index on which goods may still arrive at a point, returns excepted.
    network
        Lanes.
    receipts
        (n, T) days on which a point may be supplied; None if only tonight's decision counts.
    """
    horizon = inbound.ships.shape[1]
    arrival = inbound.arrival[inbound.slot]
    ships = inbound.ships[inbound.slot].copy()
    if receipts is None:
        ships[:, 1:] = False
    else:
        is_chance = receipts[inbound.point[:, None], np.minimum(arrival, horizon - 1)]
        ships &= is_chance | (arrival >= horizon)
        later = np.where(ships, arrival, np.iinfo(np.int64).max)
        following = np.minimum.accumulate(later[:, ::-1], axis=1)[:, ::-1]
        ships[:, :-1] &= arrival[:, :-1] < following[:, 1:]
    is_return = network.lanes["mode"].to_numpy()[inbound.lane] == Mode.RETURN
    is_sold = arrival <= np.where(is_return, horizon, last_day[inbound.point])[:, None]
    pair, day = np.nonzero(ships & (arrival < horizon) & is_sold)
    return Moves(
        pair=pair,
        day=day,
        arrival=arrival[pair, day],
        cost=cost[pair],
        price=np.zeros(pair.size),
        most=np.full(pair.size, NO_LIMIT),
        min_life=np.zeros(pair.size, dtype=np.int64),
        inbound=inbound,
    )


def _within_life(moves: Moves, *, asked: Ints, lots: LotsOnHand, free: Ints) -> Moves:
    """Bound what leaves tonight by the units that live long enough; `asked` is the life on arrival of each pair."""
    min_life = asked[moves.pair]
    most = moves.most.copy()
    rows = np.flatnonzero((moves.day == 0) & (moves.origin >= 0))
    origin = moves.origin[rows]
    most[rows] = np.maximum(free[origin] - lots.older_than(origin, moves.arrival[rows] + min_life[rows]), 0)
    return replace(moves, most=most, min_life=min_life)


def _sendable(free: Ints, *all_moves: Moves) -> Ints:
    """Units of each point that at least one of tonight's moves may take, (n,)."""
    sendable = np.zeros_like(free)
    for moves in all_moves:
        rows = np.flatnonzero((moves.day == 0) & (moves.origin >= 0))
        np.maximum.at(sendable, moves.origin[rows], moves.most[rows])
    return sendable


class UnitMoveCost:
    """Cost of moving one unit of a pair's SKU on its lane; made by `unit_move_cost`."""

    def __init__(
        self, volume: Floats, weight: Floats, *, handling: Floats, lanes: pd.DataFrame, lateral_margin: float
    ) -> None:
        self._volume, self._weight = volume, weight
        self._handling, self._lanes = handling, lanes
        self._factor = np.where(lanes["mode"] == Mode.TRANSSHIPMENT, 1.0 + lateral_margin, 1.0)

    def __call__(self, inbound: Inbound) -> Floats:
        """Return (m,) [money/unit]."""
        lanes = self._lanes.iloc[inbound.lane]
        freight = unit_freight(lanes, self._volume[inbound.point], self._weight[inbound.point])
        direct = lanes["unit_cost"].to_numpy(dtype=np.float64)
        handling = self._handling[inbound.point] * (1.0 + PRIORITY_HANDLINGS * (inbound.priority - 1.0))
        is_purchase = inbound.origin_point < 0
        cheapest = np.full(self._handling.size, np.inf)
        np.minimum.at(cheapest, inbound.point[is_purchase], inbound.unit_cost[is_purchase])
        dearer = np.where(is_purchase, inbound.unit_cost - cheapest[inbound.point], 0.0)
        cost: Floats = self._factor[inbound.lane] * (freight + direct) + handling + dearer
        return cost


def unit_move_cost(
    positions: pd.DataFrame, snapshot: Snapshot, *, network: SupplyNetwork, config: PlanConfig
) -> UnitMoveCost:
    """Prepare the cost of moving a unit: lane cost, its share of a full vehicle, handling, dearer sources."""
    skus = snapshot.table("skus").set_index("sku").reindex(positions["sku"])
    money = sku_economics(snapshot).set_index("sku").reindex(positions["sku"])
    cost = money["unit_cost"].fillna(0.0).to_numpy(dtype=np.float64)
    least = np.maximum(config.handling_share * cost, np.finfo(np.float32).eps)
    return UnitMoveCost(
        skus["volume_m3"].fillna(0.0).to_numpy(dtype=np.float64),
        skus["weight_kg"].fillna(0.0).to_numpy(dtype=np.float64),
        handling=np.maximum(snapshot.settings.economics.handling_cost, least),
        lanes=network.lanes,
        lateral_margin=config.lateral_margin,
    )
