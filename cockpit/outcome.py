"""How a command ends: the exit codes other programs rely on, and the one error a wrong call raises."""

from __future__ import annotations

from enum import IntEnum


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
