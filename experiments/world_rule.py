"""How the synthetic chain replenished itself so far: every site for itself, weeks of cover by experience."""

from dataclasses import dataclass

import numpy as np

from experiments.world_calendar import HOLIDAYS
from experiments.world_config import Flags, Floats, Ints, WorldConfig
from experiments.world_goods import Goods
from experiments.world_lanes import (
    PURCHASE_DAYS,
    PURCHASE_LEAD,
    PURCHASE_SD,
    WEEKDAYS,
    order_days_of,
    transfer_lead_days,
)
from experiments.world_places import Places
from experiments.world_shelf import RING_DAYS, Shelf

COVER_DAYS = np.array([19.0, 5.5, 6.5])
"""Cover that planners aim at, beyond lead time and review at central warehouses, by tier [days]."""
PUSH_BEFORE_END_DAYS = 55
"""A planner's bet fills the region where a misplaced SKU does not sell, this many days before the last."""
LATE_SHARE, SHORT_SHARE = 0.10, 0.03
"""Shares of purchases that come three to eight days later still, and that come a tenth short."""


@dataclass(frozen=True)
class Habits:
    """What each planner believes, (S, L) unless said.

    Parameters
    ----------
    cover : days of cover; bias : misjudgement, constant for a point.
    display : units kept for show.
    is_carried : points with an assortment.
    ships_on : location may be supplied on a weekday, (L, 7).
    lead : nominal transfer lead time, (L,).
    ahead, ahead_central : share of coming promotions that planners see and believe, (days, S, L) and (days, S).
    pushes : by day, (sku, location, units) sent down without being asked for.
    """

    cover: Floats
    bias: Floats
    display: Ints
    is_carried: Flags
    ships_on: Flags
    lead: Ints
    ahead: Floats
    ahead_central: Floats
    pushes: dict[int, list[tuple[int, int, int]]]


@dataclass(frozen=True)
class OrderLines:
    """Order lines as parallel arrays; origin -1 - v is supplier v; days are indexes.

    Parameters
    ----------
    due : day promised; arrival : day from whose start it was or will be usable.
    quantity, received : ordered, and what came or will come [units].
    """

    sku: Ints
    origin: Ints
    destination: Ints
    quantity: Ints
    received: Ints
    ship: Ints
    due: Ints
    arrival: Ints


def build_habits(config: WorldConfig, places: Places, goods: Goods, *, rate: Floats, uplift: Floats) -> Habits:
    """Draw what planners believe.

    Parameters
    ----------
    rate : expected demand of each point, (S, L) [units/day].
    uplift : true uplift of promotions, (D, S, R, 4); planners believe 20% to 100% of what comes.
    """
    rng, shape = config.stream("habits"), rate.shape
    cover: Floats = np.broadcast_to(COVER_DAYS[places.tier], shape).copy()
    fresh = (goods.shelf_life > 0)[:, None] & (places.tier > 0)
    cover = np.where(fresh, np.minimum(cover, 0.60 * goods.shelf_life[:, None]), cover)
    bias = rng.lognormal(0.0, 0.38, shape)
    bias[:, places.tier == 0] = rng.lognormal(0.0, 0.20, (shape[0], int((places.tier == 0).sum())))
    bias[np.ix_(goods.slow_region >= 0, places.tier == 0)] *= 0.75
    is_carried = np.ones(shape, dtype=bool)
    is_carried[:, places.first_store :] = goods.is_carried
    display = np.where(places.tier > 0, np.clip(np.round(rate * 1.2), 2, 6), 0).astype(np.int64)
    days = order_days_of(places)
    ships_on = np.array([[name in text.split(",") for name in WEEKDAYS] for text in days])
    believed = rng.uniform(0.2, 1.0, (shape[0],))
    seen: Floats = 1.0 + believed[:, None] * (np.einsum("dsrc,c->dsr", uplift, [0.6, 0.05, 0.25, 0.1]) - 1)
    return Habits(
        cover=cover, bias=bias, display=display, is_carried=is_carried, ships_on=ships_on,
        lead=transfer_lead_days(places).astype(np.int64), ahead=_forward_mean(seen, 10)[:, :, places.region],
        ahead_central=_forward_mean(seen, 24).mean(axis=2), pushes=_pushes(config, places, goods, rate, is_carried),
    )  # fmt: skip


def _forward_mean(values: Floats, days: int) -> Floats:
    """Return the mean over today and the next days along axis 0, repeating the last row at the end."""
    padded = np.concatenate([values, np.repeat(values[-1:], days, axis=0)])
    total = np.cumsum(np.concatenate([np.zeros_like(values[:1]), padded]), axis=0)
    mean: Floats = (total[days : days + len(values)] - total[: len(values)]) / days
    return mean


def _pushes(
    config: WorldConfig, places: Places, goods: Goods, rate: Floats, is_carried: Flags
) -> dict[int, list[tuple[int, int, int]]]:
    """Plan launches (a fortnight of guessed demand to every site) and the bets that left slow movers in one region."""
    rng = config.stream("pushes")
    guess: Floats = rate * rng.lognormal(0.0, 0.4, rate.shape)
    pushes: dict[int, list[tuple[int, int, int]]] = {}
    for sku in np.flatnonzero((goods.first_day > 0) & (goods.first_day < config.n_drawn)):
        sites = np.flatnonzero(is_carried[sku] & (places.tier > 0))
        lines = [(int(sku), int(x), _cases(guess[sku, x] * 14, goods, int(sku))) for x in sites]
        pushes.setdefault(int(goods.first_day[sku]) - 5, []).extend(lines)
    for sku in np.flatnonzero(goods.slow_region >= 0):
        sites = np.flatnonzero(is_carried[sku] & (places.tier > 0) & (places.region == goods.slow_region[sku]))
        elsewhere = (rate[sku] * (places.tier > 0) * (places.region != goods.slow_region[sku])).sum()
        each = elsewhere * 20 / max(len(sites), 1)
        lines = [(int(sku), int(x), _cases(each, goods, int(sku))) for x in sites]
        pushes.setdefault(config.n_days - PUSH_BEFORE_END_DAYS, []).extend(lines)
    return pushes


def _cases(units: float, goods: Goods, sku: int) -> int:
    """Round units up to whole cases."""
    pack = int(goods.case_pack[sku])
    return int(np.ceil(units / pack)) * pack


def supply_pushes(config: WorldConfig, places: Places, goods: Goods, *, habits: Habits) -> OrderLines:
    """Order from the suppliers what the pushes will send down, to arrive three days before."""
    totals: dict[tuple[int, int, int], int] = {}
    for day, lines in habits.pushes.items():
        for item, location, units in lines:
            key = (day - 3, item, int(places.parent[location]))
            totals[key] = totals.get(key, 0) + int(units * 1.3)
    keep = {key: units for key, units in totals.items() if 3 <= key[0] < config.n_days + 9}
    keys: Ints = np.array(list(keep), dtype=np.int64).reshape(-1, 3)
    arrival, sku, destination = keys[:, 0], keys[:, 1], keys[:, 2]
    wanted: Ints = np.array(list(keep.values()), dtype=np.int64)
    quantity = np.maximum(-(-wanted // goods.case_pack[sku]) * goods.case_pack[sku], goods.moq[sku])
    lead = np.array(PURCHASE_LEAD)[goods.supplier[sku]]
    ship = np.maximum(arrival - lead + 1, 0)
    return OrderLines(sku, -1 - goods.supplier[sku], destination, quantity, quantity, ship, arrival, arrival)


def transfer_down(day: int, shelf: Shelf, *, habits: Habits, goods: Goods, places: Places, weekday: int,
                  rng: np.random.Generator) -> list[OrderLines]:  # fmt: skip
    """Order for every site that is supplied tomorrow: cover less position, whole cases, first come first served."""
    is_sold = (goods.first_day <= day + 5) & (goods.last_day > day + 12)
    target = shelf.rate * habits.cover * habits.bias * habits.ahead[day] + habits.display
    short = (target - shelf.record - shelf.on_order) * (is_sold[:, None] & habits.is_carried)
    pack = goods.case_pack[:, None]
    cases = np.clip(np.floor(short / pack + 0.5), 0, None).astype(np.int64)
    is_bare = (shelf.record + shelf.on_order <= (habits.display + 1) // 2) & is_sold[:, None] & habits.is_carried
    cases = np.where(is_bare & (places.tier > 0), np.maximum(cases, 1), cases)
    lines = []
    for central in np.flatnonzero(places.tier == 0):
        sites = np.flatnonzero(habits.ships_on[:, weekday] & (places.parent == central) & (places.tier > 0))
        sites = np.roll(sites, day // 7)
        want = cases[:, sites]
        have = (np.clip(shelf.true[:, central], 0, None) // goods.case_pack)[:, None]
        sent = np.clip(have - (np.cumsum(want, axis=1) - want), 0, want) * pack
        sku, site = np.nonzero(sent)
        lines.append(_ship(day, shelf, sku=sku, origin=int(central), site=sites[site], units=sent[sku, site],
                           habits=habits, rng=rng))  # fmt: skip
    return lines


def push_down(day: int, shelf: Shelf, *, habits: Habits, places: Places, rng: np.random.Generator) -> list[OrderLines]:
    """Send tonight's pushes as far as the central warehouse has stock."""
    lines = []
    for sku, location, units in habits.pushes.get(day, []):
        central = int(places.parent[location])
        sent = min(units, int(shelf.true[sku, central]))
        if sent > 0:
            one = (np.array([sku]), np.array([location]), np.array([sent]))
            lines.append(
                _ship(day, shelf, sku=one[0], origin=central, site=one[1], units=one[2], habits=habits, rng=rng)
            )
    return lines


def _ship(day: int, shelf: Shelf, *, sku: Ints, origin: int, site: Ints, units: Ints, habits: Habits,
          rng: np.random.Generator) -> OrderLines:  # fmt: skip
    """Take units from a central warehouse tonight and put them on the way; one load in twenty is a day late."""
    for stock in (shelf.true, shelf.record):
        np.subtract.at(stock, (sku, np.full_like(site, origin)), units)
    due = day + habits.lead[site]
    is_late = rng.random(len(habits.lead))[site] < 0.05
    arrival = due + is_late
    np.add.at(shelf.ring, (arrival % RING_DAYS, sku, site), units)
    np.add.at(shelf.on_order, (sku, site), units)
    return OrderLines(sku, np.full_like(site, origin), site, units, units, np.full_like(site, day + 1), due, arrival)


def purchase(day: int, shelf: Shelf, *, habits: Habits, goods: Goods, places: Places, weekday: int,
             rng: np.random.Generator) -> list[OrderLines]:  # fmt: skip
    """Order at the suppliers that ship tomorrow: weeks of cover of what sites sold and a case, packs and MOQ."""
    days = [WEEKDAYS[weekday] in text.split(",") for text in PURCHASE_DAYS]
    is_due = np.array(days)[goods.supplier] & (goods.last_day > day + 40) & (goods.first_day <= day)
    lead = np.array(PURCHASE_LEAD)[goods.supplier]
    lines = []
    for central in np.flatnonzero(places.tier == 0):
        below = shelf.rate[:, places.parent == central].sum(axis=1)
        target = below * (lead + 7 + habits.cover[:, central]) * habits.bias[:, central] * habits.ahead_central[day]
        short = target + goods.case_pack - shelf.record[:, central] - shelf.on_order[:, central]
        units = np.ceil(short / goods.case_pack).astype(np.int64) * goods.case_pack
        sku = np.flatnonzero(is_due & (short > 0.5 * goods.case_pack))
        quantity = np.maximum(units[sku], goods.moq[sku])
        usual = np.clip(np.round(rng.normal(lead[sku], np.array(PURCHASE_SD)[goods.supplier[sku]])), 2, 40)
        actual: Ints = usual.astype(np.int64) + (rng.random(len(sku)) < LATE_SHARE) * rng.integers(3, 9, len(sku))
        is_short = rng.random(len(sku)) < SHORT_SHARE
        received = np.where(is_short, quantity * 9 // 10 // goods.case_pack[sku] * goods.case_pack[sku], quantity)
        site = np.full_like(sku, central)
        due, arrival = day + lead[sku], day + actual
        np.add.at(shelf.ring, (arrival % RING_DAYS, sku, site), received)
        np.add.at(shelf.on_order, (sku, site), received)
        ship = np.full_like(site, day + 1)
        lines.append(OrderLines(sku, -1 - goods.supplier[sku], site, quantity, received, ship, due, arrival))
    return lines


def closed_days(config: WorldConfig) -> set[int]:
    """Return the day indexes on which suppliers ship nothing (Spring Festival)."""
    spans = [
        (config.index_of(first), config.index_of(last)) for name, first, last in HOLIDAYS if name == "Spring Festival"
    ]
    return {day for first, last in spans for day in range(first, last + 1)}
