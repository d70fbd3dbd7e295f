"""A second run of the daily job inside the day: what the day has sold so far, beside what the evening before knew."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import pandas as pd

from cockpit.outcome import UsageError

if TYPE_CHECKING:
    from cockpit.jobs import PlanRequest
    from cockpit.models_in_use import ModelInUse
    from engine import EngineConfig
    from network.snapshot import Snapshot


def time_of(words: str) -> time:
    """Return a time of day.

    Raises
    ------
    UsageError
        If it is not written as HH:MM.
    """
    try:
        return datetime.strptime(words, "%H:%M").time()
    except ValueError as error:
        raise UsageError(f"--wave {words!r}: write a time of day as HH:MM, such as 14:00.") from error


def at_wave(request: PlanRequest, snapshot: Snapshot, config: EngineConfig, *, model: ModelInUse, at: time) -> Snapshot:
    """Return what is known at a time of the day after the cutoff, as a snapshot of the evening before.

    Raises
    ------
    UsageError
        If the chain holds no sales of that day yet.
    """
    from forecasting.pipeline import forecast_demand
    from network.graph import build_network
    from network.ingest import load_chain
    from optimization.wave import Wave, wave_snapshot

    day = snapshot.cutoff + pd.Timedelta(days=1)
    sales = load_chain(request.chain).tables["sales"]
    sold = sales.loc[sales["date"] == day, ["sku", "location", "units"]].reset_index(drop=True)
    if sold.empty:
        raise UsageError(f"There are no sales of {day:%Y-%m-%d} yet: give the evening before the wave as --cutoff.")
    network = build_network(snapshot)
    forecast = forecast_demand(snapshot, network, model.forecaster, config.forecast.horizon_days)
    return wave_snapshot(snapshot, network, forecast, Wave(at, sold))
