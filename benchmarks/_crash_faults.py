"""What a system does to a command: calls that fail, a full file, a locked ledger, a worker that is killed.

Each fault is a function that runs one tierflow command under it in a child and returns its exit code; what the command
says on stderr goes to a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks._crash_run import Points, begun, command, in_child

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
WAIT_SECONDS = 0.2
"""How long a command waits for a locked ledger here [s]; in earnest it is 30."""
LIMITS_KB = (1, 16, 48)
"""Sizes at which a file is full: writing beyond fails in C libraries too, where no Python code sees it [kB]."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind
        What.
    run
        Takes the command, the folder it may change and the file for its stderr; returns the exit code.
    """

    kind: str
    run: Callable[[Sequence[str], Path, Path], int]


def failed_call(words: Sequence[str], folder: Path, said: Path, *, number: int, error: int) -> int:
    """One point fails as the system would let it fail."""

    def act(reached: int, name: str) -> None:
        if reached == number:
            raise OSError(error, os.strerror(error))

    def work() -> int:
        Points(folder, act).listen()
        return command(words)

    return in_child(work, said=said)


def full_file(words: Sequence[str], folder: Path, said: Path, *, limit_kb: int) -> int:
    """No file can grow beyond a size."""

    def work() -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * limit_kb, resource.RLIM_INFINITY))
        try:
            return command(words)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return in_child(work, said=said)


def locked_ledger(words: Sequence[str], folder: Path, said: Path, *, number: int) -> int:
    """Another writer takes the ledger when the command has reached a point, and keeps it (0: from the beginning)."""

    def work() -> int:
        import optimization.ledger as ledgers

        ledgers.OrderLedger = partial(ledgers.OrderLedger, lock_seconds=WAIT_SECONDS)  # type: ignore[assignment, misc]
        other = sqlite3.connect(folder / "chain" / "runs" / "orders.sqlite", isolation_level=None, timeout=0.0)

        def act(reached: int, name: str) -> None:
            if reached >= number and not other.in_transaction:
                with contextlib.suppress(sqlite3.OperationalError):  # the command holds it: at its next point, then
                    other.execute("BEGIN IMMEDIATE")

        act(0, "")
        Points(folder, act).listen()
        return command(words)

    return in_child(work, said=said)


def killed_worker(words: Sequence[str], folder: Path, said: Path, *, seconds: float) -> int:
    """The job runs with two workers, and one of them is killed some time after it was born."""
    child = begun(lambda: command([*words, "--workers", "2"]), said=said)
    is_killed = False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if not is_killed and (workers := _workers(child)):
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.kill(workers[0], signal.SIGKILL)
            is_killed = True
        time.sleep(0.01)


def _workers(parent: int) -> list[int]:
    """Processes that `multiprocessing` started for a process; its resource tracker is none."""
    found = []
    for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            words = Path(f"/proc/{word}/cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if b"spawn_main" in words:
            found.append(int(word))
    return found


def faults_of(n_points: int, name: str, *, n_calls: int, is_all: bool) -> Iterator[Fault]:
    """The faults that one command is put under.

    Parameters
    ----------
    n_points
        How many points the command has.
    name
        The command.
    n_calls
        Failing calls, spread over its points, the kinds of error in turn.
    is_all
        Whether the other faults come too.
    """
    spread = sorted({1 + round(i * (n_points - 1) / max(n_calls - 1, 1)) for i in range(n_calls)})
    for i, number in enumerate(spread):
        error = ERRORS[i % len(ERRORS)]
        yield Fault(errno.errorcode[error], partial(failed_call, number=number, error=error))
    locked_from = (0, 1, n_points // 2) if is_all else (0,)
    yield from (Fault("locked", partial(locked_ledger, number=number)) for number in locked_from)
    if is_all:
        yield from (Fault("full_file", partial(full_file, limit_kb=limit)) for limit in LIMITS_KB)
    if is_all and name == "replenish":
        yield from (Fault("killed_worker", partial(killed_worker, seconds=seconds)) for seconds in (0.0, 1.0, 3.0))
