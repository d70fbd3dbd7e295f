"""A published run made by hand, a person who has signed in, and a browser without windows."""

from __future__ import annotations

import itertools
import shutil
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cockpit.approvals import record_lines
from cockpit.documents import forecast_table
from cockpit.places import order_ledger
from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.people import Person, Role
from cockpit.web.sessions import SignedInPeople
from network.store import RunStore
from tests.cockpit.made_details import with_details

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client names a successor of httpx that nothing else needs
    from starlette.testclient import TestClient

TABLES = ("orders", "order_terms", "loads", "exceptions", "kpis", "pegging", "alternatives")

PROMISES = [
    ("SKU-000", "walk_in", "Z1", 0, 7),
    ("SKU-000", "walk_in", "Z1", 1, 9),
    ("SKU-000", "instant", "Z1", 0, 4),
    ("SKU-001", "walk_in", "Z2", 0, 3),
]
PASSWORD = "correct horse battery"


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
    promises = pd.DataFrame(PROMISES, columns=["sku", "channel", "zone", "day", "quantity"])
    tables = {"promises": promises, **with_details(plan)}

    def write(place: Path) -> None:
        for name in dict.fromkeys((*TABLES, *tables)):
            store.write_table(place, name, tables.get(name, getattr(plan, name, None)), csv=False)
        store.write_table(place, "forecast", forecast_table(plan), csv=False)

    manifest = {**plan.manifest, "chain": "lantern & co", "cutoff": str(plan.cutoff)[:10], "currency": "CNY"}
    store.publish(plan.run_id, write, {**manifest, "created_at": "2024-11-06T22:00:00Z", **facts})


@pytest.fixture(scope="session")
def published_chain(plan_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain folder whose `runs` holds one published run."""
    chain = tmp_path_factory.mktemp("chain")
    publish_made_plan(chain / "runs", plan_factory())
    publish_made_backtest(chain / "backtests")
    return chain


def publish_made_backtest(folder: Path) -> None:
    """Publish what a page reads of a backtest."""
    rows = [("history", "best_baseline", "", 0.05, 0.01, 0.09), ("search", "calendar_price", "", -0.1, -0.2, -0.05)]
    table = pd.DataFrame(rows, columns=["step", "compared_with", "category", "value_added", "low", "high"])
    about = {"cutoff": "2024-11-06", "origins": ["2024-10-01", "2024-10-08"], "beaten_share": 0.8}
    RunStore(folder).publish("B1", lambda place: RunStore.write_table(place, "fva", table, csv=False), about)


@pytest.fixture(scope="session")
def chain_with_accounts(published_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published chain, its lines in the ledger, and an account for each role, named after it."""
    chain = tmp_path_factory.mktemp("accounts") / "chain"
    shutil.copytree(published_chain, chain)
    accounts = Accounts(chain / "runs" / ACCOUNTS_FILE)
    for role in Role:
        accounts.add(str(role), role, PASSWORD, at=datetime.now(UTC))
    store = RunStore(chain / "runs")
    record_lines(order_ledger(chain / "runs"), store, store.runs()[0])
    return chain


@pytest.fixture
def own_chain(chain_with_accounts: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(chain_with_accounts, tmp_path / "chain"))


@pytest.fixture
def served(client_of: Callable[..., TestClient]) -> Callable[..., TestClient]:
    """Returns a browser on a chain's cockpit with its real accounts."""

    def make(chain: Path, **options: Any) -> TestClient:
        people = SignedInPeople(Accounts(chain / "runs" / ACCOUNTS_FILE), is_https=False)
        return client_of(chain, people=people, **options)

    return make


@pytest.fixture
def token_of() -> Callable[..., dict[str, str]]:
    """Returns the headers of a caller with this role, and a fresh idempotency key."""
    names = itertools.count()

    def make(client: TestClient, role: str) -> dict[str, str]:
        account = client.app.state.office.accounts.find(role)
        token = client.app.state.office.token_for(account)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": f"request-{next(names)}"}

    return make


@pytest.fixture
def password() -> str:
    return PASSWORD


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
        people, provider = given.pop("people", None) or OnePerson(person), given.pop("provider", None)
        app = create_app(chain, chain / "runs", people=people, options=ServerOptions(**given), provider=provider)
        opened.append(TestClient(app))
        return opened[-1]

    yield make
    for client in opened:
        client.close()
