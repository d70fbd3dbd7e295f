"""Rolling origins: which past days serve as cutoffs, and which days score them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from network.snapshot import Snapshot, snapshot_at

if TYPE_CHECKING:
    from network.settings import ChainSettings

# Days of history that the first origin must have behind it.
MIN_PAST_DAYS = 7
# Share of the history that the first held-out origin keeps behind it, so that the trial fit resembles the final one.
KEPT_SHARE = 0.55
# Held-out horizons are at most this share of the history.
LONGEST_HORIZON_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Fold:
    """One origin: what was known there, and the days that score it.

    Parameters
    ----------
    snapshot
        Nothing in it is dated or known after its cutoff.
    scored
        The days after the cutoff, ``horizon`` of them.
    """

    snapshot: Snapshot
    scored: pd.DatetimeIndex


def rolling_folds(
    tables: Mapping[str, pd.DataFrame], settings: ChainSettings, *, cutoffs: pd.DatetimeIndex, horizon: int
) -> Iterator[Fold]:
    """Yield one fold a cutoff. Each sees a snapshot cut from the raw tables, so a model cannot look past its origin.

    Parameters
    ----------
    tables
        Canonical tables of the whole chain.
    settings
        The chain's settings.
    cutoffs
        Origins, ascending.
    horizon
        Days scored after each.
    """
    for cutoff in cutoffs:
        scored = pd.date_range(cutoff + pd.Timedelta(days=1), periods=horizon, freq="D")
        yield Fold(snapshot_at(tables, settings, cutoff), scored)


def rolling_cutoffs(last: pd.Timestamp, *, horizon: int, n_origins: int, gap_days: int) -> pd.DatetimeIndex:
    """Return ascending cutoffs such that the last one is scored fully by ``last``."""
    newest = last - pd.Timedelta(days=horizon)
    return pd.DatetimeIndex([newest - pd.Timedelta(days=gap_days * back) for back in range(n_origins)][::-1])


@dataclass(frozen=True)
class HeldOut:
    """Origins inside one panel that are kept from a trial fit.

    Parameters
    ----------
    origins
        Day indexes, ascending; empty where the history is too short.
    horizon
        Days scored after each.
    """

    origins: tuple[int, ...]
    horizon: int


def held_out_origins(n_days: int, *, horizon: int, n_origins: int) -> HeldOut:
    """Return origins at the end of the history whose ``horizon`` days are all past.

    Short histories get a shorter horizon and denser origins, and none at all below two weeks.

    Parameters
    ----------
    n_days
        Days of the panel.
    horizon
        Wanted days ahead.
    n_origins
        Wanted origins.
    """
    reach = int(min(horizon, max(n_days * LONGEST_HORIZON_SHARE, 1)))
    if n_days < 2 * MIN_PAST_DAYS:
        return HeldOut((), 0)
    last = n_days - 1 - reach
    earliest = max(MIN_PAST_DAYS - 1, int(KEPT_SHARE * n_days))
    gap = int(np.clip((last - earliest) // max(n_origins - 1, 1), 1, max(reach // 2, 1)))
    origins = [last - gap * back for back in range(n_origins)]
    return HeldOut(tuple(sorted(day for day in origins if day >= MIN_PAST_DAYS - 1)), reach)
