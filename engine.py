"""One planning run: a snapshot and a configuration in, a plan out.

Thin on purpose: no file, no solver call, no statistics and no scenario switch lives here. Each line hands a frozen
value to the room that owns the next step, so that reading `plan_with` is reading the method.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.config import ForecastConfig
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from network.store import code_version
from optimization.config import PlanConfig

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from forecasting.forecaster import Forecaster
    from optimization.plan_moves import Decisions
    from optimization.projection import Projection

# Contributions are costly; a plan tells the drivers of this many ordered series and as many large ones.
N_EXPLAINED = 24


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
    """Name a run by everything that decides its result: data, settings, code, and orders already released."""
    return run_name(snapshot, plan_version(snapshot, config, released))


def run_name(snapshot: Snapshot, version: str) -> str:
    """Name of the run of a plan version."""
    return f"{snapshot.cutoff:%Y%m%d}-{version[:12]}"


def plan_version(snapshot: Snapshot, config: EngineConfig, released: pd.DataFrame | None = None) -> str:
    """Hash of input, configuration, code version and released lines (64 hexadecimal digits)."""
    lines = "" if released is None or released.empty else released.sort_values("order_id").to_csv(index=False)
    settings = json.dumps(asdict(config), sort_keys=True, default=str)
    parts = (snapshot.content_hash, settings, code_version(), lines)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def plan(
    snapshot: Snapshot,
    config: EngineConfig | None = None,
    *,
    released: pd.DataFrame | None = None,
    workers: int = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Plan:
    """Fit the forecast on the snapshot's history and plan tonight's orders (the weekly run).

    Parameters
    ----------
    snapshot
        The chain as known at the end of the cutoff day.
    config
        Settings; defaults where absent.
    released
        Lines released by earlier runs and not yet acknowledged; they count as on order.
    workers
        Processes that share the SKUs; the plan is the same bits for any number of them.
    on_stage
        Told the name of each stage as it begins: for progress and timings, which are not the engine's business.

    Raises
    ------
    AuditError
        If the finished plan breaks a constraint.
    """
    from forecasting.pipeline import fit_forecaster

    config = config or EngineConfig()
    on_stage("network")
    network = build_network(snapshot)
    on_stage("fit")
    forecaster = fit_forecaster(snapshot, network, config.forecast)
    return plan_with(
        snapshot, network, forecaster, config=config, released=released, workers=workers, on_stage=on_stage
    )


def replenish(
    snapshot: Snapshot,
    config: EngineConfig,
    champion: Forecaster,
    *,
    released: pd.DataFrame | None = None,
    workers: int = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Plan:
    """Plan tonight's orders with models fitted earlier (the daily run); parameters and errors as for `plan`."""
    return plan_with(
        snapshot, build_network(snapshot), champion, config=config, released=released, workers=workers,
        on_stage=on_stage,
    )  # fmt: skip


def plan_with(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecaster: Forecaster,
    *,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    workers: int = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Plan:
    """Forecast, decide, audit and explain with a given forecaster; parameters and errors as for `plan`."""
    from forecasting.explain import drivers
    from forecasting.pipeline import forecast_demand
    from optimization.exceptions import build_exceptions
    from optimization.explain import order_terms
    from optimization.kpis import build_kpis
    from optimization.point_facts import point_facts

    on_stage("forecast")
    forecast = forecast_demand(snapshot, network, forecaster, config.forecast.horizon_days)
    basis = decide_with(
        snapshot, network, forecast, config=config, released=released, workers=workers, on_stage=on_stage
    )
    decisions, positions, targets = basis.decisions, basis.positions, basis.targets
    version = plan_version(snapshot, config, released)
    projection, terms, orders = audited_orders(snapshot, network, basis, version=version, on_stage=on_stage)
    on_stage("drivers")
    rows = shown_series(basis.forecast, orders)
    driven = drivers(forecaster, snapshot, network, rows, windows=order_cycles(basis.forecast, targets, rows))
    on_stage("exceptions")
    facts = point_facts(snapshot, projection, positions=positions, targets=targets)
    return Plan(
        run_id=run_name(snapshot, version),
        cutoff=snapshot.cutoff,
        orders=orders,
        order_terms=order_terms(terms, orders),
        loads=decisions.loads,
        targets=targets,
        exceptions=build_exceptions(facts, decisions, snapshot=snapshot, network=network, released=released),
        kpis=build_kpis(facts, decisions, forecast=basis.forecast, orders=orders, terms=terms),
        forecast=basis.forecast.replace(drivers=driven),
        forecaster=forecaster,
        decisions=decisions,
        network=network,
        snapshot=snapshot,
        manifest=_manifest(snapshot, config, version=version, basis=basis, forecaster=forecaster),
    )


def audited_orders(
    snapshot: Snapshot,
    network: SupplyNetwork,
    basis: Basis,
    *,
    version: str,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> tuple[Projection, pd.DataFrame, pd.DataFrame]:
    """Check the moves against every rule and write them: projection, money of each line, orders; see `plan`."""
    from optimization.audit import audit
    from optimization.explain import line_terms
    from optimization.orders import build_orders
    from optimization.projection import project

    decisions, positions, targets = basis.decisions, basis.positions, basis.targets
    on_stage("audit")
    violations = audit(decisions.moves, decisions.loads, snapshot=snapshot, network=network, positions=positions)
    if not violations.empty:
        raise AuditError(violations)
    on_stage("explain")
    projection = project(decisions, positions=positions, targets=targets, forecast=basis.forecast)
    terms = line_terms(decisions, snapshot, network=network)
    orders = build_orders(
        decisions, terms, projection=projection, targets=targets, positions=positions, snapshot=snapshot,
        network=network, run_id=run_name(snapshot, version), plan_version=version,
    )  # fmt: skip
    return projection, terms, orders


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


def decide_moves(
    snapshot: Snapshot, network: SupplyNetwork, forecaster: Forecaster, *, config: EngineConfig
) -> pd.DataFrame:
    """Return tonight's moves only, unexplained: what a replay needs of a plan, night after night."""
    from forecasting.pipeline import forecast_demand

    forecast = forecast_demand(snapshot, network, forecaster, config.forecast.horizon_days)
    return decide_with(snapshot, network, forecast, config=config).decisions.moves


@dataclass(frozen=True)
class Basis:
    """What a plan rests on, between the forecast and its explanation."""

    forecast: Forecast
    positions: pd.DataFrame
    targets: pd.DataFrame
    decisions: Decisions


def decide_with(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    workers: int = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Basis:
    """Place a given forecast beside stock and lead times, and solve; parameters as for `plan`."""
    from optimization.partition.plan import plan_in_parts
    from optimization.position import inventory_positions

    on_stage("targets")
    positions = inventory_positions(snapshot, network, released, series=forecast.series)
    targets, decisions = plan_in_parts(
        snapshot, network, forecast, positions=positions, released=released, config=config.plan, workers=workers,
        on_stage=on_stage,
    )  # fmt: skip
    return Basis(forecast, positions, targets, decisions)


def _manifest(
    snapshot: Snapshot, config: EngineConfig, *, version: str, basis: Basis, forecaster: Forecaster
) -> dict[str, Any]:
    """What a run says about itself, except for who ran it when."""
    decisions, series = basis.decisions, basis.forecast.series
    return {
        "chain": snapshot.settings.id,
        "currency": snapshot.settings.currency,
        "cutoff": f"{snapshot.cutoff:%Y-%m-%d}",
        "config": {"forecast": config.forecast.as_dict(), "plan": config.plan.as_dict()},
        "input_hash": snapshot.content_hash,
        "plan_version": version,
        "code_version": code_version(),
        "status": str(decisions.status),
        "objective": decisions.objective,
        "bound": decisions.bound,
        "gap": decisions.gap,
        "trucks": None if decisions.trucks is None else asdict(decisions.trucks),
        "work": dict(decisions.timings),
        "n_stock_points": len(basis.positions),
        "n_series": len(series),
        "models": series["model"].value_counts().sort_index().to_dict(),
        "fallbacks": series.loc[series["fallback"] != "", "fallback"].value_counts().sort_index().to_dict(),
        "signals": [asdict(each) for each in forecaster.signal_plan.verdicts],
        "assumptions": [asdict(each) for each in snapshot.settings.assumptions],
        "assumed_vintages": dict(snapshot.settings.publication_lag_days),
        "excluded": dict(snapshot.excluded),
    }
