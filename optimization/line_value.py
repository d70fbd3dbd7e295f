"""Money of each line: what the plan would lose without it until its destination's next chance of a receipt.

A line raises the destination's supply (and the echelon's, if it is bought) from its arrival to the end of the coverage
interval: after that a later line could do the same. Its units are missing at the origin for as long; those of laterals,
returns and emergency moves, which sat idle, until the end of the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from optimization.cost_curves import CostCurves

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
VALUE_COLUMNS = ("shortage_avoided", "holding", "origin_release", "waste")
REGULAR = (str(Mode.PURCHASE), str(Mode.TRANSFER))
# Effects valued at once; bounds the memory of the knots that are read.
CHUNK = 20_000


@dataclass(frozen=True, eq=False)
class Effects:
    """Changes of supply that lines make: one row a line and row of the curves that it touches.

    Parameters
    ----------
    line
        (m,) position of the line.
    row
        (m,) row of the curves.
    start, stop
        (m,) first and last day index of the change, both included.
    quantity
        (m,) units, negative at the origin.
    is_origin
        (m,) whether the row is the line's origin.
    """

    line: Ints
    row: Ints
    start: Ints
    stop: Ints
    quantity: Ints
    is_origin: npt.NDArray[np.bool_]

    def profile(self, horizon: int) -> Ints:
        """Units by day, (m, T)."""
        days = np.arange(horizon)
        inside = (days >= self.start[:, None]) & (days <= self.stop[:, None])
        return np.where(inside, self.quantity[:, None], 0)

    def take(self, rows: Ints) -> Effects:
        """Return some of the effects."""
        return Effects(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def line_effects(moves: pd.DataFrame, curves: CostCurves) -> Effects:
    """List what each line changes.

    Parameters
    ----------
    moves
        Lines: sku, origin, destination, mode, arrival_day, quantity.
    curves
        Rows and coverage intervals.
    """
    last = curves.horizon - 1
    keys = curves.local_index
    destination = keys.get_indexer(pd.MultiIndex.from_frame(moves[["sku", "destination"]]))
    origin = keys.get_indexer(pd.MultiIndex.from_frame(moves[["sku", "origin"]]))
    quantity = moves["quantity"].to_numpy(dtype=np.int64)
    arrival = moves["arrival_day"].to_numpy(dtype=np.int64)
    stop = interval_end(curves, destination, arrival)
    is_regular = moves["mode"].isin(REGULAR).to_numpy(dtype=bool)
    echelon = np.where((moves["mode"] == Mode.PURCHASE).to_numpy(dtype=bool), curves.echelon_of[destination], -1)
    line = np.arange(len(moves))
    bought, sent = echelon >= 0, origin >= 0
    return Effects(
        line=np.concatenate([line, line[bought], line[sent]]),
        row=np.concatenate([destination, echelon[bought], origin[sent]]),
        start=np.concatenate([arrival, arrival[bought], np.zeros(int(sent.sum()), dtype=np.int64)]),
        stop=np.concatenate([stop, stop[bought], np.where(is_regular, stop, last)[sent]]),
        quantity=np.concatenate([quantity, quantity[bought], -quantity[sent]]),
        is_origin=np.repeat([False, True], [line.size + int(bought.sum()), int(sent.sum())]),
    )


def interval_end(curves: CostCurves, row: Ints, day: Ints) -> Ints:
    """Last day of the coverage interval in which each day of each row lies, (m,)."""
    ends = curves.shortage_day[row] & (np.arange(curves.horizon) >= day[:, None])
    return np.where(ends.any(axis=1), ends.argmax(axis=1), curves.horizon - 1).astype(np.int64)


def supply_without(supply: Ints, effects: Effects) -> Ints:
    """Supply of every row (n, T) as it would be without the lines."""
    without = supply.copy()
    np.subtract.at(without, effects.row, effects.profile(supply.shape[1]))
    return without


def line_values(moves: pd.DataFrame, curves: CostCurves, supply_before: Ints) -> pd.DataFrame:
    """Value the lines one after the other, in the order (sku, mode, origin, destination), on top of the supply before.

    Because each line is added to what the lines before it made, the columns of all lines sum exactly to the cost of
    `supply_before` less that of the supply with all lines.

    Parameters
    ----------
    moves
        Lines: sku, origin, destination, mode, arrival_day, quantity.
    curves
        Cost curves.
    supply_before
        (n, T) supply of every row without the lines, as `supply_without` gives it.

    Returns
    -------
    `VALUE_COLUMNS`, rows as in `moves`, positive is benefit [money]: shortage_avoided (less the price of exceeding a
    maximum) and holding at the destination and its echelon, origin_release (all costs at the origin), waste.
    """
    effects = line_effects(moves, curves)
    turn = np.lexsort([moves[name].to_numpy(dtype=object) for name in ("destination", "origin", "mode", "sku")])
    rank = np.empty(len(moves), dtype=np.int64)
    rank[turn] = np.arange(len(moves))
    ordered = effects.take(np.lexsort([rank[effects.line], effects.row]))
    values = np.zeros((len(moves), len(VALUE_COLUMNS)))
    for first, last in _chunks(ordered.row):
        part = ordered.take(np.arange(first, last))
        add_gains(values, part, _gains(part, curves, supply_before))
    return pd.DataFrame(values, columns=list(VALUE_COLUMNS))


def add_gains(values: Floats, effects: Effects, gains: Floats) -> None:
    """Add gains (m, n_columns) to the values of their lines; everything at an origin is its `origin_release`."""
    at_origin = np.zeros_like(gains)
    at_origin[:, VALUE_COLUMNS.index("origin_release")] = gains.sum(axis=1)
    np.add.at(values, effects.line, np.where(effects.is_origin[:, None], at_origin, gains))


def _gains(effects: Effects, curves: CostCurves, supply_before: Ints) -> Floats:
    """Cost saved by each effect on top of the effects before it on its row, (m, n_columns); sorted by row."""
    profile = effects.profile(curves.horizon)
    running = np.cumsum(profile, axis=0)
    is_first = np.append(True, effects.row[1:] != effects.row[:-1])
    start = np.maximum.accumulate(np.where(is_first, np.arange(effects.row.size), 0))
    before = supply_before[effects.row] + running - profile - (running[start] - profile[start])
    rows = curves.take(effects.row)
    after = before + profile
    short = rows.expected_shortage(before) + rows.expected_slack(before)
    short -= rows.expected_shortage(after) + rows.expected_slack(after)
    held = rows.expected_holding(before) - rows.expected_holding(after)
    waste = rows.expected_waste(before) - rows.expected_waste(after)
    return np.stack([short, held, np.zeros_like(held), waste], axis=1)


def _chunks(row: Ints) -> list[tuple[int, int]]:
    """Cut sorted rows into ranges of about `CHUNK` that never part one row."""
    if not row.size:
        return []
    starts = np.append(np.flatnonzero(np.append(True, row[1:] != row[:-1])), row.size)
    wanted = np.searchsorted(starts, np.arange(0, row.size, CHUNK))
    cuts = np.unique(np.append(starts[wanted], row.size))
    return [(int(first), int(last)) for first, last in pairwise(cuts)]
