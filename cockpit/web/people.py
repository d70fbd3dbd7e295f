"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection


class Role(StrEnum):
    """What a person may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    PLANNER = "planner"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Return whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in.

    Parameters
    ----------
    name
        As the account says; stands in the audit log.
    role
        What they may do.
    csrf
        Token that every form of theirs has to carry; empty where there are no forms, as for a program.
    """

    name: str
    role: Role
    csrf: str = ""


class People(Protocol):
    """How the server knows who asks."""

    @property
    def has_accounts(self) -> bool:
        """Whether anybody can sign in at all."""

    def reader_of(self, connection: HTTPConnection) -> Person | None:
        """Return who asks for a page, None if nobody has signed in."""
