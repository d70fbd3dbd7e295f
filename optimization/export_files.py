"""Files that leave the house: safe names, and writing that is whole or not at all."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

MAX_NAME = 120  # letters of a file name without its ending; some file systems hold 255 bytes
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # devices where file systems know them


class ExportError(Exception):
    """Something that cannot be written as asked; the message says what to do instead."""


def is_safe_name(name: str) -> bool:
    """Return whether a text can be a file name anywhere: letters, digits, ``_``, ``-`` and ``.``, and no way out."""
    is_plain = _SAFE_NAME.fullmatch(name) is not None and ".." not in name and not name.endswith(".")
    return is_plain and len(name) <= MAX_NAME and _RESERVED.fullmatch(name) is None


def checked_name(name: str) -> str:
    """Return a file name that stays in its folder.

    Raises
    ------
    ExportError
        If it could mean another place or a device.
    """
    if not is_safe_name(name):
        raise ExportError(f"{name[:60]!r} is no file name: use up to {MAX_NAME} letters, digits, '_', '-' and '.'")
    return name


def file_stem(identifier: str) -> str:
    """Name a file after any id: as it is where that is safe, else its safe letters and eight digits of its hash."""
    if is_safe_name(identifier):
        return identifier
    kept = re.sub(r"[^A-Za-z0-9_-]+", "_", identifier)[:40].strip("_-") or "id"
    return f"{kept}-{hashlib.sha256(identifier.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write a temporary name in the same folder, sync the file, rename it into place, sync the folder."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    _sweep(path)
    try:
        write(partial)
        _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write a file's content as `write_atomically` does."""

    def write(partial: Path) -> None:
        partial.write_bytes(content)

    write_atomically(path, write)


def _sweep(path: Path) -> None:
    """Remove what killed processes left of this file; the work of a living one stays."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        process = left.name.split(".")[-2]
        if process.isdecimal() and not Path(f"/proc/{process}").exists() and Path("/proc").exists():
            left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
