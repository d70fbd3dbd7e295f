"""One planning run: a snapshot and a configuration in, a plan out.

Thin on purpose: no file, no solver call, no statistics and no scenario switch lives here. Each line hands a frozen value
to the room that owns the next step, so that reading :func:`plan_with` is reading the method.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasting.config import ForecastConfig
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from network.store import code_version
from optimization.config import PlanConfig

if TYPE_CHECKING:
    from forecasting.pipeline import Forecaster
    from optimization.plan_moves import Decisions

    from forecasting.forecast import Forecast


class AuditError(Exception):
    """A plan broke a rule that it must keep; such a plan is never published.

    Parameters
    ----------
    violations
        One row a broken rule, as `optimization.audit.audit` reports them.
    """

    def __init__(self, violations: pd.DataFrame) -> None:
        self.violations = violations
        first = "; ".join(violations["message"].astype(str).head(5))
        super().__init__(f"the plan breaks {len(violations)} rule(s) and was not published: {first}")


@dataclass(frozen=True)
class EngineConfig:
    """All that can be set about a run; its values are part of the run id."""

    forecast: ForecastConfig = field(default_factory=ForecastConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)

    def replace(self, **changes: Any) -> EngineConfig:
        """Return a copy with some settings changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Plan:
    """What to order tonight, why, and everything needed to check it.

    Parameters
    ----------
    run_id
        `YYYYMMDD-` and 12 hexadecimal digits; equal inputs give equal ids.
    cutoff
        Last day whose data the plan may know.
    orders, order_terms, loads, targets, exceptions, kpis
        Tables as DESIGN section 4 and `optimization/` describe them.
    forecast
        Demand by stock point and day, with its distribution.
    forecaster
        The fitted models that made the forecast, to be reused by `replenish`.
    decisions
        The moves before they became orders, with cost curves and supply.
    network
        The chain as arrays.
    snapshot
        What was known.
    manifest
        Cutoff, configuration, input hash, code version, solver status, objective, bound, gap, fallbacks, assumptions.
    """

    run_id: str
    cutoff: pd.Timestamp
    orders: pd.DataFrame
    order_terms: pd.DataFrame
    loads: pd.DataFrame
    targets: pd.DataFrame
    exceptions: pd.DataFrame
    kpis: pd.DataFrame
    forecast: Forecast
    forecaster: Forecaster
    decisions: Decisions
    network: SupplyNetwork
    snapshot: Snapshot
    manifest: Mapping[str, Any]


def run_id_of(snapshot: Snapshot, config: EngineConfig, released: pd.DataFrame | None = None) -> str:
    """Name a run by everything that decides its result: data, settings, code, and orders already released.

    Parameters
    ----------
    snapshot, config
        As for `plan`.
    released
        Lines released by earlier runs and not yet acknowledged.
    """
    return f"{snapshot.cutoff:%Y%m%d}-{plan_version(snapshot, config, released)[:12]}"


def plan_version(snapshot: Snapshot, config: EngineConfig, released: pd.DataFrame | None = None) -> str:
    """Hash of input, configuration, code version and released lines (64 hexadecimal digits)."""
    lines = "" if released is None or released.empty else released.sort_values("order_id").to_csv(index=False)
    settings = json.dumps(asdict(config), sort_keys=True, default=str)
    parts = (snapshot.content_hash, settings, code_version(), lines)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def plan(snapshot: Snapshot, config: EngineConfig | None = None, *, released: pd.DataFrame | None = None) -> Plan:
    """Fit the forecast on the snapshot's history and plan tonight's orders (the weekly run).

    Parameters
    ----------
    snapshot
        The chain as known at the end of the cutoff day.
    config
        Settings; defaults where absent.
    released
        Lines released by earlier runs and not yet acknowledged; they count as on order.

    Raises
    ------
    AuditError
        If the finished plan breaks a constraint.
    """
    from forecasting.pipeline import fit_forecaster

    config = config or EngineConfig()
    network = build_network(snapshot)
    forecaster = fit_forecaster(snapshot, network, config.forecast)
    return plan_with(snapshot, network, forecaster, config=config, released=released)


def replenish(
    snapshot: Snapshot, config: EngineConfig, champion: Forecaster, *, released: pd.DataFrame | None = None
) -> Plan:
    """Plan tonight's orders with models fitted earlier (the daily run)."""
    return plan_with(snapshot, build_network(snapshot), champion, config=config, released=released)
