"""The schedules in docs/ name commands and options that exist, and parse as what they are."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from pathlib import Path

import pytest
import typer.main

from cockpit.cli import app

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schedules"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())


def options_of(command: str) -> set[str]:
    """Options that a command of ours takes."""
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    return {name for each in found.params for name in each.opts}


def test_the_four_schedulers_are_there() -> None:
    names = {path.name for path in FILES}
    assert names == {"crontab", "tierflow.service", "tierflow.timer", "airflow_dag.py", "dagster_job.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_option_of_ours_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    for command in ("replenish", "doctor"):
        for call in re.findall(rf"tierflow {command}[^\n;>]*|\bTIERFLOW {command}[^\n;>]*", text):
            used = set(re.findall(r"(?<!\S)--[a-z-]+", call))
            assert used <= options_of(command), call


def test_the_crontab_has_five_times_and_a_command_a_line() -> None:
    lines = [line for line in (FOLDER / "crontab").read_text("utf-8").splitlines() if line and line[0] not in "#MTC"]
    assert len(lines) == 3
    for line in lines:
        times, command = line.split()[:5], line.split(maxsplit=5)[5]
        assert all(re.fullmatch(r"\*|\d+", each) for each in times)
        assert "%" not in command.replace(r"\%", "")  # a bare percent ends the command for cron
        assert shlex.split(command)[0] == "$TIERFLOW"


@pytest.mark.parametrize(
    ("name", "section", "key"), [("service", "Service", "ExecStart"), ("timer", "Timer", "OnCalendar")]
)
def test_the_systemd_units_are_ini_files_with_what_systemd_needs(name: str, section: str, key: str) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / f"tierflow.{name}", encoding="utf-8")
    assert parser[section][key]


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".py"], ids=lambda path: path.name)
def test_the_python_schedules_compile(path: Path) -> None:
    compile(ast.parse(path.read_text("utf-8")), str(path), "exec")
