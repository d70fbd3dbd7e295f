"""Sessions of browsers: who gets in, which forms count, and what ends a session."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.limits import Limiter, Rate
from cockpit.web.people import Role
from cockpit.web.sessions import Proxy, SignedInPeople

Served = Callable[..., Any]


def enter(client: Any, name: str, password: str, **headers: str) -> Any:
    return client.post(
        "/sign-in", data={"name": name, "password": password, "to": "/"}, headers=headers, follow_redirects=False
    )


def test_the_right_password_opens_a_session_that_scripts_and_other_sites_cannot_use(
    served: Served, chain_with_accounts: Path, password: str
) -> None:
    client = served(chain_with_accounts)
    answer = enter(client, "planner", password)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "planner (planner)" in client.get("/").text


def test_with_https_the_cookie_travels_by_https_only_and_comes_from_this_host(
    client_of: Served, chain_with_accounts: Path, password: str
) -> None:
    people = SignedInPeople(Accounts(chain_with_accounts / "runs" / ACCOUNTS_FILE), is_https=True)
    client = client_of(chain_with_accounts, people=people, is_https=True)
    answer = enter(client, "planner", password)
    assert answer.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("name", "word"), [("planner", "wrong password"), ("nobody", ""), ("planner' OR 1=1 --", "")])
def test_a_wrong_name_or_password_opens_nothing_and_both_read_alike(
    name: str, word: str, served: Served, chain_with_accounts: Path, password: str
) -> None:
    client = served(chain_with_accounts)
    answer = enter(client, name, word or password)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "Name and password do not fit" in answer.text
    assert client.get("/", follow_redirects=False).status_code == 303


def test_the_eleventh_attempt_has_to_wait(served: Served, chain_with_accounts: Path) -> None:
    client = served(chain_with_accounts)
    limits = client.app.state.sign_in_limits
    assert [limits.seconds_to_wait("testclient", "planner") for _ in range(10)] == [0.0] * 10
    answer = enter(client, "planner", "whatever it is")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 6


def test_a_bucket_fills_with_time() -> None:
    clock = [0.0]
    limiter = Limiter(Rate(per_second=0.5, burst=2), clock=lambda: clock[0])
    assert [limiter.seconds_to_wait("a") for _ in range(3)] == [0.0, 0.0, 2.0]
    assert limiter.seconds_to_wait("b") == 0.0
    clock[0] = 1.0
    assert limiter.seconds_to_wait("a") == 1.0
    clock[0] = 2.0
    assert limiter.seconds_to_wait("a") == 0.0


def test_signing_out_ends_the_session_for_good(served: Served, chain_with_accounts: Path, password: str) -> None:
    client = served(chain_with_accounts)
    enter(client, "planner", password)
    token = client.cookies["session"]
    csrf = csrf_of(client.get("/").text)
    assert client.post("/sign-out", data={"csrf": csrf}, follow_redirects=False).status_code == 303
    client.cookies.set("session", token)
    assert client.get("/", follow_redirects=False).status_code == 303


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', text)
    assert found
    return found[1]


def test_a_form_without_the_sessions_token_changes_nothing(
    served: Served, chain_with_accounts: Path, password: str
) -> None:
    client = served(chain_with_accounts)
    enter(client, "planner", password)
    for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": client.cookies["session"]}):
        assert client.post("/sign-out", data=form).status_code == 403
    assert client.get("/", follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_can_neither_sign_in_nor_out(
    headers: dict[str, str], served: Served, chain_with_accounts: Path, password: str
) -> None:
    client = served(chain_with_accounts)
    assert enter(client, "planner", password, **headers).status_code == 403
    enter(client, "planner", password)
    csrf = csrf_of(client.get("/").text)
    assert client.post("/sign-out", data={"csrf": csrf}, headers=headers).status_code == 403


def test_sign_in_leads_back_only_to_this_server(served: Served, chain_with_accounts: Path, password: str) -> None:
    client = served(chain_with_accounts)
    form = {"name": "planner", "password": password, "to": "//elsewhere.example/"}
    assert client.post("/sign-in", data=form, follow_redirects=False).headers["location"] == "/"


def test_a_name_on_the_sign_in_page_is_text_and_no_markup(served: Served, chain_with_accounts: Path) -> None:
    answer = enter(served(chain_with_accounts), '"><script>alert(1)</script>', "whatever it is")
    assert "<script>alert" not in answer.text


def test_another_password_or_no_account_any_more_ends_sessions(served: Served, own_chain: Path, password: str) -> None:
    accounts = Accounts(own_chain / "runs" / ACCOUNTS_FILE)
    first, second = served(own_chain), served(own_chain)
    enter(first, "planner", password)
    enter(second, "viewer", password)
    accounts.set_password("planner", "another long secret")
    accounts.remove("viewer")
    assert first.get("/", follow_redirects=False).status_code == 303
    assert second.get("/", follow_redirects=False).status_code == 303


def test_a_session_ends_with_the_working_day(own_chain: Path) -> None:
    accounts = Accounts(own_chain / "runs" / ACCOUNTS_FILE)
    account, at = accounts.find("planner"), datetime(2025, 11, 3, 8, tzinfo=UTC)
    assert account is not None
    token = accounts.open_session(account, at=at, hours=12.0)
    assert accounts.in_session(token, at=at + timedelta(hours=11, minutes=59)) == account
    assert accounts.in_session(token, at=at + timedelta(hours=12, minutes=1)) is None


def test_only_a_trusted_proxy_can_say_who_asks(client_of: Served, chain_with_accounts: Path) -> None:
    accounts = Accounts(chain_with_accounts / "runs" / ACCOUNTS_FILE)
    name = {"X-Remote-User": "approver"}
    answers = []
    for addresses in ({"testclient"}, {"10.0.0.1"}):
        proxy = Proxy("x-remote-user", frozenset(addresses), b"secret")
        client = client_of(chain_with_accounts, people=SignedInPeople(accounts, False, proxy))
        answers.append(client.get("/", headers=name, follow_redirects=False).status_code)
    assert answers == [200, 303]
    people = SignedInPeople(accounts, False, Proxy("x-remote-user", frozenset({"testclient"}), b"secret"))
    client = client_of(chain_with_accounts, people=people)
    assert client.get("/", headers={"X-Remote-User": "nobody"}, follow_redirects=False).status_code == 303
    twice = [("X-Remote-User", "approver"), ("X-Remote-User", "admin")]
    assert client.get("/", headers=twice, follow_redirects=False).status_code == 303


def test_roles_are_ordered() -> None:
    assert [str(role) for role in Role] == ["viewer", "planner", "approver", "admin"]
