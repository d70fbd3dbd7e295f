"""Approval from a command: what waits and why, who approves, rejects or changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.documents import records
from cockpit.order_lines import with_states
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import find_run, order_ledger, runs_folder_of
from cockpit.runs import newest_first
from cockpit.user import user_name
from cockpit.wording import count, money
from network.contracts import OrderState
from network.store import RunStore
from network.store_files import file_bytes
from optimization.approval import ApprovalRules, rules_from, verdicts
from optimization.edited_sheet import Override, SheetError, read_edited_sheet
from optimization.ledger import LedgerError, LedgerUnavailable, OrderLedger, Verdicts

if TYPE_CHECKING:
    from network.settings import ChainSettings

_SHOWN = 20


@dataclass(frozen=True)
class ApprovalRequest:
    """What `tierflow approve` was asked for; at most one of the five kinds of change.

    Parameters
    ----------
    approve, reject
        Order ids, or beginnings of them.
    is_all
        Whether to approve every line that waits.
    quantities
        `ORDER=UNITS`, new quantities.
    sheet
        Edited sheet (xlsx or CSV) with changed quantities and a reason each.
    reason
        Why; needed to reject and to change a quantity.
    user
        Who asks, where a face has asked them to log in; by default who is logged in on this machine.
    """

    approve: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    is_all: bool = False
    quantities: tuple[str, ...] = ()
    sheet: Path | None = None
    reason: str = ""
    user: str = ""

    def __post_init__(self) -> None:
        kinds = [bool(self.approve), bool(self.reject), self.is_all, bool(self.quantities), self.sheet is not None]
        if sum(kinds) > 1:
            raise UsageError("Approve, reject, change or take a sheet: one at a time, so that each happens whole.")
        if (self.reject or self.quantities) and not self.reason.strip():
            raise UsageError("Say why with --reason: it is kept with the line.")


def rules_of(settings: ChainSettings) -> ApprovalRules | None:
    """Return the chain's rules of approval; None where nobody has to approve anything.

    Raises
    ------
    UsageError
        If `[approval]` names an unknown setting or gives a value out of its range.
    """
    return _rules(settings.approval)


def _rules(settings: Mapping[str, Any]) -> ApprovalRules | None:
    try:
        return rules_from(settings)
    except ValueError as error:
        raise UsageError(f"chain.toml [approval]: {error}") from error


def verdicts_of_run(store: RunStore, manifest: Mapping[str, Any]) -> Verdicts:
    """Judge the lines of a published run by the rules that held when it was published."""
    rules = _rules(manifest.get("approval") or {})
    if rules is None:
        return Verdicts()
    run_id, before = str(manifest["run_id"]), str(manifest.get("previous_run") or "")
    has_plan = before and "planned.parquet" in store.manifest(before)["files"]
    planned = store.read_table(before, "planned") if has_plan else None
    tables = [store.read_table(run_id, name) for name in ("orders", "exceptions")]
    return verdicts(tables[0], tables[1], planned, rules=rules)


def record_lines(ledger: OrderLedger, store: RunStore, manifest: Mapping[str, Any], *, job: int | None = None) -> int:
    """Record the lines of a published run where a killed job did not; returns how many were missing."""
    run_id = str(manifest["run_id"])
    orders = store.read_table(run_id, "orders")
    if orders.empty or not ledger.states(run_id).empty:
        return 0
    judged = verdicts_of_run(store, manifest)
    return ledger.record_proposed(run_id, orders, at=datetime.now(UTC), user=user_name(), job=job, verdicts=judged)


def approve_run(words: str, request: ApprovalRequest, *, chain: Path | None, runs: Path | None) -> Outcome:
    """Show what waits in a run, or approve, reject or change lines of it.

    Raises
    ------
    UsageError
        If the run or a line is unknown, or the ledger refuses the change.
    """
    folder = runs_folder_of(words, chain, runs)
    store, ledger = RunStore(folder), order_ledger(folder)
    manifests = newest_first(store)
    run_id = find_run(words, folder, manifests=manifests)
    manifest = next(m for m in manifests if m["run_id"] == run_id)
    record_lines(ledger, store, manifest)
    before = ledger.states(run_id)
    try:
        orders = with_states(store.read_table(run_id, "orders"), ledger, run_id)
        done = _change(ledger, before, request, orders=orders, rules=_rules(manifest.get("approval") or {}))
    except LedgerUnavailable:
        raise
    except (LedgerError, SheetError) as error:
        raise UsageError(f"{error}. Nothing was changed.") from error
    states = ledger.states(run_id)
    counts = {str(state): int(n) for state, n in states["state"].value_counts().sort_index().items()}
    waiting = waiting_lines(ledger, states, store.read_table(run_id, "orders"))
    blocks = (
        Block(f"Run {run_id}", (*done, _counted(counts))),
        _waiting_block(waiting, str(manifest.get("currency", ""))),
    )
    document = {"exit_code": 0, "run_id": run_id, "states": counts, "done": list(done), "waiting": records(waiting)}
    return Outcome(ExitCode.DONE, blocks, document)


def _change(
    ledger: OrderLedger,
    states: pd.DataFrame,
    request: ApprovalRequest,
    *,
    orders: pd.DataFrame,
    rules: ApprovalRules | None,
) -> tuple[str, ...]:
    """Carry out what was asked; returns what was done in words."""
    at, user = datetime.now(UTC), request.user or user_name()
    if request.quantities or request.sheet is not None:
        overrides = [_override(words, states, request.reason) for words in request.quantities]
        if request.sheet is not None:
            overrides = list(read_edited_sheet(file_bytes(request.sheet), orders))
        limit = None if rules is None else rules.four_eyes_above
        ledger.override_all(overrides, at=at, user=user, four_eyes_above=limit)
        return (f"{count(len(overrides), 'quantity', 'quantities')} changed by {user}.",)
    if request.reject:
        lines = [_line(words, states) for words in request.reject]
        n = ledger.move(lines, OrderState.REJECTED, at=at, user=user, reason=request.reason)
        return (f"{count(n, 'line')} rejected by {user}.",)
    if request.approve or request.is_all:
        waiting = states.loc[states["state"] == str(OrderState.PROPOSED), "order_id"].tolist()
        lines = waiting if request.is_all else [_line(words, states) for words in request.approve]
        given = ledger.approve(lines, at=at, user=user, reason=request.reason)
        second = f" {count(given.n_waiting, 'line')} wait for a second person." if given.n_waiting else ""
        return (f"{count(given.n_approved, 'line')} approved by {user}.{second}",)
    return ()


def _line(words: str, states: pd.DataFrame) -> str:
    """Return the order id that was meant."""
    ids = states["order_id"].astype(str).tolist()
    fitting = [words] if words in ids else [name for name in ids if words and name.startswith(words)]
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(f"{words!r} fits {len(fitting)} lines of this run: type a whole order id.")


def _override(words: str, states: pd.DataFrame, reason: str) -> Override:
    name, _, units = words.partition("=")
    if not units.strip().isdecimal():
        raise UsageError(f"{words!r}: write ORDER=UNITS, such as TR-0123456789ab=24.")
    return Override(_line(name.strip(), states), int(units), reason)


def waiting_lines(ledger: OrderLedger, states: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that somebody has to approve, dearest first: who gave the first approval, and why it waits."""
    open_lines = states[(states["state"] == str(OrderState.PROPOSED)) & (states["approvals_needed"] > 0)]
    log = ledger.audit_rows(open_lines["order_id"].tolist())
    why = log[log["event"] == "require"].drop_duplicates("order_id", keep="first").set_index("order_id")["detail"]
    facts = orders.set_index("order_id")["reason"]
    table = open_lines.assign(
        value=(open_lines["quantity"] * open_lines["unit_cost"].astype(float)).round(2),
        waits_because=open_lines["order_id"].map(why).fillna("").astype("str"),
        reason=open_lines["order_id"].map(facts).fillna("").astype("str"),
    )
    columns = ["order_id", "origin", "destination", "sku", "quantity", "value", "approvals_needed", "approved_by"]
    ranked = table.sort_values(["value", "order_id"], ascending=[False, True])
    return ranked[[*columns, "waits_because", "reason"]].reset_index(drop=True)


def _counted(counts: Mapping[str, int]) -> str:
    return "Order states: " + (", ".join(f"{n:,} {state}" for state, n in counts.items()) or "none")


def _why_it_waits(reason: str, first: str) -> str:
    return f"{reason}; first approved by {first}" if first else reason


def _waiting_block(waiting: pd.DataFrame, currency: str) -> Block:
    if waiting.empty:
        return Block(lines=("No line waits for a person.",))
    rows = [
        (line["order_id"], line["origin"], line["destination"], line["sku"], f"{line['quantity']:,}",
         money(line["value"], currency), _why_it_waits(line["waits_because"], line["approved_by"]))
        for line in waiting.head(_SHOWN).to_dict("records")
    ]  # fmt: skip
    more = (f"The dearest {_SHOWN} of {len(waiting):,}.",) if len(waiting) > _SHOWN else ()
    header = ("order", "from", "to", "SKU", "units", "worth", "waits because")
    return Block("Lines that wait for a person", more, header, tuple(rows), frozenset({4, 5}))
