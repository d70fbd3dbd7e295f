"""Settings of a chain (``chain.toml``): money, time zone, economics by default, column mappings, assumptions."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from network.breach import Breach, ContractError, nearest
from network.tables import TABLES

FILE = "chain.toml"


@dataclass(frozen=True)
class Economics:
    """Money where the tables are silent.

    Parameters
    ----------
    holding_rate_per_year
        Cost of keeping goods worth 1 for a year [1/year].
    gross_margin
        Share of the price that is margin; gives the price of a SKU without one.
    shortage_multiple
        Cost of one lost sale in lost margins.
    unit_cost
        Cost of a SKU without one [money/unit].
    handling_cost
        Cost of handling one moved unit [money/unit].
    waste_value_share
        Share of the cost that is lost with an expired unit.
    """

    holding_rate_per_year: float = 0.25
    gross_margin: float = 0.30
    shortage_multiple: float = 1.0
    unit_cost: float = 1.0
    handling_cost: float = 0.0
    waste_value_share: float = 1.0


@dataclass(frozen=True)
class Assumption:
    """Something that the data do not say and the chain declares.

    Parameters
    ----------
    table
        Table it stands in for.
    text
        What is assumed.
    """

    table: str
    text: str


@dataclass(frozen=True)
class ChainSettings:
    """Settings of one chain.

    Parameters
    ----------
    id
        Name of the chain; order ids depend on it.
    currency
        The one currency of all money.
    time_zone
        IANA zone in which days begin.
    country
        ISO country (``CN`` or ``DE-BE``) whose public holidays hold where there is no ``calendar``; empty = none.
    unit_factor
        Units per number in ``sales.units``, where a publisher scaled them.
    economics
        Money where the tables are silent.
    columns
        By table, the header in the file of each column of ours.
    quarantine
        Tables whose offending rows are dropped and listed instead of refused.
    assumptions
        What the chain declares beyond its data.
    publication_lag_days
        By signal, days after its date on which a value without `known_at` counts as known [days].
    plan
        Changes of the plan's configuration.
    approval
        Rules of who has to approve an order line; they decide nothing about the plan.
    quality
        What follows where the data of a night are in doubt, by check.
    switch
        Settings of the plan that hold for some locations first, and for which.
    """

    id: str = "chain"
    currency: str = "CNY"
    time_zone: str = "UTC"
    country: str = ""
    unit_factor: float = 1.0
    economics: Economics = field(default_factory=Economics)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quarantine: frozenset[str] = frozenset()
    assumptions: tuple[Assumption, ...] = ()
    publication_lag_days: Mapping[str, float] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    approval: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    switch: Mapping[str, Any] = field(default_factory=dict)


def settings_from_mapping(mapping: Mapping[str, Any], default_id: str = "chain") -> ChainSettings:
    """Settings from the content of ``chain.toml``.

    Parameters
    ----------
    mapping
        Parsed content.
    default_id
        Id of a chain that does not give one.

    Raises
    ------
    ContractError
        With every unknown key and every value out of range.
    """
    settings, breaches = read_settings(mapping, default_id)
    if breaches:
        raise ContractError(breaches)
    return settings


def read_settings(mapping: Mapping[str, Any], default_id: str = "chain") -> tuple[ChainSettings, tuple[Breach, ...]]:
    """Settings and every breach in them; a setting with a breach keeps its default.

    Parameters
    ----------
    mapping
        Parsed content of ``chain.toml``.
    default_id
        Id of a chain that does not give one.
    """
    breaches = _unknown_keys(mapping, [item.name for item in fields(ChainSettings)], "")
    values: dict[str, Any] = {"id": default_id}
    for key, read in _READERS.items():
        if key in mapping:
            value, found = read(mapping[key])
            breaches += found
            if value is not None:
                values[key] = value
    return ChainSettings(**values), tuple(breaches)


def _breach(key: str, rule: str, action: str) -> Breach:
    return Breach(FILE, key, rule, 0, (), action)


def _unknown_keys(mapping: Mapping[str, Any], known: Collection[str], prefix: str) -> list[Breach]:
    return [
        _breach(f"{prefix}{key}", "unknown setting", nearest(key, known) or f"Known are {', '.join(sorted(known))}.")
        for key in mapping
        if key not in known
    ]


def _text(key: str, value: Any) -> tuple[str | None, list[Breach]]:
    if isinstance(value, str) and value.strip():
        return value, []
    return None, [_breach(key, "not a text", 'Write it between quotes, such as "CNY".')]


@cache
def _zones() -> frozenset[str]:
    """Names of all time zones; found once, because they are looked for on the disk."""
    return frozenset(zoneinfo.available_timezones())


def _zone(value: Any) -> tuple[str | None, list[Breach]]:
    if isinstance(value, str) and value in _zones():
        return value, []
    return None, [_breach("time_zone", "unknown time zone", 'Use an IANA name such as "Asia/Shanghai".')]


def _number(key: str, value: Any, *, lowest: float, highest: float) -> tuple[float | None, list[Breach]]:
    if isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest:
        return float(value), []
    return None, [_breach(key, "not a number in its range", f"Give a number from {lowest:g} to {highest:g}.")]


_ECONOMICS_BOUNDS: dict[str, tuple[float, float]] = {
    "holding_rate_per_year": (0.0, 10.0),
    "gross_margin": (0.0, 0.99),
    "shortage_multiple": (0.0, 100.0),
    "unit_cost": (0.0, 1e9),
    "handling_cost": (0.0, 1e9),
    "waste_value_share": (0.0, 1.0),
}


def _economics(value: Any) -> tuple[Economics | None, list[Breach]]:
    if not isinstance(value, Mapping):
        return None, [_breach("economics", "not a table", "Write [economics] and its values below it.")]
    breaches = _unknown_keys(value, list(_ECONOMICS_BOUNDS), "economics.")
    known: dict[str, float] = {}
    for key, (lowest, highest) in _ECONOMICS_BOUNDS.items():
        if key in value:
            number, found = _number(f"economics.{key}", value[key], lowest=lowest, highest=highest)
            breaches += found
            if number is not None:
                known[key] = number
    return Economics(**known), breaches


def _columns(value: Any) -> tuple[dict[str, dict[str, str]] | None, list[Breach]]:
    if not isinstance(value, Mapping) or not all(isinstance(names, Mapping) for names in value.values()):
        return None, [_breach("columns", "not a table", 'Write [columns.sales] and lines such as units = "QTY".')]
    breaches = _unknown_keys(value, list(TABLES), "columns.")
    mappings: dict[str, dict[str, str]] = {}
    for table in (name for name in value if name in TABLES):
        known = TABLES[table].column_by_name
        breaches += _unknown_keys(value[table], list(known), f"columns.{table}.")
        for ours, theirs in value[table].items():
            if ours in known:
                text, found = _text(f"columns.{table}.{ours}", theirs)
                breaches += found
                if text is not None:
                    mappings.setdefault(table, {})[ours] = text
    return mappings, breaches


def _quarantine(value: Any) -> tuple[frozenset[str] | None, list[Breach]]:
    if isinstance(value, Mapping):
        value = value.get("tables", [name for name, is_on in value.items() if is_on])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None, [_breach("quarantine", "not a list of tables", 'Write tables = ["sales"] below [quarantine].')]
    return frozenset(value) & set(TABLES), _unknown_keys(dict.fromkeys(value), list(TABLES), "quarantine.")


def _assumptions(value: Any) -> tuple[tuple[Assumption, ...] | None, list[Breach]]:
    items = value if isinstance(value, list) else []
    pairs = list(value.items()) if isinstance(value, Mapping) else [_pair(item) for item in items]
    is_listed = isinstance(value, list | Mapping)
    if not is_listed or not all(isinstance(part, str) for pair in pairs for part in pair):
        return None, [_breach("assumptions", "not a table and a text", "Write [[assumptions]], then table and text.")]
    return tuple(Assumption(table, text) for table, text in pairs), []


def _pair(item: Any) -> tuple[Any, Any]:
    return (item.get("table"), item.get("text")) if isinstance(item, Mapping) else (None, None)


def _publication_lags(value: Any) -> tuple[dict[str, float] | None, list[Breach]]:
    if not isinstance(value, Mapping):
        return None, [
            _breach("publication_lag_days", "not a table", "Write [publication_lag_days], then footfall = 1.")
        ]
    read = {name: _number(f"publication_lag_days.{name}", lag, lowest=0, highest=366) for name, lag in value.items()}
    lags = {str(name): lag for name, (lag, _) in read.items() if lag is not None}
    return lags, [breach for _, found in read.values() for breach in found]


def _section(key: str, value: Any) -> tuple[dict[str, Any] | None, list[Breach]]:
    if isinstance(value, Mapping):
        return dict(value), []
    return None, [_breach(key, "not a table", f"Write [{key}] and its values below it.")]


_READERS: dict[str, Callable[[Any], tuple[Any, list[Breach]]]] = {
    "id": lambda value: _text("id", value),
    "currency": lambda value: _text("currency", value),
    "time_zone": _zone,
    "country": lambda value: _text("country", value),
    "unit_factor": lambda value: _number("unit_factor", value, lowest=1e-9, highest=1e9),
    "economics": _economics,
    "columns": _columns,
    "quarantine": _quarantine,
    "assumptions": _assumptions,
    "publication_lag_days": _publication_lags,
    "plan": lambda value: _section("plan", value),
    "approval": lambda value: _section("approval", value),
    "quality": lambda value: _section("quality", value),
    "switch": lambda value: _section("switch", value),
}
