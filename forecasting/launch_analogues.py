"""What the rate of a launch is drawn from: its SKU elsewhere and the SKUs it is like, each with its weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.coldstart import LONG_DAYS, POOL_WEIGHT_DAYS
from forecasting.history import History

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLUMNS = ("series", "sku", "location", "weight", "rate")
# Analogues told of each launch.
N_TOLD = 3


def launch_analogues(history: History, origin: int, rows: Ints, *, n: int = N_TOLD) -> pd.DataFrame:
    """Return the analogues of largest weight of series without history of their own.

    The rate of such a series is a weighted mean, `coldstart.base_rates`: the SKU at its other locations, by observed
    days, and the SKUs of its category, by observed days and, where that tells, nearness in price.

    Parameters
    ----------
    history
        Nothing after ``origin`` is read.
    origin
        Day index.
    rows
        (m,) positions of the series.
    n
        Analogues of each, at most.

    Returns
    -------
    series (position), sku, location (empty: all where it sells), weight (share of the series' rate, before it is sized
    for the location; those of a series sum to at most 1), rate [units/day of one location].
    """
    sku_of, rates = history.pools["sku"].codes, history.pools["sku"].rates
    units, exposure = rates.units.window(origin, LONG_DAYS), rates.exposure.window(origin, LONG_DAYS)
    skus = np.unique(sku_of[rows])
    shares = _like_shares(history, units, exposure, skus=skus)
    own_units, own_exposure = (part.window(origin, LONG_DAYS) for part in (history.own.units, history.own.exposure))
    names = history.panel.series["sku"].to_numpy(dtype=object)
    first = np.zeros(rates.n, dtype=np.int64)
    first[sku_of[::-1]] = np.arange(sku_of.size)[::-1]
    parts = []
    for row in rows:
        sku = sku_of[row]
        total = exposure[sku] + POOL_WEIGHT_DAYS
        here = np.flatnonzero((sku_of == sku) & (own_exposure > 0))
        share = shares[np.searchsorted(skus, sku)]
        like = np.flatnonzero(share > 0)
        elsewhere = pd.DataFrame(
            {
                "sku": names[here],
                "location": history.panel.series["location"].to_numpy(dtype=object)[here],
                "weight": own_exposure[here] / total,
                "rate": own_units[here] / own_exposure[here],
            }
        )
        alike = pd.DataFrame(
            {
                "sku": names[first[like]],
                "location": "",
                "weight": share[like] * POOL_WEIGHT_DAYS / total,
                "rate": units[like] / exposure[like],
            }
        )
        told = pd.concat([part for part in (elsewhere, alike) if len(part)] or [elsewhere], ignore_index=True)
        told = told.sort_values(["weight", "sku", "location"], ascending=[False, True, True], kind="stable").head(n)
        parts.append(told.assign(series=row))
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    types = {"series": "int64", "sku": "str", "location": "str", "weight": "float64", "rate": "float64"}
    return found[list(COLUMNS)].astype(types)


def analogue_words(analogues: pd.DataFrame | None, series: int) -> str:
    """Say what a launch is like: "K05 at F01 (30%, 1.2 a day), K09 (12%, 0.8)"; empty for any other series."""
    if analogues is None:
        return ""
    mine = analogues[analogues["series"] == series]
    said = [
        f"{sku}{' at ' + location if location else ''} ({weight:.0%}, {rate:.2g} a day)"
        for sku, location, weight, rate in zip(mine["sku"], mine["location"], mine["weight"], mine["rate"], strict=True)
    ]
    return ", ".join(said)


def _like_shares(history: History, units: Array, exposure: Array, *, skus: Ints) -> Array:
    """Share of every SKU in the rate that SKUs of its kind lend to some SKUs, (n, n_skus)."""
    likeness = history.likeness
    same = likeness.category[skus][:, None] == likeness.category[None, :]
    of_category = np.where(same, exposure[None, :], 0.0)
    of_category /= of_category.sum(axis=1, keepdims=True) + POOL_WEIGHT_DAYS
    if not likeness.tells(units, exposure):
        return of_category
    shares, left = likeness.weights(exposure)
    result: Array = shares[skus].toarray() + left[skus, None] * of_category
    return result
