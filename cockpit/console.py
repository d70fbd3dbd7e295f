"""The terminal: plain unwrapped lines where nobody watches, tables and a spinner where a person does."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from cockpit.outcome import Block, Outcome

_WATCHED_LOGGERS = ("engine", "network", "forecasting", "optimization", "experiments", "cockpit")
_GAP = "  "


def emit(outcome: Outcome, *, as_json: bool) -> None:
    """Write an outcome: its document or its blocks to stdout, its notices to stderr."""
    for notice in outcome.notices:
        _write(sys.stderr, clean(notice))
    if as_json:
        _write(sys.stdout, json.dumps(outcome.document, ensure_ascii=False, indent=1, allow_nan=False, default=str))
    elif sys.stdout.isatty():
        _emit_rich(outcome.blocks)
    else:
        _write(sys.stdout, "\n".join(plain_lines(outcome.blocks)))


def complain(lines: Sequence[str]) -> None:
    """Write lines to stderr."""
    _write(sys.stderr, "\n".join(clean(line) for line in lines))


def clean(text: str) -> str:
    """Return text without control characters, so that a name in the data cannot drive the terminal."""
    return "".join(letter if letter >= " " and letter != "\x7f" else " " for letter in text)


def plain_lines(blocks: Sequence[Block]) -> list[str]:
    """Return blocks as lines, tables padded into columns and never wrapped."""
    lines: list[str] = []
    for block in blocks:
        if lines:
            lines.append("")
        lines += [clean(line) for line in (*((block.title,) if block.title else ()), *block.lines)]
        lines += _table_lines(block)
    return lines


def _table_lines(block: Block) -> list[str]:
    if not block.rows:
        return []
    table = [[clean(cell) for cell in row] for row in ((block.header,) if block.header else ()) + block.rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        _GAP
        + _GAP.join(
            cell.rjust(width) if i in block.numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _emit_rich(blocks: Sequence[Block]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for number, block in enumerate(blocks):
        if number:
            console.print()
        if block.title:
            console.print(Text(clean(block.title), style="bold"))
        for line in block.lines:
            console.print(Text(clean(line)), soft_wrap=True)
        if block.rows:
            table = Table(box=box.SIMPLE_HEAD, show_header=bool(block.header), pad_edge=False, header_style="dim")
            for i in range(len(block.rows[0])):
                title = block.header[i] if block.header else ""
                table.add_column(Text(title), justify="right" if i in block.numeric else "left", overflow="fold")
            for row in block.rows:
                table.add_row(*(Text(clean(cell)) for cell in row))
            console.print(table)


def _write(stream: TextIO, text: str) -> None:
    """Write a line; a reader who has gone (`| head`) is no error, and nothing more is written to it."""
    if not text:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Point the stream's file descriptor at nothing, so that closing it at exit stays quiet too."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send what native libraries print on stdout to stderr instead, so that a JSON document stays alone there."""
    sys.stdout.flush()
    try:
        ours = os.dup(1)
    except OSError:
        yield
        return
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(ours, 1)
        os.close(ours)


class _StepHandler(logging.Handler):
    """Shows the last step that a room logged."""

    def __init__(self, status: Any) -> None:
        super().__init__(logging.INFO)
        self.status = status

    def emit(self, record: logging.LogRecord) -> None:
        from rich.text import Text

        self.status.update(Text(clean(record.getMessage())))


@contextmanager
def listening(handler: logging.Handler) -> Iterator[None]:
    """Hand what the rooms log to a handler while the block runs."""
    loggers = [logging.getLogger(name) for name in _WATCHED_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


@contextmanager
def progress(first_step: str) -> Iterator[None]:
    """Show the step at work on stderr while a person watches; nothing at all otherwise."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(first_step) as status, listening(_StepHandler(status)):
        yield
