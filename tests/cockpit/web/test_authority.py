"""Who may do what: every endpoint against every role, and tokens that somebody made up."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from cockpit.web.api.bearer import ISSUER
from cockpit.web.people import Role
from cockpit.web.tokens import AUDIENCE, TokenRefused, read

Served = Callable[..., Any]
OPEN = {"/api/v1/token", "/sign-in", "/sign-in/provider", "/sign-in/back", "/sign-out", "/language/{language}"}
"""What anybody may ask for; signing out needs the form of a session."""


def routes(app: FastAPI) -> Iterator[Any]:
    """Every route of the application, those of included routers too."""
    yield from (each for each in iter_route_contexts(app.routes) if isinstance(each.original_route, APIRoute))


def needed_role(dependant: Dependant) -> Role | None:
    """The role that a route asks for, found in the dependencies that it declares."""
    found = getattr(dependant.call, "needed_role", None)
    for each in dependant.dependencies:
        found = found or needed_role(each)
    return found


def address(path: str) -> str:
    known = {"{order_id}": "O00001", "{load_id}": "L0", "{run_id}": "newest", "{name}": "none", "{language}": "en"}
    for name, value in known.items():
        path = path.replace(name, value)
    return path


@pytest.fixture(scope="module")
def made_app(chain_with_accounts: Path) -> FastAPI:
    from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
    from cockpit.web.app import ServerOptions, create_app
    from cockpit.web.sessions import SignedInPeople

    runs = chain_with_accounts / "runs"
    people = SignedInPeople(Accounts(runs / ACCOUNTS_FILE), is_https=False)
    return create_app(chain_with_accounts, runs, people=people, options=ServerOptions(hosts=("testserver",)))


def test_every_route_names_the_role_that_it_needs(made_app: FastAPI) -> None:
    without = {route.path for route in routes(made_app) if needed_role(route.dependant) is None}
    assert without == OPEN


def test_every_route_that_changes_something_needs_more_than_a_viewer(made_app: FastAPI) -> None:
    changing = [route for route in routes(made_app) if route.methods - {"GET", "HEAD"} and route.path not in OPEN]
    assert [route.path for route in changing if needed_role(route.dependant) in (None, Role.VIEWER)] == []


@pytest.mark.parametrize("role", [None, *Role])
def test_the_role_matrix_holds_for_every_endpoint_of_the_api(
    role: Role | None, made_app: FastAPI, served: Served, own_chain: Path, token_of: Callable[..., dict[str, str]]
) -> None:
    client = served(own_chain)
    wrong = []
    for route in routes(made_app):
        needed = needed_role(route.dependant)
        if needed is None or not route.path.startswith("/api/"):
            continue
        for method in route.methods - {"HEAD"}:
            headers = token_of(client, str(role)) if role else {"Idempotency-Key": "request-0"}
            status = client.request(method, address(route.path), headers=headers, follow_redirects=False).status_code
            is_let_in = status not in (401, 403)
            if (role is None and status != 401) or (role is not None and is_let_in != role.covers(needed)):
                wrong.append((method, route.path, status))
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_the_role_matrix_holds_for_every_page(
    role: Role, made_app: FastAPI, served: Served, own_chain: Path, password: str
) -> None:
    client = served(own_chain)
    assert client.post("/sign-in", data={"name": str(role), "password": password}).status_code == 200
    wrong = []
    for route in routes(made_app):
        needed = needed_role(route.dependant)
        if needed is None or route.path.startswith("/api/") or "GET" not in route.methods:
            continue
        status = client.get(address(route.path), follow_redirects=False).status_code
        if (status == 403) == role.covers(needed):
            wrong.append((route.path, status))
    assert wrong == []


def unsigned(claims: dict[str, Any], algorithm: str, signature: bytes = b"") -> str:
    parts = [json.dumps({"alg": algorithm, "typ": "JWT", "kid": claims.pop("kid")}).encode(), dated(claims), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def dated(claims: dict[str, Any]) -> bytes:
    return json.dumps({k: v.timestamp() if isinstance(v, datetime) else v for k, v in claims.items()}).encode()


@pytest.fixture
def office(served: Served, chain_with_accounts: Path) -> Any:
    return served(chain_with_accounts).app.state.office


def claims_of(office: Any, **changes: Any) -> dict[str, Any]:
    account, now = office.accounts.find("viewer"), datetime.now(UTC)
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "viewer", "role": "viewer", "stamp": account.stamp, "jti": "x"}
    times = {"iat": now, "nbf": now - timedelta(seconds=5), "exp": now + timedelta(hours=1)}
    return {name: value for name, value in {**good, **times, **changes}.items() if value is not None}


def signed(
    office: Any, *, key: bytes | None = None, algorithm: str = "HS256", kid: str | None = None, **changes: Any
) -> str:
    held = office.keys()[0]
    secret = bytes.fromhex(held.secret) if key is None else key
    return jwt.encode(claims_of(office, **changes), secret, algorithm=algorithm, headers={"kid": kid or held.id})


def edited_role(office: Any) -> str:
    head, body, signature = signed(office).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    body = base64.urlsafe_b64encode(json.dumps({**claims, "role": "admin"}).encode()).rstrip(b"=").decode()
    return ".".join((head, body, signature))


FORGERIES: dict[str, Callable[[Any], str]] = {
    "no algorithm": lambda office: unsigned({**claims_of(office), "kid": office.keys()[0].id}, "none"),
    "no algorithm in capitals": lambda office: unsigned({**claims_of(office), "kid": office.keys()[0].id}, "NONE"),
    "another key": lambda office: signed(office, key=b"k" * 32),
    "an empty key": lambda office: signed(office, key=b"\0" * 32),
    "the key's name as the key": lambda office: signed(office, key=office.keys()[0].id.encode() * 4),
    "another algorithm": lambda office: signed(
        office, algorithm="HS512", key=bytes.fromhex(office.keys()[0].secret) * 2
    ),
    "an unknown key's name": lambda office: signed(office, kid="../../etc/passwd"),
    "expired": lambda office: signed(office, exp=datetime.now(UTC) - timedelta(seconds=1)),
    "not yet valid": lambda office: signed(office, nbf=datetime.now(UTC) + timedelta(minutes=5)),
    "another audience": lambda office: signed(office, aud="somebody-else"),
    "several audiences": lambda office: signed(office, aud=[AUDIENCE, "somebody-else"]),
    "another issuer": lambda office: signed(office, iss="somebody-else"),
    "no end": lambda office: signed(office, exp=None),
    "no stamp": lambda office: signed(office, stamp=None),
    "an old password's stamp": lambda office: signed(office, stamp="0" * 16),
    "an account that is gone": lambda office: signed(office, sub="nobody"),
    "an edited role": edited_role,
    "truncated": lambda office: signed(office)[:-3],
    "no signature": lambda office: signed(office).rsplit(".", 1)[0] + ".",
    "no token": lambda office: "x",
    "very long": lambda office: "x" * 100_000,
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_refused(kind: str, served: Served, chain_with_accounts: Path) -> None:
    client = served(chain_with_accounts)
    office = client.app.state.office
    good = client.get("/api/v1/runs", headers={"Authorization": f"Bearer {signed(office)}"})
    assert good.status_code == 200
    answer = client.get("/api/v1/runs", headers={"Authorization": f"Bearer {FORGERIES[kind](office)}"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_role_in_a_good_token_counts_for_nothing_the_account_decides(office: Any) -> None:
    assert office.holder_of(signed(office, role="admin")).role is Role.VIEWER


def test_a_session_cookie_opens_no_api_and_a_token_no_page(
    served: Served, chain_with_accounts: Path, token_of: Callable[..., dict[str, str]], password: str
) -> None:
    client = served(chain_with_accounts)
    headers = token_of(client, "admin")
    assert client.get("/", headers=headers, follow_redirects=False).status_code == 303
    client.post("/sign-in", data={"name": "admin", "password": password})
    assert client.get("/api/v1/runs").status_code == 401


def test_tokens_end_with_a_rotation_that_says_so(office: Any, chain_with_accounts: Path) -> None:
    from cockpit.web.keys import rotate_key, signing_keys

    token, runs, now = signed(office), chain_with_accounts / "runs", datetime.now(UTC)
    rotate_key(runs, at=now)
    assert read(token, issuer=ISSUER, keys=signing_keys(runs, at=now)).name == "viewer"
    rotate_key(runs, at=now, is_ending_tokens=True)
    with pytest.raises(TokenRefused, match="unknown key"):
        read(token, issuer=ISSUER, keys=signing_keys(runs, at=now))
