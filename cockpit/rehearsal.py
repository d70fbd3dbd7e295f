"""A plan that is not published: what it would change against the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cockpit.documents import critical_count, plan_document, records
from cockpit.earlier_nights import published_before
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.places import order_ledger
from cockpit.publishing import exit_notices, is_degraded, released_lines
from cockpit.render import difference_block, plan_blocks
from cockpit.stopwatch import Stopwatch
from network.store import RunStore
from optimization.order_difference import order_difference

if TYPE_CHECKING:
    from cockpit.jobs import PlanRequest
    from engine import EngineConfig
    from network.snapshot import Snapshot
    from optimization.ledger import OrderLedger

_EARLIER_STATES = ("approved", "released", "confirmed", "closed")


def dry_run(request: PlanRequest, snapshot: Snapshot, config: EngineConfig) -> Outcome:
    """Plan and show how the orders differ from the last plan; write nothing."""
    from engine import plan

    store = RunStore(request.runs_path)
    held = order_ledger(request.runs_path)
    ledger = held if held.exists else None
    earlier = published_before(store, snapshot, quiet_days=config.plan.message_quiet_days)
    released = None if ledger is None else released_lines(ledger, snapshot, config, store=store, before=earlier)[0]
    finished = plan(
        snapshot, config, released=released, published=earlier, workers=request.workers, on_stage=Stopwatch()
    )
    currency = snapshot.settings.currency
    against = plan_to_compare(store, ledger, snapshot)
    before = finished.orders.head(0) if against == "" else store.read_table(against, "orders")
    difference = order_difference(before, finished.orders)
    blocks = (
        *plan_blocks(finished, currency=currency),
        difference_block(difference, against=f"run {against}" if against else "no earlier plan", currency=currency),
        Block(lines=("Dry run: nothing was published.", f"Next     tierflow plan {request.chain}")),
    )
    degraded, n_critical = is_degraded(finished), critical_count(finished)
    code = ExitCode.DEGRADED if degraded or (request.is_strict and n_critical) else ExitCode.DONE
    document = {
        **plan_document(finished),
        "exit_code": int(code),
        "is_new": False,
        "is_dry_run": True,
        "against": against or None,
        "difference": records(difference),
        "paths": {},
    }
    notices = exit_notices(n_critical=n_critical, degraded=degraded, is_strict=request.is_strict)
    return Outcome(code, blocks, document, notices)


def plan_to_compare(store: RunStore, ledger: OrderLedger | None, snapshot: Snapshot) -> str:
    """Return the last run up to this cutoff with approved or released orders, else the last published one."""
    manifests = [manifest for manifest in store.runs() if str(manifest["cutoff"])[:10] <= f"{snapshot.cutoff:%Y-%m-%d}"]
    newest_first = sorted(manifests, key=lambda m: (str(m["cutoff"]), str(m.get("created_at"))), reverse=True)
    for manifest in newest_first if ledger is not None else []:
        states = ledger.states(str(manifest["run_id"]))["state"] if ledger is not None else pd.Series(dtype="str")
        if states.isin(_EARLIER_STATES).any():
            return str(manifest["run_id"])
    return str(newest_first[0]["run_id"]) if newest_first else ""
