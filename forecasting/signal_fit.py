"""Fits the signal plan: drivers, leads, effects and gate, from days up to a given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.signal_factors import build_drivers
from forecasting.signal_gate import judged_origins, verdicts
from forecasting.signal_leads import Aligned, find_leads, find_links
from forecasting.signal_paths import carried, known_values
from forecasting.signal_plan import Driver, SignalPlan
from forecasting.signal_residuals import Units, demand_units, high_passed, residuals, without_day_effect

if TYPE_CHECKING:
    from forecasting.config import ForecastConfig
    from forecasting.evidence import Evidence

Array = npt.NDArray[np.float64]

# Shorter pasts cannot tell a lead from chance.
LEAST_DAYS = 56


def fit_signal_plan(evidence: Evidence, config: ForecastConfig, *, last_day: int) -> SignalPlan:
    """Find what each driver does to each category, judge it on held-out origins, and find it again on all days.

    Parameters
    ----------
    evidence
        Of the snapshot.
    config
        Seed, horizon, and the number of signals that may stand alone.
    last_day
        Day index; nothing dated or known later is read.
    """
    drivers = build_drivers(evidence.signals, last_day, max_signals=config.max_signals)
    if not drivers or last_day + 1 < LEAST_DAYS:
        return SignalPlan(drivers, has_features=config.has_signal_features)
    key_types = sorted({driver.key_type for driver in drivers})
    units = {name: demand_units(evidence.panel, name, last_day=last_day) for name in key_types}
    fitted, origins = judged_origins(last_day)
    whole = {name: _aligned(evidence, drivers, units[name], last_day=last_day) for name in key_types}
    leads = {name: find_leads(part) for name, part in whole.items()}
    # what was not clear with all training days is not judged; effects are those of the days before the first origin
    early = [
        link
        for name in key_types
        if leads[name]
        for link in find_links(_aligned(evidence, drivers, units[name], last_day=fitted), leads=leads[name])
    ]
    judged = verdicts(
        evidence.signals,
        SignalPlan(drivers, tuple(early)),
        units,
        origins=origins,
        last_day=last_day,
        horizon=config.horizon_days,
        seed=config.seed,
    )
    links = [link for name in key_types for link in find_links(whole[name], leads=leads[name])]
    gate = SignalPlan(drivers, (), judged)
    by_name = {driver.name: driver for driver in drivers}
    kept = tuple(link for link in links if gate.is_on(by_name[link.driver], link.category))
    return SignalPlan(drivers, kept, judged, has_features=config.has_signal_features)


def _aligned(evidence: Evidence, drivers: tuple[Driver, ...], units: Units, *, last_day: int) -> Aligned:
    """Residual demand and drivers of one kind of key on the days up to ``last_day``."""
    days = slice(0, last_day + 1)
    part = Units(units.key_type, units.keys, units.category, units.tier, units.units[:, days], units.usual[:, days])
    residual = residuals(part)
    chosen = [driver for driver in drivers if driver.key_type == units.key_type]
    values = [_signal(evidence, driver, part, weight=residual.weight, last_day=last_day) for driver in chosen]
    return Aligned(part, residual, chosen, values)


def _signal(evidence: Evidence, driver: Driver, units: Units, *, weight: Array, last_day: int) -> Array:
    """Driver by unit, treated as the residual demand was, (n_units, n_days); 0 where unknown."""
    view, known = known_values(evidence.signals, driver, last_day, horizon=0, look_back=last_day + 1)
    values, _ = carried(known)
    key = view.keys.get_indexer(units.keys)
    by_unit = high_passed(np.where((key >= 0)[:, None], values[np.maximum(key, 0)], np.nan))
    is_known = ~np.isnan(by_unit)
    return np.where(is_known, without_day_effect(np.nan_to_num(by_unit), weight * is_known, units), 0.0)
