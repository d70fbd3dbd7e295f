"""Bearer tokens of the JSON API: signed, short-lived, for one audience, and only as good as the account behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from cockpit.web.accounts import Account
from cockpit.web.keys import SigningKey

AUDIENCE = "tierflow-api"
ALGORITHM = "HS256"
LIFE = timedelta(hours=1)
_REQUIRED = ("iss", "aud", "sub", "role", "stamp", "iat", "nbf", "exp", "jti")
_MAX_LENGTH = 4096


class TokenRefused(Exception):
    """A token is no good: forged, expired, not yet valid, or for something else."""


@dataclass(frozen=True)
class Claims:
    """What a good token says.

    Parameters
    ----------
    name, stamp
        The account, and its stamp when the token was made.
    role
        The account's role when the token was made.
    """

    name: str
    stamp: str
    role: str


def issue(account: Account, *, issuer: str, key: SigningKey, at: datetime, id: str) -> str:
    """Return a token for an account.

    Parameters
    ----------
    account
        Who it is for.
    issuer
        Name of this server's chain.
    key
        The newest key.
    at
        When [UTC].
    id
        Unique name of the token.
    """
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": account.name,
        "role": str(account.role),
        "stamp": account.stamp,
        "iat": at,
        "nbf": at,
        "exp": at + LIFE,
        "jti": id,
    }
    return jwt.encode(claims, bytes.fromhex(key.secret), algorithm=ALGORITHM, headers={"kid": key.id})


def read(token: str, *, issuer: str, keys: Sequence[SigningKey]) -> Claims:
    """Return what a token says.

    Raises
    ------
    TokenRefused
        If it is not signed by one of the keys with the one algorithm, or a claim is missing or does not fit.
    """
    try:
        if len(token) > _MAX_LENGTH:
            raise TokenRefused("too long")
        named = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in keys if key.id == named), None)
        if key is None:
            raise TokenRefused("signed with an unknown key")
        claims = jwt.decode(
            token,
            bytes.fromhex(key.secret),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer,
            options={"require": list(_REQUIRED), "strict_aud": True},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused(str(error)) from error
    texts = [claims[name] for name in ("sub", "stamp", "role")]
    if not all(isinstance(text, str) for text in texts):
        raise TokenRefused("a claim is no text")
    return Claims(*texts)
