"""A proof from the command line."""

from __future__ import annotations

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
    assert run("prove", chain, "--weeks", 1) == 0
    said = capfd.readouterr().out
    for words in (
        "as tierflow would have ordered",
        "Fill rate",
        "Total cost by week",
        "Assumed, for both",
        "cannot support",
    ):
        assert words in said
    assert run("prove", chain, "--weeks", 30) == 2
