"""Where a synthetic chain stands: suppliers, warehouses, stores, zones, who serves whom, and the lanes between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.world_config import CHANNELS, Flags, Floats, Ints, WorldConfig, ids

CITIES = {
    "EAST": (
        ("Shanghai", 31.23, 121.47),
        ("Hangzhou", 30.27, 120.15),
        ("Nanjing", 32.06, 118.80),
        ("Suzhou", 31.30, 120.58),
    ),
    "SOUTH": (("Guangzhou", 23.13, 113.26), ("Shenzhen", 22.54, 114.06), ("Xiamen", 24.48, 118.09)),
    "WEST": (("Chengdu", 30.57, 104.07), ("Chongqing", 29.56, 106.55), ("Xian", 34.34, 108.94)),
    "NORTH": (("Beijing", 39.90, 116.41), ("Tianjin", 39.08, 117.20), ("Jinan", 36.65, 117.12)),
}
"""Cities of each region with latitude and longitude [degrees]; the first holds the region's central warehouse."""

SUPPLIER_CITIES = (
    ("Ningbo", 29.87, 121.54),
    ("Dongguan", 23.02, 113.75),
    ("Wuhan", 30.59, 114.31),
    ("Qingdao", 36.07, 120.38),
)
STORES_PER_FORWARD = 4
ROUNDS = 3


@dataclass(frozen=True)
class Places:
    """Locations and zones as arrays; own locations are ordered central, forward, store.

    Parameters
    ----------
    table : contract table `locations`, suppliers first, then own locations in array order.
    zones, serving : contract tables.
    names : own location ids, (n_locations,).
    tier : 0 central, 1 forward, 2 store, (n_locations,).
    region : region index of each own location, (n_locations,).
    parent : index of the central warehouse that supplies a location; a central is its own parent, (n_locations,).
    zone_region : region index of each zone, (n_zones,). Zone z belongs to the z-th store.
    zone_forward : own-location index of the forward warehouse of each zone, (n_zones,).
    size : relative size of each zone, mean about 1, (n_zones,).
    server : own-location index that serves (round, zone, channel), -1 for none, (ROUNDS, n_zones, 4).
    distance : great-circle distance between own locations [km], (n_locations, n_locations).
    """

    table: pd.DataFrame
    zones: pd.DataFrame
    serving: pd.DataFrame
    region_names: tuple[str, ...]
    suppliers: tuple[str, ...]
    names: tuple[str, ...]
    zone_names: tuple[str, ...]
    tier: Ints
    region: Ints
    parent: Ints
    zone_region: Ints
    zone_forward: Ints
    size: Floats
    server: Ints
    distance: Floats

    @property
    def first_store(self) -> int:
        """Own-location index of the first store; the store of zone z is `first_store + z`."""
        return int(np.flatnonzero(self.tier == 2)[0])

    @property
    def is_served(self) -> Flags:
        """Own locations whose service counts: forwards and stores, (n_locations,)."""
        served: Flags = self.tier > 0
        return served


def distance_km(latitude: Floats, longitude: Floats) -> Floats:
    """Return great-circle distances [km] between all pairs (haversine, earth radius 6371 km), (n, n)."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin((phi[:, None] - phi) / 2) ** 2
    half = half + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    result: Floats = 2 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return result


def _forward_sites(n_forwards: int, regions: tuple[str, ...]) -> list[tuple[int, str, float, float]]:
    """Spread forward warehouses over regions in turn (the first region gets the remainder), then over its cities."""
    per_region = np.bincount(np.arange(n_forwards) % len(regions), minlength=len(regions))
    sites = []
    for index, region in enumerate(regions):
        cities = CITIES[region]
        sites += [(index, *cities[k % len(cities)]) for k in range(int(per_region[index]))]
    return sites


def _around(rng: np.random.Generator, latitude: float, longitude: float, *, km: float) -> tuple[float, float]:
    """Return a point about `km` away in a random direction."""
    angle, radius = rng.uniform(0, 2 * np.pi), km * rng.uniform(0.4, 1.0) / 111.0
    north, east = radius * np.cos(angle), radius * np.sin(angle) / np.cos(np.radians(latitude))
    return round(latitude + float(north), 4), round(longitude + float(east), 4)


def _own_rows(config: WorldConfig, regions: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return central, forward and store rows with the index of their region and forward warehouse."""
    rng = config.stream("places")
    n_central = 1 if len(regions) == 2 else (3 if config.n_stores >= 150 else 2)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(ids("C", n_central)):
        _, latitude, longitude = CITIES[regions[index]][0]
        at = _around(rng, latitude, longitude, km=35)
        rows.append({"location": name, "tier": "central", "r": index, "at": at, "volume": 6000.0})
    n_forwards = max(len(regions), round(config.n_stores / STORES_PER_FORWARD))
    sites = _forward_sites(n_forwards, regions)
    for name, (index, _, latitude, longitude) in zip(ids("F", n_forwards), sites, strict=True):
        at = _around(rng, latitude, longitude, km=9)
        rows.append({"location": name, "tier": "forward", "r": index, "at": at, "volume": 400.0})
    owner = np.sort(np.arange(config.n_stores) % n_forwards)
    for name, forward in zip(ids("S", config.n_stores), owner, strict=True):
        home = rows[n_central + int(forward)]
        at = _around(rng, *home["at"], km=3)
        rows.append({"location": name, "tier": "store", "r": home["r"], "at": at, "volume": 90.0, "f": int(forward)})
    return rows


def _locations_table(rows: list[dict[str, Any]], regions: tuple[str, ...], suppliers: tuple[str, ...]) -> pd.DataFrame:
    """Return the contract table `locations`."""
    records = [
        {
            "location": name,
            "tier": "supplier",
            "latitude": lat,
            "longitude": lon,
            "company": city,
        }
        for name, (city, lat, lon) in zip(suppliers, SUPPLIER_CITIES, strict=True)
    ]
    for row in rows:
        latitude, longitude = row["at"]
        record = {"location": row["location"], "tier": row["tier"], "region": regions[row["r"]], "latitude": latitude}
        record |= {
            "longitude": longitude,
            "company": "Demo Retail",
            "ownership": "own",
            "storage_volume_m3": row["volume"],
        }
        if row["tier"] == "store":
            record["zone"] = "Z" + row["location"][1:]
        records.append(record)
    table = pd.DataFrame.from_records(records)
    return table[
        ["location", "tier", "region", "zone", "latitude", "longitude", "company", "ownership", "storage_volume_m3"]
    ]


def build_places(config: WorldConfig) -> Places:
    """Draw the sites of a chain: 2 to 4 regions, a forward warehouse for about every 4 stores."""
    regions = tuple(CITIES)[: int(np.clip(round(config.n_stores / 7), 2, 4))]
    suppliers = tuple(ids("V", 4))
    rows = _own_rows(config, regions)
    tier = np.array([("central", "forward", "store").index(row["tier"]) for row in rows])
    region = np.array([row["r"] for row in rows])
    latitude, longitude = np.array([row["at"] for row in rows]).T
    distance = distance_km(latitude, longitude)
    n_central, n_forwards = int((tier == 0).sum()), int((tier == 1).sum())
    parent = np.where(tier == 0, np.arange(len(rows)), np.argmin(distance[:, :n_central], axis=1))
    zone_forward = n_central + np.array([row["f"] for row in rows[n_central + n_forwards :]])
    names = tuple(row["location"] for row in rows)
    zone_names = tuple("Z" + name[1:] for name in names[n_central + n_forwards :])
    server = _servers(distance, zone_forward, parent=parent, first_store=n_central + n_forwards)
    raw = config.stream("zone size").lognormal(0.0, 0.25, config.n_stores)
    zones = pd.DataFrame({"zone": zone_names, "latitude": latitude[tier == 2], "longitude": longitude[tier == 2]})
    return Places(
        table=_locations_table(rows, regions, suppliers), zones=zones,
        serving=_serving_table(server, names, zone_names),
        region_names=regions, suppliers=suppliers, names=names, zone_names=zone_names, tier=tier, region=region,
        parent=parent, zone_region=region[tier == 2], zone_forward=zone_forward, size=raw / raw.mean(), server=server,
        distance=distance,
    )  # fmt: skip


def _servers(distance: Floats, zone_forward: Ints, *, parent: Ints, first_store: int) -> Ints:
    """Return who serves a zone and channel in each round.

    Walk-in and pick-up: the own store. Instant: the forward warehouse, the own store, the nearest other store.
    Delivery: the forward warehouse, the central warehouse, the own store.
    """
    n_zones = len(zone_forward)
    own = first_store + np.arange(n_zones)
    between = distance[first_store:, first_store:] + np.where(np.eye(n_zones, dtype=bool), np.inf, 0.0)
    server = np.full((ROUNDS, n_zones, len(CHANNELS)), -1)
    server[0, :, 0] = server[0, :, 1] = own
    server[0, :, 2] = server[0, :, 3] = zone_forward
    server[1, :, 2] = own
    server[1, :, 3] = parent[zone_forward]
    server[2, :, 2] = first_store + between.argmin(axis=1)
    server[2, :, 3] = own
    return server


def _serving_table(server: Ints, names: tuple[str, ...], zone_names: tuple[str, ...]) -> pd.DataFrame:
    """Return the contract table `serving`."""
    promise_hours = {
        "walk_in": (0.0,) * 3,
        "pickup": (2.0,) * 3,
        "instant": (0.5, 0.75, 1.0),
        "delivery": (24.0, 48.0, 24.0),
    }
    cost_per_order = {
        "walk_in": (0.0,) * 3,
        "pickup": (1.0,) * 3,
        "instant": (5.0, 6.5, 8.0),
        "delivery": (6.0, 8.0, 9.0),
    }
    rounds, zones, channels = np.nonzero(server >= 0)
    channel_names = [CHANNELS[c] for c in channels]
    table = pd.DataFrame(
        {
            "zone": [zone_names[z] for z in zones],
            "location": [names[x] for x in server[rounds, zones, channels]],
            "channel": channel_names,
            "priority": rounds + 1,
            "promise_hours": [promise_hours[c][r] for c, r in zip(channel_names, rounds, strict=True)],
            "cost_per_order": [cost_per_order[c][r] for c, r in zip(channel_names, rounds, strict=True)],
        }
    )
    return table.sort_values(["zone", "channel", "priority"], ignore_index=True)
