"""The twin for rules that are arithmetic: the same day as in `twin`, over all stock points at once.

Order of a day, as in `twin_day`: what was decided the evening before leaves; arrivals; demand of every zone and channel
in serving order; expiry, first expired first out; the next decision, which sees sales and stock but never demand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.array_chain import ArrayChain, Serving
from experiments.array_service import Customers, by_place, missing_shares, money
from experiments.array_stock import ArrayStock, Shipment
from experiments.kpis import PlaceService, Trace
from experiments.recent_sales import RecentSales

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
TOLERANCE = 1e-9
# Freeing this much once makes glibc keep the arrays of a day for the next, instead of asking the system for new pages.
KEPT_BYTES = 24 * 2**20


@dataclass(frozen=True, eq=False)
class ArrayNight:
    """What a rule may look at in the evening; the next evening overwrites it.

    Parameters
    ----------
    day
        Days since the start; goods decided on now leave on this day's morning, 0 = the day after the cutoff.
    on_hand
        (L, S) units.
    position
        (L, S) on hand and on the way [units].
    sales_rate
        (L, S) mean daily sales of the last four weeks [units/day].
    rate, variance_ratio
        (L, S) the same on days with stock, and the variance to mean of a day.
    may_ship
        (m,) lanes on which goods leave tomorrow.
    """

    day: int
    on_hand: Ints
    position: Ints
    sales_rate: Floats
    rate: Floats
    variance_ratio: Floats
    may_ship: Flags


# From a night to the units wanted on each lane, (m, S).
ArrayPolicy = Callable[[ArrayNight], Floats]


def replay_arrays(
    chain: ArrayChain,
    serving: Serving,
    demand: Callable[[int], Ints],
    *,
    policy: ArrayPolicy,
    n_days: int,
    record_errors: Ints | None = None,
) -> tuple[pd.DataFrame, Trace]:
    """Let a rule run a chain for some days.

    Parameters
    ----------
    chain
        Stock, lanes and money at the start.
    serving
        Who serves whom.
    demand
        Latent demand (n_groups, S) of a day, counted from 0; only the replay asks.
    policy
        The rule.
    n_days
        Days to replay, at most those for which the chain knows its calendar.
    record_errors
        (n_days, L, S) what the rule sees beyond what is there [units]; None = records are right.

    Returns
    -------
    One row a day, columns as in `twin.Replay.days` without date and received_cost; and what happened at every point.
    """
    _keep_memory()
    stock = ArrayStock.opening(chain)
    recent = RecentSales(chain.history)
    rows: list[dict[str, float]] = []
    trace, customers = _TraceOf(chain, n_days), Customers(serving, chain.on_hand.shape)
    position, opened = np.empty((2, *chain.on_hand.shape), dtype=np.int64)
    for day in range(n_days):
        wrong = None if record_errors is None else record_errors[day]
        seen = stock.on_hand if wrong is None else np.maximum(stock.on_hand + wrong, 0)
        np.add(seen, stock.coming, out=position)
        night = ArrayNight(day, seen, position, *recent.rates(), may_ship=chain.ships[:, day])
        shipment = ship(policy(night), chain, on_hand=stock.on_hand, may_ship=night.may_ship)
        used = stock.dispatch(chain, shipment, day)
        stock.arrive(chain, day)
        opened[...] = stock.on_hand
        service = customers.serve(stock.on_hand, demand(day))
        sold = np.subtract(opened, stock.on_hand, out=opened)
        missing = missing_shares(chain, sold, left=stock.on_hand, recorded=wrong)
        expired = stock.expire(chain, used + sold[:, chain.perishable], day)
        asked = by_place(chain, service)
        held = stock.on_hand.sum(axis=0) + stock.moving
        rows.append({**money(chain, service, held=held, asked=asked, expired=expired), **_transport(chain, shipment)})
        trace.add(day, stock.on_hand, sold, shipment=shipment, asked=asked)
        recent.add(trace.sold[day], missing)
    return pd.DataFrame(rows), trace.whole()


def _keep_memory() -> None:
    """Free a large block: see `KEPT_BYTES`."""
    np.empty(KEPT_BYTES, dtype=np.uint8)


class _TraceOf:
    """Collects what happened."""

    def __init__(self, chain: ArrayChain, n_days: int) -> None:
        self._chain = chain
        self._on_hand, self.sold = np.empty((2, n_days, *chain.on_hand.shape), dtype=np.int32)
        self._service = np.zeros((4, n_days, len(chain.on_hand)), dtype=np.int64)
        self._moved: list[npt.NDArray[np.int32]] = []

    def add(self, day: int, on_hand: Ints, sold: Ints, *, shipment: Shipment, asked: Ints) -> None:
        """Note the end of a day."""
        self._on_hand[day], self.sold[day], self._service[:, day] = on_hand, sold, asked[:, :-1]
        own = np.flatnonzero(self._chain.origin[shipment.lanes] >= 0)
        units = shipment.units[own]
        row, sku = np.nonzero(units)
        lane = shipment.lanes[own[row]]
        ends = self._chain.origin[lane], self._chain.destination[lane]
        moved = (np.full(lane.size, day), *ends, sku, units[row, sku])
        self._moved.append(np.array(moved, dtype=np.int32))

    def whole(self) -> Trace:
        """Return all days."""
        return Trace(PlaceService(*self._service), self._on_hand, self.sold, *np.concatenate(self._moved, axis=1))


def shared_out(wanted: Floats, chain: ArrayChain, *, on_hand: Ints, may_ship: Flags) -> Ints:
    """Cut what an origin cannot give: in proportion, in whole cases, the last ones by largest remainder.

    Example: 3 cases for destinations that want 2, 2 and 1 cases: shares of 1.2, 1.2 and 0.6, so one case each.

    Parameters
    ----------
    wanted
        (m, S) units on each lane.
    chain
        Lanes and case packs; suppliers give all.
    on_hand
        (L, S) units.
    may_ship
        (m,) lanes on which goods may leave.
    """
    shipment = ship(wanted, chain, on_hand=on_hand, may_ship=may_ship)
    quantity = np.zeros(wanted.shape, dtype=np.int64)
    quantity[shipment.lanes] = shipment.units
    return quantity


def ship(wanted: Floats, chain: ArrayChain, *, on_hand: Ints, may_ship: Flags) -> Shipment:
    """See `shared_out`."""
    lanes = np.flatnonzero(may_ship)
    cases = np.maximum(wanted[lanes], 0.0)
    cases /= chain.case_pack
    cases += TOLERANCE
    np.floor(cases, out=cases)
    for place, out in chain.fed_lanes:
        fed = np.searchsorted(lanes, out[may_ship[out]])
        have = np.floor(on_hand[place] / chain.case_pack)
        asked = cases[fed].sum(axis=0)
        scarce = np.flatnonzero(asked > have)
        share = cases[np.ix_(fed, scarce)] * (have[scarce] / asked[scarce])
        given = np.floor(share + TOLERANCE)
        rank = np.argsort(np.argsort(given - share, axis=0, kind="stable"), axis=0, kind="stable")
        left = have[scarce] - given.sum(axis=0)
        cases[np.ix_(fed, scarce)] = given + (rank < np.round(left))
    cases *= chain.case_pack
    return Shipment(lanes, cases.astype(np.int64))


def _transport(chain: ArrayChain, shipment: Shipment) -> dict[str, float]:
    """Whole trucks or parcels, and freight by the unit on own lanes; fill is that of trucks."""
    share, units = np.zeros((2, chain.origin.size))
    lanes, load = chain.by_truck(shipment.lanes, shipment.units)
    units[lanes] = load.sum(axis=1)
    by_volume = load @ chain.volume / chain.truck_volume[lanes]
    share[lanes] = np.maximum(by_volume, load @ chain.weight / chain.truck_weight[lanes])
    trucks = np.where((units > 0) & (chain.truck_cost > 0), np.maximum(np.ceil(share - TOLERANCE), 1.0), 0.0)
    paid = trucks * chain.truck_cost
    freight = float((units * chain.unit_freight)[chain.origin >= 0].sum())
    return {
        "logistics_cost": float(paid.sum()) + freight,
        "trucks": float(trucks[chain.is_truck].sum()),
        "truck_cost": float(paid[chain.is_truck].sum()),
        "truck_fill_cost": float((np.minimum(share, trucks) * chain.truck_cost)[chain.is_truck].sum()),
        "co2_kg": float((trucks * chain.truck_co2)[chain.is_truck].sum()),
    }
