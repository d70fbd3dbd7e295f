"""`tierflow serve`: the server's addresses, people and options, and what a person reads when it starts."""

from __future__ import annotations

import ipaddress
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from cockpit.console import complain
from cockpit.outcome import ExitCode, Outcome, UsageError
from cockpit.places import runs_folder
from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.app import ServerOptions, create_app
from cockpit.web.keys import KeyFileError, signing_keys
from cockpit.web.oidc import Provider, ProviderError
from cockpit.web.sessions import Proxy, SignedInPeople

OIDC_SECRET_VARIABLE = "TIERFLOW_OIDC_SECRET"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_SECONDS_TO_FINISH = 10


@dataclass(frozen=True)
class ServeRequest:
    """What `tierflow serve` was asked for.

    Parameters
    ----------
    chain
        The chain folder or DuckDB file.
    runs
        Where its runs are; None for the default.
    host, port
        Where to listen.
    is_https
        Whether browsers come by https.
    names
        Host names that browsers may use beside those of this machine.
    proxy_header
        Header in which a trusted proxy names the account; empty for none.
    oidc_issuer, oidc_client, oidc_claim
        OpenID Connect provider, this server's name there, and the claim that names accounts; empty for no provider.
    proxies
        Addresses of the proxy in front: its word on the account, or where none is given, on the browser's address.
    """

    chain: Path
    runs: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    is_https: bool = False
    names: tuple[str, ...] = ()
    proxy_header: str = ""
    proxies: tuple[str, ...] = ()
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_claim: str = "email"

    @property
    def runs_path(self) -> Path:
        """Where runs are kept."""
        return runs_folder(self.chain, self.runs)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def chain_app(request: ServeRequest) -> FastAPI:
    """Return the cockpit of a chain as a request describes it.

    Raises
    ------
    UsageError
        If the server is open to others and no host name is given, or the key file cannot be trusted.
    """
    if not request.is_loopback and not request.names:
        raise UsageError(
            f"Listening on {request.host} lets others in: say under which --name browsers reach the server."
        )
    try:
        keys = signing_keys(request.runs_path, at=datetime.now(UTC))
    except KeyFileError as error:
        raise UsageError(str(error)) from error
    proxy = None
    if request.proxy_header:
        addresses = frozenset(request.proxies or ("127.0.0.1",))
        proxy = Proxy(request.proxy_header.lower(), addresses, bytes.fromhex(keys[0].secret))
    people = SignedInPeople(Accounts(request.runs_path / ACCOUNTS_FILE), request.is_https, proxy)
    names = (*request.names, *(_LOOPBACK_NAMES if request.is_loopback else ()))
    options = ServerOptions(is_https=request.is_https, hosts=names)
    provider = provider_asked(request, bytes.fromhex(keys[0].secret))
    return create_app(request.chain, request.runs_path, people=people, options=options, provider=provider)


def provider_asked(request: ServeRequest, secret: bytes) -> Provider | None:
    """Return the OpenID Connect provider that people sign in with, None for none.

    Raises
    ------
    UsageError
        If what it needs is missing.
    """
    if not request.oidc_issuer:
        return None
    client_secret = os.environ.get(OIDC_SECRET_VARIABLE, "")
    if not request.oidc_client or not client_secret:
        raise UsageError(f"A provider needs --oidc-client, and its secret in {OIDC_SECRET_VARIABLE}.")
    try:
        return Provider(request.oidc_issuer, request.oidc_client, client_secret, request.oidc_claim, secret)
    except ProviderError as error:
        raise UsageError(f"{error}.") from error


def serve_chain(request: ServeRequest) -> Outcome:
    """Serve until interrupted."""
    import uvicorn

    app = chain_app(request)
    complain(greeting(request, has_accounts=app.state.frame.people.has_accounts))
    config = uvicorn.Config(
        app,
        host=request.host,
        port=request.port,
        proxy_headers=bool(request.proxies) and not request.proxy_header,
        forwarded_allow_ips=list(request.proxies),
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    try:
        uvicorn.Server(config).run()
    except SystemExit as stop:
        raise UsageError(f"Cannot listen on {request.host}:{request.port}: is another server there?") from stop
    sys.stdout.flush()
    return Outcome(ExitCode.DONE, (), {"exit_code": 0})


def greeting(request: ServeRequest, *, has_accounts: bool) -> list[str]:
    """Return what a person reads when the server starts."""
    host = f"[{request.host}]" if ":" in request.host else request.host
    address = f"{'https' if request.is_https else 'http'}://{(request.names or (host,))[0]}"
    port = "" if request.names and request.is_https else f":{request.port}"
    lines = [f"The cockpit of {request.chain} is at {address}{port}/ (stop it with Ctrl-C)"]
    if not has_accounts:
        lines.append(
            f"Nobody can sign in yet. Make the first account: tierflow user add {request.chain} NAME --role admin"
        )
    return lines
