"""What every page and every call of the API stands on: the runs, the people, the templates, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined

from cockpit.web.people import People, Person, Role
from cockpit.web.published import PublishedRuns, Run
from cockpit.web.standing import LineBooks


@dataclass(frozen=True)
class Frame:
    """The parts that one server shares between its requests.

    Parameters
    ----------
    chain
        The chain folder or file.
    runs
        Its published runs.
    people
        How the server knows who asks.
    templates
        The pages' templates.
    books
        The order lines as they stand now.
    """

    chain: Path
    runs: PublishedRuns
    people: People
    templates: Environment
    books: LineBooks = field(default_factory=LineBooks)


class NobodySignedIn(Exception):
    """A page needs somebody to sign in first."""


class NoAccounts(Exception):
    """Nobody can sign in yet: the first account has to be made."""


class MayNot(Exception):
    """A person's role does not allow what they asked for.

    Parameters
    ----------
    needed
        The least role that may.
    """

    def __init__(self, needed: Role) -> None:
        self.needed = needed
        super().__init__(f"this needs the role {needed}")


class ForgedForm(Exception):
    """A form came from another site, or without the token that our pages put into it."""


class NoRun(Exception):
    """Nothing is published yet."""


def page_templates() -> Environment:
    """Return the templates of the pages; every value from the data is escaped."""
    return Environment(
        loader=PackageLoader("cockpit", "templates/web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def frame_of(request: Request) -> Frame:
    """Return the frame of the server that got this request."""
    frame: Frame = request.app.state.frame
    return frame


def signed_in_person(request: Request) -> Person | None:
    """Return who asks for a page, looked up once a request."""
    if not hasattr(request.state, "person"):
        request.state.person = frame_of(request).people.reader_of(request)
    person: Person | None = request.state.person
    return person


def reader(needed: Role = Role.VIEWER) -> Callable[[Request], Person]:
    """Return the dependency of a page that people with at least this role may see."""

    def signed_in(request: Request) -> Person:
        person = signed_in_person(request)
        if person is None:
            raise NobodySignedIn if frame_of(request).people.has_accounts else NoAccounts
        if not person.role.covers(needed):
            raise MayNot(needed)
        return person

    signed_in.needed_role = needed  # type: ignore[attr-defined]  # the role matrix of the tests reads it
    return signed_in


def newest_run(request: Request) -> Run:
    """Return the newest published run.

    Raises
    ------
    NoRun
        If there is none.
    """
    run = frame_of(request).runs.newest()
    if run is None:
        raise NoRun
    return run


async def the_frame(request: Request) -> Frame:
    """As `frame_of`, without the detour over a thread."""
    return frame_of(request)


TheFrame = Annotated[Frame, Depends(the_frame)]
Viewer = Annotated[Person, Depends(reader(Role.VIEWER))]
Planner = Annotated[Person, Depends(reader(Role.PLANNER))]
Approver = Annotated[Person, Depends(reader(Role.APPROVER))]
Admin = Annotated[Person, Depends(reader(Role.ADMIN))]
NewestRun = Annotated[Run, Depends(newest_run)]
