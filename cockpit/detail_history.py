"""What was sold lately, and how well an earlier run foresaw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.metrics import bias, wape

if TYPE_CHECKING:
    from forecasting.panel import Panel
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from network.store import RunStore

HISTORY_DAYS = 56
SCORED_DAYS = 7
ACCURACY_COLUMNS = ("slice", "name", "n_days", "wape", "bias", "run_id")
_OLDEST_DAYS = 21
_FULL_SHELF = 0.999


def demand_history(panel: Panel, network: SupplyNetwork) -> pd.DataFrame:
    """Return the last `HISTORY_DAYS` days of every stock point, the cutoff last.

    Returns
    -------
    sku, location, `sales` (list of units by day, NaN outside the point's life) and `is_censored` (list: the shelf was
    partly or wholly empty on a day on which the location was open).
    """
    dates = panel.dates[-HISTORY_DAYS:]
    day = np.arange(panel.n_days)[-HISTORY_DAYS:]
    first, last = (panel.series[name].to_numpy()[:, None] for name in ("first_day", "last_day"))
    is_live = (day >= first) & (day <= last)
    sales = np.where(is_live, panel.sales[:, -HISTORY_DAYS:], np.nan).astype(np.float32)
    place = pd.Index(network.calendar.locations).get_indexer(pd.Index(panel.series["location"].astype("str")))
    is_open = network.calendar.open_days(dates[0] - pd.Timedelta(days=1), len(dates))[place]
    is_censored = (panel.available[:, -HISTORY_DAYS:] < _FULL_SHELF) & is_live & is_open
    keys = panel.series[["sku", "location"]].astype("str").reset_index(drop=True)
    lists = {"sales": list(sales), "is_censored": list(is_censored)}
    return keys.assign(**{name: pd.Series(values, dtype=object) for name, values in lists.items()})


def comparable_run(store: RunStore, snapshot: Snapshot) -> str:
    """Return the latest run whose forecast saw the whole last week, not older than three weeks; empty if none."""
    newest, oldest = (snapshot.cutoff - pd.Timedelta(days=days) for days in (SCORED_DAYS, _OLDEST_DAYS))
    fitting = [
        str(run["run_id"])
        for run in store.runs()
        if run.get("chain") == snapshot.settings.id and oldest <= pd.Timestamp(str(run["cutoff"])[:10]) <= newest
    ]
    return fitting[-1] if fitting else ""


def accuracy(panel: Panel, store: RunStore, run_id: str) -> pd.DataFrame:
    """Hold an earlier run's forecast against the demand of the last week, on days with a full shelf.

    Parameters
    ----------
    panel
        History up to tonight.
    store, run_id
        The earlier run; no rows without one.

    Returns
    -------
    `ACCURACY_COLUMNS`: slice is `all`, `category`, `location` or `demand_class`; WAPE and bias as shares of demand,
    of the daily forecasts of single stock points.
    """
    if not run_id:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ACCURACY_COLUMNS})
    rows = _scored_days(panel, store.read_table(run_id, "forecast")).assign(all="all")
    parts = []
    for kind in ("all", "category", "location", "demand_class"):
        for name, part in rows.groupby(kind, sort=True, observed=True):
            scores = (wape(part["mean"], part["demand"]), bias(part["mean"], part["demand"]))
            parts.append((kind, str(name), len(part), *scores, run_id))
    return pd.DataFrame(parts, columns=[*ACCURACY_COLUMNS])


def _scored_days(panel: Panel, forecast: pd.DataFrame) -> pd.DataFrame:
    """Rows of the forecast of the last week with `demand`, where demand was fully seen."""
    dates = panel.dates[-SCORED_DAYS:]
    ahead = forecast[forecast["date"].isin(dates)]
    keys = pd.MultiIndex.from_frame(panel.series[["sku", "location"]].astype("str"))
    row = keys.get_indexer(pd.MultiIndex.from_frame(ahead[["sku", "location"]].astype("str")))
    column = panel.dates.get_indexer(pd.DatetimeIndex(ahead["date"]))
    known = (row >= 0) & (column >= 0)
    demand = np.where(known, panel.demand[row, column], np.nan)
    full = known & np.isfinite(demand) & (panel.available[row, column] >= _FULL_SHELF)
    return ahead.assign(demand=demand)[full]
