"""Which lanes may bring a SKU to a stock point, on which days, in which lots, and which of them is its main source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode, Tier
from network.economics import sku_economics
from optimization.sourcing_turns import with_turns

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
REGULAR_MODES = (Mode.PURCHASE, Mode.TRANSFER)
_SOURCING = ["priority", "order_multiple", "min_order_quantity", "lead_time_days", "unit_cost", "share"]
_SOURCING += ["bought_units", "cases_per_order"]
_PAIR = ["sku", "origin", "destination"]


@dataclass(frozen=True, eq=False)
class Inbound:
    """Usable (stock point, lane) pairs of some modes, sorted by point and then by preference.

    Parameters
    ----------
    point, origin_point
        (m,) rows of the points to which and from which goods move; -1 for suppliers.
    lane
        (m,) rows of the network's lanes.
    priority
        (m,) sourcing priority, 1 is preferred.
    lead_time_days
        (m,) of the sourcing rule or the lane [days].
    case
        (m,) units of a case; 1 where eaches move.
    order_multiple, min_order_quantity
        (m,) lots of purchases and transfers [units]: whole cases, layers or pallets, as the source says.
    unit_cost
        (m,) purchase cost of the sourcing rule or the SKU [money/unit].
    is_main
        (m,) the first regular source of its point.
    slot
        (m,) rows of `ships` and `arrival`.
    ships, arrival
        (n_slots, T) whether goods may leave on a day index, and the index of the day from whose start they are usable
        (T or more = beyond the horizon).
    """

    point: Ints
    origin_point: Ints
    lane: Ints
    priority: Floats
    lead_time_days: Ints
    case: Ints
    order_multiple: Ints
    min_order_quantity: Ints
    unit_cost: Floats
    is_main: Flags
    slot: Ints
    ships: Flags
    arrival: Ints

    def take(self, rows: npt.NDArray[Any]) -> Inbound:
        """Return some of the pairs; `rows` is a mask or positions."""
        names = [name for name in self.__dataclass_fields__ if name not in ("ships", "arrival")]
        picked = {name: getattr(self, name)[rows] for name in names}
        return Inbound(**picked, ships=self.ships, arrival=self.arrival)

    def parents(self, n_points: int) -> Ints:
        """Return the main source of each point, (n_points,) rows; -1 where it is a supplier or nothing."""
        parent = np.full(n_points, -1, dtype=np.int64)
        parent[self.point[self.is_main]] = self.origin_point[self.is_main]
        return parent


def build_inbound(
    points: pd.DataFrame,
    snapshot: Snapshot,
    *,
    network: SupplyNetwork,
    modes: tuple[Mode, ...] = REGULAR_MODES,
    horizon: int,
    max_sources: int,
    can_give: Flags | None = None,
) -> Inbound:
    """Find the lanes on which each stock point may be supplied.

    Left out: blocked stock points, goods no longer sold on arrival is for the caller's days, lanes from places that do
    not stock the SKU, sources that sourcing rules of the pair do not name, origins that may not give (franchise,
    do_not_transfer), and vehicles of another temperature.

    Parameters
    ----------
    points
        (n,) sku, location; sorted, as positions are.
    snapshot, network
        What is known, and its lanes.
    modes
        Modes wanted.
    horizon
        Days planned T.
    max_sources
        Most sources kept for a point: by priority, lead time, cost, distance and name.
    can_give
        (n,) points from which anything may be taken; all by default.
    """
    pairs = _pairs(points, network, modes)
    if can_give is not None:
        pairs = pairs[can_give[pairs["origin_point"]] & (pairs["origin_point"] >= 0)].reset_index(drop=True)
    pairs = _with_sourcing(pairs, snapshot, network)
    pairs = pairs[_is_allowed(pairs, snapshot)]
    pairs = pairs.assign(less=-pairs["share"].fillna(0.0))
    keys = ["point", "priority", "less", "lead", "unit_freight", "distance_km", "lane_id"]
    ordered = pairs.sort_values(keys, kind="stable")
    ordered = ordered[ordered.groupby("point").cumcount() < max_sources]
    is_main = ~ordered["point"].duplicated().to_numpy()
    slots, slot = np.unique(ordered[["lane", "lead"]].to_numpy(dtype=np.int64), axis=0, return_inverse=True)
    calendar, cutoff = network.calendar, snapshot.cutoff
    slot, ships, arrival = with_turns(
        ordered,
        slot.ravel().astype(np.int64),
        calendar.ship_days(slots[:, 0], cutoff, horizon),
        calendar.due_day(slots[:, 0], cutoff, horizon, lead_time_days=slots[:, 1]),
    )
    return Inbound(
        point=ordered["point"].to_numpy(dtype=np.int64),
        origin_point=ordered["origin_point"].to_numpy(dtype=np.int64),
        lane=ordered["lane"].to_numpy(dtype=np.int64),
        priority=ordered["priority"].to_numpy(dtype=np.float64),
        lead_time_days=ordered["lead"].to_numpy(dtype=np.int64),
        case=ordered["case"].to_numpy(dtype=np.int64),
        order_multiple=ordered["order_multiple"].to_numpy(dtype=np.int64),
        min_order_quantity=ordered["min_order_quantity"].to_numpy(dtype=np.int64),
        unit_cost=ordered["purchase_cost"].to_numpy(dtype=np.float64),
        is_main=is_main,
        slot=slot,
        ships=ships,
        arrival=arrival,
    )


def _pairs(points: pd.DataFrame, network: SupplyNetwork, modes: tuple[Mode, ...]) -> pd.DataFrame:
    """Join points with the lanes into them whose origin is a supplier or stocks the SKU."""
    lanes = network.lanes_of(*modes)
    table = pd.DataFrame({
        "lane": lanes.index.to_numpy(),
        "lane_id": lanes["lane_id"].to_numpy(),
        "mode": lanes["mode"].to_numpy(),
        "origin": lanes["origin"].to_numpy(),
        "destination": lanes["destination"].to_numpy(),
        "lead": lanes["lead_time_days"].to_numpy(dtype=np.float64),
        "unit_freight": lanes["unit_cost"].to_numpy(dtype=np.float64),
        "distance_km": lanes["distance_km"].to_numpy(dtype=np.float64),
        "is_supplier": network.tier_of(lanes["origin"]) == Tier.SUPPLIER,
    })  # fmt: skip
    left = pd.DataFrame({"sku": points["sku"], "destination": points["location"], "point": np.arange(len(points))})
    pairs = left.merge(table, on="destination", how="inner")
    index = pd.MultiIndex.from_frame(points[["sku", "location"]])
    origins = pd.MultiIndex.from_arrays([pairs["sku"], pairs["origin"]])
    pairs["origin_point"] = index.get_indexer(origins)
    return pairs[pairs["is_supplier"] | (pairs["origin_point"] >= 0)].reset_index(drop=True)


def _with_sourcing(pairs: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> pd.DataFrame:
    """Apply sourcing rules: only named sources of a pair that has rules, with their lots, lead times and costs."""
    skus = snapshot.table("skus").set_index("sku")[["case_pack", "min_order_quantity"]]
    skus = skus.assign(unit_cost=sku_economics(snapshot).set_index("sku")["unit_cost"])
    facts = skus.reindex(pairs["sku"]).reset_index(drop=True)
    rules = network.sourcing.drop_duplicates(_PAIR)
    found = rules.set_index(_PAIR)[_SOURCING].astype("float64")
    given = found.reindex(pd.MultiIndex.from_frame(pairs[_PAIR])).reset_index(drop=True)
    is_named = given["priority"].notna() | pd.MultiIndex.from_frame(pairs[_PAIR]).isin(found.index)
    ruled = pd.MultiIndex.from_frame(rules[["sku", "destination"]].drop_duplicates())
    has_rules = pd.MultiIndex.from_frame(pairs[["sku", "destination"]]).isin(ruled)
    is_regular = pairs["mode"].isin([str(mode) for mode in REGULAR_MODES]).to_numpy()
    is_purchase = (pairs["mode"] == Mode.PURCHASE).to_numpy()
    minimum = given["min_order_quantity"].fillna(facts["min_order_quantity"]).fillna(0).where(is_purchase, 0)
    case = given["order_multiple"].fillna(facts["case_pack"]).fillna(1).clip(lower=1).where(is_regular, 1)
    joined = pairs.assign(
        priority=given["priority"].fillna(1.0).to_numpy(),
        lead=given["lead_time_days"].fillna(pairs["lead"]).to_numpy(),
        case=case.to_numpy(),
        order_multiple=np.where(is_regular, case * given["cases_per_order"].fillna(1.0), 1),
        share=given["share"].to_numpy(),
        bought_units=given["bought_units"].to_numpy(),
        min_order_quantity=minimum.to_numpy(),
        purchase_cost=given["unit_cost"].fillna(facts["unit_cost"]).fillna(0.0).to_numpy(dtype=np.float64),
    )
    return joined[np.asarray(is_named) | ~np.asarray(has_rules) | ~is_regular].reset_index(drop=True)


def _is_allowed(pairs: pd.DataFrame, snapshot: Snapshot) -> Flags:
    """Say which pairs break no block, ownership or temperature."""
    assortment = snapshot.table("assortment")
    blocked = pd.MultiIndex.from_frame(assortment.loc[assortment["blocked"].eq(True), ["sku", "location"]])
    kept = pd.MultiIndex.from_frame(assortment.loc[assortment["do_not_transfer"].eq(True), ["sku", "location"]])
    locations = snapshot.table("locations")
    is_franchise = (locations["ownership"] == "franchise") & (locations["tier"] != Tier.SUPPLIER)
    franchises = locations.loc[is_franchise, "location"]
    to_blocked = pd.MultiIndex.from_frame(pairs[["sku", "destination"]]).isin(blocked)
    from_kept = pd.MultiIndex.from_frame(pairs[["sku", "origin"]]).isin(kept)
    from_franchise = pairs["origin"].isin(franchises).to_numpy()
    allowed: Flags = ~np.asarray(to_blocked) & ~np.asarray(from_kept) & ~from_franchise
    return allowed & _is_suited(pairs, snapshot)


def _is_suited(pairs: pd.DataFrame, snapshot: Snapshot) -> Flags:
    """Say which pairs have a vehicle of the SKU's temperature, where a lane declares vehicles."""
    vehicles = snapshot.table("vehicles")
    if vehicles.empty:
        return np.ones(len(pairs), dtype=bool)
    wanted = snapshot.table("skus").set_index("sku")["temperature"].reindex(pairs["sku"]).to_numpy()
    any_kind = vehicles.loc[vehicles["temperature"].fillna("") == "", "lane"]
    is_free = ~pairs["lane_id"].isin(vehicles["lane"]) | pairs["lane_id"].isin(any_kind)
    suiting = pd.MultiIndex.from_frame(vehicles[["lane", "temperature"]])
    asked = pd.MultiIndex.from_arrays([pairs["lane_id"], wanted])
    suited: Flags = is_free.to_numpy() | np.asarray(asked.isin(suiting)) | pd.isna(wanted)
    return suited
