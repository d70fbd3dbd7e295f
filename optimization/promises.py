"""What may be promised in the days after a plan, as a run publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from optimization.position import KEY, arrivals, available_to_promise, inventory_positions

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

PROMISED_DAYS = 7
"""Days after the cutoff for which promises are published [days]."""


def promises(
    snapshot: Snapshot, network: SupplyNetwork, forecast: Forecast, *, released: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return available to promise by SKU, channel, zone and day, for the week after the cutoff.

    Parameters
    ----------
    snapshot, network, forecast
        What is known, the chain, and its demand.
    released
        Lines released by earlier runs and not yet acknowledged.

    Returns
    -------
    sku, channel, zone, day (0 = the day after the cutoff), quantity [units], as `available_to_promise` defines it.
    """
    n_days = min(PROMISED_DAYS, forecast.horizon)
    positions = inventory_positions(snapshot, network, released, series=forecast.series[KEY])
    coming = arrivals(snapshot, released, network, cutoff=snapshot.cutoff, horizon=n_days)
    return available_to_promise(
        snapshot, network, forecast, positions=positions, arrivals=coming, days=tuple(range(n_days))
    )
