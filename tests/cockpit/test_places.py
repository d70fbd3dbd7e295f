"""Where runs are kept, and which run a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.outcome import UsageError
from cockpit.places import existing_runs_folder, find_run, runs_folder, runs_folder_of

MANIFESTS = [{"run_id": "20241106-aaaa"}, {"run_id": "20241106-aabb"}, {"run_id": "20241105-cccc"}]


def test_runs_are_kept_in_the_chain_folder_or_beside_a_database_file(tmp_path: Path) -> None:
    assert runs_folder(tmp_path, None) == tmp_path / "runs"
    assert runs_folder(tmp_path / "chain.duckdb", None) == tmp_path / "chain.runs"
    assert runs_folder(tmp_path, Path("elsewhere")) == Path("elsewhere")


def test_the_current_folder_is_the_chain_if_it_looks_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--chain"):
        existing_runs_folder(None, None)
    (tmp_path / "chain.toml").touch()
    assert existing_runs_folder(None, None).resolve() == tmp_path / "runs"


@pytest.mark.parametrize("words", ["20241105-cccc", "20241105", "2024110", "somewhere/20241105-cccc"])
def test_a_run_is_found_by_its_id_its_beginning_or_its_folder(words: str) -> None:
    manifests = MANIFESTS if words != "2024110" else MANIFESTS[2:]
    assert find_run(words, Path("runs"), manifests=manifests) == "20241105-cccc"


def test_a_beginning_that_fits_two_runs_names_them() -> None:
    with pytest.raises(UsageError, match="fits 2 runs: 20241106-aaaa, 20241106-aabb"):
        find_run("20241106", Path("runs"), manifests=MANIFESTS)


def test_an_unknown_run_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="Known are 20241106-aaaa"):
        find_run("20230101", Path("runs"), manifests=MANIFESTS)
    with pytest.raises(UsageError, match="There is no run yet"):
        find_run("20230101", Path("runs"), manifests=[])


def test_a_run_folder_says_itself_where_its_runs_are(tmp_path: Path) -> None:
    (tmp_path / "runs" / "20241105-cccc").mkdir(parents=True)
    (tmp_path / "runs" / "20241105-cccc" / "manifest.json").touch()
    assert runs_folder_of(str(tmp_path / "runs" / "20241105-cccc"), None, None) == tmp_path / "runs"
