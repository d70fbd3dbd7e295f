"""A published run made by hand, a person who has signed in, and a browser without windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.documents import forecast_table
from cockpit.web.people import Person, Role
from network.store import RunStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client names a successor of httpx that nothing else needs
    from starlette.testclient import TestClient

TABLES = ("orders", "order_terms", "loads", "exceptions", "kpis", "pegging", "alternatives")


class OnePerson:
    """Everybody is the same person; nobody if there is none."""

    def __init__(self, person: Person | None, *, has_accounts: bool = True) -> None:
        self.person = person
        self.has_accounts = has_accounts

    def reader_of(self, connection: object) -> Person | None:
        return self.person


def publish_made_plan(folder: Path, plan: Any, **facts: Any) -> None:
    """Publish the tables of a plan made by hand, without planning."""
    store = RunStore(folder)

    def write(place: Path) -> None:
        for name in TABLES:
            store.write_table(place, name, getattr(plan, name), csv=False)
        store.write_table(place, "forecast", forecast_table(plan), csv=False)

    manifest = {**plan.manifest, "chain": "lantern & co", "cutoff": str(plan.cutoff)[:10], "currency": "CNY"}
    store.publish(plan.run_id, write, {**manifest, "created_at": "2024-11-06T22:00:00Z", **facts})


@pytest.fixture(scope="session")
def published_chain(plan_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain folder whose `runs` holds one published run."""
    chain = tmp_path_factory.mktemp("chain")
    publish_made_plan(chain / "runs", plan_factory())
    return chain


@pytest.fixture
def viewer() -> Person:
    return Person("ann", Role.VIEWER, csrf="token")


@pytest.fixture
def client_of() -> Iterator[Callable[..., TestClient]]:
    """Returns a browser on the cockpit of a chain, seen by one person."""
    from cockpit.web.app import ServerOptions, create_app

    opened = []

    def make(chain: Path, person: Person | None = None, **options: Any) -> TestClient:
        given = {"hosts": ("testserver",), "seconds_between_looks": 0.0, **options}
        people = given.pop("people", None) or OnePerson(person)
        app = create_app(chain, chain / "runs", people=people, options=ServerOptions(**given))
        opened.append(TestClient(app))
        return opened[-1]

    yield make
    for client in opened:
        client.close()
