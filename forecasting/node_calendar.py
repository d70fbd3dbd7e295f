"""What the calendar says of a sum of stock points: events weighed by how much of the sum their region sells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

YEAR_DAYS = 365.25
# An event on more days a year than this is a recurring condition (benefit days, school holidays), not an occasion.
OCCASION_DAYS_PER_YEAR = 20.0


@dataclass(frozen=True, eq=False)
class NodeCalendar:
    """Calendar of nodes, over history and the days ahead.

    Parameters
    ----------
    dates
        Days, history first.
    occasions, conditions
        Names of rare events and of recurring ones.
    occasion_share, condition_share
        (n_names, n_nodes, n_dates) share of the node whose region has the event that day, 0..1.
    """

    dates: pd.DatetimeIndex
    occasions: tuple[str, ...]
    conditions: tuple[str, ...]
    occasion_share: npt.NDArray[np.float32]
    condition_share: npt.NDArray[np.float32]

    @property
    def weekday(self) -> Ints:
        """0 is Monday."""
        return self.dates.day_of_week.to_numpy().astype(np.int64)

    @property
    def year_angle(self) -> Array:
        """Position in the year [radians]."""
        angle: Array = 2.0 * np.pi * self.dates.day_of_year.to_numpy().astype(np.float64) / YEAR_DAYS
        return angle

    @property
    def occasion_groups(self) -> Ints:
        """(n_nodes,) code of nodes that share all events, so that what depends on them is made once."""
        tables = np.concatenate([self.occasion_share, self.condition_share]).swapaxes(0, 1)
        return equal_rows(tables)


def equal_rows(tables: npt.NDArray[np.generic]) -> Ints:
    """Code of each first-axis entry by its content, in order of first appearance; sorting long rows takes seconds."""
    codes: dict[bytes, int] = {}
    return np.array([codes.setdefault(table.tobytes(), len(codes)) for table in tables], dtype=np.int64)


def node_calendar(
    events: pd.DataFrame, dates: pd.DatetimeIndex, *, regions: Sequence[str], region_share: Array
) -> NodeCalendar:
    """Tabulate events for nodes.

    Parameters
    ----------
    events
        Columns `date`, `region` (empty: everywhere) and `event` (empty: ignored).
    dates
        History and days ahead.
    regions
        (n_regions,) names.
    region_share
        (n_nodes, n_regions) share of each node's demand by region; rows sum to 1.
    """
    known = events[events["event"].fillna("").astype(str) != ""].drop_duplicates(["date", "region", "event"])
    names = sorted(set(known["event"].astype(str)))
    on = np.zeros((len(names), len(regions), len(dates)), dtype=np.float32)
    day = np.asarray((pd.DatetimeIndex(known["date"]) - dates[0]).days, dtype=np.int64)
    name = pd.Index(names).get_indexer(pd.Index(known["event"].astype(str)))
    region = known["region"].fillna("").astype(str)
    for row, place in enumerate(regions):
        picked = ((region == "") | (region == place)).to_numpy(dtype=bool) & (day >= 0) & (day < len(dates))
        on[name[picked], row, day[picked]] = 1.0
    share = np.einsum("erd,nr->end", on, region_share.astype(np.float32), optimize=True)
    per_year = on.max(axis=1, initial=0.0).sum(axis=1) * YEAR_DAYS / max(len(dates), 1)
    is_rare = per_year <= OCCASION_DAYS_PER_YEAR
    return NodeCalendar(
        dates=dates,
        occasions=tuple(name for name, rare in zip(names, is_rare, strict=True) if rare),
        conditions=tuple(name for name, rare in zip(names, is_rare, strict=True) if not rare),
        occasion_share=share[is_rare],
        condition_share=share[~is_rare],
    )
