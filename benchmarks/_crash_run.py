"""A command in a process of its own, killed or failed where something on the disk is about to change.

The points are found by listening, not by marking the code: Python's audit events tell every file that is opened to be
written, renamed or removed, and every folder made or removed; `os.fsync` is wrapped; SQLAlchemy tells every statement
that writes, and every commit. A point counts only below the given folder.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PATHS = {"os.rename": (0, 1), "os.remove": (0,), "os.mkdir": (0,), "os.rmdir": (0,)}
_SQL_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "BEGIN IMMEDIATE")


class Points:
    """Counts the points below a folder, and acts at one of them.

    Parameters
    ----------
    folder
        Where changes count.
    act
        Called with each point's number (from 1) and name, before the change.
    """

    def __init__(self, folder: Path, act: Callable[[int, str], None]) -> None:
        self._folder = str(folder.resolve())
        self._act = act
        self.names: list[str] = []

    def reached(self, name: str) -> None:
        """Count one point."""
        self.names.append(name)
        self._act(len(self.names), name)

    def listen(self) -> None:
        """Begin to listen; a process cannot stop again, so it has to be one of its own."""
        import sqlalchemy

        sync = os.fsync

        def fsync(descriptor: int) -> None:
            if self._is_ours(Path(f"/proc/self/fd/{descriptor}").readlink()):
                self.reached("fsync")
            sync(descriptor)

        os.fsync = fsync  # type: ignore[assignment]
        sys.addaudithook(self._heard)
        sqlalchemy.event.listen(sqlalchemy.Engine, "commit", lambda connection: self.reached("commit"))
        sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", self._statement)

    def _statement(self, connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(_SQL_WRITES):
            self.reached(" ".join(statement.split()[:3]))

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            flags = arguments[2] if len(arguments) > 2 else 0
            if isinstance(flags, int) and flags & _WRITING and self._is_ours(arguments[0]):
                self.reached(f"open {Path(str(arguments[0])).name}")
        elif event in _PATHS and any(self._is_ours(arguments[i]) for i in _PATHS[event]):
            self.reached(f"{event} {Path(str(arguments[0])).name}")

    def _is_ours(self, path: object) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        return str(Path(path).absolute()).startswith(self._folder)


def begun(work: Callable[[], int], *, said: Path | None = None) -> int:
    """Begin work in a forked process; returns its id. What it says on stderr goes to a file, or nowhere."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(said or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
            code = work()
        finally:
            os._exit(code)
    return child


def in_child(work: Callable[[], int], *, said: Path | None = None) -> int:
    """Carry out work in a forked process; returns its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(begun(work, said=said), 0)[1])


def command(words: Sequence[str]) -> int:
    """Run one tierflow command in this process; returns its exit code."""
    from cockpit.cli import main

    try:
        main(list(words))
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def load_what_is_needed(words: Sequence[str], log: Path) -> None:
    """Run a command in a child, and import here what it imported there: later children need not.

    Nothing is computed in this process, so it has no threads that a fork would lose.

    Raises
    ------
    RuntimeError
        If the command fails.
    """

    def work() -> int:
        code = command(words)
        log.write_text("\n".join(sys.modules), encoding="utf-8")
        return code

    code = in_child(work)
    if code not in (0, 4):
        raise RuntimeError(f"{' '.join(words)} ended with code {code}")
    for name in log.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ImportError, AttributeError, TypeError):  # a module that its package made up
            importlib.import_module(name)


def points_of(words: Sequence[str], folder: Path, log: Path) -> list[str]:
    """Run a command to its end and return the name of every point that it reached below a folder."""

    def work() -> int:
        points = Points(folder, lambda number, name: None)
        points.listen()
        code = command(words)
        log.write_text("\n".join(points.names), encoding="utf-8")
        return code

    code = in_child(work)
    if code not in (0, 4):
        raise RuntimeError(f"{' '.join(words)} ended with code {code}")
    return log.read_text(encoding="utf-8").splitlines()


def killed_at(words: Sequence[str], folder: Path, number: int) -> int:
    """Run a command and kill it (SIGKILL) at a point; returns minus 9, or its exit code if it never got there."""

    def act(reached: int, name: str) -> None:
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> int:
        Points(folder, act).listen()
        return command(words)

    return in_child(work)


def killed_after(words: Sequence[str], seconds: float) -> int:
    """Run a command and kill it (SIGKILL) after a time [s]; returns minus 9, or its exit code if it was faster."""
    child = begun(lambda: command(words))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
