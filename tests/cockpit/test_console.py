"""What reaches the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.console import clean, emit, plain_lines
from cockpit.outcome import Block, ExitCode, Outcome

TABLE = Block("Orders", ("two lines",), ("kind", "units"), (("purchase", "1,200"), ("transfer", "7")), frozenset({1}))


def test_a_table_is_padded_and_numbers_stand_right() -> None:
    assert plain_lines([TABLE]) == [
        "Orders",
        "two lines",
        "  kind      units",
        "  purchase  1,200",
        "  transfer      7",
    ]


def test_a_long_line_is_never_wrapped() -> None:
    assert plain_lines([Block(lines=("word " * 200,))]) == ["word " * 200]


@given(st.text())
def test_no_name_in_the_data_can_drive_the_terminal(words: str) -> None:
    assert all(letter >= " " and letter != "\x7f" for letter in clean(words))


def test_a_document_is_alone_on_stdout_and_notices_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    emit(Outcome(ExitCode.DONE, (TABLE,), {"a": 1}, ("note",)), as_json=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"a": 1}
    assert captured.err == "note\n"


@pytest.mark.parametrize("no_color", [True, False])
def test_a_person_gets_a_table_and_colours_only_if_wanted(
    no_color: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1") if no_color else monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    emit(Outcome(ExitCode.DONE, (Block("Orders [bold]", (), ("sku",), (("[red]A",),)),)), as_json=False)
    out = capsys.readouterr().out
    assert "Orders [bold]" in out
    assert "[red]A" in out
    assert ("\x1b[3" in out or "\x1b[9" in out) is False or not no_color
