"""Local accounts and the sessions of browsers, in one SQLite file beside the runs.

Passwords are kept as argon2 hashes, session tokens as sha256. There is no clock in here; every time is an argument.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sql

from cockpit.web.people import Role

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ACCOUNTS_FILE = "accounts.sqlite"
MIN_PASSWORD, MAX_PASSWORD = 10, 200
_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")

_METADATA = sql.MetaData()
_ACCOUNTS = sql.Table(
    "accounts",
    _METADATA,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("role", sql.Text, nullable=False),
    sql.Column("password", sql.Text, nullable=False),
    sql.Column("stamp", sql.Text, nullable=False),
    sql.Column("made_at", sql.Text, nullable=False),
)
"""`password` is empty where somebody else, such as a proxy, says who asks; `stamp` is new with each password."""
_SESSIONS = sql.Table(
    "sessions",
    _METADATA,
    sql.Column("token_hash", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("stamp", sql.Text, nullable=False),
    sql.Column("ends_at", sql.Text, nullable=False, index=True),
)


class AccountError(Exception):
    """An account cannot be made, changed or found as asked; the message says why."""


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in.

    Parameters
    ----------
    name
        Name in sign-in and in the audit log.
    role
        What they may do.
    stamp
        Changes with the password: sessions and tokens from before it end.
    has_password
        Whether they sign in here; otherwise a trusted proxy says who they are.
    """

    name: str
    role: Role
    stamp: str
    has_password: bool


@dataclass(frozen=True)
class Accounts:
    """The accounts of one chain.

    Parameters
    ----------
    path
        The file; made with the first account.
    """

    path: Path

    def add(self, name: str, role: Role, password: str | None, *, at: datetime) -> None:
        """Make an account; without a password only a trusted proxy can bring its holder.

        Raises
        ------
        AccountError
            If the name is taken or unfit, or the password too short.
        """
        if not _NAME.fullmatch(name):
            raise AccountError("A name is a letter or digit, then up to 63 letters, digits or . _ @ + - characters.")
        hashed = "" if password is None else _hashed(name, password)
        row = {"name": name, "role": str(role), "password": hashed, "stamp": _stamp(), "made_at": at.isoformat()}
        try:
            with self._writing() as connection:
                connection.execute(_ACCOUNTS.insert(), row)
        except sql.exc.IntegrityError as error:
            raise AccountError(f"There is an account {name!r} already.") from error

    def remove(self, name: str) -> None:
        """Remove an account; whoever uses it is out at once.

        Raises
        ------
        AccountError
            If there is no such account.
        """
        with self._writing() as connection:
            self._require(connection.execute(_ACCOUNTS.delete().where(_ACCOUNTS.c.name == name)).rowcount, name)
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.name == name))

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; sessions and tokens from before end.

        Raises
        ------
        AccountError
            If there is no such account or the password is too short.
        """
        changes = {"password": _hashed(name, password), "stamp": _stamp()}
        with self._writing() as connection:
            changed = connection.execute(_ACCOUNTS.update().where(_ACCOUNTS.c.name == name).values(**changes))
            self._require(changed.rowcount, name)
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.name == name))

    def all(self) -> tuple[Account, ...]:
        """Return every account, by name."""
        if not self.path.is_file():
            return ()
        with self._engine.connect() as connection:
            return tuple(_account(row) for row in connection.execute(_ACCOUNTS.select().order_by(_ACCOUNTS.c.name)))

    def find(self, name: str) -> Account | None:
        """Return one account, None if there is none."""
        if not self.path.is_file():
            return None
        with self._engine.connect() as connection:
            row = connection.execute(_ACCOUNTS.select().where(_ACCOUNTS.c.name == name)).first()
        return None if row is None else _account(row)

    def verified(self, name: str, password: str) -> Account | None:
        """Return the account if the password is its own; takes as long for a name that nobody has."""
        from argon2.exceptions import InvalidHashError, VerificationError

        account, held = self.find(name), ""
        if account is not None:
            with self._engine.connect() as connection:
                held = str(
                    connection.execute(sql.select(_ACCOUNTS.c.password).where(_ACCOUNTS.c.name == name)).scalar()
                )
        try:
            _hasher().verify(held or _nobodys_hash(), password[: MAX_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return None
        return account if held else None

    def open_session(self, account: Account, *, at: datetime, hours: float) -> str:
        """Return the token of a new session; ended ones are swept away."""
        token = secrets.token_urlsafe(32)
        row = {"token_hash": _token_hash(token), "name": account.name, "stamp": account.stamp}
        with self._writing() as connection:
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.ends_at < at.isoformat()))
            connection.execute(_SESSIONS.insert(), {**row, "ends_at": (at + timedelta(hours=hours)).isoformat()})
        return token

    def in_session(self, token: str, *, at: datetime) -> Account | None:
        """Return whose session this is, None if it has ended or never was."""
        if not self.path.is_file():
            return None
        query = (
            sql.select(_ACCOUNTS)
            .join(_SESSIONS, sql.and_(_SESSIONS.c.name == _ACCOUNTS.c.name, _SESSIONS.c.stamp == _ACCOUNTS.c.stamp))
            .where(_SESSIONS.c.token_hash == _token_hash(token), _SESSIONS.c.ends_at >= at.isoformat())
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _account(row)

    def close_session(self, token: str) -> None:
        """End a session."""
        with self._writing() as connection:
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.token_hash == _token_hash(token)))

    @staticmethod
    def _require(n_changed: int, name: str) -> None:
        if not n_changed:
            raise AccountError(f"There is no account {name!r}.")

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        with self._engine.begin() as connection:
            yield connection

    @cached_property
    def _engine(self) -> sql.Engine:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        engine = sql.create_engine(sql.URL.create("sqlite", database=str(self.path)), connect_args={"timeout": 10.0})
        _METADATA.create_all(engine)
        return engine


def _account(row: sql.Row[tuple[object, ...]]) -> Account:
    return Account(str(row.name), Role(row.role), str(row.stamp), has_password=bool(row.password))


def _stamp() -> str:
    return secrets.token_hex(8)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hashed(name: str, password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if name.casefold() in password.casefold():
        raise AccountError("A password must not hold the account's name.")
    return _hasher().hash(password)


@cache
def _hasher() -> PasswordHasher:
    """argon2id as its library recommends (RFC 9106, low memory)."""
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash of a password that nobody knows."""
    return _hasher().hash(secrets.token_urlsafe(16))
