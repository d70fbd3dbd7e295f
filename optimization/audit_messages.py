"""Rules of the audit about action messages: they name a published line that may still change, and ask for what can be.

Nothing of the code that made the messages is used.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Mode
from network.graph import SupplyNetwork
from network.orders_to_come import orders_to_come
from network.snapshot import Snapshot
from optimization.audit_calendar import due_dates, is_leaving_allowed
from optimization.audit_case import NOTHING, AuditCase, audit_case, breaches

_ANOTHER_DAY = ("expedite", "defer")


def audit_messages(
    messages: pd.DataFrame,
    *,
    snapshot: Snapshot,
    network: SupplyNetwork,
    positions: pd.DataFrame,
    released: pd.DataFrame | None = None,
    frozen_days: int = 0,
) -> pd.DataFrame:
    """Check messages against the lines they name.

    Parameters
    ----------
    messages
        action, amends_order_id, kind, origin, destination, sku, quantity, cases, ship_date, due_date.
    snapshot, network, positions
        As for `audit.audit`.
    released
        Released lines that the snapshot does not know.
    frozen_days
        Days from the cutoff in which nothing may change.

    Returns
    -------
    pandas.DataFrame
        Breaches, as `audit.audit` reports them.
    """
    if messages.empty:
        return NOTHING.copy()
    rows = _beside_lines(messages, snapshot, released)
    renamed = rows.rename(columns={"kind": "mode"})
    none = pd.DataFrame({"load_id": [], "origin": [], "destination": [], "mode": []}, dtype="str")
    case = audit_case(renamed, none, snapshot=snapshot, network=network, positions=positions)
    found = [
        _amends_a_line(case),
        _line_has_not_left(case, frozen_days),
        _quantity_fits_action(case),
        _date_fits_action(case),
        _calendar_allows(case, frozen_days),
    ]
    return pd.concat([NOTHING, *(frame for frame in found if len(frame))], ignore_index=True)


def _beside_lines(messages: pd.DataFrame, snapshot: Snapshot, released: pd.DataFrame | None) -> pd.DataFrame:
    """Messages with the line they name: line_quantity, line_ship, line_due, is_same_goods, is_living."""
    columns = ["order_id", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]
    orders = snapshot.table("open_orders")
    parts = [orders_to_come(snapshot).query("quantity > 0")[columns]]
    if released is not None and len(released):
        parts.append(released.loc[~released["order_id"].isin(set(orders["external_ref"].dropna())), columns])
    lines = pd.concat(parts, ignore_index=True).drop_duplicates("order_id")
    names = {"quantity": "line_quantity", "ship_date": "line_ship", "due_date": "line_due"}
    goods = {name: f"line_{name}" for name in ("origin", "destination", "sku")}
    known = lines.rename(columns={"order_id": "amends_order_id", **names, **goods}).assign(is_living=True)
    joined = messages.reset_index(drop=True).merge(known, on="amends_order_id", how="left", validate="many_to_one")
    same = [joined[name].fillna("") == joined[f"line_{name}"].fillna("") for name in goods]
    return joined.assign(is_living=joined["is_living"].eq(True), is_same_goods=same[0] & same[1] & same[2])


def _amends_a_line(case: AuditCase) -> pd.DataFrame:
    """A message names one living line of the same goods, and no line gets two."""
    rows = case.lines
    is_twice = rows.duplicated("amends_order_id", keep=False)
    is_broken = ~rows["is_living"] | ~rows["is_same_goods"] | is_twice
    text = "the message names no open line of these goods, or a line with two messages"
    return breaches(rows, "amends_a_line", value=0, bound=1, text=text, is_broken=is_broken)


def _first_date(case: AuditCase, frozen_days: int) -> pd.Series[pd.Timestamp]:
    """First ship date outside the frozen window and the supplier's commit fence."""
    suppliers = case.snapshot.table("suppliers").drop_duplicates("supplier").set_index("supplier")
    fence = case.lines["origin"].map(suppliers["commit_fence_days"]).fillna(0).astype(float)
    days = fence.where(case.lines["origin_tier"] == "supplier", 0.0).clip(lower=frozen_days) + 1
    first = case.snapshot.cutoff + pd.to_timedelta(days.to_numpy(), unit="D")
    return pd.Series(first, index=case.lines.index)


def _line_has_not_left(case: AuditCase, frozen_days: int) -> pd.DataFrame:
    """The line leaves after the cutoff, outside the frozen window and the commit fence."""
    days = (case.lines["line_ship"] - _first_date(case, frozen_days)).dt.days.astype(float)
    return breaches(
        case.lines, "line_has_not_left", value=days, bound=0, text="the line leaves {value} days after its last change",
        is_broken=days < 0,
    )  # fmt: skip


def _quantity_fits_action(case: AuditCase) -> pd.DataFrame:
    """Another day keeps the quantity; less is whole cases and no less than the minimum; nothing is nothing."""
    rows = case.lines
    quantity, whole = rows["quantity"], np.mod(rows["quantity"], rows["ordered_in"]) == 0
    least = rows["moq"].where(rows["mode"] == Mode.PURCHASE, 0.0)
    in_cases = whole | ~rows["mode"].isin([Mode.PURCHASE, Mode.TRANSFER])
    is_less = (quantity > 0) & (quantity < rows["line_quantity"]) & in_cases & (quantity >= least)
    fits = pd.Series(
        np.select(
            [rows["action"].isin(_ANOTHER_DAY), rows["action"] == "reduce", rows["action"] == "cancel"],
            [quantity == rows["line_quantity"], is_less, quantity == 0],
            default=False,
        ),
        index=rows.index,
    )
    text = "{value} units of a line of {bound} do not fit the action"
    return breaches(
        rows, "quantity_fits_action", value=quantity, bound=rows["line_quantity"].astype(float), text=text,
        is_broken=~fits.astype(bool),
    )  # fmt: skip


def _date_fits_action(case: AuditCase) -> pd.DataFrame:
    """Expedite is earlier, defer is later, the others keep the day."""
    rows = case.lines
    days = (rows["due_date"] - rows["line_due"]).dt.days.astype(float)
    wanted = rows["action"].map({"expedite": -1.0, "defer": 1.0}).fillna(0.0)
    is_broken = days.notna() & (np.sign(days) != wanted)
    return breaches(
        rows, "date_fits_action", value=days, bound=0, text="{value} days later does not fit the action",
        is_broken=is_broken,
    )  # fmt: skip


def _calendar_allows(case: AuditCase, frozen_days: int) -> pd.DataFrame:
    """Another day is one on which the lane goes, outside fence and window, with its lead time, while it is sold."""
    rows = case.lines
    last = rows[["sku_end_date", "listed_to", "destination_closes"]].min(axis=1)
    off = (rows["due_date"] - due_dates(case)).dt.days.astype(float)
    is_wrong = ~rows["has_lane"] | ~is_leaving_allowed(case) | (off != 0) | (rows["due_date"] > last)
    is_wrong |= (rows["ship_date"] < _first_date(case, frozen_days)) | rows["is_blocked"]
    text = "the asked-for day breaks the lane's calendar ({value} days off)"
    return breaches(
        rows, "calendar_allows", value=off, bound=0, text=text, is_broken=rows["action"].isin(_ANOTHER_DAY) & is_wrong
    )
