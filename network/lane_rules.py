"""Rules of lanes: their ends, the tiers they join, what they reach, and that transfers never go in a circle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from network.breach import nearest
from network.columns import MODES_BY_TIERS, Mode, Tier
from network.findings import Finding, finding_of
from network.rules import Checked

GROUP_KINDS = ("region", "tier", "zone")
_STOCK_POINT_TABLES = ("sales", "assortment", "stock")
_UNKNOWN_TIER = -1
_TIERS = tuple(Tier)


@dataclass(frozen=True)
class Places:
    """Locations, and which of them an end of a lane names.

    Parameters
    ----------
    ids
        Locations (n,).
    tiers
        Index of the tier in ``Tier`` (n,); -1 where it is wrong.
    members
        By text of an end, indices of the locations it names; without those that name nothing.
    """

    ids: np.ndarray
    tiers: np.ndarray
    members: dict[str, np.ndarray]

    def tiers_of(self, end: str) -> np.ndarray:
        """Distinct known tiers of the locations that an end names."""
        tiers: np.ndarray = np.unique(self.tiers[self.members[end]])
        known: np.ndarray = tiers[tiers != _UNKNOWN_TIER]
        return known


def places_of(checked: Checked, ends: pd.Series) -> Places:
    """Resolve the ends of lanes: a location, or a group such as ``region:EAST``.

    Parameters
    ----------
    checked
        All tables.
    ends
        Distinct ends.
    """
    locations = checked.tables["locations"]
    ids = locations["location"].to_numpy(dtype=object)
    tier_index = {str(tier): number for number, tier in enumerate(_TIERS)}
    tiers = np.array([tier_index.get(tier, _UNKNOWN_TIER) for tier in locations["tier"]], dtype=np.int64)
    row_by_id = {location: row for row, location in enumerate(ids)}
    members: dict[str, np.ndarray] = {}
    for end in ends:
        kind, _, name = end.partition(":")
        if end in row_by_id:
            members[end] = np.array([row_by_id[end]])
        elif kind in GROUP_KINDS and name:
            rows = np.flatnonzero((locations[kind] == name).to_numpy())
            if len(rows):
                members[end] = rows
    return Places(ids, tiers, members)


def _can_resolve(checked: Checked, table: str) -> bool:
    return checked.has("locations", "location") and checked.has(table, "origin", "destination")


def unknown_ends(checked: Checked) -> list[Finding]:
    """Every end of a lane or sourcing row names a location, or a group that has members."""
    findings: list[Finding] = []
    for table in ("lanes", "sourcing"):
        for column in ("origin", "destination"):
            if _can_resolve(checked, table):
                findings += _unknown_ends_of(checked, table, column)
    return findings


def _unknown_ends_of(checked: Checked, table: str, column: str) -> list[Finding]:
    frame = checked.tables[table]
    ends = frame[column]
    distinct = pd.Series(ends.unique(), dtype="str")
    places = places_of(checked, distinct)
    lost = [end for end in distinct if end and end not in places.members]
    groups = [end for end in lost if end.partition(":")[0] in GROUP_KINDS and ":" in end]
    strange = [end for end in lost if end not in groups]
    hint = nearest(strange[0], places.ids) if strange else ""
    return [
        *finding_of(frame, ends.isin(groups), table=table, column=column, rule="group matches nothing",
                    action="Mend the group, or the locations that should be in it.", shown=ends),
        *finding_of(frame, ends.isin(strange), table=table, column=column, rule="unknown location",
                    action=f"Name a location, or a group: region:..., tier:..., zone:.... {hint}".strip(), shown=ends),
    ]  # fmt: skip


@dataclass(frozen=True)
class _Lanes:
    frame: pd.DataFrame
    places: Places
    is_resolved: np.ndarray
    is_legal: np.ndarray


def _lanes(checked: Checked) -> _Lanes | None:
    """Lanes whose ends and mode are known, and whether any of their pairs of tiers suits the mode."""
    if not (_can_resolve(checked, "lanes") and checked.has("lanes", "mode") and checked.has("locations", "tier")):
        return None
    frame = checked.tables["lanes"]
    ends = pd.concat([frame["origin"], frame["destination"]]).drop_duplicates()
    places = places_of(checked, ends)
    tiers_by_end = {end: tuple(places.tiers_of(end)) for end in places.members}
    modes = set(Mode)
    is_resolved, is_legal = np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    rows = zip(frame["origin"], frame["destination"], frame["mode"], strict=True)
    for row, (origin, destination, mode) in enumerate(rows):
        sources, sinks = tiers_by_end.get(origin), tiers_by_end.get(destination)
        if sources and sinks and mode in modes:
            is_resolved[row] = True
            is_legal[row] = any(mode in MODES_BY_TIERS[_TIERS[a], _TIERS[b]] for a in sources for b in sinks)
    return _Lanes(frame, places, is_resolved, is_legal)


def illegal_lanes(checked: Checked) -> list[Finding]:
    """The mode of a lane must suit the tiers of its ends, and no lane leads to where it starts."""
    lanes = _lanes(checked)
    if lanes is None:
        return []
    frame = lanes.frame
    is_concrete = frame["origin"].isin(lanes.places.ids).to_numpy(dtype=bool)
    is_loop = is_concrete & (frame["origin"] == frame["destination"]).to_numpy(dtype=bool)
    names = {
        end: "+".join(_TIERS[tier] for tier in lanes.places.tiers_of(end)) for end in lanes.places.members
    }  # fmt: skip
    ends = frame["origin"].map(names).astype("str") + " to " + frame["destination"].map(names).astype("str")
    return [
        *finding_of(frame, is_loop, table="lanes", column="destination", rule="leads to itself",
                    action="Name another destination.", shown=frame["destination"]),
        *finding_of(frame, lanes.is_resolved & ~lanes.is_legal & ~is_loop, table="lanes", column="mode",
                    rule="illegal for its tiers", action="See 'Which modes join which tiers' in the data contracts.",
                    shown=frame["mode"] + ", " + ends),
    ]  # fmt: skip


def unreachable_locations(checked: Checked) -> list[Finding]:
    """Some chain of lanes leads from a supplier to every location that sells or keeps stock."""
    lanes = _lanes(checked)
    if lanes is None or "lanes" in checked.unread:
        return []
    places = lanes.places
    is_reached = _reached(lanes)
    holders: set[str] = set()
    for table in _STOCK_POINT_TABLES:
        holders |= checked.ids(table, "location")
    is_needed = np.isin(places.ids.astype(str), np.array(sorted(holders), dtype=str))
    is_supplier = places.tiers == _TIERS.index(Tier.SUPPLIER)
    is_lost = is_needed & ~is_reached & ~is_supplier & (places.tiers != _UNKNOWN_TIER)
    return finding_of(
        checked.tables["locations"], is_lost, table="locations", column="location",
        rule="no lane reaches it from a supplier", action="Add a lane to it: its stock could never be filled up.",
        shown=places.ids,
    )  # fmt: skip


def _reached(lanes: _Lanes) -> np.ndarray:
    """Locations that goods from suppliers can come to over legal lanes other than returns."""
    places = lanes.places
    is_reached: np.ndarray = places.tiers == _TIERS.index(Tier.SUPPLIER)
    is_used = lanes.is_legal & (lanes.frame["mode"] != Mode.RETURN).to_numpy(dtype=bool)
    used = lanes.frame[is_used]
    legs = list(zip(used["origin"], used["destination"], used["mode"], strict=True))
    while True:
        before = int(is_reached.sum())
        for origin, destination, mode in legs:
            rows, sinks = places.members[origin], places.members[destination]
            if is_reached[sinks].all():
                continue
            sources = np.unique(places.tiers[rows[is_reached[rows]]])
            allowed = [
                tier for tier in places.tiers_of(destination)
                if any(mode in MODES_BY_TIERS[_TIERS[source], _TIERS[tier]] for source in sources)
            ]  # fmt: skip
            if allowed:
                is_reached[sinks[np.isin(places.tiers[sinks], allowed)]] = True
        if int(is_reached.sum()) == before:
            return is_reached


def transfer_cycles(checked: Checked) -> list[Finding]:
    """Purchases and transfers never lead back to where the goods were; laterals do not count.

    Transfers only go down the tiers, except between central warehouses, so a cycle lies within one tier.
    """
    lanes = _lanes(checked)
    if lanes is None:
        return []
    is_transfer = lanes.is_legal & (lanes.frame["mode"] == Mode.TRANSFER).to_numpy(dtype=bool)
    edges_by_row = {int(row): _edges(lanes, int(row)) for row in np.flatnonzero(is_transfer)}
    edges = [edge for found in edges_by_row.values() for edge in found]
    if not edges:
        return []
    n_places = len(lanes.places.ids)
    sources, sinks = np.array(edges).T
    matrix = coo_array((np.ones(len(edges)), (sources, sinks)), shape=(n_places, n_places))
    part = connected_components(matrix, directed=True, connection="strong")[1]
    is_cyclic = np.zeros(len(lanes.frame), dtype=bool)
    for row, found in edges_by_row.items():
        is_cyclic[row] = any(part[source] == part[sink] for source, sink in found)
    ends = lanes.frame["origin"] + " > " + lanes.frame["destination"]
    return finding_of(
        lanes.frame, is_cyclic, table="lanes", column="destination", rule="part of a cycle of transfers",
        action="Take out one of these lanes, or make it a transshipment.", shown=ends,
    )  # fmt: skip


def _edges(lanes: _Lanes, row: int) -> list[tuple[int, int]]:
    """Pairs of central warehouses that one transfer lane joins."""
    places = lanes.places
    central = _TIERS.index(Tier.CENTRAL)
    ends = [places.members[lanes.frame[name].iloc[row]] for name in ("origin", "destination")]
    sources, sinks = (rows[places.tiers[rows] == central] for rows in ends)
    return [(int(source), int(sink)) for source in sources for sink in sinks if source != sink]


def unknown_lane_names(checked: Checked) -> list[Finding]:
    """Vehicles and closures name a lane as ``origin>destination:mode`` with ends and mode that some lane has."""
    findings: list[Finding] = []
    lanes = _lanes(checked)
    for table in ("vehicles", "closures"):
        if lanes is not None and checked.has(table, "lane"):
            names = checked.tables[table]["lane"]
            known = {name for name in names.unique() if name and _is_lane(lanes, name)}
            findings += finding_of(
                checked.tables[table], ~names.isin([*known, ""]), table=table, column="lane", rule="unknown lane",
                action="Write origin>destination:mode of a lane in lanes.", shown=names,
            )  # fmt: skip
    return findings


def _is_lane(lanes: _Lanes, name: str) -> bool:
    ends, _, mode = name.rpartition(":")
    origin, _, destination = ends.partition(">")
    frame = lanes.frame
    is_origin = frame["origin"].isin(_names_of(lanes.places, origin))
    is_destination = frame["destination"].isin(_names_of(lanes.places, destination))
    return bool((is_origin & is_destination & (frame["mode"] == mode)).any())


def _names_of(places: Places, end: str) -> list[str]:
    """The end itself and the groups that hold it."""
    return [end, *(text for text, rows in places.members.items() if end in places.ids[rows])]
