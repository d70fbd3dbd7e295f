"""A proof from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import main

QUICK = "\n[plan.forecast]\nmax_rounds = 5\nn_origins = 1\nmax_training_rows = 3000\nthreads = 1\n"


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proving") / "chain"
    assert run("demo", folder, "--skus", 9, "--stores", 4, "--days", 150) == 0
    (folder / "chain.toml").write_text((folder / "chain.toml").read_text("utf-8") + QUICK, "utf-8")
    return folder


def test_a_proof_tells_both_ways_and_what_it_cannot_tell(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    terms = ("--one-off-cost", 1000, "--running-cost", 0, "--discount-rate", 0.1, "--years", 3)
    assert run("prove", chain, "--weeks", 1, *terms) == 0
    said = capfd.readouterr().out
    for words in (
        "as tierflow would have ordered",
        "Fill rate",
        "Total cost by week",
        "worth against what was ordered",
        "Present value",
        "is in no sum of profit",
        "Assumed, for both",
        "cannot support",
    ):
        assert words in said
    assert run("prove", chain, "--weeks", 30) == 2
    assert run("prove", chain, "--years", 3) == 2
    assert "--discount-rate" in capfd.readouterr().err


def test_a_replay_tells_every_rule_and_what_it_was_tuned_on(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("replay", chain, "--weeks", 1, "--json") == 0
    told = json.loads(capfd.readouterr().out)
    policies = [row["policy"] for row in told["table"]]
    assert policies[0] == "clairvoyant"
    assert set(policies) == {"clairvoyant", "tierflow", *(row["policy"] for row in told["tuning"])}
    assert {row["n_tried"] for row in told["tuning"]} == {25}
    assert told["cost_ratio"] > 0
    assert run("replay", chain, "--weeks", 30) == 2
