"""The command line from outside: exit codes, what is printed where, and how fast help answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cockpit.cli import main

ROOT = Path(__file__).resolve().parents[2]
BAD = sorted((ROOT / "tests" / "data" / "bad").glob("*/"))
TINY = ROOT / "tests" / "data" / "good" / "tiny"
COMMAND = [sys.executable, "-c", "from cockpit.cli import main; main()"]


def run(*words: object) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def run_outside(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def expected_of(folder: Path) -> list[dict[str, object]]:
    return tomllib.loads((folder / "expected.toml").read_text("utf-8")).get("breach", [])


def runs_in(folder: Path) -> list[Path]:
    return list(folder.glob("**/manifest.json"))


def test_there_are_at_least_sixty_broken_chains() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_broken_chain_is_reported_in_one_go_and_publishes_nothing(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rejects = tmp_path / "rejects.csv"
    assert run("check", folder, "--rejects", rejects, "--json") == 3
    checked = capfd.readouterr()
    found = json.loads(checked.out)["breaches"]
    named = [(b["table"], b["column"], b["rule"], b["n_rows"]) for b in found]
    assert sorted(named) == sorted((b["table"], b["column"], b["rule"], b["n_rows"]) for b in expected_of(folder))
    assert rejects.is_file()
    assert run("plan", folder, "--runs", tmp_path / "runs") == 3
    planned = capfd.readouterr()
    assert "Traceback" not in checked.out + checked.err + planned.out + planned.err
    assert planned.out == ""
    assert all(str(breach["rule"]) in planned.err for breach in found)
    assert (tmp_path / "runs" / "rejects.csv").is_file()
    assert runs_in(tmp_path) == []


@pytest.mark.parametrize("folder", BAD[:: len(BAD) // 3 or 1], ids=lambda folder: folder.name)
def test_a_broken_chain_ends_a_real_process_with_code_3(folder: Path, tmp_path: Path) -> None:
    done = run_outside("plan", folder, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 3
    assert "Traceback" not in done.stderr
    assert runs_in(tmp_path) == []


def test_every_rejected_row_is_listed_while_the_screen_shows_twenty(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = next(folder for folder in BAD if folder.name.endswith("more_than_twenty_rows"))
    assert run("check", folder, "--rejects", tmp_path / "all.csv", "--json") == 3
    breach = max(json.loads(capfd.readouterr().out)["breaches"], key=lambda b: b["n_rows"])
    assert breach["n_rows"] > len(breach["rows"]) == 20
    assert len((tmp_path / "all.csv").read_text("utf-8").splitlines()) > breach["n_rows"]


def test_a_sound_chain_passes_the_check(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("check", TINY) == 0
    assert "keeps its contract" in capfd.readouterr().out
    assert not (TINY / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["plan"],
        ["plan", "no-such-folder"],
        ["plan", TINY, "--cutoff", "05/11/2024"],
        ["plan", TINY, "--horizon", "1"],
        ["plan", TINY, "--horizon", "29"],
        ["plan", TINY, "--workers", "0"],
        ["plan", TINY, "--no-such-option"],
        ["check", "no-such-folder"],
        ["export", "some-run", "--format", "pdf", "--to", "x", "--runs", "y"],
        ["export", "some-run", "--runs", "y"],
        ["runs", "show"],
        ["runs", "show", "some-run", "--runs", "no-such-folder"],
        ["demo", "somewhere", "--skus", "0"],
    ],
)
def test_wrong_usage_ends_with_code_2(
    words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_cutoff_before_or_after_the_data_is_wrong_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("plan", TINY, "--cutoff", "1999-01-01", "--runs", tmp_path) == 2
    assert "no sales up to 1999-01-01" in capfd.readouterr().err
    assert run("plan", TINY, "--cutoff", "2090-01-01", "--runs", tmp_path) == 2
    assert "The data end on" in capfd.readouterr().err


def test_a_folder_that_holds_something_else_is_never_made_a_demo(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    assert run("demo", tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_demo_is_a_sound_chain_and_may_be_written_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert run("demo", tmp_path / "d", "--skus", 9, "--stores", 4, "--days", 120) == 0
    assert f"tierflow plan {tmp_path / 'd'}" in capfd.readouterr().out
    assert (tmp_path / "d" / "truth").is_dir()
    assert run("check", tmp_path / "d") == 0


def test_our_own_fault_is_one_line_with_advice_and_a_traceback_only_for_debug(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("3 / 0")

    monkeypatch.setattr("cockpit.jobs.check_chain", broken)
    assert run("check", TINY) == 1
    plain = capfd.readouterr().err
    assert "tierflow failed: ZeroDivisionError: 3 / 0" in plain
    assert "--debug" in plain
    assert "Traceback" not in plain
    assert run("check", TINY, "--debug") == 1
    assert "Traceback" in capfd.readouterr().err


def test_an_interrupted_command_ends_with_code_130(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cockpit.jobs.check_chain", interrupted)
    assert run("check", TINY, "--json") == 130
    assert json.loads(capfd.readouterr().out)["exit_code"] == 130


def test_a_chain_held_by_another_run_ends_with_code_5_and_names_the_holder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from network.store import lock

    with lock(tmp_path / "runs"):
        assert run("plan", TINY, "--runs", tmp_path / "runs") == 5
    assert f"process {os.getpid()}" in capfd.readouterr().err


def test_what_native_code_prints_does_not_reach_the_json_document(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from cockpit import jobs

    honest = jobs.check_chain

    def noisy(*arguments: object, **options: object) -> object:
        os.write(1, b"Running HiGHS\n")
        return honest(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "check_chain", noisy)
    assert run("check", TINY, "--json") == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["exit_code"] == 0
    assert "Running HiGHS" in captured.err


def test_help_loads_neither_pandas_nor_rich_and_stays_small() -> None:
    done = run_outside("--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    heavy = {"pandas", "numpy", "rich", "jinja2", "lightgbm", "ortools", "mlflow", "pandera", "network", "engine"}
    assert not loaded & heavy
    assert len(loaded) < 320
    for command in ("demo", "check", "plan", "runs", "export"):
        assert command in done.stdout


def test_off_a_terminal_lines_are_plain_and_a_reader_who_leaves_is_no_error() -> None:
    script = f"{' '.join(map(repr, COMMAND[:2]))} {COMMAND[2]!r} check {TINY} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script.replace("'", '"')],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "keeps its contract" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
