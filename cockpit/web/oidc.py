"""OpenID Connect: a provider signs people in, and accounts here say what they may do.

Authorization code flow with PKCE (RFC 7636), state and nonce. What the browser must bring back is kept in a signed
cookie for ten minutes, so that nothing has to be remembered here.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

ALGORITHMS = ("RS256", "PS256", "ES256")
LIFE = timedelta(minutes=10)
_AUDIENCE = "tierflow-sign-in"
_TIMEOUT_SECONDS = 10.0
_MAX_BYTES = 1_000_000
_KEPT_SECONDS = 600.0


class ProviderError(Exception):
    """The provider cannot be reached, or what it says cannot be trusted."""


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way.

    Parameters
    ----------
    address
        Where to send the browser.
    cookie
        What it has to bring back.
    """

    address: str
    cookie: str


@dataclass(frozen=True)
class Provider:
    """One OpenID Connect provider, and what this server is to it.

    Parameters
    ----------
    issuer
        Address of the provider.
    client_id, client_secret
        Name and secret of this server there.
    claim
        Claim of the identity token that names the account here.
    secret
        Key that signs what the browser brings back.
    """

    issuer: str
    client_id: str
    client_secret: str
    claim: str
    secret: bytes
    _held: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
            raise ProviderError(f"{self.issuer}: an OpenID Connect provider is reached by https")

    def begin(self, *, back: str, to: str) -> Attempt:
        """Begin a sign-in.

        Parameters
        ----------
        back
            Address of this server to which the provider sends the browser.
        to
            Page to show then.

        Raises
        ------
        ProviderError
            If the provider cannot be reached.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "back": back, "to": to, "aud": _AUDIENCE}
        cookie = jwt.encode({**kept, "exp": datetime.now(UTC) + LIFE}, self.secret, algorithm="HS256")
        endpoint = self._discovered("authorization_endpoint")
        mark = "&" if "?" in endpoint else "?"
        return Attempt(f"{endpoint}{mark}{urllib.parse.urlencode(asked)}", cookie)

    def finish(self, cookie: str, *, state: str, code: str) -> tuple[str, str]:
        """Return who signed in, as the claim names them, and the page to show.

        Raises
        ------
        ProviderError
            If the answer does not belong to this browser's attempt, or the identity token is no good.
        """
        try:
            kept = jwt.decode(
                cookie, self.secret, algorithms=["HS256"], audience=_AUDIENCE, options={"require": ["exp"]}
            )
        except jwt.PyJWTError as error:
            raise ProviderError("the sign-in has expired or was begun in another browser") from error
        if not secrets.compare_digest(state.encode(), str(kept["state"]).encode()):
            raise ProviderError("the answer belongs to another sign-in")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": kept["back"],
            "code_verifier": kept["verifier"],
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        answer = _fetched(self._discovered("token_endpoint"), form)
        claims = self._verified(str(answer.get("id_token", "")))
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), str(kept["nonce"]).encode()):
            raise ProviderError("the identity token was made for another sign-in")
        name = claims.get(self.claim)
        if not isinstance(name, str) or not name:
            raise ProviderError(f"the identity token has no claim {self.claim!r}")
        if self.claim == "email" and claims.get("email_verified") is False:
            raise ProviderError("the provider has not verified this address")
        return name, str(kept["to"])

    def _verified(self, token: str) -> Mapping[str, Any]:
        """Check an identity token's signature and claims against the provider's keys."""
        try:
            head = jwt.get_unverified_header(token)
            named = [each for each in self._keys() if each.get("kid") == head.get("kid")]
            if len(named) != 1 or head.get("alg") not in ALGORITHMS:
                raise ProviderError("the identity token is signed with an unknown key")
            key = jwt.PyJWK(dict(named[0]), algorithm=str(head["alg"]))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[str(head["alg"])],
                audience=self.client_id,
                issuer=self.issuer,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
                leeway=30,
            )
        except jwt.PyJWTError as error:
            raise ProviderError(f"the identity token is no good: {error}") from error
        return claims

    def _keys(self) -> list[Mapping[str, Any]]:
        document = self._kept("keys", self._discovered("jwks_uri"))
        return [key for key in document.get("keys", []) if key.get("use", "sig") == "sig"]

    def _discovered(self, name: str) -> str:
        """Return one of the provider's addresses."""
        document = self._kept("configuration", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.issuer:
            raise ProviderError(f"the provider calls itself {document.get('issuer')!r}, not {self.issuer!r}")
        return str(document.get(name, ""))

    def _kept(self, what: str, address: str) -> Mapping[str, Any]:
        """Fetch a document, at most once in ten minutes."""
        held = self._held.get(what)
        if held is None or time.monotonic() - held[0] > _KEPT_SECONDS:
            held = self._held[what] = (time.monotonic(), _fetched(address))
        document: Mapping[str, Any] = held[1]
        return document


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fetched(address: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """Fetch a JSON object from the provider, posting a form if there is one."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ProviderError(f"{address or 'an address of the provider'} is not https")
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(address, data, {"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            document = json.loads(answer.read(_MAX_BYTES))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise ProviderError(f"the provider does not answer at {parts.netloc}: {error}") from error
    if not isinstance(document, dict):
        raise ProviderError(f"the provider's answer at {parts.netloc} is no JSON object")
    return document
