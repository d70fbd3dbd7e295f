"""`tierflow user`: accounts from the command line, where the server runs."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path

from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import runs_folder
from cockpit.web.accounts import ACCOUNTS_FILE, AccountError, Accounts
from cockpit.web.keys import rotate_key
from cockpit.web.people import Role


def accounts_of(chain: Path, runs: Path | None) -> Accounts:
    """Return the accounts of a chain."""
    return Accounts(runs_folder(chain, runs) / ACCOUNTS_FILE)


def asked_password() -> str:
    """Return a password typed twice without being shown, or one line of stdin where nobody watches.

    Raises
    ------
    UsageError
        If the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != first:
        raise UsageError("The two passwords differ: nothing was changed.")
    return first


def add_account(chain: Path, runs: Path | None, name: str, *, role: str, password: str | None) -> Outcome:
    """Make an account.

    Raises
    ------
    UsageError
        If there is no such role, the name is taken or unfit, or the password too short.
    """
    if role not in set(Role):
        raise UsageError(f"{role!r} is no role: give one of {', '.join(Role)}.")
    try:
        accounts_of(chain, runs).add(name, Role(role), password, at=datetime.now(UTC))
    except AccountError as error:
        raise UsageError(str(error)) from error
    how = "signs in through the proxy" if password is None else "can sign in"
    return _done(f"{name} {how} as {role}.", name=name, role=role)


def list_accounts(chain: Path, runs: Path | None) -> Outcome:
    """List the accounts."""
    accounts = accounts_of(chain, runs).all()
    rows = tuple((each.name, str(each.role), "password" if each.has_password else "proxy") for each in accounts)
    lines = () if rows else (f"Nobody can sign in yet: tierflow user add {chain} NAME --role admin",)
    listed = [{"name": each.name, "role": str(each.role), "has_password": each.has_password} for each in accounts]
    block = Block("Accounts", lines, ("name", "role", "signs in by"), rows)
    return Outcome(ExitCode.DONE, (block,), {"exit_code": 0, "accounts": listed})


def remove_account(chain: Path, runs: Path | None, name: str) -> Outcome:
    """Remove an account.

    Raises
    ------
    UsageError
        If there is no such account.
    """
    try:
        accounts_of(chain, runs).remove(name)
    except AccountError as error:
        raise UsageError(str(error)) from error
    return _done(f"{name} can no longer sign in.", name=name)


def change_password(chain: Path, runs: Path | None, name: str, *, password: str) -> Outcome:
    """Give an account another password.

    Raises
    ------
    UsageError
        If there is no such account or the password is too short.
    """
    try:
        accounts_of(chain, runs).set_password(name, password)
    except AccountError as error:
        raise UsageError(str(error)) from error
    return _done(f"{name} has another password; sessions and tokens from before have ended.", name=name)


def rotate_token_key(chain: Path, runs: Path | None, *, is_ending_tokens: bool) -> Outcome:
    """Make a new key for the tokens of the JSON API."""
    key = rotate_key(runs_folder(chain, runs), at=datetime.now(UTC), is_ending_tokens=is_ending_tokens)
    rest = "every token from before has ended" if is_ending_tokens else "tokens from before end with their hour"
    return _done(f"Tokens are signed with key {key.id} from now on; {rest}.", key=key.id)


def _done(words: str, **facts: str) -> Outcome:
    return Outcome(ExitCode.DONE, (Block(lines=(words,)),), {"exit_code": 0, **facts})
