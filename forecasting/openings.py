"""Closed days around a target day; opening is known ahead, as far as the horizon reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Days16 = npt.NDArray[np.int16]

# Distances to closed days are cut here [days].
LONGEST_SINCE, LONGEST_UNTIL = 30, 8
NAMES = ("closed_since", "closed_until", "closed_before_14", "closed_before_60", "closed_after_7")


@dataclass(frozen=True, eq=False)
class Openings:
    """Closed days of every series.

    Parameters
    ----------
    since, until
        (n_series, n_days) days since the last closed day before, and until the next one after each day, both cut.
    closed
        (n_series, n_days + 1) running count of closed days.
    """

    since: Days16
    until: Days16
    closed: Days16

    def at(self, series: Ints, days: Ints, *, known_until: int) -> list[Array]:
        """Return the columns of (series, day) pairs; days after day index ``known_until`` count as open."""
        last, width = known_until, self.closed.shape[1]
        flat, row = self.closed.ravel(), series * width

        def count(first: Ints, stop: Ints) -> Array:
            inside = np.clip(stop, 0, min(last + 1, width - 1)), np.clip(first, 0, min(last + 1, width - 1))
            n_closed: Array = (flat[row + inside[0]] - flat[row + inside[1]]).astype(np.float64)
            return n_closed

        until = self.until[series, days].astype(np.float64)
        return [
            self.since[series, days].astype(np.float64),
            np.where(days + until > last, LONGEST_UNTIL, until),
            count(days - 14, days),
            count(days - 60, days),
            count(days + 1, days + 8),
        ]


def build_openings(is_active: npt.NDArray[np.bool_]) -> Openings:
    """Count closed days.

    Parameters
    ----------
    is_active
        (n_series, n_days) alive and open.
    """
    n, n_days = is_active.shape
    days = np.arange(n_days, dtype=np.int16)
    far = np.int16(np.iinfo(np.int16).max // 2)
    last = np.maximum.accumulate(np.where(is_active, -far, days), axis=1)
    following = np.minimum.accumulate(np.where(is_active, far, days)[:, ::-1], axis=1)[:, ::-1]
    since = np.full((n, n_days), LONGEST_SINCE, dtype=np.int16)
    until = np.full((n, n_days), LONGEST_UNTIL, dtype=np.int16)
    since[:, 1:] = np.minimum(days[1:] - last[:, :-1], LONGEST_SINCE)
    until[:, :-1] = np.minimum(following[:, 1:] - days[:-1], LONGEST_UNTIL)
    closed = np.zeros((n, n_days + 1), dtype=np.int16)
    np.cumsum(~is_active, axis=1, out=closed[:, 1:])
    return Openings(since=since, until=until, closed=closed)
