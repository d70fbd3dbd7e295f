"""Tracking and promotion from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import main
from cockpit.tracked import track
from network.store import RunStore

QUICK = "\n[plan.forecast]\nmax_rounds = 5\nn_origins = 1\nmax_training_rows = 3000\nthreads = 1\n"


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracked") / "chain"
    assert run("demo", folder, "--skus", 9, "--stores", 4, "--days", 150) == 0
    (folder / "chain.toml").write_text((folder / "chain.toml").read_text("utf-8") + QUICK, "utf-8")
    return folder


def test_plans_are_tracked_and_only_a_winner_is_promoted(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from experiments.tracking import CHALLENGER, CHAMPION, tracker_at

    assert run("promote", chain) == 2  # no models yet
    assert run("plan", chain, "--cutoff", "2025-10-01", "--track") in (0, 4)
    assert "Tracked in sqlite:///" in capfd.readouterr().err
    assert run("plan", chain, "--cutoff", "2025-10-08", "--track") in (0, 4)
    store = RunStore(chain / "runs")
    champion, challenger = store.champion(), store.challenger()
    assert champion is not None and challenger is not None and champion != challenger
    capfd.readouterr()
    assert run("promote", chain, "--track", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert said["n_origins"] == 4 and said["champion"] == (challenger if said["is_won"] else champion)
    settings_id = json.loads(next((chain / "runs").glob("2*/manifest.json")).read_text("utf-8"))["chain"]
    tracker = tracker_at(chain / "runs", settings_id, is_asked=True)
    assert tracker is not None
    assert tracker.model_of(CHAMPION) == store.champion() and tracker.model_of(CHALLENGER) == store.challenger()
    assert len(store.runs()) == 2  # what MLflow keeps in the run folder is no run


def test_a_server_that_does_not_answer_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://nowhere")
    notices = track(tmp_path, "demo", lambda tracker: tracker.point("champion", None), is_asked=False)
    assert len(notices) == 1 and notices[0].startswith("Not tracked: nonsense://nowhere")


def test_nothing_is_tracked_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert track(tmp_path, "demo", lambda tracker: pytest.fail("called"), is_asked=False) == ()
