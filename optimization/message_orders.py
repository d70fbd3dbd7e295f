"""Action messages as rows of `orders` and of `order_terms`, each with its sentence."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from network.contracts import OrderState
from optimization.action_messages import MESSAGE_TERMS
from optimization.actions import Action
from optimization.orders import ORDER_COLUMNS, digest, finite, with_item_facts, with_stock_facts
from optimization.plain_words import say_cover, say_date, say_units

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.projection import Projection

PREFIX = "AM"


def message_orders(
    messages: pd.DataFrame,
    *,
    projection: Projection,
    targets: pd.DataFrame,
    positions: pd.DataFrame,
    snapshot: Snapshot,
    network: SupplyNetwork,
    run_id: str,
    plan_version: str,
    n_before: int,
) -> pd.DataFrame:
    """Write messages as orders.

    Parameters
    ----------
    messages
        Result of `action_messages`.
    projection, targets, positions, snapshot, network, run_id, plan_version
        As for `build_orders`.
    n_before
        New lines of the run; messages rank after them.

    Returns
    -------
    pandas.DataFrame
        Exactly `ORDER_COLUMNS`. `quantity`, `cases` and the dates are what the line named in `amends_order_id` should
        have after the change; `value` is by how much the change alters the value on order, 0 for another day.
    """
    lines = with_item_facts(messages, snapshot, network)
    lines = with_stock_facts(lines, targets, positions)
    row = projection.rows_of(lines["sku"], lines["destination"])
    before, after, runs_out = _outlook(projection, row)
    reasons = [_reason(*facts) for facts in zip(messages.to_dict("records"), before, runs_out, strict=True)]
    lines = lines.assign(
        order_id=_ids(messages, snapshot, plan_version),
        document_id=_documents(messages, snapshot, plan_version),
        run_id=run_id,
        load_id="",
        value=((lines["quantity"] - lines["old_quantity"]) * lines["unit_cost"]).round(2),
        status=str(OrderState.PROPOSED),
        priority=np.arange(n_before + 1, n_before + len(lines) + 1),
        cover_before=finite(before),
        cover_after=finite(after),
        stockout_date_without=runs_out,
        reason=pd.Series(reasons, dtype="str", index=lines.index),
        proposed_quantity=lines["quantity"],
    )
    return lines[list(ORDER_COLUMNS)].astype(ORDER_COLUMNS)


def message_terms(messages: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Money of each message as a ledger: order_id, term, amount, as `explain.order_terms` gives it for new lines.

    Parameters
    ----------
    messages
        Result of `action_messages`.
    rows
        The orders made of them, row by row.
    """
    amounts = messages[list(MESSAGE_TERMS)].to_numpy(dtype=float)
    line, column = np.nonzero(amounts != 0)
    table = pd.DataFrame({
        "order_id": rows["order_id"].to_numpy()[line],
        "term": np.array(MESSAGE_TERMS, dtype=object)[column],
        "amount": amounts[line, column],
    })  # fmt: skip
    return table.astype({"order_id": "str", "term": "str", "amount": "float64"})


def _outlook(
    projection: Projection, row: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]], pd.Series]:
    """Cover without and with tonight's moves [days], and the first day without stock, at each message's destination."""
    before = projection.cover_days(projection.supply_before[:, -1])[row]
    after = projection.cover_days(projection.supply_after[:, -1])[row]
    day = projection.stockout_day(projection.supply_after)[row]
    dates = projection.cutoff + pd.to_timedelta(pd.Series(day) + 1, unit="D")
    return before, after, dates.where(day < projection.horizon)


def _reason(message: dict[Hashable, Any], cover: float, runs_out: pd.Timestamp) -> str:
    """Say what is asked for and why."""
    due, old_due = (say_date(pd.Timestamp(message[name])) for name in ("due_date", "old_due_date"))
    line = f"{say_units(message['old_quantity'])} due {old_due}"
    covered = say_cover(cover) if np.isfinite(cover) else "no demand in sight"
    if message["action"] == Action.EXPEDITE:
        need = f"runs out {say_date(runs_out)}" if pd.notna(runs_out) else f"{covered} is not enough"
        return f"{need}: bring forward {line} to {due}"
    if message["action"] == Action.DEFER:
        return f"{covered}, orders included: put off {line} to {due}"
    if message["action"] == Action.REDUCE:
        return f"{covered}, orders included: {say_units(message['quantity'])} are enough of {line}"
    return f"{covered}, orders included: {line} are not needed"


def _ids(messages: pd.DataFrame, snapshot: Snapshot, plan_version: str) -> pd.Series[str]:
    chain, cutoff = snapshot.settings.id, f"{snapshot.cutoff:%Y-%m-%d}"
    keys = zip(messages["action"], messages["amends_order_id"], strict=True)
    ids = [f"{PREFIX}-{digest((chain, cutoff, action, order, plan_version))}" for action, order in keys]
    return pd.Series(ids, dtype="str", index=messages.index)


def _documents(messages: pd.DataFrame, snapshot: Snapshot, plan_version: str) -> pd.Series[str]:
    """One document of changes for each origin and destination."""
    chain, cutoff = snapshot.settings.id, f"{snapshot.cutoff:%Y-%m-%d}"
    keys = zip(messages["origin"].fillna(""), messages["destination"], strict=True)
    ids = [f"DOC-{digest((chain, cutoff, origin, place, 'changes', plan_version))}" for origin, place in keys]
    return pd.Series(ids, dtype="str", index=messages.index)
