"""The convex program of one SKU, as plain arrays: what `arcs` turns into a network and the oracles solve otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.flow.data import FlowData, Moves

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """Convex costs of cumulative supply of some rows over the horizon.

    Parameters
    ----------
    breaks, slopes
        (n, T, K) whole units and (n, T, K + 1) [money/unit]: cost of one more unit on each segment of each day.
    waste_day
        (n,) day on which waste is charged.
    waste_breaks, waste_slopes
        (n, K), (n, K + 1) cost of one more unit that may expire; all 0 where goods do not.
    base
        (n, T) supply that no decision changes.
    """

    breaks: Ints
    slopes: Floats
    waste_day: Ints
    waste_breaks: Ints
    waste_slopes: Floats
    base: Ints

    @property
    def has_waste(self) -> Flags:
        """(n,) whether goods may expire."""
        flags: Flags = (self.waste_slopes != 0).any(axis=1)
        return flags


@dataclass(frozen=True, eq=False)
class SkuProblem:
    """Choose whole move quantities x >= 0 that minimise the cost of supply and of moving.

    Supply of point p at day d: Z = free + pipeline[0..d] + moves that arrived by d - moves that left by d. Echelon of
    root r: its base plus what was bought for r and arrived by d. Cost: sum of the convex costs of all rows plus
    cost * x. Constraints: what leaves p on day d is at most Z of p at the end of day d - 1 (on day 0 what is sendable);
    protected moves of a point together are at most what it may give; no move is larger than its `most`.

    Parameters
    ----------
    points
        Stock points, n_points rows.
    echelons
        Bought-for warehouses with their pooled demand, n_roots rows.
    roots
        (n_roots,) their stock points.
    free, sendable, giveable
        (n_points,) units on hand tonight; of these, units that tonight's moves together may take; and those that
        protected moves may.
    pipeline
        (n_points, T) units that open orders bring.
    origin, destination
        (k,) points of each move; origin -1 is a supplier.
    day, arrival
        (k,) day indexes on which a move leaves and is usable.
    cost
        (k,) [money/unit].
    most
        (k,) largest quantity of each move [units].
    is_protected
        (k,) whether a move draws on `giveable`.
    is_banned
        (k,) whether a move may not be made after all.
    lot
        (k,) units that are ordered together in the end, which the program itself does not ask for; 1 on later days.
    """

    points: Rows
    echelons: Rows
    roots: Ints
    free: Ints
    sendable: Ints
    giveable: Ints
    pipeline: Ints
    origin: Ints
    destination: Ints
    day: Ints
    arrival: Ints
    cost: Floats
    most: Ints
    is_protected: Flags
    is_banned: Flags
    lot: Ints

    @property
    def horizon(self) -> int:
        """Days planned T."""
        return int(self.pipeline.shape[1])

    @property
    def most_bought(self) -> int:
        """Units beyond which no purchase can be useful: the last knots of all rows less what is there."""
        return sum(
            int(np.maximum(rows.breaks[:, :, -1] - rows.base, 0).max(axis=1).sum())
            for rows in (self.points, self.echelons)
            if len(rows.base)
        )


@dataclass(frozen=True, eq=False)
class Slices:
    """Where each SKU's rows and moves are: first and last+1 positions, sorted alike.

    Parameters
    ----------
    sku
        (n_skus,) names, sorted.
    point, echelon, regular, tonight
        (n_skus + 1,) boundaries in the stock points, the echelon rows and the two lists of moves.
    """

    sku: npt.NDArray[np.object_]
    point: Ints
    echelon: Ints
    regular: Ints
    tonight: Ints


def sku_slices(data: FlowData) -> Slices:
    """Find the boundaries of each SKU in the sorted input."""
    names = data.positions["sku"].to_numpy(dtype=object)
    is_first = np.append(True, names[1:] != names[:-1]) if names.size else np.zeros(0, dtype=bool)
    point = np.append(np.flatnonzero(is_first), names.size).astype(np.int64)
    code = np.cumsum(is_first) - 1
    wanted = np.arange(point.size)
    local = data.has_echelon
    return Slices(
        sku=names[is_first],
        point=point,
        echelon=np.searchsorted(code[local], wanted).astype(np.int64),
        regular=np.searchsorted(code[data.regular.destination], wanted).astype(np.int64),
        tonight=np.searchsorted(code[data.tonight.destination], wanted).astype(np.int64),
    )


def sku_problem(data: FlowData, slices: Slices, index: int, *, slopes: Floats) -> SkuProblem:
    """Cut one SKU out of the chain's input.

    Parameters
    ----------
    data, slices
        All SKUs and where each one is.
    index
        Which SKU.
    slopes
        `CostCurves.slopes()`, computed once.
    """
    first, last = int(slices.point[index]), int(slices.point[index + 1])
    n_local = len(data.positions)
    local = np.arange(first, last)
    echelon = n_local + np.arange(slices.echelon[index], slices.echelon[index + 1])
    of_regular = np.arange(slices.regular[index], slices.regular[index + 1])
    of_tonight = np.arange(slices.tonight[index], slices.tonight[index + 1])
    roots = np.flatnonzero(data.has_echelon[first:last])
    regular, tonight = data.regular, data.tonight

    def joined(name: str) -> Ints:
        both: Ints = np.concatenate([getattr(regular, name)[of_regular], getattr(tonight, name)[of_tonight]])
        return both

    origin = joined("origin")
    return SkuProblem(
        points=_rows(data, local, slopes),
        echelons=_rows(data, echelon, slopes),
        roots=roots,
        free=data.free[local],
        sendable=data.sendable[local],
        giveable=data.giveable[local],
        pipeline=data.pipeline[local],
        origin=np.where(origin >= 0, origin - first, -1),
        destination=joined("destination") - first,
        day=joined("day"),
        arrival=joined("arrival"),
        cost=np.concatenate(
            [regular.cost[of_regular] + regular.price[of_regular], tonight.cost[of_tonight] + tonight.price[of_tonight]]
        ),
        most=joined("most"),
        is_protected=np.concatenate([np.zeros(of_regular.size, dtype=bool), data.is_protected[of_tonight]]),
        is_banned=np.concatenate([np.zeros(of_regular.size, dtype=bool), data.is_banned[of_tonight]]),
        lot=np.concatenate([_lots(regular, of_regular), np.ones(of_tonight.size, dtype=np.int64)]),
    )


def _lots(moves: Moves, rows: Ints) -> Ints:
    """Units that some regular moves are ordered in."""
    return np.where(moves.day[rows] == 0, moves.inbound.order_multiple[moves.pair[rows]], 1)


def _rows(data: FlowData, rows: Ints, slopes: Floats) -> Rows:
    curves = data.curves
    return Rows(
        breaks=curves.breaks[rows].astype(np.int64),
        slopes=slopes[rows],
        waste_day=curves.waste_day[rows],
        waste_breaks=curves.waste_breaks[rows].astype(np.int64),
        waste_slopes=curves.waste[rows, None] * curves.waste_cdf[rows],
        base=curves.base_supply[rows].astype(np.int64),
    )
