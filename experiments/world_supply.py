"""The history of the synthetic chain, day by day: what was sold, what was not on the shelf, what was ordered."""

from dataclasses import dataclass, fields

import numpy as np

from experiments.world_config import Flags, Floats, Ints, WorldConfig
from experiments.world_demand import Units
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places
from experiments.world_rule import (
    Habits,
    OrderLines,
    build_habits,
    closed_days,
    purchase,
    push_down,
    supply_pushes,
    transfer_down,
)
from experiments.world_shelf import (
    RING_DAYS,
    DaySales,
    Shelf,
    age,
    arrive,
    availability,
    lose_and_count,
    open_shelf,
    sell,
    take_back,
)

SMOOTHING = 1 / 28
"""Weight of a new day in what planners believe to sell."""
STOCK_HISTORY_WEEKS = 26


@dataclass(frozen=True)
class History:
    """What the simulated days left behind; columns of the row arrays are named in their comments.

    Parameters
    ----------
    sales : day, sku, location, slot (-1 where nothing sold), units, availability in hundredths, (n_rows, 6).
    returns : day, sku, location, units, is resalable. counts : day, sku, location, recorded, counted.
    waste : day, sku, location, units. orders : every line ever ordered.
    weekly : (day, record (S, L)) at the end of the last `STOCK_HISTORY_WEEKS` weeks, the last day last.
    active_days, empty_days, lost : active point-days, those that opened empty, and unmet first-choice demand, (S, L).
    is_carried : points with an assortment. phantom_since : day index from which the record is wrong, -1 elsewhere.
    shelf : closing stock.
    """

    sales: Units
    returns: Ints
    counts: Ints
    waste: Ints
    orders: OrderLines
    weekly: list[tuple[int, Ints]]
    active_days: Ints
    empty_days: Ints
    is_carried: Flags
    phantom_since: Ints
    shelf: Shelf


@dataclass
class _Log:
    """Rows gathered while the days pass."""

    sales: list[Units]
    returns: list[Ints]
    counts: list[Ints]
    waste: list[Ints]
    orders: list[OrderLines]
    weekly: list[tuple[int, Ints]]
    active_days: Ints
    empty_days: Ints


def point_rates(static: Floats, places: Places) -> Floats:
    """Return ordinary demand booked to the first choice, central with all it supplies, (S, L) [units/day]."""
    rate = np.zeros((len(static), len(places.names)))
    first = places.server[0]
    for zone in range(first.shape[0]):
        for channel in range(first.shape[1]):
            rate[:, first[zone, channel]] += static[:, zone, channel]
    for central in np.flatnonzero(places.tier == 0):
        rate[:, central] = rate[:, (places.parent == central) & (places.tier > 0)].sum(axis=1)
    return rate


def simulate(
    config: WorldConfig, places: Places, goods: Goods, *, demand: Units, static: Floats, uplift: Floats
) -> History:
    """Run the chain by its experience rule over the published days.

    Parameters
    ----------
    demand : latent demand, (at least n_days, S, Z, 4).
    static : ordinary mean demand, (S, Z, 4). uplift : true uplift, (D, S, R, 4).
    """
    rate = point_rates(static, places)
    habits = build_habits(config, places, goods, rate=rate, uplift=uplift)
    shelf = open_shelf(config, places, goods, rate=rate, is_active=habits.is_carried & (goods.first_day <= 0)[:, None])
    shelf.rate[:, places.tier == 0] = 0.0
    planned = supply_pushes(config, places, goods, habits=habits)
    zeros = np.zeros(rate.shape, dtype=np.int64)
    log = _Log([], [], [], [], [planned], [], zeros.copy(), zeros.copy())
    phantom_since = _choose_phantoms(config, places, goods, rate=rate, habits=habits)
    server, closed = places.server.reshape(len(places.server), -1), closed_days(config)
    weekday = np.array(config.dates.day_of_week)
    for day in range(config.n_days):
        rng = config.stream(f"supply {day}")
        _place_pushes(day, shelf, planned)
        _live_through(day, shelf, demand[day], rng=rng, log=log, places=places, goods=goods, habits=habits,
                      server=server, phantom_since=phantom_since)  # fmt: skip
        if (config.n_days - 1 - day) % 7 == 0 and config.n_days - day <= STOCK_HISTORY_WEEKS * 7:
            log.weekly.append((day, shelf.record.copy()))
        if day == config.n_days - 1:
            break
        tomorrow = int(weekday[day + 1])
        log.orders += push_down(day, shelf, habits=habits, places=places, rng=rng)
        log.orders += transfer_down(day, shelf, habits=habits, goods=goods, places=places, weekday=tomorrow, rng=rng)
        if day + 1 not in closed:
            log.orders += purchase(day, shelf, habits=habits, goods=goods, places=places, weekday=tomorrow, rng=rng)
    return _history(config, log, habits=habits, phantom_since=phantom_since, shelf=shelf)


def _place_pushes(day: int, shelf: Shelf, planned: OrderLines) -> None:
    """Put the planned supply of pushes on the way on the day it ships."""
    now = np.flatnonzero(planned.ship == day + 1) if day else np.flatnonzero(planned.ship <= 1)
    place = (planned.sku[now], planned.destination[now])
    np.add.at(shelf.ring, (planned.arrival[now] % RING_DAYS, *place), planned.received[now])
    np.add.at(shelf.on_order, place, planned.received[now])


def _live_through(
    day: int, shelf: Shelf, demand: Units, *, rng: np.random.Generator, log: _Log, places: Places, goods: Goods,
    habits: Habits, server: Ints, phantom_since: Ints,
) -> None:  # fmt: skip
    """Pass one day: arrivals, demand, returns, expiry, record errors; write down what the systems saw."""
    arrive(day, shelf, goods, is_served=places.is_served)
    shelf.true[(phantom_since >= 0) & (phantom_since < day)] = 0
    is_active = habits.is_carried & ((goods.first_day <= day) & (goods.last_day >= day))[:, None] & (places.tier > 0)
    opening = shelf.true.copy()
    sales = sell(day, shelf, demand, server=server)
    sold = opening - shelf.true
    seen = np.where(shelf.record > 0, 1.0, availability(opening, sales.asked))
    log.sales.append(_sales_rows(day, sales, sold=sold, seen=seen, is_active=is_active))
    log.active_days += is_active
    log.empty_days += is_active & (opening <= 0)
    for rows in take_back(rng, shelf, goods, sold=sold):
        log.returns.append(_with_day(day, *rows))
    waste = age(shelf, goods, sold)
    wasted = np.nonzero(waste)
    log.waste.append(_with_day(day, *wasted, waste[wasted]))
    counts = lose_and_count(rng, shelf, goods, is_active=is_active, is_phantom=phantom_since >= 0)
    log.counts.append(_with_day(day, *counts))
    _haunt(day, shelf, phantom_since)
    shelf.rate += SMOOTHING * (sold - shelf.rate) * is_active


def _with_day(day: int, *columns: Ints) -> Ints:
    """Return rows of equal columns with the day in front."""
    return np.column_stack([np.full(len(columns[0]), day, dtype=np.int64), *columns])


def _sales_rows(day: int, sales: DaySales, *, sold: Ints, seen: Floats, is_active: Flags) -> Units:
    """Return the published rows: everything sold, and points that were not all day on the shelf without a sale."""
    hundredths = np.round(seen * 100).astype(np.int64)
    rows = _with_day(day, sales.sku, sales.location, sales.slot, sales.units, hundredths[sales.sku, sales.location])
    sku, location = np.nonzero(is_active & (sold == 0) & (hundredths < 100))
    nothing = np.zeros(len(sku), dtype=np.int64)
    empty = _with_day(day, sku, location, nothing - 1, nothing, hundredths[sku, location])
    return np.concatenate([rows, empty]).astype(np.int32)


def _choose_phantoms(config: WorldConfig, places: Places, goods: Goods, *, rate: Floats, habits: Habits) -> Ints:
    """Choose about one stock point in 150 whose record goes wrong 18 to 30 days before the end: quick sellers."""
    rng = config.stream("phantom")
    is_smooth = np.array([CATEGORIES[c].demand_class == "smooth" for c in goods.category]) & (goods.shelf_life == 0)
    is_steady = is_smooth & (goods.first_day < 0) & (goods.last_day > config.n_days) & (goods.slow_region < 0)
    fit = np.argwhere(habits.is_carried & (places.tier == 2) & is_steady[:, None] & (rate > 1.2))
    since = np.full(rate.shape, -1)
    for sku, location in rng.permutation(fit)[: max(3, habits.is_carried.sum() // 150)]:
        since[sku, location] = config.n_days - int(rng.integers(18, 31))
    return since


def _haunt(day: int, shelf: Shelf, phantom_since: Ints) -> None:
    """Make stock vanish tonight from the points whose day has come, and post a receipt that never was.

    The ghost covers 26 days of sales, so nobody reorders; what still comes in later vanishes as it arrives.
    """
    begins = phantom_since == day
    shelf.record[begins] = np.maximum(shelf.record[begins], np.ceil(26 * shelf.rate[begins]).astype(np.int64) + 1)
    shelf.true[begins] = 0


def _history(config: WorldConfig, log: _Log, *, habits: Habits, phantom_since: Ints, shelf: Shelf) -> History:
    """Stack the logged rows; lines that would ship after the last day were never ordered."""
    stacked = [np.concatenate([getattr(part, f.name) for part in log.orders]) for f in fields(OrderLines)]
    is_placed = stacked[5] < config.n_days
    orders = OrderLines(*(column[is_placed] for column in stacked))
    return History(
        sales=np.concatenate(log.sales), returns=np.concatenate(log.returns), counts=np.concatenate(log.counts),
        waste=np.concatenate(log.waste), orders=orders, weekly=log.weekly, active_days=log.active_days,
        empty_days=log.empty_days, is_carried=habits.is_carried, phantom_since=phantom_since, shelf=shelf,
    )  # fmt: skip
