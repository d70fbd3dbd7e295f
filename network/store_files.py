"""Files that are written whole or not at all, and folders that get their name only when they are complete."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from network.store_lock import Process, this_process

TEMPORARY = ".writing-"
_TEMPORARY_NAME = re.compile(r"\.writing-(\d+)-(\w*)-(\w*)-.*")

# What decides a plan beside data and configuration: engine.py and these packages, and the libraries that compute.
_SOURCES = ("engine.py", "network", "forecasting", "optimization")
_LIBRARIES = ("lightgbm", "numpy", "ortools", "pandas", "scipy", "statsmodels")


@functools.cache
def code_version() -> str:
    """Hash the sources that decide a plan and the versions of the libraries that compute it (16 hex digits)."""
    root = Path(__file__).resolve().parent.parent
    paths = [
        path for name in _SOURCES for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))
    ]
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.exists()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for library in _LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}\n".encode())
    return digest.hexdigest()[:16]


def write_folder(
    final: Path,
    write: Callable[[Path], None],
    *,
    finish: Callable[[Path], None],
    within: AbstractContextManager[object] | None = None,
) -> None:
    """Write a folder beside its final place, force it to the disk and give it its name in one step.

    Parameters
    ----------
    final
        The folder's place; must not exist.
    write
        Writes the content into the folder it is given.
    finish
        Writes the last file, the manifest.
    within
        Entered for the one step in which the folder gets its name: what it does happens with that, or neither happens.

    Raises
    ------
    OSError
        If somebody made the final folder in the meantime, or the disk fails; nothing is left behind.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    process = this_process()
    temporary = final.parent / f"{TEMPORARY}{process.pid}-{process.start}-{process.place}-{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        write(temporary)
        sync_tree(temporary)
        finish(temporary)
        sync_tree(temporary)
        with within or contextlib.nullcontext():
            temporary.replace(final)
            sync_folder(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep_folder(folder: Path) -> list[str]:
    """Remove what killed processes left half written.

    Parameters
    ----------
    folder
        Where `write_folder` and `write_file` write.

    Returns
    -------
    Names of what was removed; the work of living processes stays.
    """
    removed = []
    for path in sorted(folder.glob(f"{TEMPORARY}*")) if folder.is_dir() else []:
        match = _TEMPORARY_NAME.fullmatch(path.name)
        if match and Process(int(match[1]), match[2], match[3]).is_alive():
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        removed.append(path.name)
    return removed


def write_file(path: Path, text: str) -> None:
    """Replace a text file in one step; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step, surviving a power cut: temporary name, fsync, `os.replace`, fsync of the folder.

    Parameters
    ----------
    path
        The file; its folder is made if need be.
    content
        Its new content.

    Raises
    ------
    OSError
        If the disk fails; nothing half written is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    process = this_process()
    temporary = path.parent / f"{TEMPORARY}{process.pid}-{process.start}-{process.place}-{path.name}"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Force every file and folder below a folder, and the folder itself, to the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            with Path(parent, name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(parent))


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_bytes(path: Path) -> bytes:
    """Return the content of a file of a user, such as an edited sheet."""
    return path.read_bytes()


def file_hash(path: Path) -> str:
    """Return the sha256 of a file (64 hex digits)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_text(value: object) -> str:
    """Write plain values as readable, strictly valid JSON: what is not a number becomes null, dates become text."""
    return json.dumps(_jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_jsonable(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    if not isinstance(value, (str, bool, int, float)) and hasattr(value, "tolist"):
        return _jsonable(value.tolist())  # numpy scalars and arrays
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
