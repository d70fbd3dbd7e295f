"""What a person reads after a command: the plan's summary, a run, a difference between two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit import report_tables as tables
from cockpit.outcome import Block
from cockpit.wording import count, is_known, label, money, share, switched, whole
from optimization.actions import messages, new_lines

if TYPE_CHECKING:
    from engine import Plan

N_EXCEPTIONS = 5
N_TRUCKS = 5
N_CHANGES = 15


def plan_blocks(plan: Plan, *, currency: str) -> tuple[Block, ...]:
    """Return the summary of a plan: scope, orders by kind, trucks, exceptions, money."""
    return (
        _scope(plan),
        orders_block(plan.orders, currency),
        *messages_blocks(plan.orders, currency),
        _trucks_block(plan.loads, currency),
        kpi_block(plan.kpis, currency),
        exceptions_block(plan.exceptions, currency),
    )


def _scope(plan: Plan) -> Block:
    settings = plan.snapshot.settings
    n_points, n_fallbacks = len(plan.forecast.series), int((plan.forecast.series["fallback"].astype(str) != "").sum())
    manifest = plan.manifest
    gap = share(manifest["gap"]) if is_known(manifest.get("gap")) else "unknown"
    lines = [
        f"Data until {plan.cutoff:%A %Y-%m-%d}; {count(n_points, 'stock point')} forecast for "
        f"{count(plan.forecast.horizon, 'day')}, {n_fallbacks:,} of them by a fallback.",
        f"Solver {label(str(manifest.get('status', 'unknown'))).lower()}, gap {gap}; "
        "the independent audit found no broken rule.",
    ]
    if switch := manifest["config"]["switch"]:
        lines.append(f"New settings first for {switched(switch)}.")
    return Block(title=f"{settings.id}: plan {plan.run_id}", lines=tuple(lines))


def orders_block(orders: pd.DataFrame, currency: str) -> Block:
    """Return new order lines by kind with their totals."""
    orders = new_lines(orders)
    if orders.empty:
        return Block(title="Orders for tomorrow", lines=("No order pays tonight.",))
    kinds = tables.by_kind(orders)
    rows = [
        (
            str(row["label"]),
            whole(row["lines"]),
            whole(row["units"]),
            money(row["value"], currency),
            money(row["benefit"], currency),
        )
        for row in tables.rows_of(kinds)
    ]
    total = (
        "All",
        whole(len(orders)),
        whole(orders["quantity"].sum()),
        money(orders["value"].sum(), currency),
        money(orders["net_benefit"].sum(), currency),
    )
    header = ("kind", "lines", "units", "value", "net benefit")
    return Block("Orders for tomorrow", (), header, (*rows, total), frozenset({1, 2, 3, 4}))


def messages_blocks(orders: pd.DataFrame, currency: str) -> tuple[Block, ...]:
    """Return what is asked about published lines, by action; no block where nothing is."""
    asked = messages(orders)
    if asked.empty:
        return ()
    grouped = asked.groupby("action", sort=True).agg(lines=("order_id", "size"), benefit=("net_benefit", "sum"))
    rows = tuple(
        (str(row["action"]), whole(row["lines"]), money(row["benefit"], currency))
        for row in tables.rows_of(grouped.reset_index())
    )
    words = "Published lines that should change; the lines themselves stay as they are."
    return (Block("Messages", (words,), ("action", "lines", "net benefit"), rows, frozenset({1, 2})),)


def _trucks_block(loads: pd.DataFrame, currency: str) -> Block:
    fill, trucks = tables.cost_weighted_fill(loads), tables.by_truck(loads)
    words = (
        f"{count(int(trucks['trucks'].sum()), 'truck')} for {money(trucks['cost'].sum(), currency)}, "
        f"fill weighted by cost {share(fill)}."
    )
    rows = tuple(
        (
            f"{row['origin']} > {row['destination']}",
            whole(row["trucks"]),
            share(row["fill"]) if is_known(row["fill_percent"]) else "unknown",
            money(row["cost"], currency),
        )
        for row in tables.rows_of(tables.trucks(loads).head(N_TRUCKS))
    )
    return Block("Trucks tomorrow", (words,), ("lane", "trucks", "fill", "cost"), rows, frozenset({1, 2, 3}))


def kpi_block(kpis: pd.DataFrame, currency: str) -> Block:
    """Return every KPI today and planned."""
    paired = [tile for tile in tables.tiles(kpis, currency) if tile.is_pair]
    rows = tuple((tile.name, tile.today, tile.planned, tile.change) for tile in paired)
    return Block("Today and planned", (), ("kpi", "today", "planned", "change"), rows, frozenset({1, 2, 3}))


def exceptions_block(exceptions: pd.DataFrame, currency: str) -> Block:
    """Return the exceptions of most money."""
    n_critical = int((exceptions["severity"] == "critical").sum())
    if exceptions.empty:
        return Block(title="Exceptions", lines=("Nothing needs a person.",))
    words = f"{count(len(exceptions), 'exception')}, {n_critical:,} critical; the ones of most money:"
    top = exceptions.sort_values("rank", kind="stable").head(N_EXCEPTIONS)
    rows = tuple(
        (
            str(row["severity"]),
            label(str(row["kind"])),
            f"{row['sku']} {row['location']}".strip(),
            money(row["money"], currency),
            str(row["message"]),
        )
        for row in tables.rows_of(top)
    )
    return Block("Exceptions", (words,), ("severity", "kind", "where", "at stake", "what"), rows, frozenset({3}))


def files_block(folder: Path, next_command: str) -> Block:
    """Return where the files are and what to type next."""
    lines = (
        f"Report   {folder / 'report.html'}",
        f"Orders   {folder / 'orders.csv'}",
        f"Run      {folder}",
        f"Next     {next_command}",
    )
    return Block(title="Files", lines=lines)


def difference_block(difference: pd.DataFrame, *, against: str, currency: str) -> Block:
    """Return what a plan would change against another one."""
    if difference.empty:
        return Block(title=f"Against {against}", lines=("The same orders, line by line.",))
    counts = difference["change"].value_counts()
    words = ", ".join(f"{int(counts.get(name, 0)):,} {name}" for name in ("added", "removed", "changed"))
    delta = float(difference["value_change"].sum())
    rows = tuple(
        (
            str(row["change"]),
            str(row["kind"]),
            f"{row['origin']} > {row['destination']}",
            str(row["sku"]),
            whole(row["quantity_before"]),
            whole(row["quantity_after"]),
            money(row["value_change"], currency, is_signed=True),
        )
        for row in tables.rows_of(difference.head(N_CHANGES))
    )
    header = ("change", "kind", "lane", "sku", "before", "after", "value")
    lines = (f"{words}; value {money(delta, currency, is_signed=True)}. The largest changes:",)
    return Block(f"Against {against}", lines, header, rows, frozenset({4, 5, 6}))


def runs_block(manifests: Sequence[Mapping[str, Any]], folder: Path) -> Block:
    """Return one line a run."""
    if not manifests:
        return Block(title=f"Runs in {folder}", lines=("None yet: publish one with `tierflow plan CHAIN`.",))
    rows = tuple(
        (
            str(manifest["run_id"]),
            str(manifest.get("cutoff", ""))[:10],
            whole(manifest.get("n_orders", float("nan"))),
            money(manifest.get("order_value", float("nan")), str(manifest.get("currency", ""))),
            str(manifest.get("created_at", "")),
        )
        for manifest in manifests
    )
    header = ("run", "cutoff", "lines", "value", "made (UTC)")
    return Block(f"Runs in {folder}", (), header, rows, frozenset({2, 3}))
