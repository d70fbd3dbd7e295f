"""The physical side of a simulated day: arrivals, sourcing of demand by priority, expiry, returns and record errors."""

from dataclasses import dataclass, field

import numpy as np

from experiments.world_config import Flags, Floats, Ints, WorldConfig
from experiments.world_demand import Units
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places

RING_DAYS = 64
"""Longest possible time between shipping and arrival [days]."""
LOSS_RATE, COUNT_RATE = 0.00012, 0.002
"""Share of points that lose a unit or two unseen each day, and that are counted each day."""
RETURN_RATES = {"BEAUTY": 0.015, "HOME": 0.03, "TOYS": 0.02, "ELECTRONICS": 0.04, "OUTDOOR": 0.03}
RESALABLE = 0.7


@dataclass
class Shelf:
    """Stock while the history is simulated, changed day by day; arrays (S, L) of units.

    Parameters
    ----------
    true, record : what is there and what the system says; equal at central warehouses.
    ring : arrivals by day modulo `RING_DAYS`, (RING_DAYS, S, L).
    on_order : ordered and not yet arrived.
    rate : what a planner believes to sell a day, smoothed sales [units/day].
    lots : perishables at forwards and stores by remaining days of life, (P, L, longest life).
    """

    true: Ints
    record: Ints
    ring: Ints
    on_order: Ints
    rate: Floats
    lots: Ints


@dataclass(frozen=True)
class DaySales:
    """What one day sold: parallel arrays of sku, location, slot (zone * 4 + channel), units; and demand seen (S, L)."""

    sku: Ints
    location: Ints
    slot: Ints
    units: Ints
    asked: Ints = field(repr=False)


def arrive(day: int, shelf: Shelf, goods: Goods, *, is_served: Flags) -> None:
    """Put what is due on the shelf at the start of a day; perishables arrive with their full life less two days.

    Life is counted from the arrival at a forward warehouse or store; central warehouses turn perishables in days.
    """
    due = shelf.ring[day % RING_DAYS].copy()
    shelf.true += due
    shelf.record += due
    shelf.on_order -= due
    shelf.ring[day % RING_DAYS] = 0
    perishable = np.flatnonzero(goods.shelf_life)
    shelf.lots[np.arange(len(perishable)), :, goods.shelf_life[perishable] - 2] += due[perishable] * is_served


def sell(day: int, shelf: Shelf, demand: Units, *, server: Ints) -> DaySales:
    """Serve a day's demand by priority from true stock; what nobody can serve is lost.

    Within a round the slots of a location take turns at being first, by day.

    Parameters
    ----------
    demand : latent demand of the day, (S, Z, 4).
    server : location that serves a slot (zone * 4 + channel) in each round, -1 for none, (rounds, n_slots).
    """
    n_slots, n_locations = server.shape[1], shelf.true.shape[1]
    sku, slot = np.nonzero(demand.reshape(len(demand), -1))
    units = demand.reshape(len(demand), -1)[sku, slot].astype(np.int64)
    asked = np.zeros_like(shelf.true)
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for location in server[:, slot]:
        turn = (slot + day) % n_slots
        order = np.lexsort((turn, sku * n_locations + location))
        order = order[(location >= 0)[order] & (units > 0)[order]]
        point, want = (sku[order], location[order]), units[order]
        got = np.clip(shelf.true[point] - _before_in_group(point[0] * n_locations + point[1], want), 0, want)
        np.add.at(asked, point, want)
        np.subtract.at(shelf.true, point, got)
        units[order] -= got
        hit = got > 0
        parts.append((point[0][hit], point[1][hit], slot[order][hit], got[hit]))
    stacked = [np.concatenate([part[k] for part in parts]) for k in range(4)]
    sold = DaySales(stacked[0], stacked[1], stacked[2], stacked[3], asked)
    np.subtract.at(shelf.record, (sold.sku, sold.location), sold.units)
    return sold


def _before_in_group(group: Ints, values: Ints) -> Ints:
    """Return what stands before each entry of its own group, for sorted groups: 7, 7, 9 with 2, 3, 4 gives 0, 2, 0."""
    total = np.cumsum(values) - values
    is_first = np.append(True, group[1:] != group[:-1])[: len(group)]
    before: Ints = total - np.maximum.accumulate(np.where(is_first, total, 0))
    return before


def availability(opening: Ints, asked: Ints) -> Floats:
    """Return the share of the day on the shelf: 1 while stock outlasts demand, else opening / (asked + 1).

    The k-th of D evenly spread requests comes at k / (D + 1) of the day.
    """
    share: Floats = np.where((asked < opening), 1.0, opening / (asked + 1.0))
    return np.round(share, 2)


def age(shelf: Shelf, goods: Goods, sold: Ints) -> Ints:
    """Take sales from the lots, oldest first, and throw away what expires tonight; return the waste, (S, L)."""
    perishable = np.flatnonzero(goods.shelf_life)
    waste = np.zeros_like(shelf.true)
    before = np.cumsum(shelf.lots, axis=2) - shelf.lots
    shelf.lots -= np.clip(sold[perishable][:, :, None] - before, 0, shelf.lots)
    waste[perishable] = shelf.lots[:, :, 0]
    shelf.lots[:, :, :-1] = shelf.lots[:, :, 1:]
    shelf.lots[:, :, -1] = 0
    shelf.true -= waste
    shelf.record -= waste
    return waste


def take_back(rng: np.random.Generator, shelf: Shelf, goods: Goods, *, sold: Ints) -> list[tuple[Ints, ...]]:
    """Let customers return some of today's sales; two in three points put it back on the shelf tonight."""
    chance = np.array([RETURN_RATES.get(CATEGORIES[c].name, 0.0) for c in goods.category])
    units = rng.binomial(sold, chance[:, None])
    sku, location = np.nonzero(units)
    is_good = rng.random(len(sku)) < RESALABLE
    back = units[sku, location] * is_good
    np.add.at(shelf.true, (sku, location), back)
    np.add.at(shelf.record, (sku, location), back)
    return [(sku, location, units[sku, location], is_good.astype(np.int64))]


def lose_and_count(
    rng: np.random.Generator, shelf: Shelf, goods: Goods, *, is_active: Flags, is_phantom: Flags
) -> tuple[Ints, ...]:
    """Lose single units unseen and count a few points; a count corrects the record. Phantom points are never counted.

    Returns sku, location, recorded and counted of the counts.
    """
    open_to_loss = is_active & (goods.shelf_life == 0)[:, None] & ~is_phantom
    draw = rng.random(shelf.true.shape)
    shelf.true -= np.minimum((draw < LOSS_RATE) * open_to_loss * 2, shelf.true)
    sku, location = np.nonzero(open_to_loss & (rng.random(shelf.true.shape) < COUNT_RATE))
    recorded, counted = shelf.record[sku, location], shelf.true[sku, location]
    shelf.record[sku, location] = counted
    return sku, location, recorded, counted


def open_shelf(config: WorldConfig, places: Places, goods: Goods, *, rate: Floats, is_active: Flags) -> Shelf:
    """Return the stock with which the history opens: about 13 days at forwards and stores, 30 days at central.

    Parameters
    ----------
    rate : expected demand of each point, central with all it supplies, (S, L) [units/day].
    """
    days = np.where(places.tier == 0, 30.0, 13.0) * config.stream("opening").uniform(0.6, 1.4, rate.shape)
    fresh = np.where(goods.shelf_life > 0, goods.shelf_life * 0.35, np.inf)[:, None]
    stock = np.ceil(rate * np.minimum(days, np.where(places.tier > 0, fresh, np.inf))).astype(np.int64) * is_active
    perishable = np.flatnonzero(goods.shelf_life)
    longest = max(int(goods.shelf_life.max()), 2)
    lots = np.zeros((len(perishable), len(places.names), longest), dtype=np.int64)
    lots[np.arange(len(perishable)), :, goods.shelf_life[perishable] // 2] = stock[perishable] * places.is_served
    ring = np.zeros((RING_DAYS, *stock.shape), dtype=np.int64)
    return Shelf(stock.copy(), stock.copy(), ring, np.zeros_like(stock), rate.copy(), lots)
