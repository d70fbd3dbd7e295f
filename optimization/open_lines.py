"""Published order lines that may still be changed: what they are, and on which other days their lane goes.

A line may change while it has not left (`ship_date` after the cutoff, as `position` dates it), while its supplier's
commit fence and the frozen window are not reached, and while it is expected inside the horizon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode, Tier
from network.economics import sku_economics
from optimization.cost_curves import CostCurves
from optimization.inbound import REGULAR_MODES, Inbound, build_inbound
from optimization.position import coming_lines

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
OPEN_LINE_COLUMNS = (
    *("order_id", "kind", "origin", "destination", "sku", "quantity", "ship_day", "arrival_day", "first_day"),
    *("row", "echelon", "origin_row", "holds_promises", "lot", "case", "minimum", "unit_cost"),
    "unit_freight",
)
_LANE = ["origin", "destination"]


def changeable_lines(
    snapshot: Snapshot,
    network: SupplyNetwork,
    released: pd.DataFrame | None = None,
    *,
    positions: pd.DataFrame,
    curves: CostCurves,
    frozen_days: int,
) -> pd.DataFrame:
    """List the open and released lines that may still be changed.

    Parameters
    ----------
    snapshot, network, released
        As for `inventory_positions`.
    positions
        Inventory positions, row by row the local rows of the curves.
    curves
        Cost curves; their horizon limits what is looked at.
    frozen_days
        Days from the cutoff in which nothing may change.

    Returns
    -------
    `OPEN_LINE_COLUMNS`, sorted by order_id: ship_day and arrival_day are day indexes (0 = cutoff + 1), first_day the
    first day index on which it may leave after a change, row, echelon and origin_row rows of the curves (-1 = none),
    holds_promises whether its origin has on hand all that is promised from there, lot, case and minimum in units,
    unit_cost and unit_freight [money/unit].
    """
    lines = coming_lines(snapshot, released)
    lines = _with_lane(lines.astype({"order_id": "str"}), network, released)
    lines = _with_days(lines, snapshot.cutoff)
    lines = lines.assign(first_day=_first_day(lines, snapshot, network, frozen_days))
    is_open = (lines["ship_day"] >= lines["first_day"]) & (lines["arrival_day"] < curves.horizon)
    lines = lines[is_open & (lines["arrival_day"] >= lines["ship_day"]).to_numpy()]
    lines = _with_item(lines, snapshot, network)
    lines = _with_rows(lines, positions, curves)
    lines = lines[lines["row"] >= 0].sort_values("order_id", kind="stable")
    return lines[list(OPEN_LINE_COLUMNS)].reset_index(drop=True)


def line_routes(
    lines: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork, *, positions: pd.DataFrame, horizon: int
) -> tuple[Inbound, Ints]:
    """Ship and arrival days of the lines' own lanes: possible pairs, and the pair of each line (m,); -1 without one.

    Parameters
    ----------
    lines
        Lines with sku, origin, destination, kind; only purchases and transfers have days to choose from.
    snapshot, network, positions
        What is known.
    horizon
        Days planned.
    """
    near = positions[positions["sku"].isin(set(lines["sku"]))].reset_index(drop=True)
    inbound = build_inbound(
        near, snapshot, network=network, modes=REGULAR_MODES, horizon=horizon, max_sources=len(network.locations)
    )
    lanes = network.lanes.iloc[inbound.lane]
    pairs = pd.MultiIndex.from_arrays(
        [near["sku"].to_numpy()[inbound.point], lanes["origin"], lanes["destination"], lanes["mode"]]
    )
    wanted = pd.MultiIndex.from_frame(lines[["sku", "origin", "destination", "kind"]])
    return inbound, np.asarray(pairs.get_indexer(wanted), dtype=np.int64)


def _with_lane(lines: pd.DataFrame, network: SupplyNetwork, released: pd.DataFrame | None) -> pd.DataFrame:
    """Add mode, lead time and freight: the mode it was released with, else the first of its lane, purchases first."""
    modes = [str(mode) for mode in Mode]
    lanes = network.lanes[[*_LANE, "mode", "lead_time_days", "unit_cost"]].rename(columns={"unit_cost": "unit_freight"})
    lanes = lanes.assign(turn=lanes["mode"].map(modes.index)).sort_values("turn", kind="stable")
    first = lanes.drop_duplicates(_LANE).rename(columns={"mode": "kind"}).drop(columns="turn")
    joined = lines.merge(first, on=_LANE, how="left", validate="many_to_one")
    if released is not None and "kind" in released:
        given = released.drop_duplicates("order_id").set_index("order_id")["kind"]
        is_ours = joined["order_id"].isin(given.index)
        joined["kind"] = joined["kind"].mask(is_ours, given.reindex(joined["order_id"]).to_numpy())
    joined["kind"] = joined["kind"].fillna(str(Mode.TRANSFER))
    return joined.fillna({"lead_time_days": 1, "unit_freight": 0.0})


def _with_days(lines: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Add day indexes; a missing date follows from the other and the lead time, as `position.arrivals` has it."""
    lead = lines["lead_time_days"].clip(lower=1).to_numpy(dtype=np.float64) - 1
    ship = (lines["ship_date"] - cutoff).dt.days.astype("float64") - 1
    due = (lines["due_date"] - cutoff).dt.days.astype("float64") - 1
    ship = ship.fillna(due - lead).fillna(0.0)
    due = due.fillna(ship + lead)
    return lines.assign(ship_day=ship.astype("int64"), arrival_day=due.astype("int64"))


def _first_day(lines: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork, frozen_days: int) -> Ints:
    """First day index outside the frozen window and, for what is bought, outside the supplier's commit fence."""
    suppliers = set(network.locations.loc[network.locations["tier"] == Tier.SUPPLIER, "location"])
    fence = snapshot.table("suppliers").set_index("supplier")["commit_fence_days"]
    fenced = lines["origin"].map(fence).where(lines["origin"].isin(suppliers)).fillna(0)
    first: Ints = np.maximum(fenced.to_numpy(dtype=np.int64), frozen_days)
    return first


def _with_item(lines: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> pd.DataFrame:
    """Add lot, minimum and cost of the sourcing rule or the SKU; moves that go in eaches have neither."""
    pair = ["sku", "origin", "destination"]
    names = ["order_multiple", "min_order_quantity", "unit_cost", "cases_per_order"]
    rules = network.sourcing.drop_duplicates(pair)[[*pair, *names]]
    ruled = lines.merge(rules.astype(dict.fromkeys(names, "float64")), on=pair, how="left", validate="many_to_one")
    skus = snapshot.table("skus").set_index("sku").reindex(ruled["sku"]).reset_index(drop=True)
    cost = sku_economics(snapshot).set_index("sku")["unit_cost"].reindex(ruled["sku"]).reset_index(drop=True)
    is_regular = ruled["kind"].isin([str(mode) for mode in REGULAR_MODES])
    case = ruled["order_multiple"].fillna(skus["case_pack"]).fillna(1).clip(lower=1)
    lot = (case * ruled["cases_per_order"].fillna(1)).where(is_regular, 1)
    minimum = ruled["min_order_quantity"].fillna(skus["min_order_quantity"]).fillna(0)
    return ruled.assign(
        lot=lot.astype("int64"),
        case=case.where(is_regular, 1).astype("int64"),
        minimum=minimum.where(ruled["kind"] == Mode.PURCHASE, 0).astype("int64"),
        unit_cost=ruled["unit_cost"].fillna(cost).fillna(0.0),
    )


def _with_rows(lines: pd.DataFrame, positions: pd.DataFrame, curves: CostCurves) -> pd.DataFrame:
    """Add rows of the curves; the echelon counts for what is bought, as in `line_value.line_effects`."""
    index = pd.MultiIndex.from_frame(positions[["sku", "location"]])
    row = index.get_indexer(pd.MultiIndex.from_frame(lines[["sku", "destination"]]))
    origin = index.get_indexer(pd.MultiIndex.from_frame(lines[["sku", "origin"]]))
    is_bought = (lines["kind"] == Mode.PURCHASE).to_numpy(dtype=bool) & (row >= 0)
    spare = (positions["on_hand"] - positions["allocated"]).to_numpy(dtype=np.int64)
    holds = (origin < 0) | (spare[origin] >= 0) if spare.size else origin < 0
    return lines.assign(
        row=row,
        echelon=np.where(is_bought, curves.echelon_of[row], -1),
        origin_row=origin,
        holds_promises=holds,
    )
