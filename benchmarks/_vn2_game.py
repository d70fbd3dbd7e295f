"""The VN2 inventory game: what is published, its timing and its costs, and games of the same rules inside the history.

An order placed at the end of week k is on the shelf at the start of week k + 3. Six orders, at the ends of weeks 0 to
5; eight weeks are scored, of which orders change weeks 3 to 8. Unmet demand is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
KEYS = ["Store", "Product"]
N_WEEKS, N_ORDERS, LEAD_WEEKS = 8, 6, 3
HOLDING, SHORTAGE = 0.2, 1.0
YEAR_WEEKS = 52


@dataclass(frozen=True, eq=False)
class Records:
    """What the folder holds, rows in the order of the sales file.

    Parameters
    ----------
    keys
        (n,) Store, Product.
    sales
        (n, T) units sold a week.
    in_stock
        (n, T0) whether the shelf was in stock, of the weeks before the game.
    week_of_year
        (T + 8,) ISO week number of each week and of some beyond.
    groups
        (n,) code of each product and store and of what they belong to, by name.
    """

    keys: pd.DataFrame
    sales: Floats
    in_stock: Flags
    week_of_year: Ints
    groups: dict[str, Ints]

    @property
    def n_known(self) -> int:
        """Weeks before the official game."""
        return int(self.in_stock.shape[1])


@dataclass(frozen=True, eq=False)
class Known:
    """What a policy may read at the end of a week: nothing of later weeks is in here.

    Parameters
    ----------
    sales
        (n, t) units sold in each week so far; NaN where the shelf is known to have been out of stock.
    week_of_year
        (t + 8,) ISO week numbers, of the weeks to come as well.
    groups
        As in `Records`.
    """

    sales: Floats
    week_of_year: Ints
    groups: dict[str, Ints]

    @property
    def n_weeks(self) -> int:
        """Weeks so far; the next one has this index."""
        return int(self.sales.shape[1])


@dataclass(frozen=True, eq=False)
class Shelf:
    """Stock at the end of a week, (n,), and what arrives at the start of the next two, (2, n)."""

    on_hand: Floats
    incoming: Floats


# Units to order at the end of a week, (n,) whole.
Policy = Callable[[Known, Shelf], Floats]


@dataclass(frozen=True, eq=False)
class Played:
    """A game's six orders, (6, n), and the holding and shortage cost of each of the eight weeks."""

    orders: Floats
    cost_by_week: Floats

    @property
    def decided(self) -> float:
        """Cost of weeks 3 to 8, which orders change."""
        return float(self.cost_by_week[LEAD_WEEKS - 1 :].sum())


def read_records(folder: Path, sales_file: Path | None = None) -> Records:
    """Read the published folder, and more weeks of sales from a file that starts with the published ones.

    Raises
    ------
    ValueError
        If the file lacks a row, or does not start with the published weeks.
    """
    given = pd.read_csv(_one(folder, "*Sales.csv")).set_index(KEYS)
    wide = given if sales_file is None else pd.read_csv(sales_file).set_index(KEYS).reindex(given.index)
    same = list(wide.columns[: len(given.columns)]) == list(given.columns)
    if not same or not np.array_equal(wide.iloc[:, : len(given.columns)].to_numpy(), given.to_numpy()):
        raise ValueError(f"{sales_file} does not start with the {len(given.columns)} weeks of {folder}")
    if wide.isna().any(axis=None):
        raise ValueError(f"{sales_file} has weeks or rows without a figure")
    in_stock = pd.read_csv(_one(folder, "*In Stock.csv")).set_index(KEYS).reindex(given.index)
    master = pd.read_csv(_one(folder, "*Master.csv")).set_index(KEYS, drop=False).reindex(given.index)
    weeks = pd.date_range(wide.columns[0], periods=len(wide.columns) + N_WEEKS, freq="7D")
    return Records(
        keys=given.index.to_frame(index=False),
        sales=wide.to_numpy(dtype=np.float64),
        in_stock=in_stock.to_numpy(dtype=bool),
        week_of_year=weeks.isocalendar().week.to_numpy(dtype=np.int64),
        groups={str(name): pd.factorize(master[name])[0].astype(np.int64) for name in master.columns},
    )


def read_first_shelf(folder: Path, records: Records) -> Shelf:
    """Stock and pipeline of the official game."""
    state = pd.read_csv(_one(folder, "*Initial State.csv")).set_index(KEYS)
    state = state.reindex(pd.MultiIndex.from_frame(records.keys))
    incoming = state[["In Transit W+1", "In Transit W+2"]].to_numpy(dtype=np.float64).T
    return Shelf(state["End Inventory"].to_numpy(dtype=np.float64), incoming)


def usual_shelf(records: Records, start: int) -> Shelf:
    """Stock and pipeline of a game that starts elsewhere, by the rule that gives all 599 rows of the official ones.

    On hand the mean week of the last 52, rounded up; two such weeks in all, the rest on its way for week 2, half units
    to the even number. Example: a mean of 0.75: 1 on hand, round(1.5 - 1) = 0 on its way.
    """
    mean = records.sales[:, start - YEAR_WEEKS : start].sum(axis=1) / YEAR_WEEKS
    on_hand = np.ceil(mean)
    return Shelf(on_hand, np.stack([np.zeros_like(mean), np.round(2.0 * mean - on_hand)]))


def known_at(records: Records, n_weeks: int, *, start: int) -> Known:
    """Copy what is known after so many weeks; which shelves were empty is told of weeks before the game only."""
    sales = records.sales[:, :n_weeks].copy()
    told = min(start, n_weeks, records.n_known)
    sales[:, :told][~records.in_stock[:, :told]] = np.nan
    return Known(sales, records.week_of_year[: n_weeks + N_WEEKS].copy(), records.groups)


def play(records: Records, policy: Policy, *, start: int, shelf: Shelf) -> Played:
    """Play the eight weeks from week index `start` on.

    Raises
    ------
    ValueError
        If there are fewer than eight weeks from there.
    """
    if records.sales.shape[1] < start + N_WEEKS:
        raise ValueError(f"a game from week {start} needs {start + N_WEEKS} weeks of sales")
    on_hand = shelf.on_hand
    arriving = list(shelf.incoming)
    orders, costs = [], np.zeros(N_WEEKS)
    for week in range(N_WEEKS):
        if week < N_ORDERS:
            known = known_at(records, start + week, start=start)
            order = policy(known, Shelf(on_hand.copy(), np.stack(arriving)))
            orders.append(order)
            arriving.append(order)
        on_hand = on_hand + arriving.pop(0)
        demand = records.sales[:, start + week]
        sold = np.minimum(demand, on_hand)
        on_hand = on_hand - sold
        costs[week] = HOLDING * on_hand.sum() + SHORTAGE * (demand - sold).sum()
    return Played(np.stack(orders), costs)


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ValueError(f"{folder} should hold one file {pattern}, not {len(found)}")
    return found[0]
