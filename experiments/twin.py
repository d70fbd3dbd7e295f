"""Day-by-day replay of a policy on known demand: the simplest honest loop.

Order of a day: arrivals; demand of every zone and channel, sourced by `serving` priority, lost where nobody can serve;
expiry, first expired first out; the decision at the end of the day, which sees sales and stock but never demand;
dispatch.
An order decided at the end of day t on a lane with lead time L is usable from the start of t + max(L, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.kpis import PlaceService, Trace, summary
from experiments.twin_day import arrive, asked_by_day, day_row, dispatch, place_service, serve_day
from experiments.twin_stock import ChainIndex, IntArray, PhysicalStock, chain_index, indexes, opening_stock, whole
from network.graph import SupplyNetwork
from network.snapshot import Snapshot

MOVE_COLUMNS = ("sku", "origin", "destination", "mode", "ship_date", "due_date", "quantity")


@dataclass(frozen=True)
class Night:
    """What a policy may look at when it decides: everything up to the end of `date`, nothing after.

    Parameters
    ----------
    date
        The day that has just ended.
    stock
        Columns sku, location, on_hand [units] at the end of the day; suppliers excluded.
    lots
        Columns sku, location, expiry_date (last day of sale), quantity [units]: the part of it that expires.
    open_orders
        Moves under way: the columns of `MOVE_COLUMNS` and `order_id`.
    sales
        What the replay sold since it began: date, sku, location, channel, zone, units, availability.
    """

    date: pd.Timestamp
    stock: pd.DataFrame
    lots: pd.DataFrame
    open_orders: pd.DataFrame
    sales: pd.DataFrame


Policy = Callable[[Night], pd.DataFrame]


@dataclass(frozen=True)
class Replay:
    """Daily money and service of one policy; `summary` adds it up.

    Parameters
    ----------
    days
        One row a day: date, latent_units, served_first_units, served_units, holding_cost, lost_margin, logistics_cost,
        waste_cost, received_cost, stock_value, cost_of_goods_sold, demand_points, short_points, trucks, truck_cost,
        truck_fill_cost, co2_kg (of whole trucks, by what their lanes say) [kg].
    moves
        Every move dispatched.
    service
        latent, first-choice and total served units by sku and first-choice location.
    trace
        Stock, sales and moves of every stock point; places and SKUs as in `chain_index`.
    """

    days: pd.DataFrame
    moves: pd.DataFrame
    service: pd.DataFrame
    trace: Trace

    def summary(self) -> dict[str, float]:
        """Add the days up; see `kpis.summary`."""
        return summary(self.days)


def replay(snapshot: Snapshot, network: SupplyNetwork, *, demand: pd.DataFrame, policy: Policy, n_days: int) -> Replay:
    """Let a policy run a chain for some days from the snapshot's closing stock.

    Parameters
    ----------
    snapshot
        State at the end of the cutoff; its stock and open orders start the replay.
    network
        Lanes, serving and calendar of that snapshot.
    demand
        Latent demand after the cutoff: date, sku, zone, channel, units. Only the replay reads it.
    policy
        From a `Night` to the moves that leave the next day.
    n_days
        Days to replay, at least 1.
    """
    chain = chain_index(snapshot, network)
    stock = opening_stock(chain, snapshot)
    asked = asked_by_day(chain, demand)
    days: list[dict[str, object]] = []
    moves: list[pd.DataFrame] = []
    sales: list[pd.DataFrame] = []
    service: list[pd.DataFrame] = []
    by_place = np.zeros((4, n_days, len(chain.locations)), dtype=np.int64)
    on_hand, units = (np.zeros((n_days, len(chain.locations), len(chain.skus)), dtype=np.int64) for _ in range(2))
    for offset in range(1, n_days + 1):
        today = snapshot.cutoff + pd.Timedelta(days=offset)
        night = Night(
            today - pd.Timedelta(days=1),
            _stock_table(chain, stock),
            _lots_table(chain, stock, today=today),
            _under_way(stock),
            pd.concat(sales, ignore_index=True) if sales else pd.DataFrame(columns=list(_SALES)),
        )
        decided = policy(night)
        logistics = dispatch(chain, stock, decided)
        received = arrive(chain, stock, today)
        opened = stock.on_hand()
        sold, served = serve_day(chain, stock, asked.get(today, []), today=today)
        units[offset - 1] = (opened - stock.on_hand()).T
        gone = stock.expire()
        on_hand[offset - 1] = stock.on_hand().T
        by_place[:, offset - 1] = place_service(chain, served)
        days.append({"date": today, **day_row(chain, stock, served=served, expired=gone), **logistics, **received})
        moves.append(decided.assign(decided_on=night.date))
        sales.append(sold)
        service.append(served)
    moved = pd.concat(moves, ignore_index=True)
    trace = _trace(chain, moved, PlaceService(*by_place), on_hand=on_hand, sold=units, start=snapshot.cutoff)
    return Replay(pd.DataFrame(days), moved, pd.concat(service, ignore_index=True), trace)


def _trace(
    chain: ChainIndex, moves: pd.DataFrame, service: PlaceService, *, on_hand: IntArray, sold: IntArray,
    start: pd.Timestamp,
) -> Trace:  # fmt: skip
    """Put together what happened at every stock point."""
    sku, origin = indexes(chain, moves["sku"], moves["origin"])
    destination = indexes(chain, moves["sku"], moves["destination"])[1]
    day = (pd.DatetimeIndex(moves["decided_on"]) - start).days.to_numpy()
    own = (origin >= 0) & (destination >= 0)
    parts = (day, origin, destination, sku, whole(moves["quantity"]))
    return Trace(service, on_hand, sold, *(np.asarray(part)[own] for part in parts))


_SALES = ("date", "sku", "location", "channel", "zone", "units", "availability")


def _stock_table(chain: ChainIndex, stock: PhysicalStock) -> pd.DataFrame:
    on_hand = stock.on_hand()
    sku, location = np.nonzero((on_hand > 0) | chain.is_assorted)
    return pd.DataFrame({
        "sku": chain.skus[sku], "location": chain.locations[location], "on_hand": on_hand[sku, location],
    })  # fmt: skip


def _lots_table(chain: ChainIndex, stock: PhysicalStock, *, today: pd.Timestamp) -> pd.DataFrame:
    """Lots that expire, as they stand on the morning of a day: bucket b may be sold for b more days."""
    sku, location, left = np.nonzero(stock.lots[:, :, :-1])
    return pd.DataFrame({
        "sku": chain.skus[sku], "location": chain.locations[location],
        "expiry_date": today + pd.to_timedelta(left, unit="D"), "quantity": stock.lots[sku, location, left],
    })  # fmt: skip


def _under_way(stock: PhysicalStock) -> pd.DataFrame:
    waiting = [rows for batches in stock.in_transit.values() for rows in batches]
    columns = ["order_id", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]
    return pd.concat([w[columns] for w in waiting], ignore_index=True) if waiting else pd.DataFrame(columns=columns)
