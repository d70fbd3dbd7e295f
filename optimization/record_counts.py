"""Counts of stock that have come back: how true the records are, and which requests they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.snapshot import Snapshot

COUNT_WINDOW_DAYS = 90
"""Counts so recent say how true the records are [days]."""
ANSWER_DAYS = 28
"""For so long after a count nobody is asked to count the same stock point again [days]."""
TOLERANCE_UNITS, TOLERANCE_SHARE = 1.0, 0.02
"""A record is true within a unit or this share of what was counted, whichever is more."""


def record_accuracy(counts: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[float, int]:
    """Share of randomly counted points whose record was true: |recorded - counted| <= max(1 unit, 2% of counted).

    Requested counts are left out: they look where something is thought to be wrong.

    Parameters
    ----------
    counts
        Table `counts`.
    cutoff
        Last day that may be known.

    Returns
    -------
    The share (0..1, NaN without counts) and the number of counts of the last 90 days.
    """
    is_recent = counts["date"] > cutoff - pd.Timedelta(days=COUNT_WINDOW_DAYS)
    random = counts[(counts["reason"] == "random") & is_recent]
    if random.empty:
        return float("nan"), 0
    counted = random["counted"].to_numpy(dtype=float)
    off = np.abs(random["recorded"].to_numpy(dtype=float) - counted)
    return float((off <= np.maximum(TOLERANCE_UNITS, TOLERANCE_SHARE * counted)).mean()), len(random)


def counted_lately(snapshot: Snapshot, points: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether each stock point (columns `sku`, `location`) was counted, for whatever reason, not long ago, (n,)."""
    counts = snapshot.table("counts")
    recent = counts[counts["date"] > snapshot.cutoff - pd.Timedelta(days=ANSWER_DAYS)]
    answered = set(zip(recent["sku"].astype(str), recent["location"].astype(str), strict=True))
    keys = zip(points["sku"].astype(str), points["location"].astype(str), strict=True)
    return np.array([key in answered for key in keys], dtype=bool)
