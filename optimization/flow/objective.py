"""Cost of a plan on the surrogate, recomputed from the convex costs, and the integers that the solver sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.flow.problem import Rows, SkuProblem

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def integer_costs(cost: Floats, steps: int) -> tuple[Ints, float]:
    """Round unit costs down to whole steps of the steepest one; returns them and the steps per money.

    Down, so that no flow costs more in steps than it does in money: the optimum in steps bounds the optimum as it is.

    Parameters
    ----------
    cost
        (m,) [money/unit].
    steps
        Whole number that stands for the largest absolute cost.
    """
    steepest = float(np.abs(cost).max(initial=0.0))
    scale = steps / steepest if steepest > 0 else 1.0
    return np.floor(cost * scale).astype(np.int64), scale


def supplies(problem: SkuProblem, quantity: Ints) -> tuple[Ints, Ints]:
    """Return cumulative supply of the points and of the echelons, (n_points, T) and (n_roots, T).

    Parameters
    ----------
    problem
        The convex program.
    quantity
        (k,) units of each move.
    """
    change = np.zeros_like(problem.pipeline)
    np.add.at(change, (problem.destination, problem.arrival), quantity)
    own = problem.origin >= 0
    np.subtract.at(change, (problem.origin[own], problem.day[own]), quantity[own])
    bought = np.zeros_like(problem.pipeline)
    np.add.at(bought, (problem.destination[~own], problem.arrival[~own]), quantity[~own])
    points = problem.points.base + np.cumsum(change, axis=1)
    return points, problem.echelons.base + np.cumsum(bought[problem.roots], axis=1)


def plan_cost(problem: SkuProblem, quantity: Ints) -> float:
    """Cost of the moves and of the supply they make, relative to no supply at all [money]."""
    points, echelons = supplies(problem, quantity)
    moved = float((problem.cost * quantity).sum())
    return moved + rows_cost(problem.points, points) + rows_cost(problem.echelons, echelons)


def rows_cost(rows: Rows, supply: Ints) -> float:
    """Convex costs of cumulative supply (n, T), 0 where supply is 0 [money]."""
    daily = (_inside(rows.breaks, supply) * rows.slopes).sum()
    at = supply[np.arange(len(supply)), rows.waste_day]
    return float(daily + (_inside(rows.waste_breaks, at) * rows.waste_slopes).sum())


def _inside(breaks: Ints, supply: Ints) -> Ints:
    """Units of supply on each segment, (..., K + 1)."""
    starts = np.concatenate([np.zeros_like(breaks[..., :1]), breaks], axis=-1)
    ends = np.concatenate([breaks, np.maximum(supply, breaks[..., -1])[..., None]], axis=-1)
    inside: Ints = np.maximum(np.minimum(ends, supply[..., None]) - starts, 0)
    return inside
