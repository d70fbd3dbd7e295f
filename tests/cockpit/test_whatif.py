"""What if from the command line: nothing is published, everything wrong is said at once, the answer is the plans'."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from cockpit.cli import main
from cockpit.scenario_jobs import try_scenario
from experiments.world import promotion_story_world, write_world
from network.store import RunStore
from network.store_scenarios import ScenarioStore

CLOSED = """
name = "No laterals"
[[change]]
kind = "lane_closed"
mode = "transshipment"
"""
QUICK = """
[plan.forecast]
max_rounds = 5
n_origins = 1
max_training_rows = 5000
threads = 1
"""
BUSY = '[[change]]\nkind = "demand"\nfactor = 1.5\n'


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The promotion story, planned once."""
    folder = tmp_path_factory.mktemp("whatif") / "chain"
    write_world(promotion_story_world(), folder)
    (folder / "chain.toml").write_text((folder / "chain.toml").read_text("utf-8") + QUICK, "utf-8")
    assert run("plan", folder) == 0
    (folder.parent / "closed.toml").write_text(CLOSED, "utf-8")
    (folder.parent / "busy.toml").write_text(BUSY, "utf-8")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_if_compares_every_scenario_and_writes_nothing(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = files_of(chain)
    assert run("whatif", chain, chain.parent / "closed.toml", chain.parent / "busy.toml", "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert [each["scenario"] for each in document["scenarios"]] == ["No laterals", "busy"]
    closed = pd.DataFrame(document["scenarios"][0]["orders"])
    lateral = closed[closed["kind"] == "transshipment"]
    assert len(lateral) and (lateral["change"] == "removed").all() and (lateral["why"] != "").all()
    assert files_of(chain) == before


def test_what_if_writes_a_page_where_asked(chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("whatif", chain, chain.parent / "closed.toml", "--out", tmp_path / "answer") == 0
    said = capfd.readouterr()
    assert "What if: No laterals" in said.out and "nothing was published" in said.out
    assert said.err == ""  # the models of the published run were reused
    assert "<table" in (tmp_path / "answer" / "whatif.html").read_text("utf-8")
    assert set(pd.read_csv(tmp_path / "answer" / "whatif_orders.csv")["scenario"]) == {"No laterals"}


def test_a_plan_under_a_scenario_is_not_published(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = files_of(chain)
    assert run("plan", chain, "--scenario", chain.parent / "closed.toml", "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert document["scenario"] == "No laterals" and not document["is_new"] and document["paths"] == {}
    assert not any(order["kind"] == "transshipment" for order in document["orders"])
    assert files_of(chain) == before


def test_models_that_know_more_than_the_cutoff_are_not_used(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    earlier = f"{promotion_story_world().last_day - pd.Timedelta(days=3):%Y-%m-%d}"
    assert run("whatif", chain, chain.parent / "closed.toml", "--cutoff", earlier) == 0
    assert "fitted for this and not kept" in capfd.readouterr().err


def test_everything_wrong_with_scenario_files_is_one_error_with_exit_code_2(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.toml").write_text('[[change]]\nkind = "demnd"\n', "utf-8")
    (tmp_path / "b.toml").write_text("name = ", "utf-8")
    assert run("whatif", chain, tmp_path / "a.toml", tmp_path / "b.toml", "--json") == 2
    document = json.loads(capfd.readouterr().out)
    assert len(document["breaches"]) == 2
    (tmp_path / "c.toml").write_text(
        BUSY + 'category = "NONE"\n[[change]]\nkind = "lane_closed"\norigin = "X"\n', "utf-8"
    )
    assert run("whatif", chain, tmp_path / "c.toml") == 2
    said = capfd.readouterr().err
    assert "2 reasons" in said and "c: change 1 demand.category" in said and "c: change 2 lane_closed.origin" in said


def test_a_scenario_tried_from_the_cockpit_ends_in_what_it_changes(chain: Path) -> None:
    store = ScenarioStore(chain / "runs")
    run_id = str(RunStore(chain / "runs").runs()[-1]["run_id"])
    closed = {"name": "No laterals", "change": [{"kind": "lane_closed", "mode": "transshipment"}]}
    name = store.ask(run_id, closed, user="ann", at="2025-01-01T08:00:00")
    assert store.ask(run_id, closed, user="bob", at="2025-01-02T08:00:00") == name  # asked once
    try_scenario(chain, chain / "runs", name)
    result = store.result(name)
    assert result is not None
    assert {line["kind"] for line in result["orders"] if line["change"] == "removed"} >= {"transshipment"}
    assert result["n_orders"] == len(result["orders"])
    assert "Auditing the plan" in store.progress(name)

    wrong = {"name": "x", "change": [{"kind": "lane_closed", "origin": "NOWHERE"}]}
    name = store.ask(run_id, wrong, user="ann", at="2025-01-01T08:00:00")
    try_scenario(chain, chain / "runs", name)
    assert "NOWHERE" in str(store.result(name))
    store.drop(name)
    assert name not in store.names()
