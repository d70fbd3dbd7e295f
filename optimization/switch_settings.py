"""`[switch]` of chain.toml: which locations take new settings first, and which settings these are."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pandas as pd

from network.breach import nearest
from network.columns import Tier
from optimization.config import PlanConfig
from optimization.switch import SWITCHABLE, Switch

KEYS = ("region", "share", "locations", "plan")
_TIERS = (Tier.FORWARD, Tier.STORE)
_DIGITS = 13


def switch_from(settings: Mapping[str, Any], locations: pd.DataFrame, live: PlanConfig) -> Switch | None:
    """Read `[switch]`; None where the chain has no such table.

    Parameters
    ----------
    settings
        Content of the table.
    locations
        The chain's locations.
    live
        Settings of all other locations.

    Raises
    ------
    ValueError
        With everything that is wrong with it.
    """
    if not settings:
        return None
    found = [f"unknown setting {key!r}. {nearest(key, KEYS) or _known(KEYS)}" for key in settings if key not in KEYS]
    if "locations" in settings:
        chosen, wrong = _listed(settings, locations)
    else:
        chosen, wrong = _shared_out(settings, locations)
    asked = settings.get("plan")
    found += [*wrong, *_wrong_settings(asked, live)]
    if found or not isinstance(asked, Mapping):
        raise ValueError("; ".join(each.rstrip(".") for each in found))
    return Switch(dict(asked), tuple(sorted(chosen)))


def turn(location: str) -> float:
    """Place of a location in the order in which a growing share takes them, in [0, 1): by its id alone."""
    return int(hashlib.sha256(location.encode()).hexdigest()[:_DIGITS], 16) / 16.0**_DIGITS


def _known(names: tuple[str, ...]) -> str:
    return f"Known are {', '.join(names)}."


def _shared_out(settings: Mapping[str, Any], locations: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Locations below the central tier whose turn comes within the share, and what is wrong."""
    found, region, share = [], settings.get("region"), settings.get("share")
    below = locations[locations["tier"].isin(_TIERS)]
    where = "the chain" if region is None else f"region {region!r}"
    if region is not None:
        known = sorted(set(locations["region"]) - {""})
        if region not in known:
            hint = nearest(str(region), known) or _known(tuple(known))
            found.append(f"region is {region!r}, which no location has. {hint}")
        below = below[below["region"] == region]
        if region in known and below.empty:
            found.append(f"{where} has no forward warehouse and no store")
    if share is None:
        found.append("it says not where: give share, with or without region, or locations")
    elif not _is_number(share) or not 0 < share <= 1:
        found.append(f"share is {share!r}: give a number above 0, at most 1")
    if found:
        return [], found
    turns = {name: turn(name) for name in below["location"].astype(str)}
    chosen = [name for name, at in turns.items() if at < float(share or 0)]
    if not chosen:
        first = math.ceil(1000 * min(turns.values(), default=1.0)) / 1000
        found.append(f"share {share:g} takes none of {len(turns)} locations of {where}: the first comes at {first:g}")
    return chosen, found


def _listed(settings: Mapping[str, Any], locations: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Locations that are named one by one, and what is wrong."""
    names, found = settings["locations"], []
    if "region" in settings or "share" in settings:
        found.append("give either locations, or share with or without region")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return [], [*found, f'locations is {names!r}: list ids, such as ["S1", "S2"]']
    tiers = locations.set_index("location")["tier"].to_dict()
    for name in dict.fromkeys(names):
        if name not in tiers:
            found.append(f"unknown location {name!r}. {nearest(name, map(str, tiers))}".strip())
        elif tiers[name] not in _TIERS:
            found.append(f"location {name!r} is {tiers[name]}: only forward warehouses and stores can be switched")
    return list(dict.fromkeys(names)), found


def _wrong_settings(asked: Any, live: PlanConfig) -> list[str]:
    """What is wrong with `[switch.plan]`."""
    if not isinstance(asked, Mapping) or not asked:
        return ["it says not what: write [switch.plan] and settings below it"]
    known = [*(item.name for item in fields(PlanConfig)), "forecast"]
    found = [
        f"plan has an unknown setting {name!r}. {nearest(name, known)}".strip() for name in asked if name not in known
    ]
    shared = [name for name in asked if name in known and name not in SWITCHABLE]
    if shared:
        found.append(f"{', '.join(shared)} cannot differ between locations, as {', '.join(SWITCHABLE)} can")
    values = [_wrong_value(name, asked[name], live) for name in SWITCHABLE if name in asked]
    return [*found, *(words for words in values if words)]


def _wrong_value(name: str, value: Any, live: PlanConfig) -> str:
    """What is wrong with the value of a setting; empty if nothing is."""
    default = getattr(PlanConfig(), name)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else f"plan: {name} is {value!r}: give true or false"
    if isinstance(default, Mapping):
        is_fit, words = _is_levels(value), "give a level by class, such as {A = 0.98}"
    else:
        is_fit, words = _is_number(value), "give a number"
    if not is_fit:
        return f"plan: {name} is {value!r}: {words}"
    try:
        live.replace(**{name: value})
    except ValueError as error:
        return f"plan: {error}"
    return ""


def _is_levels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_is_number(level) for level in value.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
