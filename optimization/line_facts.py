"""What there is to say about each line: cover, stock-out and promotion at its destination, cover of its origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.promoted import promoted_points
from optimization.reasons import LineFacts

if TYPE_CHECKING:
    from network.snapshot import Snapshot
    from optimization.projection import Projection

Floats = npt.NDArray[np.float64]
# A promotion further ahead is not what tonight's line is about [days].
PROMOTION_DAYS = 14


@dataclass(frozen=True, eq=False)
class FactTable:
    """Facts of lines, in their order.

    Parameters
    ----------
    cover_before, cover_after
        (m,) cover of the destination without and with tonight's moves [days]; infinite without demand.
    stockout_date
        (m,) first day on which expected demand exceeds supply at the destination without the plan.
    sentences
        (m) what each reason is made of.
    """

    cover_before: Floats
    cover_after: Floats
    stockout_date: pd.DatetimeIndex
    sentences: tuple[LineFacts, ...]


def line_facts(
    moves: pd.DataFrame, *, projection: Projection, positions: pd.DataFrame, snapshot: Snapshot
) -> FactTable:
    """Look up the facts of each move; a place without a row of its own has no demand and no stock."""
    to = projection.rows_of(moves["sku"], moves["destination"])
    start = projection.rows_of(moves["sku"], moves["origin"])
    before = projection.cover_days(projection.supply_before[:, -1])
    after = projection.cover_days(projection.supply_after[:, -1])
    dates = _picked(_dates(projection, projection.stockout_day(projection.supply_before)), to)
    promoted = _picked(_promotion_dates(projection, snapshot), to)
    cover_before, cover_after = (np.where(to >= 0, values[to], np.inf) for values in (before, after))
    columns = (
        moves["mode"], moves["origin"], moves["destination"],
        np.where(to >= 0, positions["on_hand"].to_numpy()[to], 0), dates, promoted, moves["due_date"],
        cover_before, cover_after, _cover_at_due(projection, to, moves["due_date"]),
        np.where(start >= 0, before[start], np.inf), moves["note"],
    )  # fmt: skip
    sentences = tuple(
        LineFacts(
            mode=mode, origin=origin, destination=destination, cutoff=projection.cutoff, on_hand=on_hand,
            stockout_date=stockout, promotion_date=promotion, due_date=due, cover_before=first, cover_after=last,
            cover_at_due=at_due, origin_cover=behind, note=note,
        )
        for mode, origin, destination, on_hand, stockout, promotion, due, first, last, at_due, behind, note
        in zip(*columns, strict=True)
    )  # fmt: skip
    return FactTable(cover_before=cover_before, cover_after=cover_after, stockout_date=dates, sentences=sentences)


def _dates(projection: Projection, day: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    """Day indexes as dates; beyond the horizon as NaT."""
    offsets = pd.to_timedelta(np.where(day < projection.horizon, day + 1, 0), unit="D")
    dates = pd.DatetimeIndex(projection.cutoff + offsets)
    return pd.DatetimeIndex(dates.where(day < projection.horizon))


def _picked(dates: pd.DatetimeIndex, row: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    """Dates of rows; NaT for the row -1."""
    return pd.DatetimeIndex(dates.take(np.maximum(row, 0)).where(row >= 0))


def _promotion_dates(projection: Projection, snapshot: Snapshot) -> pd.DatetimeIndex:
    """First day of the next or running promotion of each point; NaT where none is near."""
    points = projection.points.merge(snapshot.table("skus")[["sku", "category"]], on="sku", how="left")
    points = points.merge(snapshot.table("locations")[["location", "zone", "region"]], on="location", how="left")
    first, last = (projection.cutoff + pd.Timedelta(days=days) for days in (1, PROMOTION_DAYS))
    touched = promoted_points(snapshot.table("promotions"), points, first=first, last=last)
    earliest = touched.groupby("row")["from"].min()
    return pd.DatetimeIndex(earliest.reindex(range(len(points))))


def _cover_at_due(projection: Projection, row: npt.NDArray[np.int64], due: pd.Series[pd.Timestamp]) -> Floats:
    """Cover left at the destination on the evening before the goods are usable, without the plan [days]."""
    day = ((due - projection.cutoff).dt.days.to_numpy() - 2).clip(-1, projection.horizon - 1)
    known = np.maximum(row, 0)
    used = np.where(day >= 0, projection.demand[known, np.maximum(day, 0)], 0.0)
    supply = projection.supply_before[known, np.maximum(day, 0)]
    rate = projection.daily_demand[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(rate > 0, (supply - used) / rate, np.inf)
    return np.where(row >= 0, left, np.inf)
