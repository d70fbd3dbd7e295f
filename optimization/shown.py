"""Which series of a plan are worth telling about, and over which days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from forecasting.forecast import Forecast

# Contributions are costly; a plan tells the drivers of this many ordered series and as many large ones.
N_EXPLAINED = 24


def shown_series(forecast: Forecast, orders: pd.DataFrame, n: int = N_EXPLAINED) -> npt.NDArray[np.int64]:
    """Positions of the series whose drivers are worth telling: where the best orders go, then the largest demand."""
    best = orders.sort_values(["net_benefit", "order_id"], ascending=[False, True]).head(n)
    series = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
    ordered = series.get_indexer(pd.MultiIndex.from_frame(best[["sku", "destination"]]))
    largest = np.argsort(-forecast.mean.sum(axis=1), kind="stable")[:n]
    return np.unique(np.concatenate([ordered[ordered >= 0], largest])).astype(np.int64)


def order_cycles(forecast: Forecast, targets: pd.DataFrame, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Days (first, stop) that an order placed tonight must cover at each series, (n, 2): the protection interval."""
    protected = targets.set_index(["sku", "location"])["protection_days"]
    keys = pd.MultiIndex.from_frame(forecast.series.loc[rows, ["sku", "location"]])
    days = protected.reindex(keys).fillna(forecast.horizon).clip(1, forecast.horizon).to_numpy(dtype=np.int64)
    return np.column_stack([np.zeros_like(days), days])
