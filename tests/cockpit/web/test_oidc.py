"""Sign-in through an OpenID Connect provider: a made-up one on this machine, honest and not."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cockpit.web.oidc import Provider, ProviderError

Served = Callable[..., Any]


class MadeUpProvider:
    """A provider that signs in the account `planner`; tests change what it claims and how it signs."""

    def __init__(self) -> None:
        self.key, self.other_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.honest
        self.forms: list[dict[str, str]] = []
        self.challenge = ""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(provider.documents()[self.path])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(body))
                provider.forms.append(form)
                self.answer({"id_token": provider.sign(provider.claims)})

            def answer(self, document: Any) -> None:
                content = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *given: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def documents(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                **{k: self.issuer + v for k, v in names.items()},
            },
            "/keys": {"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]},
        }

    def honest(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "k1"})

    def good_claims(self, asked: dict[str, str], **changes: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        good = {"iss": self.issuer, "aud": "tierflow", "sub": "17", "login": "planner", "nonce": asked["nonce"]}
        return {**good, "iat": now, "exp": now + timedelta(minutes=5), **changes}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[MadeUpProvider]:
    made = MadeUpProvider()
    yield made
    made.close()


@pytest.fixture
def client(provider: MadeUpProvider, served: Served, chain_with_accounts: Path) -> Any:
    provider.sign = provider.honest
    provider.forms.clear()
    known = Provider(provider.issuer, "tierflow", "its secret", "login", b"s" * 32)
    return served(chain_with_accounts, provider=known)


def begun(client: Any) -> dict[str, str]:
    """Ask to sign in; returns what the browser carries to the provider."""
    answer = client.get("/sign-in/provider?to=/orders", follow_redirects=False)
    assert answer.status_code == 303
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))


def came_back(client: Any, state: str) -> Any:
    return client.get("/sign-in/back", params={"state": state, "code": "abc"}, follow_redirects=False)


def test_who_has_an_account_here_is_signed_in_as_the_account_says(client: Any, provider: MadeUpProvider) -> None:
    assert "/sign-in/provider" in client.get("/sign-in").text
    asked = begun(client)
    provider.claims = provider.good_claims(asked)
    answer = came_back(client, asked["state"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders")
    assert "planner (planner)" in client.get("/").text
    (form,) = provider.forms
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert (form["code"], form["redirect_uri"]) == ("abc", "http://testserver/sign-in/back")


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"})


LIES: dict[str, Callable[[MadeUpProvider, dict[str, str]], dict[str, Any]]] = {
    "another nonce": lambda made, asked: made.good_claims(asked, nonce="other"),
    "another audience": lambda made, asked: made.good_claims(asked, aud="another-client"),
    "another issuer": lambda made, asked: made.good_claims(asked, iss="https://elsewhere.example"),
    "expired": lambda made, asked: made.good_claims(asked, exp=datetime.now(UTC) - timedelta(minutes=2)),
    "nobody named": lambda made, asked: made.good_claims(asked, login=None),
    "a name without an account": lambda made, asked: made.good_claims(asked, login="mallory"),
    "a name that is a list": lambda made, asked: made.good_claims(asked, login=["planner"]),
}


@pytest.mark.parametrize("kind", LIES)
def test_an_identity_token_that_does_not_fit_signs_nobody_in(kind: str, client: Any, provider: MadeUpProvider) -> None:
    asked = begun(client)
    provider.claims = {k: v for k, v in LIES[kind](provider, asked).items() if v is not None}
    answer = came_back(client, asked["state"])
    assert (answer.status_code, "session=" in answer.headers.get("set-cookie", "")) == (403, False)
    assert "did not let you in" in answer.text


@pytest.mark.parametrize("how", ["none", "another key", "the public key as a secret", "no token"])
def test_an_identity_token_that_the_provider_did_not_sign_signs_nobody_in(
    how: str, client: Any, provider: MadeUpProvider
) -> None:
    asked = begun(client)
    provider.claims = provider.good_claims(asked)
    other, kid = provider.other_key, {"kid": "k1"}
    provider.sign = {
        "none": unsigned,
        "another key": lambda claims: jwt.encode(claims, other, algorithm="RS256", headers=kid),
        "the public key as a secret": lambda claims: jwt.encode(claims, b"n" * 32, algorithm="HS256", headers=kid),
        "no token": lambda claims: "x",
    }[how]
    assert came_back(client, asked["state"]).status_code == 403


def test_an_answer_counts_only_in_the_browser_and_for_the_attempt_it_belongs_to(
    client: Any, provider: MadeUpProvider, served: Served, chain_with_accounts: Path
) -> None:
    asked = begun(client)
    provider.claims = provider.good_claims(asked)
    assert came_back(client, "another state").status_code == 403
    other_browser = served(chain_with_accounts, provider=client.app.state.provider)
    assert came_back(other_browser, asked["state"]).status_code == 403
    assert provider.forms == []  # the code was never spent


def test_without_a_provider_there_is_no_such_page(served: Served, chain_with_accounts: Path) -> None:
    client = served(chain_with_accounts)
    assert client.get("/sign-in/provider").status_code == 404
    assert client.get("/sign-in/back").status_code == 404
    assert "/sign-in/provider" not in client.get("/sign-in").text


@pytest.mark.parametrize("issuer", ["http://login.example", "ftp://login.example", "login.example"])
def test_a_provider_that_is_not_reached_by_https_is_refused(issuer: str) -> None:
    with pytest.raises(ProviderError, match="https"):
        Provider(issuer, "tierflow", "its secret", "email", b"s" * 32)


def test_a_provider_that_does_not_answer_is_said_so(served: Served, chain_with_accounts: Path) -> None:
    gone = Provider("http://127.0.0.1:9", "tierflow", "its secret", "email", b"s" * 32)
    answer = served(chain_with_accounts, provider=gone).get("/sign-in/provider", follow_redirects=False)
    assert answer.status_code == 403
