"""Parts shared by processes: the same results in order, and an end with words where a process is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from optimization.partition.run import part_runner

LONGER_THAN_A_PIPE = b"x" * 1_000_000


def length_with(part: int, shared: bytes) -> int:
    return part + len(shared)


def test_parts_come_back_in_their_order() -> None:
    for workers in (1, 2):
        with part_runner(LONGER_THAN_A_PIPE, workers) as runner:
            assert list(runner.map(length_with, [3, 1, 2])) == [1_000_003, 1_000_001, 1_000_002]


def kill_workers_at_birth(until: threading.Event) -> None:
    """Kill every process that `multiprocessing` starts for this one, before it can read anything."""
    while not until.is_set():
        with contextlib.suppress(OSError):  # a process or a thread has ended meanwhile
            for children in Path("/proc/self/task").glob("*/children"):
                for child in children.read_text().split():
                    if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(int(child), signal.SIGKILL)
        time.sleep(0.002)


def test_a_worker_that_is_killed_at_birth_ends_the_run() -> None:
    done = threading.Event()
    killer = threading.Thread(target=kill_workers_at_birth, args=(done,), daemon=True)
    killer.start()
    try:
        with pytest.raises(BrokenProcessPool), part_runner(LONGER_THAN_A_PIPE, 2) as runner:
            list(runner.map(length_with, [1, 2, 3]))
    finally:
        done.set()
        killer.join(timeout=10)
