"""Other settings beside the live ones: planned on the same night, compared, and never published as a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.documents import records
from cockpit.earlier_nights import published_before
from cockpit.models_in_use import fitted, usable_champion
from cockpit.outcome import Block, Outcome, UsageError
from cockpit.places import order_ledger
from cockpit.render import difference_block, kpi_block
from network.ingest_toml import TomlError, read_toml
from network.store_files import json_text, sweep_folder, write_file, write_folder
from optimization.order_difference import kpi_difference, order_difference

if TYPE_CHECKING:
    import pandas as pd

    from cockpit.jobs import PlanRequest
    from engine import EngineConfig, Plan
    from network.snapshot import Snapshot
    from network.store import RunStore

FOLDER = "shadows"


@dataclass(frozen=True)
class Shadow:
    """A night under other settings.

    Parameters
    ----------
    name
        File that gave the settings.
    snapshot, config
        The night and its settings.
    """

    name: str
    snapshot: Snapshot
    config: EngineConfig


def shadow_of(file: Path, request: PlanRequest, snapshot: Snapshot) -> Shadow:
    """Return the night with the `[plan]` settings of a file over the live ones, and its `[switch]` if it has one.

    Raises
    ------
    UsageError
        If the file cannot be read, holds anything but these two tables, or a setting is unknown or out of its range.
    """
    from cockpit.jobs import config_for

    try:
        asked = read_toml(file)
    except TomlError as error:
        raise UsageError(str(error)) from error
    if not asked or not set(asked) <= {"plan", "switch"} or not all(isinstance(each, dict) for each in asked.values()):
        raise UsageError(f"{file}: a shadow holds [plan], [switch] or both, as chain.toml does, and nothing else.")
    live, over = dict(snapshot.settings.plan), dict(asked.get("plan", {}))
    forecast = {**live.get("forecast", {}), **over.get("forecast", {})}
    settings = replace(
        snapshot.settings,
        plan={**live, **over, **({"forecast": forecast} if forecast else {})},
        switch=asked.get("switch", snapshot.settings.switch),
    )
    config = config_for(settings, request.horizon_days, snapshot.table("locations"))
    return Shadow(file.name, snapshot.replace(settings=settings), config)


def compared(request: PlanRequest, shadow: Shadow, *, store: RunStore, live: Outcome) -> Outcome:
    """Plan the night under the shadow's settings and keep how it differs from the live run.

    Parameters
    ----------
    request
        The live night.
    shadow
        The same night under other settings.
    store
        The runs.
    live
        Outcome of the live run, which is published.
    """
    run_id = str(live.document["run_id"])
    mark = hashlib.sha256(f"{run_id} {shadow.config}".encode()).hexdigest()[:8]
    folder = store.path / FOLDER / f"{run_id}-{mark}"
    plan = shadow_plan(request, shadow.snapshot, shadow.config, store=store)
    orders = order_difference(store.read_table(run_id, "orders"), plan.orders)
    kpis = kpi_difference(store.read_table(run_id, "kpis"), plan.kpis)
    about = {"run_id": run_id, "shadow": shadow.name, "config": shadow.config, "n_lines": len(plan.orders)}
    if not folder.exists():
        keep(folder, orders, kpis, about=about)
    currency = shadow.snapshot.settings.currency
    rows = kpi_block(kpis, currency)
    blocks = (
        Block(f"Shadow {shadow.name}: kept in {folder}, not published", (), ("kpi", "live", "shadow", "change"),
              rows.rows, rows.numeric),
        difference_block(orders, against=f"run {run_id}", currency=currency),
    )  # fmt: skip
    document = {"folder": str(folder), "orders": records(orders), "kpis": records(kpis)}
    return replace(live, blocks=(*live.blocks, *blocks), document={**live.document, "shadow": document})


def shadow_plan(request: PlanRequest, snapshot: Snapshot, config: EngineConfig, *, store: RunStore) -> Plan:
    """Plan on top of what had left before this night, as the live run did; nothing is written."""
    from engine import replenish

    before = published_before(store, snapshot, quiet_days=config.plan.message_quiet_days)
    known = set(snapshot.table("open_orders")["external_ref"].dropna().astype(str))
    ledger = order_ledger(store.path)
    released = ledger.released_unacknowledged(known, shipped_until=snapshot.cutoff.date())
    champion = usable_champion(store, snapshot, config) or fitted(snapshot, config)
    lines = released.drop(columns="released_at")
    return replenish(snapshot, config, champion, released=lines, published=before, workers=request.workers)


def keep(folder: Path, orders: pd.DataFrame, kpis: pd.DataFrame, *, about: dict[str, Any]) -> None:
    """Write a comparison, whole or not at all; it is no run, and no command takes it for one."""

    def write(temporary: Path) -> None:
        write_file(temporary / "orders_difference.csv", orders.to_csv(index=False, lineterminator="\n"))
        write_file(temporary / "kpis.csv", kpis.to_csv(index=False, lineterminator="\n"))

    def finish(temporary: Path) -> None:
        write_file(temporary / "comparison.json", json_text(about))

    sweep_folder(folder.parent)
    write_folder(folder, write, finish=finish)
