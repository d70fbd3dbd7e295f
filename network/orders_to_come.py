"""What is still to come of every open order, and when: the only place where receipts and confirmations are set off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from network.columns import OrderState

if TYPE_CHECKING:
    from network.snapshot import Snapshot

COMING_STATES = (OrderState.APPROVED, OrderState.RELEASED, OrderState.CONFIRMED)
"""An order in one of these states will bring goods; in the others it never will, or not yet."""


def orders_to_come(snapshot: Snapshot) -> pd.DataFrame:
    """Return the open orders that will bring goods, with the units still to come and the day they are expected.

    Still to come = the smaller of ordered and confirmed quantity, less what had arrived by the cutoff, at least 0.
    Example: of 100 ordered 80 are confirmed and 30 have arrived, so 50 are to come.

    Parameters
    ----------
    snapshot
        What is known at the cutoff; its receipts are no later.

    Returns
    -------
    Rows of `open_orders` in one of `COMING_STATES`, an order with nothing left included: `quantity` is what is still
    to come [units], `due_date` the confirmed day where the supplier gave one.
    """
    orders = snapshot.table("open_orders")
    coming = orders[orders["status"].isin([str(state) for state in COMING_STATES])]
    told = snapshot.table("confirmations").set_index("order_id").reindex(coming["order_id"])
    promised = told["confirmed_quantity"].to_numpy(dtype=np.float64)
    left = np.fmin(coming["quantity"].to_numpy(dtype=np.float64), promised)
    left = np.maximum(left - received_units(coming, snapshot.table("receipts")), 0.0)
    day = pd.Series(told["date"].to_numpy(), index=coming.index)
    return coming.assign(quantity=left.astype(np.int64), due_date=day.fillna(coming["due_date"]))


def received_units(orders: pd.DataFrame, receipts: pd.DataFrame) -> np.ndarray:
    """Return the units that have arrived of each order line, (n,).

    Parameters
    ----------
    orders
        Rows with order_id and sku.
    receipts
        Rows of `receipts`.
    """
    received = (
        receipts[receipts["order_id"].isin(orders["order_id"])]
        .groupby(["order_id", "sku"], observed=True)["quantity"]
        .sum()
    )
    found = received.reindex(pd.MultiIndex.from_frame(orders[["order_id", "sku"]])).fillna(0.0)
    return found.to_numpy(dtype=np.float64)
