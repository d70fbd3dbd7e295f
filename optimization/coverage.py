"""When a stock point can next be replenished: possible receipts, the recourse window, and the days of shortage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Longest chain of tiers that goods pass from supplier to store.
MAX_TIERS = 4


@dataclass(frozen=True, eq=False)
class Coverage:
    """Replenishment chances of each stock point within the horizon.

    Parameters
    ----------
    receipts
        (n, T) whether goods that a decision can still send may become usable on that day.
    first_receipt
        (n,) index of the first such day; T if there is none.
    window
        (n,) number of days whose uncertainty a stock point must hedge: up to its receipt after the first, 1..T.
    shortage_day
        (n, T) last day before a receipt, of a decision or of an open order: the end of a coverage interval.
    """

    receipts: Flags
    first_receipt: Ints
    window: Ints
    shortage_day: Flags


def build_coverage(
    inbound: Inbound, pipeline: Ints, *, on_hand: Ints, daily_mean: Floats, has_recourse: bool
) -> Coverage:
    """Find the replenishment chances, given where stock is.

    A source whose stock is less than a day of the demand behind it can send nothing until it is replenished itself.

    Parameters
    ----------
    inbound
        Regular sources.
    pipeline
        (n, T) units that open orders bring by day.
    on_hand
        (n,) free stock tonight [units].
    daily_mean
        (n,) mean demand of the first day [units].
    has_recourse
        Whether the window ends at the second receipt; otherwise it is the horizon.
    """
    n, horizon = pipeline.shape
    outflow = np.zeros(n)
    sent = inbound.is_main & (inbound.origin_point >= 0)
    np.add.at(outflow, inbound.origin_point[sent], daily_mean[inbound.point[sent]])
    is_supplied = (on_hand > 0) & (on_hand >= outflow)
    first_open = np.where(pipeline.any(axis=1), (pipeline > 0).argmax(axis=1), horizon)
    receipts = np.zeros((n, horizon), dtype=bool)
    for _ in range(MAX_TIERS):
        earliest = np.where(is_supplied, 0, np.minimum(first_open, _first(receipts)) + 1)
        found = _receipts(inbound, earliest, n_points=n)
        if np.array_equal(found, receipts):
            break
        receipts = found
    second = _first(receipts & (np.arange(horizon) > _first(receipts)[:, None]))
    ends = receipts | (pipeline > 0)
    shortage_day = np.concatenate([ends[:, 1:], np.ones((n, 1), dtype=bool)], axis=1)
    window = np.clip(second, 1, horizon) if has_recourse else np.full(n, horizon)
    return Coverage(
        receipts=receipts,
        first_receipt=_first(receipts),
        window=window.astype(np.int64),
        shortage_day=shortage_day,
    )


def _receipts(inbound: Inbound, earliest: Ints, *, n_points: int) -> Flags:
    """Days on which something sent by its source on an allowed day can be there."""
    horizon = inbound.ships.shape[1]
    found = np.zeros((n_points, horizon), dtype=bool)
    has_origin = inbound.origin_point >= 0
    ready = np.where(has_origin, earliest[np.where(has_origin, inbound.origin_point, 0)], 0)
    leaves = inbound.ships[inbound.slot] & (np.arange(horizon) >= ready[:, None])
    arrival = inbound.arrival[inbound.slot]
    rows, days = np.nonzero(leaves & (arrival < horizon))
    found[inbound.point[rows], arrival[rows, days]] = True
    return found


def _first(days: Flags) -> Ints:
    """Index of the first true day of each row, or the number of days."""
    first: Ints = np.where(days.any(axis=1), days.argmax(axis=1), days.shape[1]).astype(np.int64)
    return first
