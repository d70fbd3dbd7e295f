"""Lanes of a synthetic chain: purchases, transfers, laterals, emergencies and returns, with trucks of fitting size."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.world_config import Floats, WorldConfig
from experiments.world_places import Places

PURCHASE_DAYS = ("TH", "MO", "MO,TH", "TU")
"""Weekdays on which each supplier ships."""
PURCHASE_LEAD = (7, 10, 14, 12)
"""Nominal lead time of each supplier [days], order placed to usable."""
PURCHASE_SD = (1.5, 2.0, 3.0, 2.5)
FORWARD_DAYS = "MO,TU,TH,SA"
STORE_DAYS = ("MO,TH", "TU,FR")
"""Weekdays on which a store is supplied: even stores, odd stores."""
TRUCK_SIZES = (0.8, 1.5, 3.0, 6.0, 10.0, 18.0, 32.0, 60.0)
"""Usable volumes a carrier offers [m3]."""
TRUCK_KG_PER_M3 = 220.0
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LATERAL_STORE_LIMIT = 40
"""With more stores than this, only forward warehouses exchange stock between regions."""
COLUMNS = [
    "origin", "destination", "mode", "lead_time_days", "lead_time_sd_days", "order_days", "unit_cost", "truck_cost",
    "truck_volume_m3", "truck_weight_kg", "max_trucks", "min_order_value", "parcel_cost", "distance_km",
    "co2_kg_per_truck",
]  # fmt: skip


def order_days_of(places: Places) -> list[str]:
    """Return the weekdays on which each own location is supplied; empty for central warehouses."""
    days = []
    for index, tier in enumerate(places.tier):
        is_odd = (index - places.first_store) % 2
        days.append(("", FORWARD_DAYS, STORE_DAYS[is_odd])[int(tier)])
    return days


def transfer_lead_days(places: Places) -> Floats:
    """Return lead times from the central warehouse [days], (L,): 2 within 400 km, 3 within 1000 km, else 4."""
    distance = places.distance[np.arange(len(places.names)), places.parent]
    lead: Floats = np.select([distance < 400, distance < 1000], [2.0, 3.0], 4.0)
    return lead


def truck_of(volume_m3: float, distance: float) -> dict[str, Any]:
    """Return the truck that a usual shipment fills best, with its cost: a start fee, volume and kilometres.

    Beyond 300 km goods travel by shared line haul at a third of the rate.
    """
    usual = max(1.15 * volume_m3, 0.1)
    size = TRUCK_SIZES[int(np.argmin([abs(np.log(usual / size)) for size in TRUCK_SIZES]))]
    near, far = min(distance, 300.0), max(distance - 300.0, 0.0)
    cost = 60 + 14 * size + (near + far / 3) * (0.6 + 0.05 * size)
    return {
        "truck_cost": round(cost, 0),
        "truck_volume_m3": size,
        "truck_weight_kg": round(size * TRUCK_KG_PER_M3, 0),
        "distance_km": round(distance, 1),
        "co2_kg_per_truck": round(distance * (0.15 + 0.02 * size), 1),
    }


def build_lanes(config: WorldConfig, places: Places, daily_volume_m3: Floats) -> pd.DataFrame:
    """Return the contract table `lanes`.

    Parameters
    ----------
    config : size of the world.
    places : locations and distances.
    daily_volume_m3 : expected volume that each own location draws a day [m3/day], central counted with all it supplies.
    """
    rows = _purchases(daily_volume_m3[places.tier == 0])
    rows += _transfers(places, daily_volume_m3) + _emergencies(places) + _laterals(config, places) + _returns(places)
    frame = pd.DataFrame.from_records(rows).reindex(columns=COLUMNS)
    return frame.sort_values(["origin", "destination", "mode"], ignore_index=True)


def _purchases(central_volume: Floats) -> list[dict[str, Any]]:
    """Return one lane from each supplier to the group of central warehouses."""
    rows = []
    for index, days in enumerate(PURCHASE_DAYS):
        per_shipment = float(central_volume.mean()) / len(PURCHASE_DAYS) * 7 / len(days.split(","))
        truck = truck_of(per_shipment, (180.0, 420.0, 760.0, 900.0)[index])
        rows.append(
            {"origin": f"V{index + 1:02d}", "destination": "tier:central", "mode": "purchase", "order_days": days}
            | {"lead_time_days": PURCHASE_LEAD[index], "lead_time_sd_days": None, "unit_cost": 0.0, "max_trucks": 20}
            | {"min_order_value": (800.0, 1500.0, 2000.0, 1000.0)[index]}
            | truck
        )
    return rows


def _transfers(places: Places, volume: Floats) -> list[dict[str, Any]]:
    """Return concrete lanes from each central warehouse to what it supplies, and between central ones by truck."""
    rows: list[dict[str, Any]] = []
    leads, days = transfer_lead_days(places), order_days_of(places)
    for index in np.flatnonzero(places.tier > 0):
        parent = int(places.parent[index])
        per_shipment = float(volume[index]) * 7 / len(days[index].split(","))
        truck = truck_of(per_shipment, float(places.distance[parent, index]) * 1.2)
        base = {"origin": places.names[parent], "destination": places.names[index], "mode": "transfer"}
        rows.append(base | {"lead_time_days": int(leads[index]), "lead_time_sd_days": 0.3, "order_days": days[index],
                            "unit_cost": 0.15, "max_trucks": 8} | truck)  # fmt: skip
    centrals = np.flatnonzero(places.tier == 0)
    for origin in centrals:
        for destination in centrals[centrals != origin]:
            truck = truck_of(10.0, float(places.distance[origin, destination]) * 1.2)
            base = {"origin": places.names[origin], "destination": places.names[destination], "mode": "transshipment"}
            rows.append(base | {"lead_time_days": 5, "lead_time_sd_days": 0.8, "order_days": "MO,TH", "unit_cost": 0.3,
                                "max_trucks": 4} | truck)  # fmt: skip
    return rows


def _emergencies(places: Places) -> list[dict[str, Any]]:
    """Return expedited lanes: central to forward (next day, or two days if far), store to its forward (same day)."""
    rows = []
    for index in np.flatnonzero(places.tier == 1):
        parent = int(places.parent[index])
        distance = float(places.distance[parent, index]) * 1.2
        base = {"origin": places.names[parent], "destination": places.names[index], "mode": "emergency"}
        lead = 1 if distance < 600 else 2
        rows.append(base | {"lead_time_days": lead, "lead_time_sd_days": 0.0, "unit_cost": 1.5,
                            "parcel_cost": round(25 + 0.05 * distance), "distance_km": round(distance, 1)})  # fmt: skip
    for zone, forward in enumerate(places.zone_forward):
        store = places.first_store + zone
        distance = float(places.distance[store, forward]) * 1.2
        base = {"origin": places.names[store], "destination": places.names[int(forward)], "mode": "emergency"}
        rows.append(base | {"lead_time_days": 0, "lead_time_sd_days": 0.0, "unit_cost": 1.2, "parcel_cost": 18.0,
                            "distance_km": round(distance, 1)})  # fmt: skip
    return rows


def _laterals(config: WorldConfig, places: Places) -> list[dict[str, Any]]:
    """Return lateral lanes: inside a region in 2 days, between regions in 4 days and dearer."""
    rows: list[dict[str, Any]] = []
    near = {"lead_time_days": 2, "lead_time_sd_days": 0.3, "unit_cost": 0.6, "parcel_cost": 15.0}
    far = {"lead_time_days": 4, "lead_time_sd_days": 0.8, "unit_cost": 1.6, "parcel_cost": 45.0}
    groups = [f"region:{name}" for name in places.region_names]
    for origin in groups:
        rows.append({"origin": origin, "destination": origin, "mode": "transshipment"} | near)
        if config.n_stores <= LATERAL_STORE_LIMIT:
            others = [name for name in groups if name != origin]
            rows += [{"origin": origin, "destination": name, "mode": "transshipment"} | far for name in others]
    if config.n_stores > LATERAL_STORE_LIMIT:
        forwards = np.flatnonzero(places.tier == 1)
        pairs = [(a, b) for a in forwards for b in forwards if places.region[a] != places.region[b]]
        rows += [
            {"origin": places.names[a], "destination": places.names[b], "mode": "transshipment"} | far for a, b in pairs
        ]
    return rows


def _returns(places: Places) -> list[dict[str, Any]]:
    """Return lanes back from forwards and stores to their central warehouse."""
    rows: list[dict[str, Any]] = []
    for index in np.flatnonzero(places.tier > 0):
        base = {"origin": places.names[index], "destination": places.names[int(places.parent[index])], "mode": "return"}
        rows.append(base | {"lead_time_days": 4, "lead_time_sd_days": 0.8, "order_days": "WE", "unit_cost": 0.8})
    return rows
