"""Scores a forecast of the Rossmann sales: RMSPE as the competition defined it, WAPE and bias beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KEY = ["Store", "date"]


def score(forecast: pd.DataFrame, actuals: Path, *, history: Path | None = None) -> dict[str, float]:
    """Return rmspe, wape, bias and n_rows scored.

    RMSPE = sqrt(mean(((actual - forecast) / actual) ** 2)) over store-days with turnover: closed days and the few
    open ones without any are left out (kaggle.com/c/rossmann-store-sales, evaluation).

    Parameters
    ----------
    forecast
        Store, date, mean [EUR/day].
    actuals
        Folder with `train.parquet` or `train.csv`, or one such file: Store, Date or date, Sales.
    history
        Not needed.

    Raises
    ------
    ValueError
        Where a day with turnover has no forecast, or none of the forecast's days has an actual.
    """
    rows = sold_days(actuals)
    rows = rows[rows["date"].isin(forecast["date"].unique())]
    if rows.empty:
        raise ValueError(f"{actuals} has no turnover on the days of the forecast")
    both = rows.merge(forecast[[*KEY, "mean"]], on=KEY, how="left", validate="one_to_one")
    if both["mean"].isna().any():
        raise ValueError(f"{int(both['mean'].isna().sum())} store-days with turnover have no forecast")
    actual, mean = both["Sales"].to_numpy(dtype=np.float64), both["mean"].to_numpy(dtype=np.float64)
    return {
        "rmspe": rmspe(mean, actual),
        "wape": float(np.abs(mean - actual).sum() / actual.sum()),
        "bias": float((mean - actual).sum() / actual.sum()),
        "n_rows": float(len(both)),
    }


def rmspe(forecast: np.ndarray, actual: np.ndarray) -> float:
    """Root of the mean squared relative error; every actual > 0."""
    return float(np.sqrt(np.mean(((forecast - actual) / actual) ** 2)))


def sold_days(path: Path) -> pd.DataFrame:
    """Store, date and Sales of the days with turnover."""
    if path.is_dir():
        path = path / "train.parquet" if (path / "train.parquet").is_file() else path / "train.csv"
    rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, low_memory=False)
    rows = rows.rename(columns={"Date": "date"})
    rows["date"] = pd.to_datetime(rows["date"]).astype("datetime64[ns]")
    return rows.loc[rows["Sales"] > 0, [*KEY, "Sales"]]
