"""Whose turn it is: suppliers with declared shares deliver by turns, so that each keeps its share of the volume.

On a day on which several suppliers of a place could be ordered from, the one furthest behind its share is; the others
are closed. What was bought before counts (`network.sourcing.bought_units`), so the shares hold from night to night, not
only within one plan.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# An order waits this long for the supplier whose turn it is; beyond it the next one steps in [days].
WAIT_DAYS = 6


def full_shares(declared: Floats) -> Floats:
    """Shares of the suppliers of one place, (s,), that sum to 1; those without one part the rest alike.

    Example: 0.6 and 0.2 and none: 0.6, 0.2, 0.2. Shares of 0.9 and 0.9 are halves.

    Parameters
    ----------
    declared
        (s,) shares in [0, 1]; NaN where none is declared. At least one is above 0.
    """
    is_open = np.isnan(declared)
    rest = max(1.0 - float(np.nansum(declared)), 0.0)
    shares = np.where(is_open, rest / max(int(is_open.sum()), 1), declared)
    total: Floats = shares / shares.sum()
    return total


def turns(ships: Flags, *, share: Floats, bought: Floats, size: float) -> Flags:
    """Days on which each supplier of one place may be ordered from, (s, T).

    The largest remainder takes the next order: share x (all bought + the order) - bought from it.

    Parameters
    ----------
    ships
        (s, T) days on which each supplier's goods may leave.
    share
        (s,) shares that sum to 1.
    bought
        (s,) units bought before.
    size
        Units of a usual order.
    """
    mine = np.zeros_like(ships)
    given = bought.astype(np.float64).copy()
    for day in np.flatnonzero(ships.any(axis=0)).tolist():
        behind = share * (given.sum() + size) - given
        best = int(behind.argmax())
        if not ships[best, day]:
            if ships[best, day : day + WAIT_DAYS + 1].any():
                continue
            best = int(np.where(ships[:, day] & (share > 0), behind, -np.inf).argmax())
            if not (ships[best, day] and share[best] > 0):
                continue
        mine[best, day] = True
        given[best] += size
    return mine


def with_turns(pairs: pd.DataFrame, slot: Ints, ships: Flags, arrival: Ints) -> tuple[Ints, Flags, Ints]:
    """Give pairs of suppliers with shares ship days of their own.

    Parameters
    ----------
    pairs
        (m,) pairs sorted by point: point, origin_point (-1 for suppliers), share, bought_units, order_multiple,
        min_order_quantity.
    slot
        (m,) row of `ships` and `arrival` of each pair.
    ships, arrival
        (n_slots, T) as in `Inbound`.

    Returns
    -------
    The three with rows added for the pairs whose days are their own.
    """
    share = pairs["share"].to_numpy(dtype=np.float64)
    point = pairs["point"].to_numpy(dtype=np.int64)
    is_bought = (pairs["origin_point"] < 0).to_numpy(dtype=bool)
    shared = np.unique(point[is_bought & (share > 0)])
    rows = np.flatnonzero(np.isin(point, shared) & is_bought)
    if not rows.size:
        return slot, ships, arrival
    bought = pairs["bought_units"].to_numpy(dtype=np.float64)
    least = pairs[["order_multiple", "min_order_quantity"]].to_numpy(dtype=np.float64).max(axis=1)
    own = []
    for group in np.split(rows, np.flatnonzero(np.diff(point[rows])) + 1):
        before = np.nan_to_num(bought[group])
        # Thirteen weeks of purchases, about one a week: what counts is only how orders compare with what was bought.
        size = max(float(before.sum()) / 13.0, float(least[group].max()), 1.0)
        own.append(turns(ships[slot[group]], share=full_shares(share[group]), bought=before, size=size))
    slot = slot.copy()
    old, slot[rows] = slot[rows], len(ships) + np.arange(rows.size)
    return slot, np.concatenate([ships, *own]), np.concatenate([arrival, arrival[old]])


def share_kept(rules: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """Compare declared shares with what was bought.

    Parameters
    ----------
    rules
        Sourcing rules: sku, origin, destination, share.
    bought
        sku, origin, destination, quantity [units].

    Returns
    -------
    sku, origin, destination, share, kept (share of the units that came from there; NaN where nothing was bought).
    """
    key = ["sku", "origin", "destination"]
    units = bought.groupby(key)["quantity"].sum()
    table = rules.loc[rules["share"].notna(), [*key, "share"]].reset_index(drop=True)
    own = units.reindex(pd.MultiIndex.from_frame(table[key])).fillna(0.0).to_numpy(dtype=np.float64)
    total = bought.groupby(["sku", "destination"])["quantity"].sum()
    every = total.reindex(pd.MultiIndex.from_frame(table[["sku", "destination"]])).to_numpy(dtype=np.float64)
    return table.assign(kept=np.divide(own, every, out=np.full(own.size, np.nan), where=every > 0))
