"""Paired differences between forecasts with and without signals, with block-bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

N_BOOTSTRAP = 2000
INTERVAL = (0.05, 0.95)


def errors_by_origin(
    forecasts: Mapping[str, pd.DataFrame], sales: pd.DataFrame, *, unit_factor: float = 1.0
) -> pd.DataFrame:
    """Absolute errors [units] of each arm and what was sold, summed by origin, over days that the store was open.

    Parameters
    ----------
    forecasts
        By name of the arm.
    sales
        The contract's table.
    unit_factor
        Units per number in ``sales.units``.
    """
    is_open = sales["availability"].fillna(1.0) > 0
    keys = ["sku", "location", "date"]
    sold = sales[is_open].groupby(keys, as_index=False, observed=True)["units"].sum()
    sold = sold.astype({"sku": "str", "location": "str"}).assign(units=unit_factor * sold["units"])
    columns = {}
    for name, forecast in forecasts.items():
        both = forecast.merge(sold, on=keys, validate="m:1")
        columns[name] = (both["mean"] - both["units"]).abs().groupby(both["origin"]).sum()
        columns["units"] = both["units"].groupby(both["origin"]).sum()
    return pd.DataFrame(columns)


def improvement(losses: Array) -> float:
    """WAPE improvement [%] of column 1 on column 0 of summed absolute errors; positive = better."""
    without, with_signals = losses.sum(axis=0)
    return float(100.0 * (without - with_signals) / without) if without > 0 else float("nan")


def block_interval(losses: Array, *, block: int, seed: int = 0) -> tuple[float, float]:
    """Interval of `improvement` by a paired circular block bootstrap (Politis and Romano 1992).

    Parameters
    ----------
    losses
        (n_blocks, 2) absolute errors without and with, in order of time.
    block
        Consecutive rows drawn together.
    seed
        Of the draws.

    Returns
    -------
    The 5% and 95% quantiles [%].
    """
    n = len(losses)
    random = np.random.default_rng([seed, n])
    starts = random.integers(0, n, (N_BOOTSTRAP, -(-n // block)))
    rows = ((starts[:, :, None] + np.arange(block)) % n).reshape(N_BOOTSTRAP, -1)[:, :n]
    drawn = losses[rows].sum(axis=1)
    low, high = np.quantile(100.0 * (1.0 - drawn[:, 1] / drawn[:, 0]), INTERVAL)
    return float(low), float(high)


def valued(losses: Array, *, block: int) -> dict[str, float]:
    """Improvement and its interval [%], rounded."""
    low, high = block_interval(losses, block=block)
    return {"wape_improvement_percent": round(improvement(losses), 2), "lo": round(low, 2), "hi": round(high, 2)}


def family_values(errors: pd.DataFrame, name: str, *, block: int) -> dict[str, object]:
    """Value of a family with the gate in charge, and where it was tried open, of that, also against the placebo.

    Parameters
    ----------
    errors
        From `errors_by_origin`.
    name
        Of the arm.
    block
        Consecutive origins drawn together.
    """

    def value(one: str, other: str) -> dict[str, float]:
        return valued(errors[[one, other]].to_numpy(), block=block)

    if f"{name} open" not in errors.columns:
        return dict(value("none", name))
    return {
        **value("none", name),
        "gate_open": value("none", f"{name} open"),
        "gate_open_against_placebo": value(f"{name} placebo", f"{name} open"),
    }
