"""How a command ends: its exit code, what a person reads, and the same as one document for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Exit codes of every command; a daily job branches on them."""

    DONE = 0
    OUR_FAULT = 1
    WRONG_USAGE = 2
    INVALID_INPUT = 3
    DEGRADED = 4
    CHAIN_HELD = 5
    INTERRUPTED = 130


class UsageError(Exception):
    """The command cannot be carried out as written; the message says what to type instead."""


@dataclass(frozen=True)
class Block:
    """A titled piece of text for the screen: lines, then a table.

    Parameters
    ----------
    title
        Heading; empty for none.
    lines
        Sentences, one a line.
    header, rows
        A table of texts; `rows` may be empty.
    numeric
        Indices of the columns that hold numbers.
    """

    title: str = ""
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Parameters
    ----------
    code
        Exit code.
    blocks
        What a person reads on stdout.
    document
        The same for a program, as plain values; printed with `--json`.
    notices
        Sentences for stderr, whatever the form of the output.
    """

    code: ExitCode
    blocks: tuple[Block, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
