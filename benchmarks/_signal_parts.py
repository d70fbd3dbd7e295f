"""Public data sets as chains for the ablation of signals."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from _signal_ablation import Part, ablation, checked_tables, limited, rolling_origins
from _signal_windows import window_ablation

from examples import breakfast, rossmann
from forecasting.config import ForecastConfig
from network.settings import settings_from_mapping

DAY = pd.Timedelta(days=1)
PARTS = ("rossmann", "breakfast", "cainiao")
GAP_DAYS = 28


@dataclass(frozen=True)
class Size:
    """How much of a data set is run.

    Parameters
    ----------
    n_series
        Rossmann: stores. Cainiao: items. 0 takes all. Breakfast has twelve series, always all.
    n_origins
        Rolling origins; Cainiao has one window to test on.
    horizon_days
        Days ahead; Cainiao's are 14.
    """

    n_series: int
    n_origins: int
    horizon_days: int = 28


DEFAULT_SIZE = {"rossmann": Size(40, 6), "breakfast": Size(0, 8), "cainiao": Size(0, 1, 14)}


def part_value(name: str, folder: Path, size: Size, config: ForecastConfig) -> dict[str, object]:
    """Value of every family of a data set.

    Parameters
    ----------
    name
        One of `PARTS`.
    folder
        The public files.
    size
        How much of them.
    config
        Threads and caps.
    """
    config = dataclasses.replace(config, horizon_days=size.horizon_days)
    if name == "cainiao":
        return window_ablation(folder, config, n_items=size.n_series)
    return ablation(rossmann_part(folder, size, config) if name == "rossmann" else breakfast_part(folder, size, config))


def rossmann_part(folder: Path, size: Size, config: ForecastConfig) -> Part:
    """Turnover of drug stores by day, one series a store; the last origin leaves a horizon to score.

    Parameters
    ----------
    folder
        The public files.
    size
        Stores and origins.
    config
        Caps and threads; every store-day matters alike, as in the competition.
    """
    settings = {"id": "rossmann", "currency": "EUR", "unit_factor": rossmann.UNIT_FACTOR}
    tables = checked_tables(limited(rossmann.build_chain(folder).tables, size.n_series), settings)
    last = tables["sales"]["date"].max() - size.horizon_days * DAY
    origins = rolling_origins(last, n=size.n_origins, gap_days=GAP_DAYS)
    config = dataclasses.replace(config, objective="relative")
    return Part("rossmann", tables, settings_from_mapping(settings), origins, config)


def breakfast_part(folder: Path, size: Size, config: ForecastConfig) -> Part:
    """Weekly units of twelve series; cutoffs are Sundays, when the week before is published.

    Parameters
    ----------
    folder
        The public files.
    size
        Origins.
    config
        Caps and threads.
    """
    settings = {"id": "breakfast", "currency": "USD"}
    tables = checked_tables(limited(breakfast.build_chain(folder).tables, 0), settings)
    # the last of the horizon's Saturdays is the last one on record
    last = tables["sales"]["date"].max() - (size.horizon_days - 1) * DAY
    origins = rolling_origins(last, n=size.n_origins, gap_days=GAP_DAYS)
    return Part("breakfast", tables, settings_from_mapping(settings), origins, config)
