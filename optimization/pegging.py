"""Pegging: which demand days the units of each supply serve, and which supply serves each demand day.

Goods are used first in, first out. Expected demand of a day takes what is there, first what leaves tonight; what is not
there is lost. A warehouse that is bought for is looked at with all that it feeds, as in `projection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.actions import new_lines

if TYPE_CHECKING:
    from optimization.projection import Projection

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PEGGING_COLUMNS = {
    **dict.fromkeys(("sku", "location", "supply", "order_id"), "str"),
    "available_date": "datetime64[ns]",
    "use": "str",
    "demand_date": "datetime64[ns]",
    "units": "float64",
}
"""Columns of the `pegging` table."""
# Less than this of a unit is rounding of sums [units].
_TRIFLE = 1e-9


class Supply(StrEnum):
    """Where units come from."""

    STOCK = "stock"
    OPEN_ORDER = "open order"
    LINE = "line"


class Use(StrEnum):
    """What becomes of units: demand of a day, a move that leaves tonight, or nothing within the horizon."""

    DEMAND = "demand"
    LEAVES = "leaves tonight"
    LEFT = "left at the end"


@dataclass(frozen=True, eq=False)
class Lots:
    """Supplies of the pegged points, sorted by (row, day): stock, open orders and lines.

    Parameters
    ----------
    row
        (m,) pegged point.
    day
        (m,) day index from which the units are there.
    units
        (m,) how many.
    supply, order_id
        (m,) kind of supply; the new line it is, else empty.
    """

    row: Ints
    day: Ints
    units: Ints
    supply: npt.NDArray[np.object_]
    order_id: npt.NDArray[np.object_]


def peg(orders: pd.DataFrame, projection: Projection) -> pd.DataFrame:
    """Peg the supply of every stock point that gets a new line.

    Parameters
    ----------
    orders
        Orders; messages among them are left out.
    projection
        Expected demand and supply.

    Returns
    -------
    `PEGGING_COLUMNS`: one row for each pair of a supply and a use, sorted by (sku, location, available_date, supply,
    order_id, demand_date). The rows of a line sum to its quantity; the rows of a demand day to what of it is served.
    Lines due after the horizon are left at the end whole.
    """
    lines = new_lines(orders)
    to = projection.rows_of(lines["sku"], lines["destination"])
    points = np.unique(to[to >= 0])
    if not points.size:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PEGGING_COLUMNS.items()})
    lots = _lots(lines, to, points, projection)
    uses = np.concatenate([_leaving(lots, points, projection)[:, None], _daily(points, projection)], axis=1)
    served = served_by_day(arriving(lots, uses.shape[1] - 1, points.size), uses)
    return _table(lots, overlaps(lots, served), points, projection)


def _daily(points: Ints, projection: Projection) -> Floats:
    """Expected demand by day (p, T) [units/day]."""
    steps: Floats = np.diff(projection.demand[points], axis=1, prepend=0.0)
    return np.maximum(steps, 0.0)


def _leaving(lots: Lots, points: Ints, projection: Projection) -> Floats:
    """Units that leave each point with tonight's moves (p,); moves inside an echelon do not leave it."""
    change = (projection.supply_after - projection.supply_before)[points, 0]
    is_tonight = (lots.day == 0) & (lots.supply == str(Supply.LINE))
    brought = np.zeros(points.size, dtype=np.int64)
    np.add.at(brought, lots.row[is_tonight], lots.units[is_tonight])
    gone = np.maximum(brought - change, 0).astype(np.float64)
    return np.where(projection.is_echelon[points], 0.0, gone)


def _lots(lines: pd.DataFrame, to: Ints, points: Ints, projection: Projection) -> Lots:
    """List stock, open orders by day and new lines of the pegged points."""
    supply = projection.supply_before[points]
    coming = np.maximum(np.diff(supply, axis=1, prepend=0), 0)
    # What lies there tonight and what open orders bring on the first day come together; both count as stock.
    row, day = np.nonzero(coming)
    kind = np.where(day == 0, str(Supply.STOCK), str(Supply.OPEN_ORDER)).astype(object)
    known = np.flatnonzero(to >= 0)
    arrival = ((lines["due_date"] - projection.cutoff).dt.days - 1).to_numpy(dtype=np.int64)[known]
    parts = {
        "row": np.concatenate([row, np.searchsorted(points, to[known])]),
        "day": np.concatenate([day, arrival]),
        "units": np.concatenate([coming[row, day], lines["quantity"].to_numpy(dtype=np.int64)[known]]),
        "supply": np.concatenate([kind, np.full(known.size, str(Supply.LINE), dtype=object)]),
        "order_id": np.concatenate([np.full(row.size, "", dtype=object), lines["order_id"].to_numpy(object)[known]]),
    }
    order = np.lexsort([parts["order_id"].astype(str), parts["supply"].astype(str), parts["day"], parts["row"]])
    return Lots(**{name: values[order] for name, values in parts.items()})


def arriving(lots: Lots, horizon: int, n_points: int) -> Floats:
    """Units that become available by day (p, T); what comes later is not seen."""
    coming = np.zeros((n_points, horizon))
    inside = lots.day < horizon
    np.add.at(coming, (lots.row[inside], lots.day[inside]), lots.units[inside])
    return coming


def served_by_day(coming: Floats, uses: Floats) -> Floats:
    """Units used (p, 1 + T): what leaves tonight first, then the demand of each day, as far as goods are there.

    Parameters
    ----------
    coming
        (p, T) units that become available.
    uses
        (p, 1 + T) units that leave tonight, and demand by day.
    """
    served = np.zeros_like(uses)
    there = coming[:, 0].copy()
    served[:, 0] = np.minimum(there, uses[:, 0])
    there -= served[:, 0]
    for day in range(coming.shape[1]):
        there += coming[:, day] if day else 0.0
        served[:, day + 1] = np.minimum(there, uses[:, day + 1])
        there -= served[:, day + 1]
    return served


def overlaps(lots: Lots, served: Floats) -> pd.DataFrame:
    """First in, first out: lot (position), column of `served` (-1 = left at the end), units; they sum to each lot."""
    n_uses = served.shape[1]
    ends = np.cumsum(lots.units)
    is_first = np.append(True, lots.row[1:] != lots.row[:-1]) if lots.row.size else np.zeros(0, dtype=bool)
    base = np.maximum.accumulate(np.where(is_first, ends - lots.units, 0))
    last = (ends - base).astype(np.float64)[:, None]
    used = np.cumsum(served, axis=1)[lots.row]
    before = used - served[lots.row]
    both = np.minimum(last, used) - np.maximum(last - lots.units[:, None], before)
    both = np.where(both > _TRIFLE, both, 0.0)
    left = lots.units - both.sum(axis=1)
    lot, use = np.nonzero(both)
    rest = np.flatnonzero(left > _TRIFLE)
    return pd.DataFrame({
        "lot": np.concatenate([lot, rest]),
        "use": np.concatenate([use, np.full(rest.size, n_uses)]),
        "units": np.concatenate([both[lot, use], left[rest]]),
    })  # fmt: skip


def _table(lots: Lots, pegs: pd.DataFrame, points: Ints, projection: Projection) -> pd.DataFrame:
    """Write pegs with names and dates."""
    lot, use = pegs["lot"].to_numpy(dtype=np.int64), pegs["use"].to_numpy(dtype=np.int64)
    place = projection.points.iloc[points[lots.row[lot]]].reset_index(drop=True)
    is_demand = (use > 0) & (use <= projection.horizon)
    kind = np.select([use == 0, is_demand], [str(Use.LEAVES), str(Use.DEMAND)], default=str(Use.LEFT))
    days = pd.to_timedelta(np.where(is_demand, use, 0), unit="D")
    table: pd.DataFrame = place.assign(
        supply=lots.supply[lot],
        order_id=lots.order_id[lot],
        available_date=projection.cutoff + pd.to_timedelta(lots.day[lot] + 1, unit="D"),
        use=kind,
        demand_date=pd.Series(projection.cutoff + days).where(is_demand),
        units=pegs["units"].to_numpy(),
        turn=use,
    )
    keys = ["sku", "location", "available_date", "supply", "order_id", "turn"]
    ordered: pd.DataFrame = table.sort_values(keys, kind="stable").reset_index(drop=True)[list(PEGGING_COLUMNS)]
    return ordered.astype(PEGGING_COLUMNS)
