"""Stock whose expiry is known, first expired first out: what expires before it sells, and what may still be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Channel, Mode, Tier
from optimization.curve_knots import expected_held, knots

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.inbound import Inbound
    from optimization.pooling import Pool

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
KEY = ["sku", "location"]


@dataclass(frozen=True, eq=False)
class LotsOnHand:
    """Free stock of known expiry, one row a lot, sorted by (point, last_day).

    Parameters
    ----------
    point
        (m,) row of the stock point.
    last_day
        (m,) index of the last day on which it may be sold at all; below 0 where that day is over.
    sold_until
        (m,) the same at its own place: earlier where every channel there asks for some life to be left.
    quantity
        (m,) units, > 0.
    """

    point: Ints
    last_day: Ints
    sold_until: Ints
    quantity: Ints

    def older_than(self, point: Ints, day: Ints) -> Ints:
        """Units at some points whose last day is before a day, (k,) for (k,) points and days."""
        order = np.lexsort([self.last_day, self.point])
        far = int(max(self.last_day.max(initial=0), day.max(initial=0))) + 2
        low = int(min(self.last_day.min(initial=0), day.min(initial=0), 0))
        code = self.point[order] * (far - low) + (self.last_day[order] - low)
        total = np.append(0, np.cumsum(self.quantity[order]))
        first = np.searchsorted(code, point * (far - low))
        stop = np.searchsorted(code, point * (far - low) + (day - low))
        units: Ints = (total[stop] - total[first]).astype(np.int64)
        return units


def lots_on_hand(positions: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork, *, free: Ints) -> LotsOnHand:
    """Lay the lots on record over the free stock of each point.

    Where more is on record than is free, the oldest units are gone or promised already; where less, the rest counts as
    fresh. Lots of places or SKUs without a stock point are left out.

    Parameters
    ----------
    positions
        (n,) stock points.
    snapshot, network
        The table `lots`; serving rules in force, whose channels may ask for life.
    free
        (n,) units on hand that are promised to nobody.
    """
    table = snapshot.table("lots")
    point = pd.MultiIndex.from_frame(positions[KEY]).get_indexer(pd.MultiIndex.from_frame(table[KEY]))
    last_day = ((table["expiry_date"] - snapshot.cutoff).dt.days - 1).to_numpy(dtype=np.int64)
    quantity = table["quantity"].to_numpy(dtype=np.int64)
    is_ours = (point >= 0) & (quantity > 0)
    order = np.flatnonzero(is_ours)[np.lexsort([last_day[is_ours], point[is_ours]])]
    point, last_day, quantity = point[order].astype(np.int64), last_day[order], quantity[order]
    on_record = np.zeros(len(positions), dtype=np.int64)
    np.add.at(on_record, point, quantity)
    kept = _without_oldest(point, quantity, excess=np.maximum(on_record - free, 0))
    asked = channel_life(snapshot, network).reindex(positions["location"]).fillna(0).to_numpy(dtype=np.int64)
    there = kept > 0
    return LotsOnHand(
        point=point[there],
        last_day=last_day[there].astype(np.int64),
        sold_until=(last_day - asked[point])[there].astype(np.int64),
        quantity=kept[there],
    )


def _without_oldest(point: Ints, quantity: Ints, *, excess: Ints) -> Ints:
    """Take (n,) units off the first of each point's lots; example: lots 5, 4 and an excess of 6 leave 0, 3."""
    total = np.cumsum(quantity)
    is_first = np.append(True, point[1:] != point[:-1]) if point.size else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(is_first, total - quantity, 0))
    kept: Ints = quantity - np.clip(excess[point] - (total - quantity - start), 0, quantity)
    return kept


def channel_life(snapshot: Snapshot, network: SupplyNetwork) -> pd.Series:
    """Days of life that goods must have left to be sold at a place: the least that any of its channels asks for.

    A store sells to those who walk in, whatever its other channels ask for, unless a rule for walk-in says otherwise.
    """
    rules = network.serving
    asked = rules["min_remaining_life_days"].fillna(0).astype("int64")
    least = asked.groupby(rules["location"]).min()
    walked_into = rules.loc[rules["channel"] == Channel.WALK_IN, "location"]
    locations = snapshot.table("locations")
    stores = locations.loc[locations["tier"] == Tier.STORE, "location"]
    return least[~least.index.isin(stores) | least.index.isin(walked_into)]


def expected_expiry(
    lots: LotsOnHand, forecast: Forecast, series: Ints, *, levels: Floats, n_days: int, pool: Pool, free: Ints
) -> Floats:
    """Units of tonight's stock that are expected to have expired before each day, (n, n_days + 1).

    First expired first out: of the units L(e) that expire by day e, E(L(e) - D[0..e])+ are left over; over several lots
    the running maximum, so that no unit counts twice. A warehouse that is bought for passes on what the points behind
    it need, by mean demand, beyond what they have.

    Parameters
    ----------
    lots
        Result of `lots_on_hand`.
    forecast, series
        Demand, and its row for each point (n,); -1 without one.
    levels
        (K,) levels at which demand is read.
    n_days
        Days looked at.
    pool
        Warehouses and the points behind them.
    free
        (n,) free units tonight.
    """
    if not lots.point.size:
        return np.broadcast_to(np.zeros(1), (series.size, n_days + 1))
    expired = np.zeros((series.size, n_days + 1))
    is_last, upto = _cumulative(lots)
    index_of = np.full(series.size, -1)
    index_of[pool.roots] = np.arange(pool.roots.size)
    for day in np.unique(lots.sold_until[is_last]).tolist():
        first = max(day + 1, 0)
        if first > n_days:
            continue
        hit = np.flatnonzero(is_last & (lots.sold_until == day))
        point, quantity = lots.point[hit], upto[hit]
        left = quantity.astype(np.float64)
        if first > 0:
            own = np.flatnonzero(series[point] >= 0)
            left[own] = _left_over(forecast.take(series[point[own]]), quantity[own], stop=first, levels=levels)
            roots = np.flatnonzero(index_of[point] >= 0)
            needed = _needed_behind(forecast, series, stop=first, pool=pool, free=free)
            left[roots] = np.maximum(left[roots] - needed[index_of[point[roots]]], 0.0)
        expired[point, first:] = np.maximum(expired[point, first:], left[:, None])
    return expired


def _cumulative(lots: LotsOnHand) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Say which lot is the last of its point and day (m,), and how many units of the point expire until then (m,)."""
    is_new_point = lots.point[1:] != lots.point[:-1]
    is_last = np.append(is_new_point | (np.diff(lots.sold_until) != 0), True)
    total = np.cumsum(lots.quantity)
    start = np.maximum.accumulate(np.where(np.append(True, is_new_point), total - lots.quantity, 0))
    return is_last, total - start


def _left_over(forecast: Forecast, quantity: Ints, *, stop: int, levels: Floats) -> Floats:
    """E(quantity - D[0..stop-1])+ of each series, (m,) [units]."""
    if not quantity.size:
        return np.zeros(0)
    curve = knots(
        forecast.interval_quantiles(levels, 0, stop),
        lambda values: forecast.interval_cdf(values, 0, stop),
        shift=np.zeros(quantity.size),
    )
    return expected_held(curve, quantity)


def _needed_behind(forecast: Forecast, series: Ints, *, stop: int, pool: Pool, free: Ints) -> Floats:
    """Mean demand behind each warehouse until a day less the stock that stands there already, (n_pools,)."""
    mean = np.zeros(series.size)
    rows = np.flatnonzero(series >= 0)
    mean[rows] = forecast.take(series[rows]).interval_mean(0, stop)
    elsewhere = free.astype(np.float64)
    elsewhere[pool.roots] = 0.0
    needed: Floats = np.maximum(pool.sum(mean) - pool.sum(elsewhere), 0.0)
    return needed


def life_asked(inbound: Inbound, positions: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> Ints:
    """Days of life that goods must have left when they arrive on each pair, (m,).

    The sourcing rule of the pair; without one, for laterals and emergency moves, the strictest rule into the
    destination; never less than what the channels of the destination ask for. Returns need none beyond their own rule.

    Parameters
    ----------
    inbound
        Pairs.
    positions
        (n,) stock points.
    snapshot, network
        Channels; lanes and sourcing rules.
    """
    lanes = network.lanes.iloc[inbound.lane]
    sku = positions["sku"].to_numpy()[inbound.point]
    rules = network.sourcing[["sku", "origin", "destination", "min_remaining_life_days"]].dropna()
    if rules.empty:
        ruled = np.zeros(inbound.point.size)
    else:
        life = rules["min_remaining_life_days"].astype("float64")
        own = life.groupby([rules["sku"], rules["origin"], rules["destination"]]).max()
        strictest = life.groupby([rules["sku"], rules["destination"]]).max()
        pairs = pd.MultiIndex.from_arrays([sku, lanes["origin"], lanes["destination"]])
        into = strictest.reindex(pd.MultiIndex.from_arrays([sku, lanes["destination"]])).to_numpy()
        is_sideways = lanes["mode"].isin([str(Mode.TRANSSHIPMENT), str(Mode.EMERGENCY)]).to_numpy()
        found = own.reindex(pairs).to_numpy()
        ruled = np.nan_to_num(np.where(np.isnan(found) & is_sideways, into, found))
    channel = channel_life(snapshot, network).reindex(lanes["destination"]).fillna(0).to_numpy(dtype=np.float64)
    is_return = (lanes["mode"] == Mode.RETURN).to_numpy()
    return np.maximum(ruled, np.where(is_return, 0.0, channel)).astype(np.int64)


def keep_life(quantity: Ints, *, origin: Ints, needed_until: Ints, lot: Ints, free: Ints, lots: LotsOnHand) -> Ints:
    """Cut lines so that every place has enough units that live as long as those who get them ask for, (m,).

    Lines that ask for the longest life are looked at first; within a group the larger line wins, in whole lots. What
    asks for less may use what lives longer, never the other way round.

    Parameters
    ----------
    quantity
        (m,) units.
    origin
        (m,) row of the point that sends; -1 for suppliers.
    needed_until
        (m,) day index until which the goods must be good: arrival plus the life asked for.
    lot
        (m,) whole lots of each line.
    free
        (n,) units on hand that may leave.
    lots
        Stock of known expiry.
    """
    kept = quantity.copy()
    has_lots = np.isin(origin, np.unique(lots.point)) & (quantity > 0)
    for place in np.unique(origin[has_lots]):
        rows = np.flatnonzero(has_lots & (origin == place))
        days = np.unique(needed_until[rows])[::-1]
        here = np.full(days.size, place)
        usable = free[place] - lots.older_than(here, days)
        for day, room in zip(days.tolist(), np.maximum(usable, 0).tolist(), strict=True):
            group = rows[needed_until[rows] >= day]
            over = int(kept[group].sum()) - room
            for row in group[np.lexsort([group, kept[group]])]:
                if over <= 0:
                    break
                cut = min(-(-over // int(lot[row])) * int(lot[row]), int(kept[row]))
                kept[row] -= cut
                over -= cut
    return kept
