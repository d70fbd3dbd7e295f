"""Forecast value added: by how much each step of a ladder lowers the error of the step before, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

N_DRAWS = 2000
# Origins whose scored days overlap are drawn in blocks of this many neighbours.
BLOCK_ORIGINS = 2
INTERVAL = (0.05, 0.95)
# Series are drawn by SKU where there are this many, else by location: shocks hit a SKU everywhere.
LEAST_BLOCKS = 20


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses of one step.

    Parameters
    ----------
    step
        Its name.
    compared_with
        The step before it.
    loss, before
        (n_origins, n_series) losses of both on the same cells [units].
    measure
        What the loss is.
    """

    step: str
    compared_with: str
    loss: Array
    before: Array
    measure: str


def value_added(pairs: list[Losses], series: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Compare each step with the one before it, over everything and by category.

    Value added is 1 - sum of losses / sum of losses before. Its interval is a paired block bootstrap: blocks of
    neighbouring origins and blocks of series (a SKU or a location) are drawn with replacement, both steps with the
    same draw (Künsch 1989; two-way as in Cameron, Gelbach and Miller 2011).

    Parameters
    ----------
    pairs
        Steps in order.
    series
        sku, location, category of each series.
    seed
        Of the draws.

    Returns
    -------
    step, compared_with, measure, category (empty: all), loss, loss_before, value_added, low, high (5% and 95%),
    n_origins, n_series.
    """
    blocks = series_blocks(series)
    category = series["category"].fillna("").astype(str).to_numpy(dtype=object)
    rows = []
    for pair in pairs:
        for name in ("", *sorted(set(category) - {""})):
            inside = np.ones(category.size, dtype=bool) if name == "" else category == name
            rows.append(_row(pair, inside, name, blocks=blocks, seed=seed))
    return pd.DataFrame(rows)


def series_blocks(series: pd.DataFrame) -> Ints:
    """Block of each series: its SKU where there are enough SKUs, else its location."""
    key = "sku" if series["sku"].nunique() >= LEAST_BLOCKS else "location"
    return pd.factorize(series[key], sort=True)[0].astype(np.int64)


def _row(
    pair: Losses, inside: npt.NDArray[np.bool_], category: str, *, blocks: Ints, seed: int
) -> dict[str, str | float]:
    loss, before = pair.loss[:, inside], pair.before[:, inside]
    low, high = bootstrap_interval(loss, before, blocks[inside], seed=seed)
    total, total_before = float(loss.sum()), float(before.sum())
    return {
        "step": pair.step,
        "compared_with": pair.compared_with,
        "measure": pair.measure,
        "category": category,
        "loss": total,
        "loss_before": total_before,
        "value_added": 1.0 - total / total_before if total_before > 0 else float("nan"),
        "low": low,
        "high": high,
        "n_origins": float(loss.shape[0]),
        "n_series": float(inside.sum()),
    }


def bootstrap_interval(loss: Array, before: Array, blocks: Ints, *, seed: int) -> tuple[float, float]:
    """Return the 5% and 95% quantiles of the value added over redrawn origins and series blocks.

    Parameters
    ----------
    loss, before
        (n_origins, n_series).
    blocks
        (n_series,) block codes.
    seed
        Of the draws.
    """
    if not before.size or before.sum() <= 0:
        return float("nan"), float("nan")
    random = np.random.default_rng([seed, 17])
    names, codes = np.unique(blocks, return_inverse=True)
    table = np.stack([_by_block(values, codes, names.size) for values in (loss, before)])
    origins = _origin_counts(loss.shape[0], random)
    series = random.multinomial(names.size, np.full(names.size, 1.0 / names.size), size=N_DRAWS).astype(np.float64)
    new, old = (np.einsum("do,os,ds->d", origins, part, series) for part in table)
    drawn = 1.0 - new / np.where(old > 0, old, np.nan)
    low, high = np.nanquantile(drawn, INTERVAL)
    return float(low), float(high)


def _by_block(values: Array, codes: Ints, n_blocks: int) -> Array:
    return np.stack([np.bincount(codes, weights=row, minlength=n_blocks) for row in values])


def _origin_counts(n_origins: int, random: np.random.Generator) -> Array:
    """How often each origin is drawn, by blocks of neighbours that wrap around: (n_draws, n_origins)."""
    size = min(BLOCK_ORIGINS, n_origins)
    starts = random.integers(0, n_origins, (N_DRAWS, -(-n_origins // size)))
    drawn = ((starts[:, :, None] + np.arange(size)[None, None, :]) % n_origins).reshape(N_DRAWS, -1)[:, :n_origins]
    counts = np.zeros((N_DRAWS, n_origins))
    np.add.at(counts, (np.arange(N_DRAWS)[:, None], drawn), 1.0)
    return counts


def beaten_slices(ours: Array, baseline: Array, demand: Array, *, slices: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Compare losses slice by slice.

    Parameters
    ----------
    ours, baseline, demand
        (n_origins, n_series) losses and demand [units].
    slices
        (n_origins, n_series) name of each one's slice.

    Returns
    -------
    slice, loss, loss_baseline, demand, is_beaten, is_tied (the baseline itself was served, as for launches of which
    nothing was sold yet); slices without demand are left out.
    """
    codes, names = pd.factorize(slices.ravel(), sort=True)
    sums = [np.bincount(codes, weights=values.ravel(), minlength=len(names)) for values in (ours, baseline, demand)]
    table = pd.DataFrame({"slice": names, "loss": sums[0], "loss_baseline": sums[1], "demand": sums[2]})
    table = table[table["demand"] > 0].reset_index(drop=True)
    is_tied = np.isclose(table["loss"], table["loss_baseline"], rtol=1e-9, atol=0.0)
    return table.assign(is_beaten=(table["loss"] < table["loss_baseline"]) & ~is_tied, is_tied=is_tied)
