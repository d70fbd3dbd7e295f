"""A real PostgreSQL server for tests, started on a socket of its own and thrown away."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 120
OPTIONS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"


class ServerMissing(Exception):
    """There is no server to start; the message says what is missing."""


def programs() -> Path:
    """Folder of `initdb` and `pg_ctl`.

    Raises
    ------
    ServerMissing
        If PostgreSQL is not installed.
    """
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()]
    if not found:
        raise ServerMissing("no PostgreSQL server is installed (apt-get install postgresql)")
    return found[0]


def _user() -> str | None:
    """Whom the server runs as: the server refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise ServerMissing("the server refuses to run as root, and there is no user postgres") from error


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server; gives its address, and stops it and removes its files in the end.

    Raises
    ------
    ServerMissing
        If there is nothing to start.
    """
    user, folder = _user(), programs()
    place = Path(tempfile.mkdtemp(prefix="tierflow-postgres-", dir="/tmp"))  # a socket's path must be short
    try:
        if user is not None:
            shutil.chown(place, user)
        data = place / "data"
        _do(user, folder / "initdb", "-D", data, "-U", "planner", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--no-locale")  # fmt: skip
        start = ("start", "-w", "-t", SECONDS, "-l", place / "log", "-o", f"{OPTIONS} -k {place}")
        _do(user, folder / "pg_ctl", "-D", data, *start)
        try:
            yield f"postgresql://planner@/postgres?host={place}"
        finally:
            _do(user, folder / "pg_ctl", "-D", data, "stop", "-m", "immediate")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _do(user: str | None, *words: object) -> None:
    """Run a program of the server; its output goes to files, because the server inherits and keeps them open."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [str(word) for word in words],
            stdout=said,
            stderr=said,
            user=user,
            check=False,
            cwd="/",
            timeout=2 * SECONDS,
        )
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{words[0]} failed: {said.read().decode(errors='replace')[-500:]}")
