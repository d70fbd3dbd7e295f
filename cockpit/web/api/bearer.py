"""Who calls the API: the account behind a bearer token, as it is now."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from cockpit.web.accounts import Account, Accounts
from cockpit.web.api.problems import Problem, too_often
from cockpit.web.keys import SigningKey, signing_keys
from cockpit.web.limits import Limiter, Rate
from cockpit.web.people import Person, Role
from cockpit.web.tokens import Claims, TokenRefused, issue, read

ISSUER = "tierflow"
REFUSED = Rate(per_second=2.0, burst=50)
"""Calls with a bad token, by address."""
_LOOK_SECONDS = 1.0
_MAX_HELD = 1000

scheme = OAuth2PasswordBearer(tokenUrl="/api/v1/token", auto_error=False, description="An account of `tierflow user`.")


class TokenOffice:
    """Issues tokens and knows whose a token is; accounts and keys are looked up anew each second.

    Parameters
    ----------
    accounts
        The accounts.
    runs
        The runs folder, which holds the keys.
    rate
        How often one account may call.
    """

    def __init__(self, accounts: Accounts, runs: Path, *, rate: Rate) -> None:
        self.accounts = accounts
        self._runs = runs
        self._lock = threading.Lock()
        self._keys: tuple[float, tuple[SigningKey, ...]] = (-float("inf"), ())
        self._found: dict[str, tuple[float, Account | None]] = {}
        self._read: dict[str, tuple[float, tuple[SigningKey, ...], Claims]] = {}
        self.calls = Limiter(rate)
        self.refusals = Limiter(REFUSED)

    def keys(self) -> tuple[SigningKey, ...]:
        """Return the keys, newest first."""
        now = time.monotonic()
        with self._lock:
            if now - self._keys[0] >= _LOOK_SECONDS:
                self._keys = (now, signing_keys(self._runs, at=datetime.now(UTC)))
            return self._keys[1]

    def token_for(self, account: Account) -> str:
        """Return a new token."""
        return issue(account, issuer=ISSUER, key=self.keys()[0], at=datetime.now(UTC), id=secrets.token_hex(8))

    def holder_of(self, token: str) -> Person:
        """Return whose token this is, with the role that the account has now.

        Raises
        ------
        TokenRefused
            If the token is no good, or its account is gone or has another password since.
        """
        claims = self._claims(token)
        account = self._account(claims.name)
        if account is None or account.stamp != claims.stamp:
            raise TokenRefused("the account is gone or its password has changed")
        return Person(account.name, account.role)

    def _claims(self, token: str) -> Claims:
        """Return what a token says; one that was good less than a second ago is not checked again."""
        now, keys = time.monotonic(), self.keys()
        known = self._read.get(token)
        if known is None or known[1] is not keys or now - known[0] >= _LOOK_SECONDS:
            if len(self._read) > _MAX_HELD:
                self._read.clear()
            known = self._read[token] = (now, keys, read(token, issuer=ISSUER, keys=keys))
        return known[2]

    def _account(self, name: str) -> Account | None:
        now = time.monotonic()
        found = self._found.get(name)
        if found is None or now - found[0] >= _LOOK_SECONDS:
            if len(self._found) > _MAX_HELD:
                self._found.clear()
            found = self._found[name] = (now, self.accounts.find(name))
        return found[1]


def office_of(request: Request) -> TokenOffice:
    """Return the office of the server that got this request."""
    office: TokenOffice = request.app.state.office
    return office


def caller(needed: Role = Role.VIEWER) -> Callable[..., Awaitable[Person]]:
    """Return the dependency of a call that accounts with at least this role may make."""

    async def holder(request: Request, token: Annotated[str | None, Depends(scheme)]) -> Person:
        office = office_of(request)
        try:
            person = office.holder_of(token or "")
        except TokenRefused as refused:
            address = request.client.host if request.client else ""
            wait = office.refusals.seconds_to_wait(address)
            if wait:
                raise too_often(wait) from refused
            words = "Send `Authorization: Bearer TOKEN`; a token comes from POST /api/v1/token and lasts an hour."
            raise Problem(401, words, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from refused
        wait = office.calls.seconds_to_wait(person.name)
        if wait:
            raise too_often(wait)
        if not person.role.covers(needed):
            raise Problem(403, f"The account {person.name} is a {person.role}; this needs the role {needed}.")
        return person

    holder.needed_role = needed  # type: ignore[attr-defined]  # the role matrix of the tests reads it
    return holder


Viewer = Annotated[Person, Depends(caller(Role.VIEWER))]
Planner = Annotated[Person, Depends(caller(Role.PLANNER))]
Approver = Annotated[Person, Depends(caller(Role.APPROVER))]
Admin = Annotated[Person, Depends(caller(Role.ADMIN))]
