"""Parts shared by processes: the same results, in order, whatever they share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from optimization.partition.run import part_runner

ROOT = Path(__file__).resolve().parents[3]
LONGER_THAN_A_PIPE = b"x" * 1_000_000


def length_with(part: int, shared: bytes) -> int:
    return part + len(shared)


def test_parts_come_back_in_their_order() -> None:
    for workers in (1, 2):
        with part_runner(LONGER_THAN_A_PIPE, workers) as runner:
            assert list(runner.map(length_with, [3, 1, 2])) == [1_000_003, 1_000_001, 1_000_002]


DIES_AT_BIRTH = """
import os
from optimization.partition.run import part_runner


def die(content):
    os._exit(9)


class Fatal:
    def __reduce__(self):
        return die, (b"x" * 1_000_000,)


def size(part, shared):
    return part


if __name__ == "__main__":
    with part_runner(Fatal(), 2) as runner:
        print(list(runner.map(size, [1, 2, 3])))
"""


def test_workers_that_die_while_they_read_what_all_share_end_the_plan(tmp_path: Path) -> None:
    """It must not wait for them for ever: a program of its own, so that a wait fails this test and stops no other."""
    script = tmp_path / "dies.py"
    script.write_text(DIES_AT_BIRTH)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, env=environment)
    assert ended.returncode == 1
    assert "BrokenProcessPool" in ended.stderr
    assert ended.stdout == ""
