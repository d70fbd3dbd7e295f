"""Published runs in memory: read once, and a newer one found without a restart."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from cockpit.web.published import PublishedRuns
from network.store import RunStore


def publish(folder: Path, run_id: str, cutoff: str, units: int) -> None:
    store = RunStore(folder)
    table = pd.DataFrame({"units": [units]})
    store.publish(
        run_id, lambda place: store.write_table(place, "orders", table), {"cutoff": cutoff, "currency": "CNY"}
    )


def test_a_newer_run_takes_over_and_the_older_one_stays_readable(tmp_path: Path) -> None:
    runs = PublishedRuns(tmp_path / "runs", tmp_path, seconds_between_looks=0.0)
    assert runs.newest() is None
    publish(tmp_path / "runs", "20241106-a", "2024-11-06", 3)
    first = runs.newest()
    assert first is not None
    assert first.table("orders")["units"].tolist() == [3]
    publish(tmp_path / "runs", "20241107-b", "2024-11-07", 4)
    second = runs.newest()
    assert second is not None
    assert (second.run_id, second.cutoff, second.currency) == ("20241107-b", pd.Timestamp("2024-11-07"), "CNY")
    assert runs.named("20241106-a") is first


def test_a_table_is_read_from_the_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, "20241106-a", "2024-11-06", 3)
    run = PublishedRuns(tmp_path, tmp_path).newest()
    assert run is not None
    reads: list[Any] = []
    original = RunStore.read_table
    monkeypatch.setattr(RunStore, "read_table", lambda *given: reads.append(given) or original(*given))
    assert run.table("orders").equals(run.table("orders"))
    assert len(reads) == 1


def test_what_a_caller_writes_into_a_table_nobody_else_sees(tmp_path: Path) -> None:
    publish(tmp_path, "20241106-a", "2024-11-06", 3)
    run = PublishedRuns(tmp_path, tmp_path).newest()
    assert run is not None
    table = run.table("orders")
    table.loc[0, "units"] = 99
    assert run.table("orders")["units"].tolist() == [3]


def test_a_run_that_is_not_published_is_unknown(tmp_path: Path) -> None:
    publish(tmp_path, "20241106-a", "2024-11-06", 3)
    runs = PublishedRuns(tmp_path, tmp_path)
    for name in ("20241106", "../20241106-a", "models", ""):
        with pytest.raises(KeyError):
            runs.named(name)


def test_the_list_is_not_looked_at_again_too_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("cockpit.web.published.time.monotonic", lambda: clock.now)
    runs = PublishedRuns(tmp_path, tmp_path, seconds_between_looks=1.0)
    assert runs.newest() is None
    publish(tmp_path, "20241106-a", "2024-11-06", 3)
    clock.now = 0.9
    assert runs.newest() is None
    clock.now = 1.0
    assert runs.newest() is not None
