"""One run at a time: a lock file that names its holder and that a dead holder cannot keep.

The operating system's own lock on the file (`flock`) ends with the process that holds it, also when it is killed, also
in another container. Process id and start time in the file say who holds it, and guard file systems without `flock`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK_FILE = ".lock"
_MAX_BYTES = 4096
_POLL_SECONDS = 0.05

# Fields of /proc/<pid>/stat after the command: state is the first, start time since boot the twentieth (proc(5)).
_STATE_FIELD, _START_FIELD = 0, 19
_DEAD_STATES = frozenset("ZXx")


@dataclass(frozen=True)
class Process:
    """A process that cannot be taken for a later one with the same number.

    Parameters
    ----------
    pid
        Process id.
    start
        Clock ticks from boot to its start; empty where the system does not tell.
    place
        Boot and process-id namespace in which the id means something; empty where the system does not tell.
    """

    pid: int
    start: str
    place: str

    def is_alive(self) -> bool:
        """Say whether this very process still runs here; one of another boot or container does not."""
        if self.place != _place() or not _runs(self.pid):
            return False
        return not self.start or _start(self.pid) in (self.start, None)


class ChainLocked(Exception):
    """Another process holds the chain.

    Parameters
    ----------
    folder
        The locked folder.
    holder
        Who holds it; None if it has not said so yet.
    host
        Its machine.
    """

    def __init__(self, folder: Path, holder: Process | None, *, host: str = "") -> None:
        self.folder = folder
        self.holder = holder
        who = f"process {holder.pid} on {host or 'this machine'}" if holder else "a process that has only just started"
        super().__init__(f"{folder} is held by {who}; wait until it has ended")


def this_process() -> Process:
    """Return the identity of the running process."""
    return Process(os.getpid(), _start(os.getpid()) or "", _place())


@contextlib.contextmanager
def lock(path: Path, *, wait_seconds: float = 0.0) -> Iterator[Process]:
    """Hold a folder against other runs; the lock of a dead holder is taken over.

    Parameters
    ----------
    path
        Folder to hold, made if need be; the lock is its file `.lock`.
    wait_seconds
        How long to wait for a living holder to end [seconds].

    Yields
    ------
    The identity written into the lock file.

    Raises
    ------
    ChainLocked
        If a living process, this one included, holds the folder, and still does after the wait.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _acquire_in_time(descriptor, folder, wait_seconds)
        # The file stays: removing it could remove the lock of whoever opened it in the meantime.
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire_in_time(descriptor: int, folder: Path, wait_seconds: float) -> Process:
    """Try again until the holder has ended or the time is up."""
    end = time.monotonic() + wait_seconds
    while True:
        try:
            return _acquire(descriptor, folder)
        except ChainLocked:
            if time.monotonic() >= end:
                raise
            time.sleep(_POLL_SECONDS)


def _acquire(descriptor: int, folder: Path) -> Process:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder, host = _read_holder(descriptor)
        raise ChainLocked(folder, holder, host=host) from None
    holder, host = _read_holder(descriptor)
    ours = this_process()
    if holder is not None and holder != ours and holder.is_alive():
        raise ChainLocked(folder, holder, host=host)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({**asdict(ours), "host": socket.gethostname()}).encode(), 0)
    os.fsync(descriptor)
    return ours


def _read_holder(descriptor: int) -> tuple[Process | None, str]:
    """Return who the lock file names; a file half written by a process that was killed names nobody."""
    text = os.pread(descriptor, _MAX_BYTES, 0).decode(errors="replace")
    try:
        named = json.loads(text)
        return Process(int(named["pid"]), str(named["start"]), str(named["place"])), str(named.get("host", ""))
    except (ValueError, KeyError, TypeError):
        return None, ""


def _stat_fields(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat after the command, which may itself hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _start(pid: int) -> str | None:
    fields = _stat_fields(pid)
    return fields[_START_FIELD] if fields else None


def _runs(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    fields = _stat_fields(pid)
    return fields is None or fields[_STATE_FIELD] not in _DEAD_STATES


def _place() -> str:
    """Return boot id and process-id namespace, empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip().partition("-")[0]
        return f"{boot}_{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""
