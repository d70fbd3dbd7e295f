"""Forms for scenarios: each kind of change and its fields, read from the changes themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from inspect import getdoc
from typing import Any, get_args, get_origin, get_type_hints

from experiments.scenario_case import ScenarioError
from experiments.scenario_toml import CHANGE_BY_KIND
from experiments.scenarios import scenario_from_mapping

MAX_CHANGES = 8
_ENTRY = re.compile(r"change-(\d{1,2})-([a-z_0-9]{1,40})")
_LEFT_OUT = frozenset({"setting"})
KINDS = tuple(kind for kind in CHANGE_BY_KIND if kind not in _LEFT_OUT)
"""Kinds of change that the form offers."""


@dataclass(frozen=True)
class Field:
    """One field of a change.

    Parameters
    ----------
    name
        As the change calls it.
    type
        `number`, `date`, `text` or `checkbox`, as a form has it.
    is_whole
        Whether a number has to be whole.
    is_required
        Whether it has to be given.
    """

    name: str
    type: str
    is_whole: bool
    is_required: bool


def form_fields(kind: str) -> list[Field]:
    """Return the fields of a kind of change.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    owner = CHANGE_BY_KIND[kind]
    hints = get_type_hints(owner)
    return [
        Field(each.name, *_input(_plain_types(hints[each.name])), each.default is MISSING) for each in fields(owner)
    ]


def meaning(kind: str) -> str:
    """Return what a kind of change does, in one English sentence."""
    return (getdoc(CHANGE_BY_KIND[kind]) or "").splitlines()[0]


def _input(types: tuple[type, ...]) -> tuple[str, bool]:
    if date in types:
        return "date", False
    if bool in types and len(types) == 1:
        return "checkbox", False
    if int in types or float in types:
        return "number", float not in types
    return "text", False


def _plain_types(hint: Any) -> tuple[type, ...]:
    args = get_args(hint)
    if get_origin(hint) is not None and args:
        return tuple(each for part in args for each in _plain_types(part))
    return (hint,) if isinstance(hint, type) and hint is not type(None) else ()


def scenario_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the scenario that a form describes, checked as a scenario file is.

    Parameters
    ----------
    form
        `name`, and for each change `change-N-kind` and `change-N-FIELD`; empty fields are left out.

    Raises
    ------
    ScenarioError
        With everything that is wrong.
    """
    given: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        match = _ENTRY.fullmatch(key)
        if match and str(value).strip():
            given.setdefault(int(match[1]), {})[match[2]] = str(value).strip()
    changes = [_typed(entry) for _, entry in sorted(given.items())[:MAX_CHANGES] if entry.get("kind")]
    name = str(form.get("name", "")).strip()[:120] or ", ".join(str(change["kind"]) for change in changes)
    mapping = {"name": name or "scenario", "change": changes}
    scenario_from_mapping(mapping)
    return mapping


def _typed(entry: Mapping[str, str]) -> dict[str, Any]:
    """A change with numbers as numbers and days as days; what cannot be read stays a text, which is then refused."""
    kind = entry["kind"]
    known = {each.name: each for each in form_fields(kind)} if kind in CHANGE_BY_KIND else {}
    return {key: _value(value, known[key]) if key in known else value for key, value in entry.items()}


def _value(text: str, about: Field) -> Any:
    try:
        if about.type == "number":
            return int(text) if about.is_whole else float(text)
        return date.fromisoformat(text) if about.type == "date" else text
    except ValueError:
        return text


def faults(error: ScenarioError) -> list[str]:
    """Return what is wrong with a scenario, one sentence each."""
    return [str(breach) for breach in error.breaches]
