"""`tierflow user` and `tierflow serve` from the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from cockpit.cli import main
from cockpit.outcome import ExitCode, UsageError
from cockpit.web.serving import ServeRequest, chain_app, greeting

WORDS = "correct horse battery\n"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main([*words, "--json"])
    return int(stop.value.code or 0), capsys.readouterr().out


def test_an_account_is_made_listed_changed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(WORDS))
    assert run(capsys, "user", "add", str(tmp_path), "ann", "--role", "planner")[0] == ExitCode.DONE
    assert run(capsys, "user", "add", str(tmp_path), "eve", "--role", "viewer", "--external")[0] == ExitCode.DONE
    accounts = json.loads(run(capsys, "user", "list", str(tmp_path))[1])["accounts"]
    assert [(each["name"], each["role"], each["has_password"]) for each in accounts] == [
        ("ann", "planner", True),
        ("eve", "viewer", False),
    ]
    assert run(capsys, "user", "add", str(tmp_path), "bob", "--role", "emperor")[0] == ExitCode.WRONG_USAGE
    monkeypatch.setattr("sys.stdin", io.StringIO("too short\n"))
    code, _ = run(capsys, "user", "password", str(tmp_path), "ann")
    assert code == ExitCode.WRONG_USAGE
    assert run(capsys, "user", "remove", str(tmp_path), "ann")[0] == ExitCode.DONE
    assert run(capsys, "user", "remove", str(tmp_path), "ann")[0] == ExitCode.WRONG_USAGE
    assert run(capsys, "user", "rotate-key", str(tmp_path))[0] == ExitCode.DONE


def test_a_password_never_stands_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["user", "add", "--help"])
    assert "--password" not in capsys.readouterr().out


def test_the_server_says_where_it_is_and_how_to_make_the_first_account(tmp_path: Path) -> None:
    request = ServeRequest(tmp_path)
    lines = greeting(request, has_accounts=False)
    assert "http://127.0.0.1:8000/" in lines[0]
    assert f"tierflow user add {tmp_path} NAME --role admin" in lines[1]
    assert len(greeting(request, has_accounts=True)) == 1
    assert (
        greeting(ServeRequest(tmp_path, host="0.0.0.0", is_https=True, names=("plan.example",)), has_accounts=True)[0]
        .split(" at ")[1]
        .startswith("https://plan.example/")
    )


def test_a_server_that_others_can_reach_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--name"):
        chain_app(ServeRequest(tmp_path, host="0.0.0.0"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_by_default_only_this_machine_can_reach_it(host: str, tmp_path: Path) -> None:
    assert ServeRequest(tmp_path, host=host).is_loopback
    assert not ServeRequest(tmp_path, host="192.168.0.7").is_loopback


def test_a_key_file_that_others_can_read_stops_the_server(tmp_path: Path) -> None:
    chain_app(ServeRequest(tmp_path))
    (tmp_path / "runs" / "token-keys.json").chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        chain_app(ServeRequest(tmp_path))
