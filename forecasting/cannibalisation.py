"""What promotions of other SKUs of a category mean for a SKU at the same location: sales lost, or drawn along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.promotions import PromotedDays

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PromotedNeighbours:
    """Promotions of the other SKUs of a category at a location, (n_series, horizon) each; 0 for promoted series.

    Parameters
    ----------
    share
        Share of the others' usual units that is promoted, 0..1.
    depth
        Mean depth over all the others' usual units; those without a promotion or a price count as 0.
    """

    share: Array32
    depth: Array32


def promoted_neighbours(announced: PromotedDays, groups: Ints, *, rate: Array) -> PromotedNeighbours:
    """Weigh the announced promotions of each series' group, the series itself left out.

    A series that is promoted itself sees nothing of its neighbours: its own promotion is what counts.

    Parameters
    ----------
    announced
        Promotions of the days ahead.
    groups
        (n_series,) codes of category and location, 0..n_groups-1.
    rate
        (n_series,) usual units a day.
    """
    usual = np.bincount(groups, weights=rate, minlength=1)[groups] - rate
    scale = np.where(usual > 1e-9, 1.0 / np.maximum(usual, 1e-9), 0.0)
    share, depth = np.zeros_like(announced.is_on), np.zeros_like(announced.is_on)
    for step in np.flatnonzero(announced.is_on.any(axis=0)):
        on = rate * announced.is_on[:, step]
        deep = on * np.nan_to_num(announced.depth[:, step])
        seen = scale * (announced.is_on[:, step] == 0)
        share[:, step] = np.clip(np.bincount(groups, weights=on)[groups] * seen, 0.0, 1.0)
        depth[:, step] = np.clip(np.bincount(groups, weights=deep)[groups] * seen, 0.0, 1.0)
    return PromotedNeighbours(share, depth)
