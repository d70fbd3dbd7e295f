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
    inbound: Inbound, pipeline: Ints, *, on_hand: Ints, mean_demand: Floats, gap_days: Ints, has_recourse: bool
) -> Coverage:
    """Find the replenishment chances, given where stock is.

    A source is scarce when its stock is less than what the points behind it will still need, on average, until it is
    replenished itself. It can send what it has once, on its first ship day; the next receipt that can be relied on
    comes after its own. Otherwise a long shortage would be charged on every day on which a truck could have come.

    Parameters
    ----------
    inbound
        Regular sources.
    pipeline
        (n, T) units that open orders bring by day.
    on_hand
        (n,) free stock tonight [units].
    mean_demand
        (n, T) mean demand of days 0..d [units].
    gap_days
        (n,) days between two trucks of the main source, at least 1: the next chance is not the next day on which a
        truck could come, but the next on which one will.
    has_recourse
        Whether the window ends at the second receipt; otherwise it is the horizon.
    """
    n, horizon = pipeline.shape
    missing = np.maximum(mean_demand - on_hand[:, None] - np.cumsum(pipeline, axis=1), 0.0)
    first_open = np.where(pipeline.any(axis=1), (pipeline > 0).argmax(axis=1), horizon)
    receipts = np.zeros((n, horizon), dtype=bool)
    for _ in range(MAX_TIERS):
        ready = np.minimum(first_open, _first(receipts)) + 1
        is_scarce = on_hand < _needed(inbound, missing, mean_demand=mean_demand, ready=ready)
        found = _receipts(inbound, ready=ready, is_scarce=is_scarce | (on_hand <= 0), has_stock=on_hand > 0)
        if np.array_equal(found, receipts):
            break
        receipts = found
    second = _first(receipts & (np.arange(horizon) > _first(receipts)[:, None]))
    ends = receipts | (pipeline > 0)
    shortage_day = np.concatenate([ends[:, 1:], np.ones((n, 1), dtype=bool)], axis=1)
    second = np.maximum(second, _first(receipts) + gap_days)
    window = np.clip(second, 1, horizon) if has_recourse else np.full(n, horizon)
    return Coverage(
        receipts=receipts,
        first_receipt=_first(receipts),
        window=window.astype(np.int64),
        shortage_day=shortage_day,
    )


def _needed(inbound: Inbound, missing: Floats, *, mean_demand: Floats, ready: Ints) -> Floats:
    """Mean units that each point will need until it is replenished, for itself and for those it mainly feeds, (n,)."""
    last = np.minimum(ready, missing.shape[1] - 1)
    needed: Floats = mean_demand[np.arange(last.size), last].copy()
    sent = inbound.is_main & (inbound.origin_point >= 0)
    origin = inbound.origin_point[sent]
    np.add.at(needed, origin, missing[inbound.point[sent], last[origin]])
    return needed


def _receipts(inbound: Inbound, *, ready: Ints, is_scarce: Flags, has_stock: Flags) -> Flags:
    """Days on which something sent by its source can be there; scarce sources send once and then when replenished."""
    horizon = inbound.ships.shape[1]
    found = np.zeros((ready.size, horizon), dtype=bool)
    origin = np.maximum(inbound.origin_point, 0)
    waits = (inbound.origin_point >= 0) & is_scarce[origin]
    ships = inbound.ships[inbound.slot]
    is_first = ships & (np.cumsum(ships, axis=1) == 1)
    once = is_first & has_stock[origin][:, None]
    replenished = ships & (np.arange(horizon) >= ready[origin][:, None])
    leaves = np.where(waits[:, None], once | replenished, ships)
    arrival = inbound.arrival[inbound.slot]
    rows, days = np.nonzero(leaves & (arrival < horizon))
    found[inbound.point[rows], arrival[rows, days]] = True
    return found


def _first(days: Flags) -> Ints:
    """Index of the first true day of each row, or the number of days."""
    first: Ints = np.where(days.any(axis=1), days.argmax(axis=1), days.shape[1]).astype(np.int64)
    return first
