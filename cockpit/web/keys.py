"""The keys that sign tokens: a file of the run folder that only its owner may read, and their rotation."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from network.store_files import sync_folder

KEYS_FILE = "token-keys.json"
_SECRET_BYTES = 32


class KeyFileError(Exception):
    """The key file cannot be trusted; the message says what to do."""


@dataclass(frozen=True)
class SigningKey:
    """One secret.

    Parameters
    ----------
    id
        Name that stands in the tokens it signs.
    secret
        64 hexadecimal digits.
    made_at
        When it was made [UTC].
    """

    id: str
    secret: str
    made_at: str


def signing_keys(folder: Path, *, at: datetime) -> tuple[SigningKey, ...]:
    """Return the keys of a runs folder, newest first; the first one is made when there is none.

    Raises
    ------
    KeyFileError
        If others than its owner may read or write the file, or it holds no keys.
    """
    path = folder / KEYS_FILE
    if not path.is_file():
        _write(path, (_new_key(at),), is_new=True)
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path} can be read by others: run `chmod 600` on it and `tierflow user rotate-key`.")
    try:
        with path.open(encoding="utf-8") as file:
            keys = tuple(SigningKey(**row) for row in json.load(file)["keys"])
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path} holds no keys: remove it, and everybody signs in again.") from error
    if not keys:
        raise KeyFileError(f"{path} holds no keys: remove it, and everybody signs in again.")
    return keys


def rotate_key(folder: Path, *, at: datetime, is_ending_tokens: bool = False) -> SigningKey:
    """Make a new key; the one before it stays good for the tokens that it signed, older ones go.

    Parameters
    ----------
    folder
        The runs folder.
    at
        When [UTC].
    is_ending_tokens
        Whether the one before goes too, so that every token ends at once.
    """
    held = () if is_ending_tokens else signing_keys(folder, at=at)[:1]
    new = _new_key(at)
    _write(folder / KEYS_FILE, (new, *held), is_new=False)
    return new


def _new_key(at: datetime) -> SigningKey:
    return SigningKey(secrets.token_hex(4), secrets.token_hex(_SECRET_BYTES), at.isoformat())


def _write(path: Path, keys: tuple[SigningKey, ...], *, is_new: bool) -> None:
    """Replace the file in one step; nobody else can read it at any moment. Of two that make it, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": [vars(key) for key in keys]}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        if is_new:
            # Another process may have made it meanwhile: its key counts.
            with suppress(FileExistsError):
                os.link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
