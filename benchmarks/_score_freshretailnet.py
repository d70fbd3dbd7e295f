"""Metrics of a FreshRetailNet forecast: demand on days whose shelf stayed full, and sales on all days."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _freshretailnet_data import KEYS, demand_availability, read_days

MASKED_DAYS = 28


def score(forecast: pd.DataFrame, actuals: Path, *, history: Path | None = None) -> dict[str, float]:
    """Return WAPE, bias and coverage; bias is forecast against actual, positive where too high.

    Days without any stock-out hour are the only ones whose demand was seen whole. They are days of less demand than
    others, because high demand empties shelves; `exposure_bias` looks at every day instead, at the share of its demand
    that fell in hours on the shelf.

    Parameters
    ----------
    forecast
        store_id, product_id, dt, mean, and, where given, sales_mean, demand_mean, q0.05 to q0.95.
    actuals
        Folder or file of the publisher's columns that holds the forecast's days.
    history
        Folder with the days before them, for the masked 28-day mean.
    """
    days = pd.to_datetime(forecast["dt"])
    last = days.max()
    seen = read_days(actuals, cutoff=last, horizon=0)
    rows = seen.rows.assign(is_full=(seen.rows["stockout_hours"] == 0).to_numpy(), on_shelf=demand_availability(seen))
    joined = forecast.assign(dt=days.astype("datetime64[ns]")).merge(
        rows[[*KEYS, "dt", "sale_amount", "is_full", "on_shelf"]], on=[*KEYS, "dt"], how="inner"
    )
    joined = joined[joined["sale_amount"].notna()]
    if joined.empty:
        raise ValueError("no series and day in common")
    if seen.rows["stockout_hours"].isna().all():
        raise KeyError("stock-out hours, without which no day is known to have been full")
    full = joined[joined["is_full"]]
    result = {
        "n_series_days": float(len(joined)),
        "full_share": float(joined["is_full"].mean()),
        "wape": _wape(full["mean"], full["sale_amount"]),
        "bias": _bias(full["mean"], full["sale_amount"]),
    }
    for name in ("mean", "demand_mean"):
        if name in joined:
            result[f"exposure_bias_{name}"] = _bias(joined[name] * joined["on_shelf"], joined["sale_amount"])
    if "demand_mean" in joined:
        result["wape_demand_mean"] = _wape(full["demand_mean"], full["sale_amount"])
        result["bias_demand_mean"] = _bias(full["demand_mean"], full["sale_amount"])
    if "sales_mean" in joined:
        result["sales_wape"] = _wape(joined["sales_mean"], joined["sale_amount"])
        result["sales_bias"] = _bias(joined["sales_mean"], joined["sale_amount"])
    for name in ("q0.90", "q0.95"):
        if name in full:
            result[f"coverage_{name[1:]}"] = float((full["sale_amount"] <= full[name] + 1e-9).mean())
    if history is not None:
        masked = masked_mean(history, days.min() - pd.Timedelta(days=1))
        base = full[[*KEYS, "sale_amount"]].merge(masked, on=KEYS, how="left")["masked"].fillna(0.0).to_numpy()
        result["masked_wape"] = _wape(base, full["sale_amount"])
        result["masked_bias"] = _bias(base, full["sale_amount"])
        result["wape_change"] = result["wape"] / result["masked_wape"] - 1.0
    return result


def masked_mean(history: Path, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Mean sales of the full days among the last 28; of all 28 for a series without a full one."""
    past = read_days(history, cutoff=cutoff, horizon=0).rows
    past = past[past["dt"] > cutoff - pd.Timedelta(days=MASKED_DAYS)]
    whole = past.groupby(KEYS)["sale_amount"].mean()
    full = past[past["stockout_hours"] == 0].groupby(KEYS)["sale_amount"].mean()
    return full.reindex(whole.index).fillna(whole).rename("masked").reset_index()


def _wape(forecast: pd.Series, actual: pd.Series) -> float:
    return float(np.abs(np.asarray(forecast) - np.asarray(actual)).sum() / np.asarray(actual).sum())


def _bias(forecast: pd.Series, actual: pd.Series) -> float:
    return float(np.asarray(forecast).sum() / np.asarray(actual).sum() - 1.0)
