"""Send the orders of a run out: they become released, whole or not at all, and then the file is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from cockpit.documents import records
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import find_run, ledger_path, runs_folder_of
from cockpit.publishing import user_name
from cockpit.runs import newest_first
from cockpit.wording import count, money
from network.store import RunStore, lock
from optimization.actions import messages, new_lines
from optimization.export import write_orders
from optimization.ledger import OrderLedger

_LEFT_OUT = ("rejected", "cancelled")
_LEAVING = ("proposed", "approved")


def export_run(
    words: str, *, chain: Path | None, runs: Path | None, format: str, to: Path, is_preview: bool
) -> Outcome:
    """Write a run's orders to a folder; without `is_preview` they count as released from then on.

    Orders are released before the file is written: if the command dies in between, the lines count as on order and
    the next export writes the same file, so nothing is ever ordered twice.

    Raises
    ------
    UsageError
        If the run is unknown, or orders of another run left in the meantime which this run does not count.
    """
    folder = runs_folder_of(words, chain, runs)
    store = RunStore(folder)
    manifests = newest_first(store)
    run_id = find_run(words, folder, manifests=manifests)
    manifest = next(m for m in manifests if m["run_id"] == run_id)
    ledger = OrderLedger(ledger_path(folder))
    orders = store.read_table(run_id, "orders")
    n_released = 0
    if not is_preview and not new_lines(orders).empty:
        with lock(folder):
            at = datetime.now(UTC)
            ledger.record_proposed(run_id, orders, at=at, user=user_name())
            refuse_double_orders(ledger, manifest)
            n_released = ledger.release(run_id, at=at, user=user_name())
    leaving = with_states(orders, ledger, run_id)
    path = write_orders(leaving, to, format, name=f"orders-{run_id}")
    document = {
        "exit_code": 0,
        "run_id": run_id,
        "path": str(path),
        "n_orders": len(new_lines(leaving)),
        "n_messages": len(messages(leaving)),
        "n_released": n_released,
        "is_preview": is_preview,
        "orders": records(leaving),
    }
    currency = str(manifest.get("currency", ""))
    block = _block(path, leaving, n_released, is_preview=is_preview, currency=currency)
    return Outcome(ExitCode.DONE, (block,), document)


def refuse_double_orders(ledger: OrderLedger, manifest: Mapping[str, Any]) -> None:
    """Refuse to release a run if orders of another run are on their way which its plan did not count."""
    run_id = str(manifest["run_id"])
    states = ledger.states(run_id)["state"]
    if not states.isin(_LEAVING).any():
        return
    counted = {run_id, *(str(other) for other in manifest.get("released_runs_counted", ()))}
    others = sorted(set(ledger.released_unacknowledged()["run_id"].astype(str)) - counted)
    if others:
        raise UsageError(
            f"Orders of run {', '.join(others)} have left and run {run_id} was planned without them: releasing it too "
            "would order twice. Plan again and export the new run."
        )


def with_states(orders: pd.DataFrame, ledger: OrderLedger, run_id: str) -> pd.DataFrame:
    """Return the order lines that may leave, with the state and quantity that the ledger holds.

    Messages about published lines follow as they are: they are no lines, and the ledger does not know them.
    """
    if orders.empty or not ledger.path.is_file():
        return orders
    held = ledger.states(run_id).set_index("order_id")
    if held.empty:
        return orders
    asked, orders = messages(orders), new_lines(orders)
    kept = orders[~orders["order_id"].map(held["state"]).isin(_LEFT_OUT)].reset_index(drop=True)
    quantity = kept["order_id"].map(held["quantity"]).astype("int64")
    is_changed = quantity != kept["quantity"]
    value = kept["value"].where(~is_changed, (quantity * kept["unit_cost"]).round(2))
    kept = kept.assign(status=kept["order_id"].map(held["state"]).astype("str"), quantity=quantity, value=value)
    return pd.concat([kept, asked], ignore_index=True) if len(asked) else kept


def _block(path: Path, orders: pd.DataFrame, n_released: int, *, is_preview: bool, currency: str) -> Block:
    lines, n_messages = new_lines(orders), len(messages(orders))
    asked = f" and {count(n_messages, 'message')} about published lines" if n_messages else ""
    words = f"{count(len(lines), 'order line')} worth {money(float(lines['value'].sum()), currency)}{asked} in {path}"
    if is_preview:
        state = "A preview: nothing was released."
    elif n_released:
        state = f"{count(n_released, 'line')} released just now; they count as on order from now on."
    else:
        state = "All of them were released before; the file was written again."
    return Block(title="Exported", lines=(words, state))
