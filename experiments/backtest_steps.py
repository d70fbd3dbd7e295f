"""The ladder of a backtest: each step lets the forecast know or do one thing more than the step before it.

A step is data: which tables it may read, which settings it changes, which model alone it shows. A new step is one line
of `LADDER`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config import ForecastConfig
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from network.snapshot import Snapshot

# Every ladder fit but the last one learns from a sample, so that a ladder costs minutes; the same for all of them.
SAMPLED_FIT: Mapping[str, Any] = {"max_training_rows": 60_000, "n_origins": 4, "max_calibration_series": 600}
SIGNAL_FAMILIES = ("search", "traffic", "social", "trial", "weather", "event")


@dataclass(frozen=True)
class LadderStep:
    """One step.

    Parameters
    ----------
    name
        Written into the tables.
    meaning
        What it adds, in words.
    families
        Signal families it may read; None for all.
    knows_plans
        Whether it knows calendar, prices and promotions.
    model
        The one model it shows, or empty for the forecast as it is served.
    config
        Settings it changes.
    """

    name: str
    meaning: str
    families: tuple[str, ...] | None = None
    knows_plans: bool = True
    model: str = GLOBAL
    config: Mapping[str, Any] = field(default_factory=lambda: dict(SAMPLED_FIT))

    def tables(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot without what the step does not know."""
        changed: dict[str, pd.DataFrame] = {}
        if not self.knows_plans:
            changed = {name: blind(snapshot.table(name)) for name, blind in _BLINDED.items()}
        signals = snapshot.table("signals")
        if self.families is not None and len(signals):
            kept = signals["family"].astype("str").isin(self.families).to_numpy()
            changed["signals"] = signals[kept].reset_index(drop=True)
        return snapshot.replace(tables=changed) if changed else snapshot

    def settings(self, config: ForecastConfig) -> ForecastConfig:
        """Return the configuration with the step's changes; a cap never rises above the given one."""
        changes = {
            name: min(value, getattr(config, name)) if type(value) is int else value
            for name, value in self.config.items()
        }
        return dataclasses.replace(config, **changes)


def ladder(snapshot: Snapshot) -> tuple[LadderStep, ...]:
    """Return the steps that a chain's data allow: one for each signal family that it has."""
    known = set(snapshot.table("signals")["family"].dropna().astype(str))
    present = tuple(name for name in SIGNAL_FAMILIES if name in known)
    signals = tuple(
        LadderStep(family, f"and the signals of {family}", present[: number + 1])
        for number, family in enumerate(present)
    )
    return (*BEFORE_SIGNALS, *signals, *AFTER_SIGNALS)


def _blind_calendar(calendar: pd.DataFrame) -> pd.DataFrame:
    """Keep the days, so that no default calendar steps in, but make them ordinary."""
    ordinary = calendar["date"].dt.day_of_week.to_numpy() < 5
    return calendar.assign(event=_nothing(calendar["event"]), event_type=_nothing(calendar["event_type"])).assign(
        is_workday=pd.Series(ordinary, index=calendar.index).astype(calendar["is_workday"].dtype)
    )


def _blind_sales(sales: pd.DataFrame) -> pd.DataFrame:
    return sales.assign(
        price=np.full(len(sales), np.nan),
        is_promotion=pd.Series(False, index=sales.index).astype(sales["is_promotion"].dtype),
    )


def _nothing(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(pd.NA, index=column.index).astype(column.dtype)


def _no_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


_BLINDED: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "calendar": _blind_calendar,
    "sales": _blind_sales,
    "promotions": _no_rows,
    "presales": _no_rows,
    "adjustments": _no_rows,
}
BEFORE_SIGNALS = (
    LadderStep("history", "global model that knows only what was sold", (), knows_plans=False),
    LadderStep("calendar_price", "and the calendar, prices and promotions", ()),
)
AFTER_SIGNALS = (
    LadderStep("blend", "models weighed by what held-out origins say", model=""),
    LadderStep("full_fit", "fitted on all training rows: the forecast as it is served", model="", config={}),
)
