"""Who asks for a page: the holder of a session cookie, or whom a trusted proxy names."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cockpit.web.accounts import Account, Accounts
from cockpit.web.people import Person

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

HOURS = 12.0
"""A working day: how long a session lasts [hours]."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that signs people in and says who they are.

    Parameters
    ----------
    header
        Header that names the account.
    addresses
        Addresses whose word counts.
    secret
        Key of the form tokens of people it brings.
    """

    header: str
    addresses: frozenset[str]
    secret: bytes


@dataclass(frozen=True)
class SignedInPeople:
    """People with an account.

    Parameters
    ----------
    accounts
        The accounts.
    is_https
        Whether the session's cookie may only travel by https.
    proxy
        A proxy whose word counts; None for none.
    """

    accounts: Accounts
    is_https: bool
    proxy: Proxy | None = None

    @property
    def has_accounts(self) -> bool:
        """Whether anybody can sign in at all."""
        return bool(self.accounts.all())

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; with https a browser then takes it from this very host only."""
        return "__Host-session" if self.is_https else "session"

    def reader_of(self, connection: HTTPConnection) -> Person | None:
        """Return who asks for a page, None if nobody has signed in."""
        if self.proxy is not None:
            brought = self._brought(connection, self.proxy)
            if brought is not None:
                return brought
        token = connection.cookies.get(self.cookie, "")
        account = self.accounts.in_session(token, at=datetime.now(UTC)) if token else None
        return None if account is None else Person(account.name, account.role, form_token(token))

    def _brought(self, connection: HTTPConnection, proxy: Proxy) -> Person | None:
        """Return whom the proxy names, if it is the proxy and the account is there."""
        names = connection.headers.getlist(proxy.header)
        if connection.client is None or connection.client.host not in proxy.addresses or len(names) != 1:
            return None
        account = self.accounts.find(names[0])
        if account is None:
            return None
        token = hmac.new(proxy.secret, f"form:{account.name}:{account.stamp}".encode(), hashlib.sha256).hexdigest()
        return Person(account.name, account.role, token)

    def begin(self, account: Account, answer: Response) -> None:
        """Begin a session and hand its cookie to the browser."""
        token = self.accounts.open_session(account, at=datetime.now(UTC), hours=HOURS)
        answer.set_cookie(
            self.cookie,
            token,
            max_age=round(3600 * HOURS),
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.is_https,
        )

    def close(self, connection: HTTPConnection) -> None:
        """End the session that a browser is in, if it is in one."""
        token = connection.cookies.get(self.cookie, "")
        if token:
            self.accounts.close_session(token)

    def end(self, connection: HTTPConnection, answer: Response) -> None:
        """End the session that a browser is in, and take its cookie back."""
        self.close(connection)
        answer.delete_cookie(self.cookie, path="/", httponly=True, samesite="lax", secure=self.is_https)


def form_token(session_token: str) -> str:
    """Return the token that forms of a session carry; the session's own token cannot be found from it."""
    return hashlib.sha256(f"form:{session_token}".encode()).hexdigest()
