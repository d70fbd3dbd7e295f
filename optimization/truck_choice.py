"""How many trucks a lane is worth tonight, what goes on them, and what may be taken along from later days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Sums of shares this close above a whole number of trucks still fit.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class TruckChoice:
    """Trucks of one lane and the units that go.

    Parameters
    ----------
    trucks
        Whole trucks, 0 if the lane does not pay.
    quantity
        (m,) units of each line that go.
    """

    trucks: int
    quantity: Ints


def choose_trucks(
    quantity: Ints,
    *,
    share: Floats,
    value: Floats,
    lot: Ints,
    cost: float,
    max_trucks: float,
    is_one_off: bool,
    trip_cost: Callable[[Floats, int], tuple[float, float]] | None = None,
) -> TruckChoice:
    """Choose the number of trucks by value: the last one must earn its cost.

    Lines are taken by value per share of a truck. A one-off truck costs its whole price. A regular one costs only what
    stays empty: the price of the filled part would be paid on a later day too.

    Example: lines worth 90 and 10, each 0.5 of a truck that costs 60. One truck earns 100 - 60; nothing is left for a
    second. With a single line worth 10 the truck, half empty, costs 30: it stays at home.

    Parameters
    ----------
    quantity
        (m,) units asked for.
    share
        (m, 2) share of a truck's volume and of its weight that one unit takes.
    value
        (m,) what each line is worth tonight [money].
    lot
        (m,) units that go together.
    cost
        Price of a truck, or the part of it that going now rather than later costs [money].
    max_trucks
        Most trucks, may be infinite.
    is_one_off
        Whether nothing would be sent later instead.
    trip_cost
        Where a lane has several types: cost [money] and fill of the cheapest vehicles that carry these shares (2,) of a
        truck, at most so many vehicles.
    """
    size = (share * quantity[:, None]).max(axis=1)
    order = np.argsort(-value / np.maximum(size, TOLERANCE), kind="stable")
    carried = np.cumsum(share[order] * quantity[order, None], axis=0)
    filled = carried.max(axis=1)
    earned = np.cumsum(np.maximum(value[order], 0.0))
    most = int(min(np.ceil(filled[-1] - TOLERANCE) if filled.size else 0, max_trucks))
    best, trucks, kept = 0.0, 0, 0
    for n in range(1, max(most, 1) + 1) if max_trucks >= 1 and quantity.size else ():
        fits = int(np.searchsorted(filled, n + TOLERANCE, side="right"))
        if fits == 0 and n < most:
            continue
        empty, price = n - (filled[fits - 1] if fits else 0.0), cost * n
        if trip_cost is not None and fits:
            price, fill = trip_cost(carried[fits - 1], n)
            empty = n * (1.0 - fill)
        gain = (earned[fits - 1] if fits else 0.0) - (price if is_one_off else price * empty / n)
        if gain >= best or (fits == 0 and value[order[0]] > 0):
            best, trucks, kept = float(gain), n, fits
    chosen = np.zeros_like(quantity)
    chosen[order[:kept]] = quantity[order[:kept]]
    if trucks and kept < order.size:
        _top_up(chosen, order[kept:], quantity=quantity, share=share, lot=lot, trucks=trucks)
    return TruckChoice(trucks if chosen.any() else 0, chosen)


def _top_up(chosen: Ints, rest: Ints, *, quantity: Ints, share: Floats, lot: Ints, trucks: int) -> None:
    """Fill the room that is left with whole lots of the lines that did not fit, best first."""
    room = trucks + TOLERANCE - (share * chosen[:, None]).sum(axis=0)
    for line in rest:
        takes = share[line] > 0
        units = (
            quantity[line] if not takes.any() else int(min(quantity[line], (room[takes] / share[line][takes]).min()))
        )
        units = max(units, 0) // lot[line] * lot[line]
        chosen[line] = units
        room = room - share[line] * units


@dataclass(frozen=True, eq=False)
class LaterNeeds:
    """What a lane was to carry on later days.

    Parameters
    ----------
    planned
        (m, T) units planned up to each later day, 0 on day 0.
    spare
        (m, T) units that stay at the origin on each day by the plan; what is taken early must come out of these.
    room
        (m,) most units that may go early.
    least
        (m,) units that must go if any does: the minimum order of a line that stays at home otherwise.
    holding
        (m,) cost of being a day early [money/unit/day].
    """

    planned: Ints
    spare: Ints
    room: Ints
    least: Ints
    holding: Floats

    def limit(self, day: int) -> Ints:
        """Most units (m,) that may go instead of on the days up to this one."""
        there = np.maximum(self.spare[:, : max(day, 1)], 0).min(axis=1)
        units: Ints = np.minimum(there, np.maximum(self.room, 0))
        return units

    def whole(self, day: int, lot: Ints) -> Ints | None:
        """Whole lots (m,) for all of the days up to this one; None where they may not go early."""
        wanted = self.planned[:, day]
        units: Ints = np.where(wanted > 0, -(-np.maximum(wanted, self.least) // lot) * lot, 0)
        return units if (units <= self.limit(day)).all() else None


def pull_forward(
    quantity: Ints, needs: LaterNeeds, *, share: Floats, lot: Ints, cost: float, max_days: int
) -> tuple[Ints, int]:
    """Take along what was planned for later, for as many days as lower the cost per day covered.

    Silver and Meal (1973): the cost per day of trucks plus early holding falls, then rises; stop at its lowest point.
    No further truck is opened for it; a day of which anything cannot go early needs a truck of its own.

    Parameters
    ----------
    quantity
        (m,) units that go tonight.
    needs
        What was planned for later.
    share
        (m, 2) share of a truck that a unit takes.
    lot
        (m,) units that go together.
    cost
        Price of a truck [money].
    max_days
        Longest time taken along [days].

    Returns
    -------
    Units added (m,) and the days that are then covered.
    """
    horizon = needs.planned.shape[1]
    days = np.flatnonzero(np.diff(needs.planned, axis=1, prepend=0).any(axis=0))
    next_days = np.append(days, horizon)
    filled = float((share * quantity[:, None]).sum(axis=0).max(initial=0.0))
    trucks = max(int(np.ceil(filled - TOLERANCE)), 1)
    best_added, covered = np.zeros_like(quantity), int(next_days[0])
    best = trucks * cost / max(covered, 1)
    for index, day in enumerate(days.tolist()):
        if day > max_days:
            break
        added = needs.whole(day, lot)
        if added is None or (share * (quantity + added)[:, None]).sum(axis=0).max(initial=0.0) > trucks + TOLERANCE:
            break
        early = np.maximum.accumulate(np.minimum(needs.planned[:, 1 : day + 1], added[:, None]), axis=1)
        unit_days = (np.diff(early, axis=1, prepend=0) * np.arange(1, day + 1)).sum(axis=1)
        rate = (trucks * cost + float((needs.holding * unit_days).sum())) / int(next_days[index + 1])
        if rate >= best:
            break
        best, best_added, covered = rate, added, int(next_days[index + 1])
    return best_added, covered


def fill_up(
    quantity: Ints, needs: LaterNeeds, *, share: Floats, lot: Ints, cost: float, trucks: int, max_days: int
) -> Ints:
    """Fill what is left of the trucks with whole lots planned for later, while each saves more freight than it is held.

    A lot sent early takes room that is paid for, and saves its share of a truck later; it is held for the days until
    it would have left. Lots go by what they save per share of a truck.

    Example: half a truck of 100 goes. Of 4 lots planned in a week, a fifth of a truck each and held for 1 a day, each
    saves 20 - 7 = 13: two go. Held for 3 a day, none.

    Parameters
    ----------
    quantity, needs, share, lot, cost, max_days
        As for `pull_forward`.
    trucks
        Trucks that go.

    Returns
    -------
    Units added (m,).
    """
    planned = needs.planned[:, : max_days + 1]
    last = planned.shape[1] - 1
    lots = np.where(needs.least > 0, 0, np.minimum(planned[:, last], needs.limit(last)) // lot)
    line = np.repeat(np.arange(lot.size), lots)
    number = np.arange(line.size) - np.repeat(np.cumsum(lots) - lots, lots) + 1
    # The day on which the last unit of each lot was to leave.
    day = (planned[line] < (number * lot[line])[:, None]).sum(axis=1)
    size = share[line] * lot[line, None]
    saved = cost * size.max(axis=1) - needs.holding[line] * lot[line] * day
    added = np.zeros_like(quantity)
    left = trucks + TOLERANCE - (share * quantity[:, None]).sum(axis=0)
    for each in np.argsort(-saved / np.maximum(size.max(axis=1), TOLERANCE), kind="stable"):
        if saved[each] > 0 and (size[each] <= left).all():
            added[line[each]] += lot[line[each]]
            left = left - size[each]
    return added
