"""Pick and join lists of possible moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from optimization.flow.data import Moves
from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
# Fields of pairs that stay as they are when parts are joined: all but rows of points and slots.
_MOVED = ("point", "origin_point", "slot", "ships", "arrival")
_BY_PAIR = tuple(name for name in Inbound.__dataclass_fields__ if name not in _MOVED)


def some_moves(moves: Moves, rows: Ints) -> Moves:
    """Return some moves, in their order, with the pairs that they use.

    Parameters
    ----------
    moves
        All of them.
    rows
        (j,) positions, ascending.
    """
    pairs, pair = np.unique(moves.pair[rows], return_inverse=True)
    return Moves(
        pair=pair.astype(np.int64),
        day=moves.day[rows],
        arrival=moves.arrival[rows],
        cost=moves.cost[rows],
        price=moves.price[rows],
        most=moves.most[rows],
        min_life=moves.min_life[rows],
        inbound=moves.inbound.take(pairs),
    )


def joined_moves(parts: Sequence[Moves], points: Sequence[Ints]) -> tuple[Moves, Ints]:
    """Join the moves of parts, sorted by receiving point and otherwise in the order in which they were.

    Parameters
    ----------
    parts
        Moves of each part.
    points
        Rows that each part's points have in the whole.

    Returns
    -------
    The moves, and their positions (k,) in the parts' moves one after the other.
    """
    inbound = _joined_inbound([moves.inbound for moves in parts], points)
    offset = np.cumsum([0, *(moves.inbound.point.size for moves in parts)])
    joined = Moves(
        pair=np.concatenate([moves.pair + first for moves, first in zip(parts, offset[:-1], strict=True)]),
        day=np.concatenate([moves.day for moves in parts]),
        arrival=np.concatenate([moves.arrival for moves in parts]),
        cost=np.concatenate([moves.cost for moves in parts]),
        price=np.concatenate([moves.price for moves in parts]),
        most=np.concatenate([moves.most for moves in parts]),
        min_life=np.concatenate([moves.min_life for moves in parts]),
        inbound=inbound,
    )
    is_sorted = bool((np.diff(inbound.point) >= 0).all())
    return (joined, np.arange(joined.pair.size)) if is_sorted else _sorted_by_point(joined)


def _sorted_by_point(moves: Moves) -> tuple[Moves, Ints]:
    order = np.argsort(moves.inbound.point, kind="stable")
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    pair = rank[moves.pair]
    by_pair = np.argsort(pair, kind="stable")
    ordered = Moves(
        pair=pair[by_pair],
        day=moves.day[by_pair],
        arrival=moves.arrival[by_pair],
        cost=moves.cost[by_pair],
        price=moves.price[by_pair],
        most=moves.most[by_pair],
        min_life=moves.min_life[by_pair],
        inbound=moves.inbound.take(order),
    )
    return ordered, by_pair


def _joined_inbound(parts: Sequence[Inbound], points: Sequence[Ints]) -> Inbound:
    """Join pairs one part after the other; points and slots are counted on."""
    slot = np.cumsum([0, *(len(part.ships) for part in parts)])
    own = [
        np.where(part.origin_point >= 0, rows[part.origin_point], -1) if rows.size else part.origin_point
        for part, rows in zip(parts, points, strict=True)
    ]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _BY_PAIR}
    return Inbound(
        point=np.concatenate([rows[part.point] for part, rows in zip(parts, points, strict=True)]),
        origin_point=np.concatenate(own),
        slot=np.concatenate([part.slot + first for part, first in zip(parts, slot[:-1], strict=True)]),
        ships=np.concatenate([part.ships for part in parts]),
        arrival=np.concatenate([part.arrival for part in parts]),
        **joined,
    )
