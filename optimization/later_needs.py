"""What a purchase lane will carry on later days, further than the plan looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.cost_curves import CostCurves

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def later_purchases(
    planned: Ints, part: dict[str, npt.NDArray[Any]], *, curves: CostCurves, is_going: Flags, max_days: int
) -> Ints:
    """Units to order up to each later ship day: from a line's first order on, what is sold from one order to the next.

    The plan's own later orders bring only what is needed inside the horizon, and less the nearer its end they come.
    Example: a plan of 26 days has a first order of 9 on day 7, then 3 on day 14; 3 a day are sold. Up to day 14 it is
    9 + 7 * 3 = 30, not 12.

    Parameters
    ----------
    planned
        (m, T) units planned up to each day, 0 on day 0.
    part
        The lines' numbers: `point` and `next_day`.
    curves
        Demand; of a warehouse that is bought for, of all that it feeds.
    is_going
        (m,) lines that are ordered tonight already.
    max_days
        Days to look ahead, at least to the next ship day.

    Returns
    -------
    (m, days + 1), nondecreasing and never less than planned.
    """
    horizon, gap = planned.shape[1], max(int(part["next_day"].min()), 1)
    days = np.arange(max(max_days, gap) + 1)
    known = planned[:, np.minimum(days, horizon - 1)]
    first = np.where(is_going, 0, (known > 0).argmax(axis=1))
    echelon = curves.echelon_of[part["point"]]
    rate = curves.later_demand(np.where(echelon >= 0, echelon, part["point"]))
    sold = rate[:, None] * np.maximum(days - first[:, None], 0)
    is_ship = (days % gap == 0) & (days > 0) & (days >= first[:, None])
    reached = np.where(is_ship, np.rint(known[np.arange(first.size), first][:, None] + sold), 0.0).astype(np.int64)
    needs: Ints = np.maximum.accumulate(np.maximum(known, reached), axis=1)
    return needs
