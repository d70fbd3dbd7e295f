"""The benchmark of executors runs, and every executor gives the bits of one process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_local_and_dask_give_the_same_bits_and_the_bytes_sent_are_told() -> None:
    pytest.importorskip("distributed", reason="misses Dask: the extra dask is not installed")
    command = [sys.executable, str(ROOT / "benchmarks" / "executors.py"), "--smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told["executors"]) == {"local 1", "dask 1"}
    assert all(row["is_same"] for row in told["executors"].values())
    assert told["parts"] > 1
    assert min(told["shared_bytes"], told["part_bytes_by_point"], told["targets_bytes_by_point"]) > 0
