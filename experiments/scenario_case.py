"""What a scenario changes, how a change says what is wrong with it, and the days and ids that changes name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Protocol, runtime_checkable

import pandas as pd

from engine import EngineConfig
from network.breach import Breach, nearest
from network.columns import Channel, Mode, Tier
from network.snapshot import Snapshot

Day = str | date
"""A day as people and TOML write it: `"2025-11-06"`, a date, or a timestamp."""

# What a change without an end lasts for: longer than any plan looks ahead [days].
OPEN_END_DAYS = 365
_ONE_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """What a plan is made from.

    Parameters
    ----------
    snapshot
        The chain as known, or as it would be.
    config
        Settings of the engine.
    """

    snapshot: Snapshot
    config: EngineConfig

    def replace(self, **changes: Any) -> Case:
        """Return a copy with some parts changed."""
        return dataclasses.replace(self, **changes)

    def with_tables(self, **tables: pd.DataFrame) -> Case:
        """Return a copy whose snapshot has some tables changed."""
        return self.replace(snapshot=self.snapshot.replace(tables=tables))


@runtime_checkable
class Change(Protocol):
    """One named change of a chain: a frozen value that checks itself against a case and applies itself to it."""

    kind: ClassVar[str]

    def breaches(self, case: Case) -> list[Breach]:
        """Return everything that keeps the change from being applied to a case."""
        ...

    def apply(self, case: Case) -> Case:
        """Return the changed case; only called where there are no breaches."""
        ...

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what the change takes for granted, in sentences."""
        ...


class ScenarioError(Exception):
    """A scenario cannot be applied; nothing was planned.

    Parameters
    ----------
    breaches
        Everything that is wrong with it, in the order of its changes.
    """

    def __init__(self, breaches: Iterable[Breach]) -> None:
        self.breaches = tuple(breaches)
        super().__init__("\n".join(str(breach) for breach in self.breaches))


def wrong(change: Change | str, field: str, rule: str, action: str) -> Breach:
    """Return a breach of one field of a change."""
    name = change if isinstance(change, str) else change.kind
    return Breach(name, field, rule, 0, (), action)


def known_ids(snapshot: Snapshot, kind: str) -> list[str]:
    """Return the ids of one kind: sku, category, brand, location, zone, region, channel, mode or tier."""
    fixed = {"channel": Channel, "mode": Mode, "tier": Tier}
    if kind in fixed:
        return [str(each) for each in fixed[kind]]
    sources = {
        "sku": ("skus",), "category": ("skus",), "brand": ("skus",), "location": ("locations",),
        "region": ("locations",), "zone": ("locations", "zones"),
    }  # fmt: skip
    ids: set[str] = set()
    for table in sources[kind]:
        ids |= {str(each) for each in snapshot.table(table)[kind].dropna().unique()}
    return sorted(ids - {""})


def unknown_ids(change: Change, case: Case, fields: Sequence[str]) -> list[Breach]:
    """Return a breach for each field of a change whose id the chain does not have; empty fields name nothing."""
    found = []
    for field in fields:
        value, ids = getattr(change, field), known_ids(case.snapshot, field)
        if value and value not in ids:
            hint = nearest(value, ids) or f"Known are {', '.join(ids[:8])}{' ...' if len(ids) > 8 else ''}."
            found.append(wrong(change, field, f"the chain has no {field} {value!r}", hint))
    return found


def out_of_range(change: Change, field: str, *, lowest: float, highest: float = float("inf")) -> list[Breach]:
    """Return a breach where a number of a change lies outside its closed range; None is inside."""
    value = getattr(change, field)
    if value is None or lowest <= value <= highest:
        return []
    bounds = f"from {lowest:g} to {highest:g}" if highest < float("inf") else f"of {lowest:g} or more"
    return [wrong(change, field, f"{value:g} is out of range", f"Give a number {bounds}.")]


def day(value: Day) -> pd.Timestamp:
    """Return a day as midnight; raises ValueError where it is none."""
    moment = pd.Timestamp(value)
    if pd.isna(moment):
        raise ValueError(f"{value!r} is no day")
    return moment.normalize()


def wrong_days(change: Change, case: Case, *, start: Day | None, end: Day | None) -> list[Breach]:
    """Return what is wrong with a window: days that are none, in the past, or the wrong way round."""
    found, read = [], {}
    for field, value in (("start", start), ("end", end)):
        if value is not None:
            try:
                read[field] = day(value)
            except ValueError:
                found.append(wrong(change, field, f"{value!r} is no day", "Write it as 2025-11-06."))
    cutoff = case.snapshot.cutoff
    if "start" in read and read["start"] <= cutoff:
        action = f"Choose a day after {cutoff:%Y-%m-%d}: what has happened cannot be changed."
        found.append(wrong(change, "start", f"{read['start']:%Y-%m-%d} is not ahead", action))
    if "end" in read and read["end"] < read.get("start", cutoff + _ONE_DAY):
        found.append(wrong(change, "end", f"{read['end']:%Y-%m-%d} is before the start", "Choose a later day."))
    return found


def window(case: Case, start: Day | None, end: Day | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return first and last day: from tomorrow, and for a year, where they are not given."""
    first = case.snapshot.cutoff + _ONE_DAY if start is None else day(start)
    return first, first + pd.Timedelta(days=OPEN_END_DAYS) if end is None else day(end)


def told_now(case: Case) -> pd.Timestamp:
    """Return the last moment of the cutoff day: when a change becomes known, after everything that is known."""
    return case.snapshot.cutoff + _ONE_DAY - pd.Timedelta(milliseconds=1)


def with_rows(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the contract with rows added; columns that the rows lack are empty."""
    if rows.empty:
        return frame
    filled = rows.reindex(columns=frame.columns)
    for name in frame.columns:
        dtype = frame[name].dtype
        if filled[name].isna().any() and dtype.kind in "ib":
            filled[name] = filled[name].fillna(0)
        elif filled[name].isna().any() and dtype == "str":
            filled[name] = filled[name].astype("object").fillna("")
    filled = filled.astype(frame.dtypes.to_dict())
    return filled.reset_index(drop=True) if frame.empty else pd.concat([frame, filled], ignore_index=True)


@dataclass(frozen=True, init=False)
class Scenario:
    """A name and the changes that it makes, in their order.

    Parameters
    ----------
    name
        For people.
    changes
        Applied one after the other; a later one sees what earlier ones changed.
    """

    name: str
    changes: tuple[Change, ...]

    def __init__(self, name: str, *changes: Change) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "changes", changes)

    def __add__(self, other: Scenario) -> Scenario:
        """Return both scenarios as one, the other's changes last."""
        return Scenario(f"{self.name} + {other.name}", *self.changes, *other.changes)

    def applied(self, snapshot: Snapshot, config: EngineConfig | None = None) -> Case:
        """Return the chain and the settings after all changes.

        Raises
        ------
        ScenarioError
            With every breach of every change; changes with a breach are passed over while the others are checked.
        """
        case, found = Case(snapshot, config or EngineConfig()), []
        for number, change in enumerate(self.changes, start=1):
            breaches = change.breaches(case)
            found += [_numbered(breach, self.name, number) for breach in breaches]
            case = case if breaches else change.apply(case)
        if found:
            raise ScenarioError(found)
        return case

    def assumptions(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return what the changes take for granted, each sentence once."""
        case = Case(snapshot, EngineConfig())
        return tuple(dict.fromkeys(text for change in self.changes for text in change.assumptions(case)))


def _numbered(breach: Breach, name: str, number: int) -> Breach:
    return dataclasses.replace(breach, table=f"{name}: change {number} {breach.table}")
