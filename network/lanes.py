"""Lanes and sourcing rules written for groups of locations, expanded to one row for each pair of locations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.contracts import MODES_BY_TIERS, Mode, Tier

# A group is `kind:name`, or `*` for every location; the kinds are columns of `locations`.
GROUP_KINDS = ("region", "tier", "zone")
EVERYWHERE = "*"

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY_DAY = 127
"""Weekday bitmask with all seven days: Monday is bit 0 (1), Sunday bit 6 (64)."""

_COSTS = ("unit_cost", "truck_cost", "min_order_value", "parcel_cost", "co2_kg_per_truck", "lead_time_sd_days")
_CAPACITIES = ("truck_volume_m3", "truck_weight_kg", "max_trucks")
_EARTH_RADIUS_KM = 6371.0088

# What carriers take as one parcel at their common rate.
PARCEL_VOLUME_M3 = 0.1
PARCEL_WEIGHT_KG = 30.0


def members(expression: str, locations: pd.DataFrame) -> NDArray[np.intp]:
    """Return the locations that a location or group expression names.

    Parameters
    ----------
    expression
        A location, `region:NAME`, `tier:NAME`, `zone:NAME` or `*`.
    locations
        Rows of `locations`, RangeIndex.

    Returns
    -------
    Row numbers, ascending; empty if nothing has that name.
    """
    is_named = locations["location"].to_numpy() == expression
    if is_named.any():
        return np.flatnonzero(is_named)
    if expression == EVERYWHERE:
        return np.arange(len(locations))
    kind, separator, name = expression.partition(":")
    if separator and kind in GROUP_KINDS:
        return np.flatnonzero(locations[kind].to_numpy() == name)
    return np.empty(0, dtype=np.intp)


def expand_pairs(rules: pd.DataFrame, locations: pd.DataFrame, within: list[str]) -> pd.DataFrame:
    """Expand rules between locations or groups to one row for each pair of different locations.

    Where several rules name one pair, the one with more ends written as locations wins, then the one whose groups
    cover fewer pairs, then the first. Pairs that only a group names are marked, so that the caller can drop those
    that make no sense.

    Parameters
    ----------
    rules
        Columns `origin` and `destination` (locations or groups) and any others.
    locations
        Rows of `locations`, RangeIndex.
    within
        Further columns that together with the pair make a row unique, such as `mode` or `sku`.

    Returns
    -------
    One row a pair and `within`: the rule's columns with concrete `origin` and `destination`, `origin_index` and
    `destination_index` (rows of `locations`), and `is_from_group`.
    """
    index_by_name = {name: np.array([row]) for row, name in enumerate(locations["location"])}
    texts = pd.unique(pd.concat([rules["origin"], rules["destination"]]))
    ends = [index_by_name[text] if text in index_by_name else members(text, locations) for text in texts]
    is_group = np.array([text not in index_by_name for text in texts], dtype=np.int64)
    starts, stops = _codes(rules["origin"], texts), _codes(rules["destination"], texts)
    origins, destinations, row_numbers = _products(ends, starts, stops=stops)
    n_pairs = np.bincount(row_numbers, minlength=len(rules))
    n_groups = is_group[starts] + is_group[stops]

    distinct = origins != destinations
    origins, destinations, row_numbers = origins[distinct], destinations[distinct], row_numbers[distinct]
    best_first = np.lexsort((row_numbers, n_pairs[row_numbers], n_groups[row_numbers]))
    origins, destinations, row_numbers = origins[best_first], destinations[best_first], row_numbers[best_first]
    names = locations["location"]
    pairs = rules.take(row_numbers).reset_index(drop=True)
    pairs["origin"] = names.take(origins).array
    pairs["destination"] = names.take(destinations).array
    pairs["origin_index"], pairs["destination_index"] = origins, destinations
    pairs["is_from_group"] = n_groups[row_numbers] > 0
    return pairs.drop_duplicates(["origin_index", "destination_index", *within]).reset_index(drop=True)


def expand_lanes(lanes: pd.DataFrame, locations: pd.DataFrame) -> pd.DataFrame:
    """Expand the `lanes` table to concrete lanes with every default filled in.

    A pair that a group names is skipped where the mode may not join its two tiers. Empty costs are 0, empty
    capacities are infinite, parcels are vehicles of 0.1 m3 and 30 kg, and an empty distance is the great-circle
    distance where both coordinates are known.

    Parameters
    ----------
    lanes
        Rows of `lanes`.
    locations
        Rows of `locations`, sorted by location, RangeIndex.

    Returns
    -------
    One row a lane, sorted by origin, destination and mode.
    """
    pairs: pd.DataFrame = expand_pairs(lanes, locations, ["mode"])
    is_legal = _is_legal(pairs, locations["tier"])
    pairs = pairs.loc[is_legal | ~pairs["is_from_group"].to_numpy()]
    order = np.lexsort((pd.factorize(pairs["mode"], sort=True)[0], pairs["destination_index"], pairs["origin_index"]))
    pairs = pairs.take(order).reset_index(drop=True)
    pairs[list(_COSTS)] = pairs[list(_COSTS)].astype("float64").fillna(0.0)
    pairs[list(_CAPACITIES)] = pairs[list(_CAPACITIES)].astype("float64").fillna(np.inf)
    pairs = _with_vehicle(pairs)
    pairs["distance_km"] = pairs["distance_km"].fillna(_great_circle_km(pairs, locations))
    pairs["lead_time_days"] = pairs["lead_time_days"].astype("int64")
    pairs["order_weekdays"] = weekday_masks(pairs["order_days"])
    return pairs.assign(lane_id=pairs["origin"] + ">" + pairs["destination"] + ":" + pairs["mode"])


def _with_vehicle(pairs: pd.DataFrame) -> pd.DataFrame:
    """Name each lane's vehicle; a lane that has a parcel price and no truck price goes by parcels, as small trucks."""
    is_parcel = (pairs["parcel_cost"] > 0) & (pairs["truck_cost"] <= 0)
    return pairs.assign(
        vehicle=pd.Series(np.where(is_parcel, "parcel", "truck"), dtype="str", index=pairs.index),
        truck_cost=pairs["truck_cost"].mask(is_parcel, pairs["parcel_cost"]),
        truck_volume_m3=pairs["truck_volume_m3"].mask(is_parcel, PARCEL_VOLUME_M3),
        truck_weight_kg=pairs["truck_weight_kg"].mask(is_parcel, PARCEL_WEIGHT_KG),
        max_trucks=pairs["max_trucks"].mask(is_parcel, np.inf),
    )


def weekday_masks(order_days: pd.Series[Any]) -> NDArray[np.int64]:
    """Turn texts such as `MO,TH` into weekday bitmasks.

    Parameters
    ----------
    order_days
        Weekdays by their first two letters, apart by commas, semicolons or spaces; empty means every day.

    Returns
    -------
    Monday is 1, Sunday 64, every day 127; shape (n,).

    Raises
    ------
    ValueError
        If a text names no weekday.
    """
    codes, texts = pd.factorize(order_days.fillna(""))
    return np.array([_weekday_mask(str(text)) for text in texts], dtype=np.int64)[codes]


def _weekday_mask(text: str) -> int:
    days = text.replace(",", " ").replace(";", " ").upper().split()
    unknown = [day for day in days if day[:2] not in WEEKDAYS]
    if unknown:
        raise ValueError(f"order_days {text!r}: {unknown[0]!r} is no weekday; write {', '.join(WEEKDAYS)}")
    return sum({1 << WEEKDAYS.index(day[:2]) for day in days}) or EVERY_DAY


def _products(
    ends: list[NDArray[np.intp]], starts: NDArray[np.intp], *, stops: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return origin, destination and rule of every pair; `starts` and `stops` say which of `ends` a rule names."""
    flat = np.concatenate([*ends, np.empty(0, dtype=np.intp)]).astype(np.intp)
    sizes = np.array([len(rows) for rows in ends], dtype=np.intp)
    offsets = np.cumsum(sizes) - sizes
    n_pairs = sizes[starts] * sizes[stops]
    row_numbers = np.repeat(np.arange(len(starts)), n_pairs)
    place = np.arange(len(row_numbers)) - np.repeat(np.cumsum(n_pairs) - n_pairs, n_pairs)
    from_place, to_place = np.divmod(place, sizes[stops][row_numbers])
    return flat[offsets[starts][row_numbers] + from_place], flat[offsets[stops][row_numbers] + to_place], row_numbers


def _codes(names: pd.Series[Any], levels: Any) -> NDArray[np.intp]:
    """Return the position of each name among the levels, -1 where it is none of them."""
    index = pd.Index(levels, dtype="object")
    codes: NDArray[np.intp] = index.get_indexer(pd.Index(names.to_numpy(dtype=object), dtype="object"))
    return codes


def _is_legal(pairs: pd.DataFrame, tiers: pd.Series[Any]) -> NDArray[np.bool_]:
    """Return True where the mode may join the two tiers."""
    tier_names, mode_names = [str(tier) for tier in Tier], [str(mode) for mode in Mode]
    allowed = np.zeros((len(tier_names), len(tier_names), len(mode_names)), dtype=bool)
    for (origin, destination), modes in MODES_BY_TIERS.items():
        for mode in modes:
            allowed[tier_names.index(origin), tier_names.index(destination), mode_names.index(mode)] = True
    tier_codes, mode_codes = _codes(tiers, tier_names), _codes(pairs["mode"], mode_names)
    legal: NDArray[np.bool_] = allowed[
        tier_codes[pairs["origin_index"]], tier_codes[pairs["destination_index"]], mode_codes
    ]
    return legal


def _great_circle_km(pairs: pd.DataFrame, locations: pd.DataFrame) -> pd.Series[float]:
    """Return great-circle distances (haversine; Sinnott 1984, Sky and Telescope 68, 159), NaN where unknown."""
    latitude = np.radians(locations["latitude"].to_numpy(dtype=float))
    longitude = np.radians(locations["longitude"].to_numpy(dtype=float))
    a, b = pairs["origin_index"].to_numpy(), pairs["destination_index"].to_numpy()
    half_chord = (
        np.sin((latitude[b] - latitude[a]) / 2) ** 2
        + np.cos(latitude[a]) * np.cos(latitude[b]) * np.sin((longitude[b] - longitude[a]) / 2) ** 2
    )
    return pd.Series(2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0.0, 1.0))), index=pairs.index)
