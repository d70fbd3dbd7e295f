"""What a line earns, as a planner asks it: the finished plan against the same plan without this one line.

`line_value` asks another question, which decides trucks: what is lost if a line waits for the next chance. Here the
line never happens and nothing takes its place, so its units are missing from arrival to the end of the horizon.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.cost_curves import CostCurves
from optimization.curve_knots import Knots, expected_short
from optimization.line_value import CHUNK, VALUE_COLUMNS, Effects, add_gains, line_effects

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def line_worth(moves: pd.DataFrame, curves: CostCurves, supply: Ints) -> pd.DataFrame:
    """Value each line alone: cost of the plan without it less cost of the plan.

    A unit that is missing is lost once, on the worst day on which a coverage interval ends: the cost curves charge
    every interval for what is then short in all, which suits a plan that can still fill the gap, and would count the
    same lost sale again and again here.

    Parameters
    ----------
    moves
        Lines: sku, origin, destination, mode, arrival_day, quantity.
    curves
        Cost curves.
    supply
        (n, T) cumulative supply of the finished plan.

    Returns
    -------
    `VALUE_COLUMNS`, rows as in `moves`, positive is benefit [money]: shortage avoided and holding at the destination
    and its echelon, origin_release (all of it at the origin), waste.
    """
    effects = line_effects(moves, curves)
    values = np.zeros((len(moves), len(VALUE_COLUMNS)))
    for first in range(0, effects.line.size, CHUNK):
        part = effects.take(np.arange(first, min(first + CHUNK, effects.line.size)))
        add_gains(values, part, _gains(part, curves, supply))
    return pd.DataFrame(values, columns=list(VALUE_COLUMNS))


def _gains(effects: Effects, curves: CostCurves, supply: Ints) -> Floats:
    """Cost saved by each effect on its row, (m, n_columns)."""
    days = np.arange(curves.horizon)
    after = supply[effects.row]
    before = after - np.where(days >= effects.start[:, None], effects.quantity[:, None], 0)
    rows = curves.take(effects.row)
    held = rows.expected_holding(before) - rows.expected_holding(after)
    waste = rows.expected_waste(before) - rows.expected_waste(after)
    return np.stack([_lost_sales(rows, before, after), held, np.zeros_like(held), waste], axis=1)


def _lost_sales(rows: CostCurves, before: Ints, after: Ints) -> Floats:
    """Lost sales avoided (m,) [money]: the largest change of units short at the end of a coverage interval."""
    knots = Knots(rows.breaks, rows.cdf)
    change = (expected_short(knots, before) - expected_short(knots, after)) * rows.shortage_day
    worst = np.abs(change).argmax(axis=1)
    units: Floats = change[np.arange(len(change)), worst]
    return rows.shortage * units
