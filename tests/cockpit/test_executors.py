"""Who shares the work of a run: what the command line refuses, and that Dask publishes the run of this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit import executors
from cockpit.cli import main
from cockpit.cli_app import Executor
from cockpit.executors import workers_asked
from cockpit.failures import explain
from cockpit.outcome import ExitCode, UsageError
from optimization.partition.dask_run import DaskWorkers, NoScheduler, OtherCode

TINY = Path(__file__).resolve().parents[1] / "data" / "good" / "tiny"


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_local_processes_are_the_default() -> None:
    assert workers_asked(Executor.LOCAL, 3, scheduler="") == 3


def test_a_scheduler_without_dask_is_wrong_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("plan", TINY, "--runs", tmp_path, "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "add --executor dask" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_dask_that_is_not_installed_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'tierflow\[dask\]'"):
        workers_asked(Executor.DASK, 2, scheduler="")


@pytest.mark.parametrize("error", [NoScheduler("no Dask scheduler answers at tcp://a:1"), OtherCode("other code")])
def test_a_scheduler_that_cannot_be_used_is_wrong_usage(error: Exception) -> None:
    outcome = explain(error, debug=False)
    assert outcome.code is ExitCode.WRONG_USAGE
    assert outcome.notices[1].startswith("Nothing was published")


@pytest.mark.filterwarnings("ignore")  # of the cluster's own machinery, at its start and end
def test_dask_publishes_the_run_of_this_process(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed", reason="misses Dask: the extra dask is not installed")
    assert workers_asked(Executor.DASK, 2, scheduler="") == DaskWorkers(2)
    told = []
    for name, words in {"local": (), "dask": ("--executor", "dask")}.items():
        assert run("plan", TINY, "--runs", tmp_path / name, "--json", *words) in (0, 4)
        told.append(json.loads(capfd.readouterr().out))
    local, dask = (tmp_path / name / document["run_id"] for name, document in zip(("local", "dask"), told, strict=True))
    assert local.name == dask.name
    for table in ("orders", "order_terms", "targets", "exceptions", "loads"):
        assert (local / f"{table}.csv").read_bytes() == (dask / f"{table}.csv").read_bytes(), table
