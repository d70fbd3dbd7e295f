"""Expected sales: how much of the demand to come the shelf will let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.forecast import Forecast
from forecasting.panel import build_panel

if TYPE_CHECKING:
    from forecasting.panel import Panel
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Array = npt.NDArray[np.float64]

# Days whose sales and demand tell how well a shelf is kept.
SHARE_DAYS = 28
WEEK = 7
# Units wanted at which a series' own share and its location's weigh the same; so for a location against everybody, and
# for a weekday against all.
SERIES_WEIGHT, LOCATION_WEIGHT, WEEKDAY_WEIGHT = 30.0, 300.0, 300.0


def shelf_share(panel: Panel, *, horizon: int) -> Array:
    """Return the share of demand that the shelf lets through on the days after the panel, (n_series, horizon).

    Sales over demand of the last weeks, so that days of high demand, which sell out, count with what they wanted: the
    mean share of the day on the shelf would be too high. Each series is shrunk to its location and that to everybody;
    what is lost moves with the weekday as it does for everybody.

    Parameters
    ----------
    panel
        History up to the origin.
    horizon
        Days ahead.
    """
    sold, wanted = panel.sales[:, -SHARE_DAYS:], panel.wanted[:, -SHARE_DAYS:]
    lost = np.maximum(wanted - sold, 0.0).astype(np.float64)
    lost_units, units = lost.sum(axis=1), wanted.sum(axis=1, dtype=np.float64)
    everybody = lost_units.sum() / max(units.sum(), 1e-9)
    codes, names = pd.factorize(panel.series["location"])
    of_location = np.bincount(codes, weights=lost_units, minlength=len(names)) + LOCATION_WEIGHT * everybody
    of_location /= np.bincount(codes, weights=units, minlength=len(names)) + LOCATION_WEIGHT
    own = (lost_units + SERIES_WEIGHT * of_location[codes]) / (units + SERIES_WEIGHT)
    factor = _weekday_factor(lost.sum(axis=0), wanted.sum(axis=0, dtype=np.float64), everybody=everybody)
    # the days of the window end with the origin: the first day ahead shares its weekday with the seventh last
    ahead = factor[np.arange(horizon) % WEEK]
    share: Array = np.clip(1.0 - own[:, None] * ahead[None, :], 0.0, 1.0)
    return share


def forecast_sales(snapshot: Snapshot, network: SupplyNetwork, demand: Forecast) -> Array:
    """Return expected sales a day, (n_series, horizon) [units/day]: demand times the share let through.

    Parameters
    ----------
    snapshot, network
        As the forecast was made from.
    demand
        Demand whatever the shelf will be; that of full-shelf days alone would lose the days that sell out.
    """
    panel = build_panel(snapshot, network)
    sales: Array = demand.mean * shelf_share(panel, horizon=demand.horizon)
    return sales


def _weekday_factor(lost: Array, wanted: Array, *, everybody: float) -> Array:
    """Lost share by days since the first day of the last whole week, relative to all days; ones on short histories."""
    n_weeks = lost.size // WEEK
    if n_weeks == 0 or everybody <= 0:
        return np.ones(WEEK)
    by_day = lost[-n_weeks * WEEK :].reshape(n_weeks, WEEK).sum(axis=0)
    of_day = wanted[-n_weeks * WEEK :].reshape(n_weeks, WEEK).sum(axis=0)
    factor: Array = (by_day + WEEKDAY_WEIGHT * everybody) / (of_day + WEEKDAY_WEIGHT) / everybody
    return factor
