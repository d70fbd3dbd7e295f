"""The words of the contracts: tiers, modes, channels, order states, and what a column and a table declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Literal

Kind = Literal["id", "text", "number", "whole", "date", "timestamp", "flag", "share"]
Default = str | float | int | bool | None


class Tier(StrEnum):
    """What a location is in the chain: who sells to us, who allocates, who serves fast, who sells."""

    SUPPLIER = "supplier"
    CENTRAL = "central"
    FORWARD = "forward"
    STORE = "store"


class Mode(StrEnum):
    """How goods move on a lane."""

    PURCHASE = "purchase"
    TRANSFER = "transfer"
    TRANSSHIPMENT = "transshipment"
    EMERGENCY = "emergency"
    RETURN = "return"


class Channel(StrEnum):
    """How a customer buys."""

    WALK_IN = "walk_in"
    PICKUP = "pickup"
    INSTANT = "instant"
    DELIVERY = "delivery"


class OrderState(StrEnum):
    """The life of one order line."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RELEASED = "released"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_OURS = (Tier.CENTRAL, Tier.FORWARD, Tier.STORE)
_LEGS_BY_MODE: dict[Mode, frozenset[tuple[Tier, Tier]]] = {
    Mode.PURCHASE: frozenset((Tier.SUPPLIER, tier) for tier in _OURS),
    Mode.TRANSFER: frozenset({*((Tier.CENTRAL, tier) for tier in _OURS), (Tier.FORWARD, Tier.STORE)}),
    Mode.TRANSSHIPMENT: frozenset(
        {*((tier, tier) for tier in _OURS), (Tier.STORE, Tier.FORWARD), (Tier.FORWARD, Tier.STORE)}
    ),
    Mode.EMERGENCY: frozenset(
        {
            (Tier.CENTRAL, Tier.FORWARD),
            (Tier.CENTRAL, Tier.STORE),
            (Tier.FORWARD, Tier.STORE),
            (Tier.STORE, Tier.FORWARD),
            (Tier.FORWARD, Tier.FORWARD),
        }
    ),
    Mode.RETURN: frozenset(
        {
            (Tier.STORE, Tier.FORWARD),
            (Tier.STORE, Tier.CENTRAL),
            (Tier.FORWARD, Tier.CENTRAL),
            *((tier, Tier.SUPPLIER) for tier in _OURS),
        }
    ),
}

MODES_BY_TIERS: Mapping[tuple[Tier, Tier], frozenset[Mode]] = MappingProxyType(
    {
        legs: frozenset(mode for mode, allowed in _LEGS_BY_MODE.items() if legs in allowed)
        for legs in product(Tier, Tier)
    }
)
"""Which modes may join which (origin tier, destination tier); anything else is a breach."""


@dataclass(frozen=True)
class Column:
    """One column of the contract, from which checks, error texts and the documentation are derived.

    Parameters
    ----------
    name
        Header in the file.
    kind
        What the cells hold: an id, free text, a number, a whole number, an ISO date, a timestamp, a yes/no flag, or a
        share between 0 and 1.
    unit
        Unit of a quantity, for people.
    meaning
        One sentence for the documentation.
    is_required
        The column must be there. Its cells may then be empty only if it also has a default.
    default
        Value of an empty cell. Without one, numbers and dates stay unknown and text is empty. A flag whose default is
        the word ``weekday`` is true from Monday to Friday of the row's date.
    minimum, maximum
        Closed bounds.
    choices
        The only values allowed.
    is_end_of_day
        A timestamp given as a bare date means 23:59:59 of that day; otherwise midnight.
    """

    name: str
    kind: Kind
    unit: str = ""
    meaning: str = ""
    is_required: bool = False
    default: Default = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    is_end_of_day: bool = False

    @property
    def dtype(self) -> str:
        """Canonical pandas dtype; whole numbers that may be unknown are float64 so that they can hold NaN."""
        if self.kind == "whole":
            return "int64" if self.is_required or self.default is not None else "float64"
        by_kind = {"number": "float64", "share": "float64", "flag": "bool"}
        if self.kind in ("date", "timestamp"):
            return "datetime64[ns]"
        return by_kind.get(self.kind, "str")


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Parameters
    ----------
    name
        File name without its ending.
    key
        Columns that together name one row.
    columns
        All columns, in the order of the canonical frame.
    meaning
        One sentence for the documentation.
    is_required
        A chain without it is refused.
    block
        1 for the tables that today's plan reads, 2 for those that are part of the contract from the start.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    meaning: str
    is_required: bool = False
    block: Literal[1, 2] = 1

    @property
    def column_by_name(self) -> dict[str, Column]:
        """Columns by their names."""
        return {column.name: column for column in self.columns}
