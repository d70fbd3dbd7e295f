"""Published runs: list them, show one, compare two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cockpit.documents import records, run_paths
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.places import existing_runs_folder, find_run, order_ledger, runs_folder_of
from cockpit.render import (
    difference_block,
    exceptions_block,
    files_block,
    kpi_block,
    messages_blocks,
    orders_block,
    runs_block,
)
from network.store import RunStore
from optimization.order_difference import kpi_difference, order_difference


def newest_first(store: RunStore) -> list[Mapping[str, Any]]:
    """Return the manifests of published runs, latest cutoff first and of those the one made last."""
    return sorted(store.runs(), key=lambda m: (str(m["cutoff"])[:10], str(m.get("created_at", ""))), reverse=True)


def list_runs(*, chain: Path | None, runs: Path | None) -> Outcome:
    """List the published runs of a chain."""
    folder = existing_runs_folder(chain, runs)
    manifests = newest_first(RunStore(folder)) if folder.is_dir() else []
    names = ("run_id", "chain", "cutoff", "created_at", "n_orders", "order_value", "n_critical", "status")
    document = {"exit_code": 0, "runs": [{name: manifest.get(name) for name in names} for manifest in manifests]}
    return Outcome(ExitCode.DONE, (runs_block(manifests, folder),), document)


def show_run(words: str, *, chain: Path | None, runs: Path | None) -> Outcome:
    """Show one run: orders by kind and state, KPIs, exceptions, files."""
    folder = runs_folder_of(words, chain, runs)
    store = RunStore(folder)
    manifests = newest_first(store)
    run_id = find_run(words, folder, manifests=manifests)
    manifest = next(m for m in manifests if m["run_id"] == run_id)
    currency = str(manifest.get("currency", ""))
    orders, kpis, exceptions = (store.read_table(run_id, name) for name in ("orders", "kpis", "exceptions"))
    states = order_states(folder, run_id)
    scope = Block(
        title=f"{manifest.get('chain', '')}: run {run_id}",
        lines=(
            f"Data until {str(manifest['cutoff'])[:10]}, made {manifest.get('created_at', 'at an unknown time')}.",
            "Order states: " + (", ".join(f"{n:,} {state}" for state, n in states.items()) or "none recorded"),
            *([untouched(folder, run_id)] if states else []),
        ),
    )
    blocks = (
        scope,
        orders_block(orders, currency),
        *messages_blocks(orders, currency),
        kpi_block(kpis, currency),
        exceptions_block(exceptions, currency),
        files_block(store.path_of(run_id), f"tierflow export {run_id} --runs {folder} --format csv --to out"),
    )
    document = {
        **manifest,
        "exit_code": 0,
        "states": states,
        "orders": records(orders),
        "kpis": records(kpis),
        "paths": run_paths(store.path_of(run_id)),
    }
    return Outcome(ExitCode.DONE, blocks, document)


def order_states(folder: Path, run_id: str) -> dict[str, int]:
    """Return the number of order lines in each state."""
    ledger = order_ledger(folder)
    if not ledger.exists:
        return {}
    counts = ledger.states(run_id)["state"].value_counts()
    return {str(state): int(n) for state, n in counts.sort_index().items()}


def untouched(folder: Path, run_id: str) -> str:
    """Say how much of what was proposed left as it was proposed, by lines and by value."""
    lines = order_ledger(folder).states(run_id)
    is_out = lines["state"].isin(["released", "confirmed", "closed"]) & (
        lines["quantity"] == lines["proposed_quantity"]
    )
    value = (lines["proposed_quantity"] * lines["unit_cost"].astype(float)).fillna(0.0)
    share = float(value[is_out].sum()) / float(value.sum()) if value.sum() > 0 else 0.0
    return f"Released as proposed: {int(is_out.sum()):,} of {len(lines):,} lines, {share:.0%} of their value."


def compare_runs(first: str, second: str, *, chain: Path | None, runs: Path | None) -> Outcome:
    """Show which orders and KPIs differ between two runs."""
    folder = runs_folder_of(first, chain, runs)
    store = RunStore(folder)
    manifests = newest_first(store)
    ids = [find_run(words, folder, manifests=manifests) for words in (first, second)]
    currency = str(next(m for m in manifests if m["run_id"] == ids[1]).get("currency", ""))
    orders = [store.read_table(run_id, "orders") for run_id in ids]
    kpis: list[pd.DataFrame] = [store.read_table(run_id, "kpis") for run_id in ids]
    difference, changed = order_difference(*orders), kpi_difference(*kpis)
    kpi_rows = kpi_block(changed, currency)
    blocks = (
        Block(title=f"From run {ids[0]} to run {ids[1]}"),
        Block("Planned KPIs", (), ("kpi", "before", "after", "change"), kpi_rows.rows, kpi_rows.numeric),
        difference_block(difference, against=f"run {ids[0]}", currency=currency),
    )
    columns = {"today": "before", "planned": "after"}
    document = {
        "exit_code": 0,
        "from": ids[0],
        "to": ids[1],
        "difference": records(difference),
        "kpis": records(changed.rename(columns=columns)),
    }
    return Outcome(ExitCode.DONE, blocks, document)
