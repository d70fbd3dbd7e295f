"""Orders: tonight's moves as lines that a planner reads and other programs execute."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from network.contracts import Mode, OrderState
from network.economics import sku_economics
from optimization.actions import Action
from optimization.explain import LINE_KEY, net_benefit
from optimization.line_facts import line_facts
from optimization.reasons import reason

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions
    from optimization.projection import Projection

ORDER_COLUMNS = {
    "document_id": "str",
    "order_id": "str",
    "run_id": "str",
    "action": "str",
    "amends_order_id": "str",
    "kind": "str",
    "origin": "str",
    "destination": "str",
    "sku": "str",
    "barcode": "str",
    "supplier_item_code": "str",
    "quantity": "int64",
    "cases": "int64",
    "pallets": "float64",
    "ship_date": "datetime64[ns]",
    "due_date": "datetime64[ns]",
    "load_id": "str",
    "unit_cost": "float64",
    "value": "float64",
    "status": "str",
    "priority": "int64",
    "on_hand": "int64",
    "on_order": "int64",
    "expected_demand": "float64",
    "target": "float64",
    "cover_before": "float64",
    "cover_after": "float64",
    "stockout_date_without": "datetime64[ns]",
    "reason": "str",
    "proposed_quantity": "int64",
    "net_benefit": "float64",
}
"""Columns of `orders` in their order, with their types."""

PREFIX_BY_MODE = {
    Mode.PURCHASE: "PO",
    Mode.TRANSFER: "TR",
    Mode.TRANSSHIPMENT: "LT",
    Mode.EMERGENCY: "EM",
    Mode.RETURN: "RT",
}
_ROW_ORDER = ["origin", "destination", "kind", "ship_date", "due_date", "sku"]


def build_orders(
    decisions: Decisions,
    terms: pd.DataFrame,
    *,
    projection: Projection,
    targets: pd.DataFrame,
    positions: pd.DataFrame,
    snapshot: Snapshot,
    network: SupplyNetwork,
    run_id: str,
    plan_version: str,
) -> pd.DataFrame:
    """Write tonight's moves as orders.

    Parameters
    ----------
    decisions
        The plan.
    terms
        Money of each line, from `explain.line_terms`.
    projection
        Expected demand and supply, from `projection.project`.
    targets, positions
        By (sku, location).
    snapshot, network
        What was known.
    run_id
        Run that proposes.
    plan_version
        Hash of input, configuration, code version and released lines; part of every order id.

    Returns
    -------
    pandas.DataFrame
        Exactly `ORDER_COLUMNS`, sorted by origin, destination, kind, dates and sku. `cover_before` and `cover_after`
        [days] run from tonight until expected demand has used up all on hand and on order, and are missing where no
        demand is expected; for a warehouse that is bought for they are those of its echelon. `priority` 1 is the most
        urgent: first day without stock, then money.
    """
    lines = decisions.moves.rename(columns={"mode": "kind"}).merge(
        net_benefit(terms), left_on=_key("kind"), right_on=LINE_KEY, how="left", validate="one_to_one"
    )
    lines = with_item_facts(lines, snapshot, network)
    lines = with_stock_facts(lines, targets, positions)
    facts = line_facts(decisions.moves, projection=projection, positions=positions, snapshot=snapshot)
    reasons = [reason(each) for each in facts.sentences]
    lines = lines.assign(
        cover_before=finite(facts.cover_before),
        cover_after=finite(facts.cover_after),
        stockout_date_without=facts.stockout_date,
        reason=pd.Series(reasons, dtype="str", index=lines.index),
        run_id=run_id,
        action=str(Action.NEW),
        amends_order_id="",
        status=str(OrderState.PROPOSED),
        proposed_quantity=lines["quantity"],
    )
    lines = _with_ids(lines, snapshot, plan_version)
    lines = lines.sort_values(_ROW_ORDER, kind="stable").reset_index(drop=True)
    lines = lines.assign(priority=_priority(lines))
    return lines[list(ORDER_COLUMNS)].astype(ORDER_COLUMNS)


def order_id(kind: str, parts: tuple[str, ...]) -> str:
    """Return the id of a line: what kind it is, and a hash of what makes it one line of one plan.

    Parameters
    ----------
    kind
        Mode of the line; also tells apart two lines that differ in nothing else.
    parts
        Chain id, cutoff, origin, destination, sku, due date, plan version; never a path.
    """
    return f"{PREFIX_BY_MODE[Mode(kind)]}-{digest(parts)}"


def _with_ids(lines: pd.DataFrame, snapshot: Snapshot, plan_version: str) -> pd.DataFrame:
    """Order ids, and document ids: one for each origin, destination, ship date and temperature."""
    chain, cutoff = snapshot.settings.id, f"{snapshot.cutoff:%Y-%m-%d}"
    due, ship = (lines[name].dt.strftime("%Y-%m-%d") for name in ("due_date", "ship_date"))
    by_line = zip(lines["kind"], lines["origin"], lines["destination"], lines["sku"], due, strict=True)
    ids = [
        order_id(kind, (chain, cutoff, origin, destination, sku, day, plan_version))
        for kind, origin, destination, sku, day in by_line
    ]
    by_document = zip(lines["origin"], lines["destination"], ship, lines["temperature"], strict=True)
    documents = [f"DOC-{digest((chain, cutoff, *parts, plan_version))}" for parts in by_document]
    return lines.assign(
        order_id=pd.Series(ids, dtype="str", index=lines.index),
        document_id=pd.Series(documents, dtype="str", index=lines.index),
    )


def digest(parts: tuple[str, ...]) -> str:
    """Twelve hexadecimal digits of a sha256; the separator cannot occur in an id."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()[:12]


def with_item_facts(lines: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> pd.DataFrame:
    """Barcode, temperature, cost; sourcing overrides the cost and knows the supplier's code and the pallet."""
    skus = snapshot.table("skus")[["sku", "barcode", "temperature"]]
    costs = sku_economics(snapshot)[["sku", "unit_cost"]].rename(columns={"unit_cost": "sku_unit_cost"})
    sourcing = network.sourcing[
        ["sku", "origin", "destination", "unit_cost", "cases_per_pallet", "supplier_item_code"]
    ].drop_duplicates(["sku", "origin", "destination"])
    joined = lines.merge(skus, on="sku", how="left", validate="many_to_one")
    joined = joined.merge(costs, on="sku", how="left", validate="many_to_one")
    joined = joined.merge(sourcing, on=["sku", "origin", "destination"], how="left", validate="many_to_one")
    unit_cost = joined["unit_cost"].astype(float).fillna(joined["sku_unit_cost"])
    per_pallet = joined["cases_per_pallet"].astype(float)
    return joined.assign(
        unit_cost=unit_cost,
        value=(joined["quantity"] * unit_cost).round(2),
        pallets=joined["cases"] / per_pallet,
        barcode=joined["barcode"].fillna(""),
        temperature=joined["temperature"].fillna(""),
        supplier_item_code=joined["supplier_item_code"].astype(object).fillna("").astype("str"),
    )


def with_stock_facts(lines: pd.DataFrame, targets: pd.DataFrame, positions: pd.DataFrame) -> pd.DataFrame:
    """Position and target at the destination; 0 on hand where it has no record, unknown target where it has none."""
    key = ["sku", "location"]
    wanted = targets[[*key, "expected_demand", "order_up_to_level"]].rename(
        columns={"location": "destination", "order_up_to_level": "target"}
    )
    held = positions[[*key, "on_hand", "on_order"]].rename(columns={"location": "destination"})
    joined = lines.merge(wanted, on=["sku", "destination"], how="left", validate="many_to_one")
    joined = joined.merge(held, on=["sku", "destination"], how="left", validate="many_to_one")
    return joined.fillna({"on_hand": 0, "on_order": 0})


def _priority(lines: pd.DataFrame) -> pd.Series[int]:
    """Rank from 1: the first day without stock, then the most money; ties by row."""
    urgency = lines.assign(money=-lines["net_benefit"].fillna(0.0), row=range(len(lines)))
    ranked = urgency.sort_values(["stockout_date_without", "money", "row"], na_position="last")
    return pd.Series(np.arange(1, len(lines) + 1), index=ranked.index).reindex(lines.index)


def finite(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Whole tenths of days; missing where infinite."""
    return np.where(np.isfinite(values), np.round(values, 1), np.nan)


def _key(mode: str) -> list[str]:
    return [mode if name == "mode" else name for name in LINE_KEY]
