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

import pandas as pd

from forecasting.config import ForecastConfig
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from network.store import code_version
from optimization.config import PlanConfig
from optimization.switch import Switch

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from forecasting.forecaster import Forecaster
    from optimization.order_book import OrderBook
    from optimization.partition.run import Workers
    from optimization.plan_moves import Decisions
    from optimization.projection import Projection
    from optimization.stability import Published, Revision


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
    """All that can be set about a run, also for some locations alone; its values are part of the run id."""

    forecast: ForecastConfig = field(default_factory=ForecastConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)
    switch: Switch | None = None

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
    planned, pegging, alternatives
        Moves that the plan expects on later days; which demand each line serves; what could be done instead.
    forecast
        Demand by stock point and day, with its distribution.
    forecaster
        The fitted models that made the forecast, to be reused by `replenish`.
    decisions
        The moves before they became orders, with cost curves and supply.
    network, snapshot
        The chain as arrays; what was known.
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
    planned: pd.DataFrame
    pegging: pd.DataFrame
    alternatives: pd.DataFrame
    forecast: Forecast
    forecaster: Forecaster
    decisions: Decisions
    network: SupplyNetwork
    snapshot: Snapshot
    manifest: Mapping[str, Any]


def run_id_of(
    snapshot: Snapshot,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    *,
    published: Published | None = None,
    model: str = "",
) -> str:
    """Name a run by all that decides its result: data, settings, code, released orders, earlier nights, its model."""
    return run_name(snapshot, plan_version(snapshot, config, released, published, model))


def run_name(snapshot: Snapshot, version: str) -> str:
    """Name of the run of a plan version."""
    return f"{snapshot.cutoff:%Y%m%d}-{version[:12]}"


def plan_version(
    snapshot: Snapshot,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    model: str = "",
) -> str:
    """Hash of input, configuration, code, released lines, earlier runs and a model fitted before (64 hex digits)."""
    runs = "" if published is None else " ".join(published.run_ids)
    lines = "" if released is None or released.empty else released.sort_values("order_id").to_csv(index=False)
    settings = json.dumps(asdict(config), sort_keys=True, default=str)
    parts = (snapshot.content_hash, settings, code_version(), lines, runs, *([model] if model else []))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def plan(
    snapshot: Snapshot,
    config: EngineConfig | None = None,
    *,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    workers: Workers = 1,
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
    published
        What earlier nights published, for a plan that does not contradict them without need.
    workers
        Processes that share the SKUs, or who does on Dask; the plan is the same bits for any number of them.
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
        snapshot, network, forecaster, config=config, released=released, published=published, workers=workers,
        on_stage=on_stage,
    )  # fmt: skip


def replenish(
    snapshot: Snapshot,
    config: EngineConfig,
    champion: Forecaster,
    *,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    workers: Workers = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Plan:
    """Plan tonight's orders with models fitted earlier (the daily run); parameters and errors as for `plan`."""
    return plan_with(
        snapshot, build_network(snapshot), champion, config=config, released=released, published=published,
        workers=workers, model=champion.id, on_stage=on_stage,
    )  # fmt: skip


def plan_with(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecaster: Forecaster,
    *,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    workers: Workers = 1,
    model: str = "",
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Plan:
    """Forecast, decide, audit and explain with a given forecaster (`model` names it in the run id); as for `plan`."""
    from forecasting.explain import drivers
    from forecasting.pipeline import forecast_demand
    from optimization.exceptions import build_exceptions
    from optimization.kpis import build_kpis
    from optimization.manifest import run_manifest
    from optimization.partition.run import spread_of
    from optimization.point_facts import point_facts
    from optimization.shown import order_cycles, shown_series
    from optimization.stability import nervousness, planned_table

    on_stage("forecast")
    given = forecast_demand(snapshot, network, forecaster, config.forecast.horizon_days, spread=spread_of(workers))
    basis = decide_with(snapshot, network, given, config=config, released=released, workers=workers, on_stage=on_stage)
    decisions, targets = basis.decisions, basis.targets
    version = plan_version(snapshot, config, released, published, model)
    projection, book = audited_orders(
        snapshot, network, basis, config=config, version=version, released=released, published=published,
        on_stage=on_stage,
    )  # fmt: skip
    on_stage("drivers")
    rows = shown_series(basis.forecast, book.orders)
    driven = drivers(forecaster, snapshot, network, rows, windows=order_cycles(basis.forecast, targets, rows))
    on_stage("exceptions")
    facts = point_facts(snapshot, projection, positions=basis.positions, targets=targets)
    return Plan(
        run_id=run_name(snapshot, version),
        cutoff=snapshot.cutoff,
        orders=book.orders,
        order_terms=book.order_terms,
        loads=decisions.loads,
        targets=targets,
        exceptions=build_exceptions(facts, decisions, snapshot=snapshot, network=network, released=released),
        kpis=build_kpis(
            facts, decisions, forecast=basis.forecast, orders=book.orders, terms=book.line_terms,
            nervousness=nervousness(decisions, published, snapshot.cutoff), snapshot=snapshot,
        ),
        planned=planned_table(decisions, snapshot.cutoff),
        pegging=book.pegging,
        alternatives=book.alternatives,
        forecast=basis.forecast.replace(drivers=driven),
        forecaster=forecaster,
        decisions=decisions,
        network=network,
        snapshot=snapshot,
        manifest=run_manifest(
            snapshot, decisions, basis.forecast.series, config=asdict(config), version=version,
            verdicts=forecaster.signal_plan.verdicts,
        ),
    )  # fmt: skip


def audited_orders(
    snapshot: Snapshot,
    network: SupplyNetwork,
    basis: Basis,
    *,
    config: EngineConfig,
    version: str,
    released: pd.DataFrame | None = None,
    published: Published | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> tuple[Projection, OrderBook]:
    """Check moves and messages against every rule and write them as orders with their reasons; see `plan`."""
    from optimization.action_messages import action_messages
    from optimization.audit import audit
    from optimization.audit_messages import audit_messages
    from optimization.order_book import order_book
    from optimization.projection import project

    decisions, positions, targets = basis.decisions, basis.positions, basis.targets
    on_stage("audit")
    broken = audit(
        decisions.moves, decisions.loads, snapshot=snapshot, network=network, positions=positions, targets=targets,
        purchase_budget=config.plan.purchase_budget,
    )  # fmt: skip
    messages = action_messages(
        snapshot, network, decisions, positions=positions, config=config.plan, released=released,
        recent=None if published is None else published.messages,
        settled=frozenset() if basis.change is None else basis.change.settled,
    )  # fmt: skip
    refused = audit_messages(
        messages, snapshot=snapshot, network=network, positions=positions, released=released,
        frozen_days=config.plan.frozen_days,
    )  # fmt: skip
    if len(broken) or len(refused):
        raise AuditError(pd.concat([broken, refused], ignore_index=True))
    on_stage("explain")
    projection = project(decisions, positions=positions, targets=targets, forecast=basis.forecast)
    return projection, order_book(
        decisions, messages, projection=projection, targets=targets, positions=positions, snapshot=snapshot,
        network=network, config=config.plan, run_id=run_name(snapshot, version), plan_version=version,
    )  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """What a plan rests on, between the forecast and its explanation."""

    forecast: Forecast
    positions: pd.DataFrame
    targets: pd.DataFrame
    decisions: Decisions
    change: Revision | None = None


def decide_with(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    config: EngineConfig,
    released: pd.DataFrame | None = None,
    workers: Workers = 1,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Basis:
    """Place a given forecast beside stock and lead times, and solve; parameters as for `plan`."""
    from optimization.partition.plan import plan_in_parts
    from optimization.position import inventory_positions
    from optimization.stability import is_published, revision

    change = None
    if released is not None and is_published(released, snapshot.cutoff):
        before = released[released["ship_date"] <= snapshot.cutoff]
        fresh = decide_with(snapshot, network, forecast, config=config, released=before, workers=workers)
        change = revision(fresh.decisions.moves, released, snapshot.cutoff)
    on_stage("targets")
    positions = inventory_positions(snapshot, network, released, series=forecast.series)
    targets, decisions = plan_in_parts(
        snapshot, network, forecast, positions=positions, released=released, config=config.plan, switch=config.switch,
        workers=workers, change=change, on_stage=on_stage,
    )  # fmt: skip
    return Basis(forecast, positions, targets, decisions, change)
