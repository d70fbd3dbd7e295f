"""The log of a job as JSON lines on stderr: one object a line, each with the run that it is about."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from cockpit.console import listening

run_at_work: ContextVar[str] = ContextVar("run_at_work", default="")
"""Id of the run that is being planned; empty before it is known."""


class _JsonLines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return when, how serious, who says it, which run it is about, and what."""
        told = {
            "at": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "run_id": run_at_work.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


@contextmanager
def json_log(*, is_on: bool) -> Iterator[None]:
    """Write what the rooms log to stderr while the block runs; nothing at all if it is off."""
    if not is_on:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    with listening(handler):
        yield
