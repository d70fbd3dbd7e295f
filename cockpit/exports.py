"""Send the orders of a run out: they are released, with a note of what has to leave, and then the files are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from cockpit.approvals import record_lines
from cockpit.documents import records
from cockpit.order_lines import batch_lines, with_states
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import find_run, order_ledger, runs_folder_of
from cockpit.runs import newest_first
from cockpit.user import user_name
from cockpit.wording import count, money
from network.contracts import OrderState
from network.store import RunStore, lock
from optimization.actions import messages, new_lines
from optimization.export import DocumentHeader, ExportFormat, Language, name_in, write_orders
from optimization.export_download import orders_file
from optimization.ledger import DoubleOrders, OrderLedger

LOCK_SECONDS = 30.0
"""How long an export waits for the run that holds the chain [seconds]."""


@dataclass(frozen=True)
class Form:
    """How a file of orders looks.

    Parameters
    ----------
    format
        One of the export formats.
    language
        Language of headers, choices and reasons.
    header
        What UBL documents say beyond their lines.
    """

    format: str = "csv"
    language: str = "en"
    header: DocumentHeader | None = None

    def __post_init__(self) -> None:
        for given, known in ((self.format, ExportFormat), (self.language, Language)):
            if given not in list(known):
                raise UsageError(f"{given!r} is none of {', '.join(known)}.")

    @property
    def name(self) -> str:
        """Its name in the outbox."""
        return self.format if self.language == Language.ENGLISH else f"{self.format} {self.language}"

    def write(self, orders: pd.DataFrame, to: Path, name: str) -> Path:
        """Write orders in this form; returns the file."""
        named = name_in(name, self.format, self.language)
        return write_orders(orders, to, self.format, name=named, language=self.language, header=self.header)


def export_run(
    words: str,
    *,
    chain: Path | None,
    runs: Path | None,
    format: str,
    to: Path,
    is_preview: bool,
    language: str = "en",
    user: str = "",
    is_approved_only: bool = False,
) -> Outcome:
    """Write a run's orders to a folder; without `is_preview` they count as released from then on.

    Lines are released and written into the outbox in one transaction, before any file is written: if the command dies
    in between, the lines count as on order and the next export writes the same files, so nothing is ever ordered twice.
    Lines approved later leave as a batch of their own, in a file of their own. `user` is who asks, by default who is
    logged in on this machine. With `is_approved_only` proposed lines stay that nobody has to approve.

    Raises
    ------
    UsageError
        If the run, the format or the language is unknown, or orders of another run left in the meantime which this run
        does not count.
    """
    form = Form(format, language)
    folder = runs_folder_of(words, chain, runs)
    store, ledger = RunStore(folder), order_ledger(folder)
    manifests = newest_first(store)
    run_id = find_run(words, folder, manifests=manifests)
    manifest = next(m for m in manifests if m["run_id"] == run_id)
    form = replace(form, header=header_of(manifest))
    orders = store.read_table(run_id, "orders")
    n_released = 0
    if is_preview or new_lines(orders).empty:
        leaving = with_states(orders, ledger, run_id)
        written = [form.write(leaving, to, f"orders-{run_id}")]
    else:
        with lock(folder, wait_seconds=LOCK_SECONDS):
            record_lines(ledger, store, manifest)
            counted = counted_batches(manifest)
            n_released = release(
                ledger, run_id, counted=counted, to=to, form=form, user=user or user_name(),
                is_approved_only=is_approved_only,
            )  # fmt: skip
            written, leaving = deliver(ledger, run_id, orders, to=to, form=form, user=user or user_name())
    states = ledger.states(run_id)["state"] if ledger.exists else pd.Series(dtype="str")
    n_waiting = int((states == str(OrderState.PROPOSED)).sum()) if not is_preview else 0
    document = {
        "exit_code": 0,
        "run_id": run_id,
        "path": str(written[0]) if written else "",
        "paths": [str(path) for path in written],
        "n_orders": len(new_lines(leaving)),
        "n_messages": len(messages(leaving)),
        "n_released": n_released,
        "n_waiting": n_waiting,
        "is_preview": is_preview,
        "orders": records(leaving),
    }
    state = _state_words(n_released, n_waiting, is_preview=is_preview)
    block = _block(written, leaving, state, currency=str(manifest.get("currency", "")))
    return Outcome(ExitCode.DONE, (block,), document)


def header_of(manifest: Mapping[str, Any]) -> DocumentHeader:
    """Return what the documents of a run say beyond their lines; they are issued on the last day that it knows."""
    issued = date.fromisoformat(str(manifest["cutoff"])[:10])
    return DocumentHeader(str(manifest["chain"]), issued, str(manifest.get("currency", "")))


def batch_file(store: RunStore, manifest: Mapping[str, Any], batch: int, *, form: Form) -> tuple[str, bytes]:
    """Return the file of a batch that was released, its name and its content; nothing is released or written.

    Raises
    ------
    UsageError
        If the run has released no such batch.
    ExportError
        If the lines do not go into this form.
    """
    run_id, ledger = str(manifest["run_id"]), order_ledger(store.path)
    states = ledger.states(run_id) if ledger.exists else pd.DataFrame({"batch": []})
    if batch < 1 or not (states["batch"] == batch).any():
        raise UsageError(f"Run {run_id} has released no batch {batch}.")
    lines = batch_lines(store.read_table(run_id, "orders"), states, batch)
    return orders_file(
        lines, ExportFormat(form.format), name=batch_stem(run_id, batch), language=Language(form.language),
        header=header_of(manifest),
    )  # fmt: skip


def batch_stem(run_id: str, batch: int) -> str:
    """Return the name of the file of a batch without its ending."""
    return f"orders-{run_id}" if batch == 1 else f"orders-{run_id}-{batch}"


def counted_batches(manifest: Mapping[str, Any]) -> set[str]:
    """Name the batches of orders on their way that a run counts, and the run itself."""
    by_run = manifest.get("released_runs_counted", ())  # what runs of earlier versions say
    return {str(manifest["run_id"]), *map(str, manifest.get("released_batches_counted", by_run))}


def release(
    ledger: OrderLedger, run_id: str, *, counted: set[str], to: Path, form: Form, user: str, is_approved_only: bool
) -> int:
    """Release what may leave and note what has to be written where, both or neither; returns the number of lines.

    Raises
    ------
    UsageError
        If orders of another run are on their way which this run's plan did not count.
    """
    target = str(to.resolve())
    try:
        return ledger.release(
            run_id, at=datetime.now(UTC), user=user, counted=counted, target=target, format=form.name,
            is_approved_only=is_approved_only,
        )  # fmt: skip
    except DoubleOrders as refused:
        raise UsageError(
            f"Orders of run {', '.join(refused.others)} have left and run {run_id} was planned without them: releasing "
            "it too would order twice. Plan again and export the new run."
        ) from refused


def deliver(
    ledger: OrderLedger, run_id: str, orders: pd.DataFrame, *, to: Path, form: Form, user: str
) -> tuple[list[Path], pd.DataFrame]:
    """Write every batch that the outbox names for a folder and form, and tick it off; returns files and their rows.

    A batch is written from what was released, so the same batch is the same bytes whenever it is written.
    """
    states = ledger.states(run_id)
    written, tables = [], [orders.head(0)]
    for each in ledger.deliveries(run_id):
        if (each.target, each.format) != (str(to.resolve()), form.name):
            continue
        table = batch_lines(orders, states, each.batch)
        written.append(form.write(table, to, batch_stem(run_id, each.batch)))
        ledger.delivered(each, at=datetime.now(UTC), user=user)
        tables.append(table)
    return written, pd.concat(tables[1:] or tables, ignore_index=True)


def _state_words(n_released: int, n_waiting: int, *, is_preview: bool) -> str:
    if is_preview:
        return "A preview: nothing was released."
    waiting = f" {count(n_waiting, 'line')} wait for approval: tierflow approve." if n_waiting else ""
    if n_released:
        return f"{count(n_released, 'line')} released just now; they count as on order from now on.{waiting}"
    return f"No line is new; what was released before was written again.{waiting}"


def _block(paths: list[Path], orders: pd.DataFrame, state: str, *, currency: str) -> Block:
    lines, n_messages = new_lines(orders), len(messages(orders))
    asked = f" and {count(n_messages, 'message')} about published lines" if n_messages else ""
    where = ", ".join(str(path) for path in paths) or "no file"
    words = f"{count(len(lines), 'order line')} worth {money(float(lines['value'].sum()), currency)}{asked} in {where}"
    return Block(title="Exported", lines=(words, state))
