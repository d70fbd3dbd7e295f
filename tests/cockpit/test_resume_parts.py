"""A daily job that dies between two parts of its plan is taken up with the parts that it had made."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from cockpit.doctor import jobs
from cockpit.journal import last_job
from network.store import RunStore
from network.store_parts import PartFiles
from optimization.partition.plan import plan_in_parts
from tests.cockpit.test_daily import NIGHT, planned, run

__all__ = ["planned"]
TABLES = ("orders", "order_terms", "loads", "targets", "exceptions", "kpis", "planned", "alternatives")
PART_POINTS = 12


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans are cut into several parts, small as the chain is."""
    assert plan_in_parts.__kwdefaults__ is not None
    monkeypatch.setitem(plan_in_parts.__kwdefaults__, "part_points", PART_POINTS)


@pytest.fixture(scope="module")
def models(planned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned / "runs"


def begun(runs: Path, models: Path) -> RunStore:
    """Runs that hold the models of the night before, and nothing else."""
    store, other = RunStore(runs), RunStore(models)
    model_id = other.champion()
    assert model_id is not None
    store.set_champion(store.save_model(other.load_model(model_id)))
    return store


def tables(store: RunStore) -> dict[str, bytes]:
    (published,) = store.runs()
    folder = store.path_of(str(published["run_id"]))
    return {name: (folder / f"{name}.csv").read_bytes() for name in TABLES} | {
        name: (folder / f"{name}.parquet").read_bytes() for name in (*TABLES, "pegging", "promises")
    }


def dies_after(n_parts: int, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next job dies once it has kept so many parts."""
    write, kept = PartFiles.write, []

    def writing(files: PartFiles, name: str, content: bytes) -> None:
        if len(kept) == n_parts:
            raise error
        kept.append(name)
        write(files, name, content)

    monkeypatch.setattr(PartFiles, "write", writing)


@pytest.mark.usefixtures("small_parts")
def test_a_job_that_died_between_two_parts_takes_them_over_and_publishes_the_same(
    planned: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    job = ("replenish", planned, "--cutoff", NIGHT, "--runs")
    whole, broken = begun(tmp_path / "whole", models), begun(tmp_path / "broken", models)
    assert run(*job, whole.path) in (0, 4)
    assert whole.n_parts() == 0 and not (whole.path / "parts").exists()
    with monkeypatch.context() as dying:
        dies_after(10, dying, OSError(errno.ENOSPC, "No space left on device"))
        capfd.readouterr()
        assert run(*job, broken.path) == 1
    assert "No space left on device" in capfd.readouterr().err
    assert broken.runs() == [] and broken.n_parts() == 10
    assert any("10 parts of its plan" in finding.advice for finding in jobs(broken.path))
    capfd.readouterr()
    assert run("replenish", planned, "--runs", broken.path, "--resume", "--json") in (0, 4)
    said = capfd.readouterr()
    assert "Taken over from a job before this one: targets 8 of 8, prices 1 of 1, flows 1 of " in said.err
    assert json.loads(said.out)["is_new"]
    assert tables(broken) == tables(whole)
    assert not (broken.path / "parts").exists()
    record = last_job(broken)
    assert record is not None and record.is_finished


@pytest.mark.usefixtures("small_parts")
def test_parts_of_a_job_that_nobody_takes_up_go_with_the_next_one(
    planned: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    store = begun(tmp_path / "runs", models)
    job = ("replenish", planned, "--runs", store.path, "--cutoff")
    with monkeypatch.context() as dying:
        dies_after(3, dying, RuntimeError("died"))
        assert run(*job, "2025-11-04") == 1
    assert store.n_parts() == 3
    capfd.readouterr()
    assert run(*job, NIGHT) in (0, 4)
    assert "Taken over" not in capfd.readouterr().err
    assert not (store.path / "parts").exists()
