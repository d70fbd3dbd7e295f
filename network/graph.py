"""SupplyNetwork: locations, concrete lanes, sourcing rules and serving, joined by row numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from network.calendar import Calendar, build_calendar
from network.contracts import Mode
from network.lanes import expand_lanes, expand_pairs
from network.orders_to_come import orders_to_come
from network.snapshot import Snapshot
from network.vehicles import with_fleets, with_freight

LANE_COLUMNS = (
    "lane_id", "origin", "destination", "mode", "lead_time_days", "lead_time_sd_days", "order_weekdays", "cutoff_time",
    "unit_cost", "vehicle", "truck_cost", "truck_volume_m3", "truck_weight_kg", "max_trucks", "min_order_value",
    "distance_km", "co2_kg_per_truck", "origin_index", "destination_index", "fleet", "volume_cost", "weight_cost",
)  # fmt: skip
SOURCING_COLUMNS = (
    "sku", "origin", "destination", "priority", "share", "unit_cost", "order_multiple", "min_order_quantity",
    "cases_per_pallet", "cases_per_order", "lead_time_days", "min_remaining_life_days", "supplier_item_code",
    "bought_units",
)  # fmt: skip
SERVING_COLUMNS = (
    *("zone", "location", "channel", "priority", "promise_hours", "cost_per_order", "units_per_day"),
    "min_remaining_life_days",
)

_FIRST_PRIORITY = 1
BOUGHT_DAYS = 91
"""Purchases this old still count for the shares of suppliers [days]."""
SOLD_DAYS = 28
"""Sales of so many days tell what goods the lanes carry."""


@dataclass(frozen=True, eq=False, repr=False)
class SupplyNetwork:
    """Who can send to whom, made by `build_network`.

    Parameters
    ----------
    locations
        The contract's columns, sorted by location, RangeIndex; row numbers are the indexes used everywhere.
    lanes
        One row for each concrete origin, destination and mode, sorted, RangeIndex: `LANE_COLUMNS`. Costs default to 0
        [money], capacities to infinity, `distance_km` to the great circle (NaN without coordinates);
        `vehicle` is truck or parcel, and the truck columns speak of it; `order_weekdays` is a bitmask, Monday 1 to
        Sunday 64; `origin_index` and `destination_index` are rows of `locations`; `fleet` are the vehicle types of
        the lane (`network.vehicles`), of which the truck columns then tell the one with the least cost for its size;
        `volume_cost` and `weight_cost` are what goods pay of a full one [money/m3, money/kg], one of the two 0.
    sourcing
        One row for each SKU, origin and destination that a sourcing rule names: `SOURCING_COLUMNS`; empty where none
        is declared. NaN means that the value of the SKU or the lane holds. `cases_per_order` are the cases of what
        is ordered whole there, `bought_units` what came from there in the last 13 weeks or is on order.
    serving
        Which location serves a zone and channel on the day after the cutoff, best first: `SERVING_COLUMNS`. Zones
        without a row are served by the location that sold.
    calendar
        Open days, ship days, due days and events.
    """

    locations: pd.DataFrame
    lanes: pd.DataFrame
    sourcing: pd.DataFrame
    serving: pd.DataFrame
    calendar: Calendar

    def index_of(self, ids: ArrayLike | pd.Series[Any]) -> NDArray[np.intp]:
        """Return the row numbers of locations.

        Parameters
        ----------
        ids
            Locations, shape (n,).

        Returns
        -------
        Rows of `locations`, shape (n,); -1 where a location is unknown.
        """
        return self._index.get_indexer(pd.Index(np.atleast_1d(np.asarray(ids, dtype=object)), dtype="object"))

    def tier_of(self, ids: ArrayLike | pd.Series[Any]) -> NDArray[np.object_]:
        """Return the tiers of locations.

        Parameters
        ----------
        ids
            Locations, shape (n,).

        Returns
        -------
        Tier names, shape (n,).

        Raises
        ------
        KeyError
            If a location is unknown.
        """
        rows = self.index_of(ids)
        if (rows < 0).any():
            raise KeyError(f"no location {np.atleast_1d(np.asarray(ids, dtype=object))[rows < 0][0]!r}")
        return self.locations["tier"].to_numpy(dtype=object)[rows]

    def lanes_of(self, *modes: Mode) -> pd.DataFrame:
        """Return the lanes of some modes.

        Parameters
        ----------
        modes
            Modes to keep.

        Returns
        -------
        Rows of `lanes`; the index still is the row number in `lanes`.
        """
        return self.lanes[self.lanes["mode"].isin([str(mode) for mode in modes])]

    @cached_property
    def _index(self) -> pd.Index[Any]:
        index: pd.Index[Any] = pd.Index(self.locations["location"].to_numpy(dtype=object), dtype="object")
        return index

    def __repr__(self) -> str:
        return f"SupplyNetwork({len(self.locations):,} locations, {len(self.lanes):,} lanes)"


def build_network(snapshot: Snapshot) -> SupplyNetwork:
    """Build the network that holds at the snapshot's cutoff.

    Parameters
    ----------
    snapshot
        What is known.

    Returns
    -------
    The network with every group expanded.
    """
    locations = snapshot.table("locations").sort_values("location").reset_index(drop=True)
    lanes = with_fleets(expand_lanes(snapshot.table("lanes"), locations), snapshot.table("vehicles"))
    volume, weight = _average_unit(snapshot)
    lanes = with_freight(lanes, volume=volume, weight=weight)[list(LANE_COLUMNS)]
    return SupplyNetwork(
        locations=locations,
        lanes=lanes,
        sourcing=_sourcing(snapshot, locations, lanes),
        serving=_serving(snapshot.table("serving"), snapshot.cutoff + pd.Timedelta(days=1)),
        calendar=build_calendar(snapshot, locations, lanes=lanes),
    )


def _average_unit(snapshot: Snapshot) -> tuple[float, float]:
    """Volume and weight of the average unit sold in the last weeks, of the average SKU where nothing was [m3], [kg]."""
    skus, sales = snapshot.table("skus"), snapshot.table("sales")
    recent = sales[sales["date"] > snapshot.cutoff - pd.Timedelta(days=SOLD_DAYS)]
    sold = recent.groupby("sku")["units"].sum().reindex(skus["sku"]).fillna(0.0).to_numpy(dtype=np.float64)
    share = sold / sold.sum() if sold.sum() > 0 else np.full(len(skus), 1.0 / max(len(skus), 1))
    volume, weight = share @ skus[["volume_m3", "weight_kg"]].fillna(0.0).to_numpy(dtype=np.float64)
    return float(volume), float(weight)


def _sourcing(snapshot: Snapshot, locations: pd.DataFrame, lanes: pd.DataFrame) -> pd.DataFrame:
    """Expand sourcing rules; a pair that only a group names needs a lane of any mode."""
    pairs = expand_pairs(snapshot.table("sourcing"), locations, ["sku"])
    per_unit = {unit: pairs[f"cases_per_{unit}"].fillna(1.0) for unit in ("layer", "pallet")}
    cases = np.select([pairs["order_unit"] == unit for unit in per_unit], list(per_unit.values()), 1.0)
    pairs = pairs.assign(bought_units=_bought(snapshot, pairs), cases_per_order=cases)
    linked = np.unique(lanes["origin_index"] * len(locations) + lanes["destination_index"])
    has_lane = np.isin(pairs["origin_index"] * len(locations) + pairs["destination_index"], linked)
    ordered = pairs.loc[has_lane | ~pairs["is_from_group"].to_numpy()].sort_values(
        ["sku", "destination", "priority", "origin"], na_position="last", kind="stable"
    )
    sourcing: pd.DataFrame = ordered[list(SOURCING_COLUMNS)].reset_index(drop=True)
    return sourcing


def _bought(snapshot: Snapshot, pairs: pd.DataFrame) -> NDArray[np.float64]:
    """Units received from each source in the last 13 weeks, and those still to come, (n,)."""
    key = ["sku", "origin", "destination"]
    orders, receipts = snapshot.table("open_orders"), snapshot.table("receipts")
    recent = receipts[receipts["date"] > snapshot.cutoff - pd.Timedelta(days=BOUGHT_DAYS)]
    came = recent[["order_id", "quantity"]].merge(orders[["order_id", *key]], on="order_id")
    coming = orders_to_come(snapshot)
    units = (
        pd.concat([came[[*key, "quantity"]], coming[[*key, "quantity"]]], ignore_index=True)
        .groupby(key)["quantity"]
        .sum()
    )
    found = units.reindex(pd.MultiIndex.from_frame(pairs[key])).fillna(0.0)
    bought: NDArray[np.float64] = found.to_numpy(dtype=np.float64)
    return bought


def _serving(serving: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the serving rules in force on a day, best first."""
    has_begun = serving["from"].isna() | (serving["from"] <= day)
    has_ended = serving["to"].notna() & (serving["to"] < day)
    rules = serving[has_begun & ~has_ended].assign(priority=serving["priority"].fillna(_FIRST_PRIORITY))
    ordered = rules.sort_values(["zone", "channel", "priority", "location"], kind="stable")
    return ordered[list(SERVING_COLUMNS)].reset_index(drop=True)
