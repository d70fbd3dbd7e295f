"""The load benchmark at its smallest: every page and list answers, and nothing fails under a little load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_little_load_has_no_errors() -> None:
    words = [sys.executable, str(ROOT / "benchmarks" / "serve_load.py"), "--smoke"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    loads = [*found["pages"].values(), found["promise"], found["approve"], *found["mixed"]]
    assert [each["errors"] for each in loads if each["errors"]] == []
    assert all(each["n"] > 0 for each in loads)
    assert "/api/v1/orders?per_page=100" in found["pages"]
