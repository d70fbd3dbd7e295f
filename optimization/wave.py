"""A second run inside the day: what the day has sold so far, and which lanes can still be ordered on.

The run plans on the evening before, as the first one did, with two things more that are known by now: places that sell
more or less than was expected by this time have less or more left, and lanes whose latest time to order has passed are
closed for the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

KEY = ["sku", "location"]
SELLING_HOURS = (8.0, 22.0)
"""Demand is taken to come evenly between these hours: sales have a date and no time [hours]."""


@dataclass(frozen=True)
class Wave:
    """A moment of the day after the cutoff.

    Parameters
    ----------
    at
        Time of day.
    sold
        Sales of that day so far: sku, location, units; gross of returns.
    """

    at: time
    sold: pd.DataFrame

    @property
    def share_passed(self) -> float:
        """Share of the day's demand that is expected to have come by now, 0..1."""
        first, last = SELLING_HOURS
        return float(np.clip((self.at.hour + self.at.minute / 60 - first) / (last - first), 0.0, 1.0))


def wave_snapshot(snapshot: Snapshot, network: SupplyNetwork, forecast: Forecast, wave: Wave) -> Snapshot:
    """Return what is known at a moment of the day after the cutoff, as a snapshot of the evening before.

    Parameters
    ----------
    snapshot, network
        The evening before.
    forecast
        Demand of the day, made on the evening before.
    wave
        The moment.
    """
    return snapshot.replace(
        stock=stock_after(snapshot.table("stock"), forecast, wave), closures=closures_after(snapshot, network, wave)
    )


def stock_after(stock: pd.DataFrame, forecast: Forecast, wave: Wave) -> pd.DataFrame:
    """Take from free stock what the day has sold beyond expectation, in whole units and never below 0.

    Together with the day's forecast, which still stands, that leaves each place what it will really have tonight. A
    place that has sent no sales today says nothing, and keeps its stock.

    Parameters
    ----------
    stock
        Table `stock` of the evening before.
    forecast
        Demand of the day.
    wave
        The moment.
    """
    sold = wave.sold.groupby(KEY)["units"].sum()
    keys = pd.MultiIndex.from_frame(forecast.series[KEY].astype("str"))
    expected = pd.Series(forecast.interval_mean(0, 1) * wave.share_passed, index=keys)
    surprise = sold.sub(expected, fill_value=0.0)
    has_sent = surprise.index.get_level_values("location").isin(set(wave.sold["location"].astype(str)))
    at = pd.MultiIndex.from_frame(stock[KEY].astype("str"))
    off = np.round(surprise[has_sent].reindex(at).fillna(0.0).to_numpy(dtype=float)).astype(np.int64)
    off = np.where(stock["stock_type"] == "free", off, 0)
    left = np.maximum(stock["on_hand"].to_numpy(dtype=np.int64) - off, 0)
    return stock.assign(on_hand=pd.Series(left, index=stock.index).astype(stock["on_hand"].dtype))


def closures_after(snapshot: Snapshot, network: SupplyNetwork, wave: Wave) -> pd.DataFrame:
    """Close, for the day, each lane whose latest time to order has passed; a lane without one stays open."""
    day = snapshot.cutoff + pd.Timedelta(days=1)
    closures, latest = snapshot.table("closures"), network.lanes["cutoff_time"].fillna("").astype("str")
    on_the_day = closures[(closures["date"] == day) & (closures["cutoff_time"].fillna("") != "")]
    named = network.lanes["lane_id"].isin(set(on_the_day["lane"].dropna()))
    rows = np.flatnonzero((latest != "") | named)
    now = f"{wave.at:%H:%M}"
    is_shut = [(network.calendar.cutoff_time(row, day) or now) < now for row in rows.tolist()]
    shut = network.lanes["lane_id"].iloc[rows[np.array(is_shut, dtype=bool)]]
    kept = closures[~(closures["lane"].isin(set(shut)) & (closures["date"] == day))]
    added = pd.DataFrame({"lane": shut, "date": day, "open": False}).reindex(columns=closures.columns)
    return pd.concat([kept, added.astype(closures.dtypes)], ignore_index=True) if len(added) else kept
