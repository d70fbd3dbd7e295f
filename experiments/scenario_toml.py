"""Scenarios from TOML: a name and a list of changes, each a kind and its fields; every breach at once."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

from experiments.scenario_case import Change, Scenario, ScenarioError, wrong
from experiments.scenario_demand import DemandFactor, PromotionAdded, PromotionMoved
from experiments.scenario_locations import LocationAdded, LocationClosed
from experiments.scenario_signals import SignalLost, SocialBurst, Storm
from experiments.scenario_supply import LaneClosed, LaneDelayed, LaneOpened, SupplierLate
from experiments.scenario_terms import Budget, CapacityChanged, HoldingCost, ServiceGoal, Setting, ShelfLife, TruckPrice
from network.breach import Breach, nearest

CHANGES: tuple[type[Any], ...] = (
    DemandFactor, PromotionAdded, PromotionMoved, SocialBurst, Storm, SignalLost, LaneDelayed, LaneClosed, LaneOpened,
    SupplierLate, LocationClosed, LocationAdded, TruckPrice, CapacityChanged, ServiceGoal, ShelfLife, HoldingCost,
    Budget, Setting,
)  # fmt: skip
"""Every kind of change, in the order in which the documentation lists them."""
CHANGE_BY_KIND: Mapping[str, type[Any]] = {change.kind: change for change in CHANGES}
_SAID = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", date: "a day",
         list: "a list", dict: "a table"}  # fmt: skip


def scenario_from_mapping(mapping: Mapping[str, Any], default_name: str = "scenario") -> Scenario:
    """Read a scenario from the content of a TOML file.

    Parameters
    ----------
    mapping
        `name` (optional) and `change`, a list of tables; each has `kind` and the fields of that kind.
    default_name
        Name of a scenario that does not give one.

    Raises
    ------
    ScenarioError
        With everything that is wrong: unknown keys and kinds, missing fields, values of a wrong type.
    """
    found = [
        wrong(default_name, key, "unknown key", nearest(key, ("name", "change")) or "Known are name and change.")
        for key in mapping
        if key not in ("name", "change")
    ]
    name = mapping.get("name", default_name)
    if not isinstance(name, str) or not name.strip():
        found.append(wrong(default_name, "name", "not a text", "Write it between quotes."))
        name = default_name
    entries = mapping.get("change", [])
    if not isinstance(entries, list) or not entries:
        found.append(wrong(str(name), "change", "no change", 'Write [[change]] and below it kind = "demand".'))
        entries = []
    changes: list[Change] = []
    for number, entry in enumerate(entries, start=1):
        change, breaches = _change(entry, f"{name}: change {number}")
        found += breaches
        changes += [] if change is None else [change]
    if found:
        raise ScenarioError(found)
    return Scenario(str(name), *changes)


def _change(entry: Any, where: str) -> tuple[Change | None, list[Breach]]:
    if not isinstance(entry, Mapping):
        return None, [wrong(where, "", "not a table", "Write [[change]] and its fields below it.")]
    kind = str(entry.get("kind", ""))
    if kind not in CHANGE_BY_KIND:
        hint = nearest(kind, CHANGE_BY_KIND) or f"Known are {', '.join(CHANGE_BY_KIND)}."
        return None, [wrong(where, "kind", f"unknown kind {kind!r}" if kind else "missing", hint)]
    owner, where = CHANGE_BY_KIND[kind], f"{where} {kind}"
    known, hints = {item.name: item for item in fields(owner)}, get_type_hints(owner)
    found = [
        wrong(where, key, "unknown field", nearest(key, known) or f"Known are {', '.join(known)}.")
        for key in entry
        if key != "kind" and key not in known
    ]
    for key, item in known.items():
        types_taken = _types(hints[key])
        said = " or ".join(dict.fromkeys(_SAID[each] for each in types_taken))
        if key not in entry and item.default is MISSING:
            found.append(wrong(where, key, "missing", f"Give {said}."))
        elif key in entry and not _fits(entry[key], types_taken):
            found.append(wrong(where, key, f"{entry[key]!r} has the wrong type", f"Give {said}."))
    return (None, found) if found else (owner(**{key: entry[key] for key in entry if key != "kind"}), [])


def _types(hint: Any) -> tuple[type, ...]:
    """The plain types that a field takes; None is not among them, as TOML has none."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(each for part in get_args(hint) for each in _types(part))
    if hint is type(None):
        return ()
    return (get_origin(hint) or hint,)


def _fits(value: Any, taken: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in taken
    if isinstance(value, int):
        return int in taken or float in taken
    return isinstance(value, taken)
