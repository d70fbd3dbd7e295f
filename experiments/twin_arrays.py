"""The twin for rules that are arithmetic: the same day as in `twin`, over all stock points at once.

Order of a day, as in `twin_day`: what was decided the evening before leaves; arrivals; demand of every zone and channel
in serving order; expiry, first expired first out; the next decision, which sees sales and stock but never demand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.array_chain import ArrayChain, Serving
from experiments.kpis import PlaceService, Trace
from experiments.recent_sales import RecentSales

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Share of the day that goods were on the shelf where they sold out: the hour is not recorded, so half.
SOLD_OUT_AVAILABILITY = 0.5
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class ArrayNight:
    """What a rule may look at in the evening.

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


@dataclass
class _State:
    """Stock and goods on their way; changes from day to day."""

    on_hand: Ints
    lots: Ints
    arriving: Ints
    coming: Ints
    inside: Ints
    moving: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.moving = self.inside.sum(axis=0)


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
    state = _opening(chain)
    recent = RecentSales.start(chain.history)
    rows: list[dict[str, float]] = []
    trace = _TraceOf(chain, n_days)
    for day in range(n_days):
        wrong = None if record_errors is None else record_errors[day]
        seen = state.on_hand if wrong is None else np.maximum(state.on_hand + wrong, 0)
        night = ArrayNight(day, seen, seen + state.coming, *recent.rates(), may_ship=chain.ships[:, day])
        quantity = shared_out(policy(night), chain, on_hand=state.on_hand, may_ship=night.may_ship)
        leaving = _dispatch(chain, state, quantity, day)
        received = _arrive(state, day)
        opened = state.on_hand.copy()
        sold, service = _serve(serving, state.on_hand, demand(day))
        expired = _expire(chain, state, leaving + sold, received)
        available = _availability(chain, opened, sold, expired=expired, closed=state.on_hand)
        recent.add(sold, available if wrong is None else np.where(wrong > 0, 1.0, available))
        asked = _by_place(chain, service)
        rows.append({**_money(chain, state, service, asked=asked, expired=expired), **_transport(chain, quantity)})
        trace.add(day, state.on_hand, sold, quantity=quantity, asked=asked)
    return pd.DataFrame(rows), trace.whole()


class _TraceOf:
    """Collects what happened."""

    def __init__(self, chain: ArrayChain, n_days: int) -> None:
        self._chain = chain
        self._on_hand, self._sold = (np.zeros((n_days, *chain.on_hand.shape), dtype=np.int32) for _ in range(2))
        self._service = np.zeros((4, n_days, len(chain.on_hand)), dtype=np.int64)
        self._moved: list[Ints] = []

    def add(self, day: int, on_hand: Ints, sold: Ints, *, quantity: Ints, asked: Ints) -> None:
        """Note the end of a day."""
        self._on_hand[day], self._sold[day], self._service[:, day] = on_hand, sold, asked[:, :-1]
        lane, sku = np.nonzero(quantity * (self._chain.origin >= 0)[:, None])
        ends = self._chain.origin[lane], self._chain.destination[lane]
        self._moved.append(np.stack([np.full(lane.size, day), *ends, sku, quantity[lane, sku]]))

    def whole(self) -> Trace:
        """Return all days."""
        return Trace(PlaceService(*self._service), self._on_hand, self._sold, *np.concatenate(self._moved, axis=1))


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
    cases = np.where(may_ship[:, None], np.maximum(wanted, 0.0), 0.0) / chain.case_pack
    whole = np.floor(cases + TOLERANCE)
    for place, fed in chain.fed_lanes:
        have = np.floor(on_hand[place] / chain.case_pack)
        asked = whole[fed].sum(axis=0)
        scarce = np.flatnonzero(asked > have)
        share = whole[np.ix_(fed, scarce)] * (have[scarce] / asked[scarce])
        given = np.floor(share + TOLERANCE)
        rank = np.argsort(np.argsort(given - share, axis=0, kind="stable"), axis=0, kind="stable")
        left = have[scarce] - given.sum(axis=0)
        whole[np.ix_(fed, scarce)] = given + (rank < np.round(left))
    quantity: Ints = (whole * chain.case_pack).astype(np.int64)
    return quantity


def _opening(chain: ArrayChain) -> _State:
    longest = (chain.arrival - np.arange(chain.arrival.shape[1])).max(initial=0) + 1
    n_ring = int(max(longest, len(chain.opening_orders), 1))
    arriving = np.zeros((n_ring, *chain.on_hand.shape), dtype=np.int64)
    arriving[: len(chain.opening_orders)] = chain.opening_orders
    inside = np.zeros((n_ring, chain.on_hand.shape[1]), dtype=np.int64)
    inside[: len(chain.opening_inside)] = chain.opening_inside
    lots = np.zeros((len(chain.on_hand), chain.perishable.size, chain.n_buckets), dtype=np.int64)
    lots[:, np.arange(chain.perishable.size), chain.life] = chain.on_hand[:, chain.perishable]
    return _State(chain.on_hand.copy(), lots, arriving, arriving.sum(axis=0), inside)


def _dispatch(chain: ArrayChain, state: _State, quantity: Ints, day: int) -> Ints:
    """Put goods under way; returns what left each place, (L, S)."""
    leaving = np.zeros_like(state.on_hand)
    for lane in np.flatnonzero(quantity.any(axis=1)):
        slot, goods = chain.arrival[lane, day] % len(state.arriving), quantity[lane]
        state.arriving[slot, chain.destination[lane]] += goods
        state.coming[chain.destination[lane]] += goods
        if chain.origin[lane] >= 0:
            leaving[chain.origin[lane]] += goods
            state.inside[slot] += goods
            state.moving += goods
    if (leaving > state.on_hand).any():
        raise ValueError("a rule shipped more than a place had")
    state.on_hand -= leaving
    return leaving


def _arrive(state: _State, day: int) -> Ints:
    """Receive what is due, (L, S)."""
    slot = day % len(state.arriving)
    received: Ints = state.arriving[slot].copy()
    state.on_hand += received
    state.coming -= received
    state.moving -= state.inside[slot]
    state.arriving[slot], state.inside[slot] = 0, 0
    return received


def _serve(serving: Serving, on_hand: Ints, asked: Ints) -> tuple[Ints, tuple[Ints, Ints, Ints]]:
    """Serve a day's demand in serving order; what nobody has is lost.

    Returns
    -------
    Units sold by each place, (L, S); asked, served by the first choice and served in all by first choice, (L, S) each.
    """
    sold = np.zeros_like(on_hand)
    latent, first, total = (np.zeros((len(on_hand) + 1, on_hand.shape[1]), dtype=np.int64) for _ in range(3))
    latent[-1] = asked[serving.home < 0].sum(axis=0)
    for groups, ranks in serving.levels:
        # Groups of a level share no place, so no row is met twice.
        left = asked[groups].astype(np.int64)
        home = serving.home[groups]
        latent[home] += left
        for rank, places in enumerate(ranks):
            has = np.flatnonzero(places >= 0)
            at = places[has]
            given = np.minimum(left[has], on_hand[at])
            on_hand[at] -= given
            sold[at] += given
            left[has] -= given
            total[home[has]] += given
            if rank == 0:
                first[home[has]] += given
    return sold, (latent, first, total)


def _expire(chain: ArrayChain, state: _State, used: Ints, received: Ints) -> Ints:
    """Age perishables by one day, first expired first out; returns what expired, (L, S)."""
    expired = np.zeros_like(state.on_hand)
    if not chain.perishable.size:
        return expired
    lots, rows = state.lots, np.arange(chain.perishable.size)
    lots[:, rows, chain.life] += received[:, chain.perishable]
    before = np.cumsum(lots, axis=2) - lots
    lots -= np.clip(used[:, chain.perishable, None] - before, 0, lots)
    gone = lots[:, :, 0].copy()
    lots[:, :, :-1] = lots[:, :, 1:]
    lots[:, :, -1] = 0
    expired[:, chain.perishable] = gone
    state.on_hand -= expired
    return expired


def _availability(chain: ArrayChain, opened: Ints, sold: Ints, *, expired: Ints, closed: Ints) -> Floats:
    """Share of the day with goods on the shelf, (L, S): 0 where a place opened with nothing, half where it sold out."""
    sold_out = (sold > 0) & (closed + expired == 0)
    nothing = (opened == 0) & (sold == 0) & chain.is_assorted
    return np.where(nothing, 0.0, np.where(sold_out, SOLD_OUT_AVAILABILITY, 1.0))


def _by_place(chain: ArrayChain, service: tuple[Ints, Ints, Ints]) -> Ints:
    """Add customers up by first choice, rows as the fields of `kpis.PlaceService`, (4, L + 1); the last is nobody."""
    latent, first, total = (chain.by_physical(each) for each in service)
    return np.stack([(latent > 0).sum(axis=1), (total < latent).sum(axis=1), latent.sum(axis=1), first.sum(axis=1)])


def _money(
    chain: ArrayChain, state: _State, service: tuple[Ints, Ints, Ints], *, asked: Ints, expired: Ints
) -> dict[str, float]:
    latent, _, total = service
    held = state.on_hand.sum(axis=0) + state.moving
    lost = (latent - total).sum(axis=0)
    served = total.sum(axis=0)
    return {
        "latent_units": float(asked[2].sum()),
        "served_first_units": float(asked[3].sum()),
        "served_units": float(served.sum()),
        "holding_cost": float((held * chain.holding).sum()),
        "lost_margin": float((lost * chain.margin).sum()),
        "waste_cost": float((expired.sum(axis=0) * chain.cost).sum()),
        "stock_value": float((held * chain.cost).sum()),
        "cost_of_goods_sold": float((served * chain.cost).sum()),
        "demand_points": float(asked[0].sum()),
        "short_points": float(asked[1].sum()),
    }


def _transport(chain: ArrayChain, quantity: Ints) -> dict[str, float]:
    """Whole trucks or parcels, and freight by the unit on own lanes; fill is that of trucks."""
    quantity = chain.by_truck(quantity)
    goes = quantity.any(axis=1)
    share = np.maximum(quantity @ chain.volume / chain.truck_volume, quantity @ chain.weight / chain.truck_weight)
    trucks = np.where(goes & (chain.truck_cost > 0), np.maximum(np.ceil(share - TOLERANCE), 1.0), 0.0)
    paid = trucks * chain.truck_cost
    freight = float((quantity.sum(axis=1) * chain.unit_freight)[chain.origin >= 0].sum())
    return {
        "logistics_cost": float(paid.sum()) + freight,
        "trucks": float(trucks[chain.is_truck].sum()),
        "truck_cost": float(paid[chain.is_truck].sum()),
        "truck_fill_cost": float((np.minimum(share, trucks) * chain.truck_cost)[chain.is_truck].sum()),
        "co2_kg": float((trucks * chain.truck_co2)[chain.is_truck].sum()),
    }
