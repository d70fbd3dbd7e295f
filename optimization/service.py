"""Service formulas: the newsvendor's critical ratio, and the level that meets a fill rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def newsvendor_ratio(underage: npt.ArrayLike, overage: npt.ArrayLike) -> Floats:
    """Critical ratio b / (b + h): stock the unit whose chance of being wanted just pays for it.

    Source: Arrow, Harris and Marschak (1951); Zipkin (2000), eq. 9.4.2. Example: b = 0.70, h = 0.18 gives 0.7955.

    Parameters
    ----------
    underage
        Cost of a unit missing [money/unit], >= 0.
    overage
        Cost of a unit too many over the cycle [money/unit], >= 0.

    Returns
    -------
    In [0, 1]; 0 where both costs are 0.
    """
    b, h = np.broadcast_arrays(np.asarray(underage, dtype=np.float64), np.asarray(overage, dtype=np.float64))
    total = b + h
    ratio: Floats = np.divide(b, total, out=np.zeros_like(total), where=total > 0)
    return ratio


def fill_rate_level(levels: Floats, quantiles: Floats, *, cycle_demand: Floats, fill_rate: Floats) -> Floats:
    """Lowest level whose quantile S keeps E(D - S)+ within (1 - fill rate) x the demand of a cycle.

    E(D - S)+ is the area between the quantile function and S above the level, by trapezoids (Silver, Pyke and Thomas
    2017, section 6.7.7). Example: D in {0, 1, ..., 9} alike, cycle demand 4.5, fill rate 0.9: at most 0.45 short, so
    S = 7, where (1 + 2) / 10 = 0.3 is short.

    Parameters
    ----------
    levels
        (m,) ascending in (0, 1).
    quantiles
        (n, m) of protection demand [units].
    cycle_demand
        (n,) mean demand between two receipts [units].
    fill_rate
        (n,) goal; NaN where there is none.

    Returns
    -------
    (n,) level; NaN without a goal, the highest level where none suffices.
    """
    weights = np.diff(np.append(levels, 1.0))
    middle = np.concatenate([0.5 * (quantiles[:, 1:] + quantiles[:, :-1]), quantiles[:, -1:]], axis=1)
    mass = np.cumsum((weights * middle)[:, ::-1], axis=1)[:, ::-1]
    short = mass - quantiles * (1.0 - levels)
    enough = short <= ((1.0 - fill_rate) * cycle_demand)[:, None]
    chosen = np.where(enough.any(axis=1), levels[enough.argmax(axis=1)], levels[-1])
    level: Floats = np.where(np.isnan(fill_rate), np.nan, chosen)
    return level
