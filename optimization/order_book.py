"""All that a run says in lines: new orders and messages about published ones, with the money behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from optimization.alternatives import alternatives_table, line_alternatives
from optimization.explain import line_terms, order_terms
from optimization.message_orders import message_orders, message_terms
from optimization.orders import build_orders
from optimization.pegging import peg

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.config import PlanConfig
    from optimization.decisions import Decisions
    from optimization.projection import Projection


@dataclass(frozen=True, eq=False)
class OrderBook:
    """Orders with what is behind them.

    Parameters
    ----------
    orders
        New lines first, then messages; `orders.ORDER_COLUMNS`.
    order_terms
        order_id, term, amount [money]; the terms of a row sum to its net benefit.
    line_terms
        Money of the new lines alone, one column a term.
    pegging
        Which demand each new line serves and what else serves it, `pegging.PEGGING_COLUMNS`.
    alternatives
        What could be done instead of each new line, `alternatives.ALTERNATIVE_COLUMNS`.
    """

    orders: pd.DataFrame
    order_terms: pd.DataFrame
    line_terms: pd.DataFrame
    pegging: pd.DataFrame
    alternatives: pd.DataFrame


def order_book(
    decisions: Decisions,
    messages: pd.DataFrame,
    *,
    projection: Projection,
    targets: pd.DataFrame,
    positions: pd.DataFrame,
    snapshot: Snapshot,
    network: SupplyNetwork,
    config: PlanConfig,
    run_id: str,
    plan_version: str,
) -> OrderBook:
    """Write tonight's moves and messages as orders.

    Parameters
    ----------
    decisions, projection, targets, positions, snapshot, network, run_id, plan_version
        As for `orders.build_orders`.
    messages
        Result of `action_messages`.
    config
        Settings.
    """
    terms = line_terms(decisions, snapshot, network=network)
    lines = build_orders(
        decisions, terms, projection=projection, targets=targets, positions=positions, snapshot=snapshot,
        network=network, run_id=run_id, plan_version=plan_version,
    )  # fmt: skip
    others = line_alternatives(
        decisions, terms, snapshot, network=network, positions=positions, config=config
    )  # fmt: skip
    asked = message_orders(
        messages, projection=projection, targets=targets, positions=positions, snapshot=snapshot, network=network,
        run_id=run_id, plan_version=plan_version, n_before=len(lines),
    )  # fmt: skip
    ledger, of_messages = order_terms(terms, lines), message_terms(messages, asked)
    return OrderBook(
        orders=pd.concat([lines, asked], ignore_index=True) if len(asked) else lines,
        order_terms=pd.concat([ledger, of_messages], ignore_index=True) if len(asked) else ledger,
        line_terms=terms,
        pegging=peg(lines, projection),
        alternatives=alternatives_table(others, lines),
    )
