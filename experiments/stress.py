"""Stress for a replay: wrong stock records, late suppliers, lost feeds, rejected proposals.

Everything is drawn once, from a seed, before the replay; the twin keeps the truth, and a policy under stress knows the
records only. The same draws serve the twin that moves line by line and the one for rules that are arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.array_chain import ArrayChain, main_sources
from experiments.twin import Night, Policy
from experiments.twin_arrays import ArrayNight, ArrayPolicy
from experiments.twin_stock import ChainIndex, indexes
from network.graph import SupplyNetwork
from network.known import known_mask

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Days between two counts of a stock point: then a wrong record is put right, and another may go wrong.
COUNTED_EVERY_DAYS = 28
# A wrong record is off by such a share of the opening stock, up or down, and by two units at least.
ERROR_SHARES, LEAST_ERROR_UNITS = (0.1, 0.6), 2
# A late delivery comes so many days after the promised one, whatever receipts taught.
LATE_DAYS = (4, 10)


def record_errors(chain: ArrayChain, n_days: int, *, share: float, seed: int) -> Ints:
    """Draw what records show beyond what is there, (n_days, L, S) [units]; day 0 is the evening before the first.

    Parameters
    ----------
    chain
        Opening stock and what each place keeps.
    n_days
        Days of the replay.
    share
        Of the points kept, those whose record is wrong at a time.
    seed
        Of the draw.
    """
    rng = np.random.default_rng([seed, crc32(b"records")])
    n_spells = n_days // COUNTED_EVERY_DAYS + 2
    shape = (n_spells, *chain.on_hand.shape)
    is_wrong = (rng.random(shape) < share) & chain.is_assorted
    size = np.maximum(np.round(rng.uniform(*ERROR_SHARES, shape) * chain.on_hand), LEAST_ERROR_UNITS)
    spells = np.where(is_wrong, rng.choice([-1, 1], shape) * size, 0).astype(np.int64)
    first_count = rng.integers(0, COUNTED_EVERY_DAYS, chain.on_hand.shape)
    spell = (np.arange(n_days)[:, None, None] + first_count) // COUNTED_EVERY_DAYS
    errors: Ints = np.take_along_axis(spells, spell, axis=0)
    return errors


def with_wrong_records(policy: Policy, index: ChainIndex, start: pd.Timestamp, *, errors: Ints) -> Policy:
    """Let a policy see what records show; what it ships and is not there is left behind, last lines first.

    A shelf whose record shows goods counts as full in the sales table, though it may be empty.

    Parameters
    ----------
    policy
        To be put under stress.
    index
        SKUs and places of the errors.
    start
        Cutoff of the replay.
    errors
        Result of `record_errors`.
    """

    def stressed(night: Night) -> pd.DataFrame:
        recorded = replace(
            night,
            stock=_recorded_stock(night, index, errors[(night.date - start).days]),
            sales=_recorded_sales(night.sales, index, start, errors=errors),
        )
        return found(policy(recorded), night.stock)

    return stressed


def _recorded_stock(night: Night, index: ChainIndex, errors: Ints) -> pd.DataFrame:
    """Stock as the records of an evening have it."""
    sku, location = indexes(index, night.stock["sku"], night.stock["location"])
    return night.stock.assign(on_hand=np.maximum(night.stock["on_hand"].to_numpy() + errors[location, sku], 0))


def _recorded_sales(sales: pd.DataFrame, index: ChainIndex, start: pd.Timestamp, *, errors: Ints) -> pd.DataFrame:
    """Sales with the availability that records show: all day where they show goods that are not there."""
    if sales.empty:
        return sales
    sku, location = indexes(index, sales["sku"], sales["location"])
    day = (sales["date"] - start).dt.days.to_numpy() - 1
    is_ghost = errors[day, location, sku] > 0
    seen = sales.assign(availability=np.where(is_ghost, 1.0, sales["availability"]))
    return seen[~is_ghost | (sales["units"] > 0).to_numpy()].reset_index(drop=True)


def found(moves: pd.DataFrame, stock: pd.DataFrame) -> pd.DataFrame:
    """Cut moves to what is there, in the order of the lines; suppliers have everything.

    Example: 5 on hand and lines of 4 and 3 ship 4 and 1.

    Parameters
    ----------
    moves
        Columns sku, origin, quantity and more.
    stock
        Columns sku, location, on_hand [units].
    """
    there = stock.set_index(["sku", "location"])["on_hand"]
    has = there.reindex(pd.MultiIndex.from_frame(moves[["sku", "origin"]])).to_numpy(float)
    asked = moves["quantity"].to_numpy(float)
    before = moves.assign(asked=asked).groupby(["sku", "origin"])["asked"].cumsum().to_numpy() - asked
    units = np.where(np.isnan(has), asked, np.clip(has - before, 0, asked)).astype(np.int64)
    return moves.assign(quantity=units)[units > 0].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class Delays:
    """How late what a supplier ships on a day arrives.

    Parameters
    ----------
    suppliers
        Names.
    days
        (n_suppliers, n_days) beyond the promised day, by day of shipping, 0 = the first day of the replay [days].
    start
        Cutoff of the replay.
    """

    suppliers: pd.Index[Any]
    days: Ints
    start: pd.Timestamp

    def of(self, orders: pd.DataFrame) -> pd.Series:
        """Delay of each line with columns origin and ship_date, as a timedelta; 0 for all but these suppliers."""
        row = self.suppliers.get_indexer(pd.Index(orders["origin"]))
        day = (pd.DatetimeIndex(orders["ship_date"]) - self.start).days.to_numpy() - 1
        known = (row >= 0) & (day >= 0) & (day < self.days.shape[1])
        row, day = (np.where(known, each, 0).astype(np.int64) for each in (row, day))
        late = np.where(known, self.days[row, day], 0)
        return pd.Series(pd.to_timedelta(late, unit="D"), index=orders.index)


def supplier_delays(suppliers: Sequence[str], start: pd.Timestamp, n_days: int, *, share: float, seed: int) -> Delays:
    """Draw which shipments of suppliers come late, and how much.

    Parameters
    ----------
    suppliers
        Names.
    start
        Cutoff of the replay.
    n_days
        Days of the replay.
    share
        Of the days on which a supplier ships, those whose shipment comes `LATE_DAYS` late.
    seed
        Of the draw.
    """
    rng = np.random.default_rng([seed, crc32(b"suppliers")])
    shape = (len(suppliers), n_days)
    days = (rng.random(shape) < share) * rng.integers(LATE_DAYS[0], LATE_DAYS[1] + 1, shape)
    return Delays(pd.Index(suppliers), days.astype(np.int64), start)


def with_late_suppliers(policy: Policy, delays: Delays) -> Policy:
    """Let late shipments arrive late, while the policy goes on seeing the promised day, even when it is over."""

    def stressed(night: Night) -> pd.DataFrame:
        orders = night.open_orders
        if len(orders):
            orders = orders.assign(due_date=orders["due_date"] - delays.of(orders))
        moves = policy(replace(night, open_orders=orders))
        return moves.assign(due_date=moves["due_date"] + delays.of(moves)) if len(moves) else moves

    return stressed


def late_lanes(chain: ArrayChain, index: ChainIndex, network: SupplyNetwork, delays: Delays) -> ArrayChain:
    """Make the same shipments late on the lanes of an array chain, of one stock a place."""
    sources = main_sources(network)
    origins = sources.loc[sources["location"].isin(index.locations), "origin"]
    row = delays.suppliers.get_indexer(pd.Index(origins))
    n_days = min(chain.arrival.shape[1], delays.days.shape[1])
    arrival = chain.arrival.copy()
    arrival[:, :n_days] += np.where(row[:, None] >= 0, delays.days[row, :n_days], 0)
    return replace(chain, arrival=arrival)


def without_feeds(signals: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """Signals of which nothing becomes known after a day: every feed is down."""
    return signals[known_mask("signals", signals, last_day)].reset_index(drop=True)


def with_rejections(policy: Policy, start: pd.Timestamp, *, share: float, seed: int) -> Policy:
    """Let somebody strike out a share of the proposed lines each night; the policy may propose them again."""

    def stressed(night: Night) -> pd.DataFrame:
        moves = policy(night)
        return moves[_kept((night.date - start).days, (len(moves),), share=share, seed=seed)].reset_index(drop=True)

    return stressed


def with_array_rejections(policy: ArrayPolicy, *, share: float, seed: int) -> ArrayPolicy:
    """Let somebody strike out a share of the SKUs on each lane each night."""

    def stressed(night: ArrayNight) -> Floats:
        wanted = policy(night)
        struck: Floats = np.where(_kept(night.day, wanted.shape, share=share, seed=seed), wanted, 0.0)
        return struck

    return stressed


def _kept(day: int, shape: tuple[int, ...], *, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Draw what is approved on a night."""
    rng = np.random.default_rng([seed, crc32(b"rejections"), day])
    kept: npt.NDArray[np.bool_] = rng.random(shape) >= share
    return kept
