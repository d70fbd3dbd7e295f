"""`tierflow serve` and `tierflow user`: the cockpit in a browser, and who may use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cockpit.cli_app import Chain, Debug, Json, RunsFolder, finish
from cockpit.outcome import Outcome, UsageError

user_app = typer.Typer(
    name="user",
    help="Accounts of the cockpit: add, list, remove, change the password.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]


@contextmanager
def server_installed() -> Iterator[None]:
    """Say how to install what the cockpit needs where it is not there."""
    try:
        yield
    except ModuleNotFoundError as missing:
        words = f"The cockpit needs {missing.name}: use `./run serve CHAIN`, or pip install 'tierflow[server]'."
        raise UsageError(words) from missing


def serve(
    chain: Chain,
    runs: RunsFolder = None,
    host: Annotated[str, typer.Option(help="Address to listen on; by default this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    https: Annotated[
        bool, typer.Option("--https", help="Browsers come by https (a proxy in front ends it): cookies need it.")
    ] = False,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A host name that browsers may use; needed beside loopback.")
    ] = None,
    proxy_header: Annotated[
        str, typer.Option("--proxy-header", help="Header in which a trusted proxy names the account.")
    ] = "",
    proxy: Annotated[
        list[str] | None, typer.Option("--proxy", help="Address of the proxy in front, if there is one.")
    ] = None,
    oidc: Annotated[str, typer.Option("--oidc", metavar="ISSUER", help="An OpenID Connect provider.")] = "",
    oidc_client: Annotated[str, typer.Option("--oidc-client", help="Name of this server there.")] = "",
    oidc_claim: Annotated[str, typer.Option("--oidc-claim", help="Claim that names the account.")] = "email",
    debug: Debug = False,
) -> None:
    """Show the published runs of a chain in a browser; approve, change and export orders there."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.serving import ServeRequest, serve_chain

        return serve_chain(
            ServeRequest(
                chain=chain,
                runs=runs,
                host=host,
                port=port,
                is_https=https,
                names=tuple(name or ()),
                proxy_header=proxy_header,
                proxies=tuple(proxy or ()),
                oidc_issuer=oidc,
                oidc_client=oidc_client,
                oidc_claim=oidc_claim,
            )
        )

    finish(act, as_json=False, debug=debug, step="Opening the cockpit")


@user_app.command("add", short_help="Make an account.")
def user_add(
    chain: Chain,
    name: Name,
    role: Annotated[str, typer.Option(help="viewer reads, planner changes, approver approves and exports; or admin.")],
    is_external: Annotated[
        bool, typer.Option("--external", help="No password: a trusted proxy signs this person in.")
    ] = False,
    runs: RunsFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make an account; the password is asked for, or read from one line of stdin."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.account_commands import add_account, asked_password

        return add_account(chain, runs, name, role=role, password=None if is_external else asked_password())

    finish(act, as_json=as_json, debug=debug, step="")


@user_app.command("list", short_help="List the accounts.")
def user_list(chain: Chain, runs: RunsFolder = None, as_json: Json = False, debug: Debug = False) -> None:
    """List the accounts with their roles."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.account_commands import list_accounts

        return list_accounts(chain, runs)

    finish(act, as_json=as_json, debug=debug, step="")


@user_app.command("remove", short_help="Remove an account.")
def user_remove(chain: Chain, name: Name, runs: RunsFolder = None, as_json: Json = False, debug: Debug = False) -> None:
    """Remove an account; whoever uses it is out at once."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.account_commands import remove_account

        return remove_account(chain, runs, name)

    finish(act, as_json=as_json, debug=debug, step="")


@user_app.command("password", short_help="Change a password.")
def user_password(
    chain: Chain, name: Name, runs: RunsFolder = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Give an account another password; its sessions and tokens end."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.account_commands import asked_password, change_password

        return change_password(chain, runs, name, password=asked_password())

    finish(act, as_json=as_json, debug=debug, step="")


@user_app.command("rotate-key", short_help="Make a new key for tokens.")
def user_rotate_key(
    chain: Chain,
    is_ending_tokens: Annotated[
        bool, typer.Option("--end-tokens", help="Let every token end at once, not when its hour is over.")
    ] = False,
    runs: RunsFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a new key that signs the tokens of the JSON API; a running server takes it up within a second."""

    def act() -> Outcome:
        with server_installed():
            from cockpit.web.account_commands import rotate_token_key

        return rotate_token_key(chain, runs, is_ending_tokens=is_ending_tokens)

    finish(act, as_json=as_json, debug=debug, step="")
