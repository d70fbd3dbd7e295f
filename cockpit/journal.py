"""What the last daily job was doing: written at each stage, read to take up a job that was killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from network.store import RunStore

NOTE = "job"


@dataclass(frozen=True)
class JobRecord:
    """One daily job.

    Parameters
    ----------
    cutoff
        Last day that it may know, ISO; empty until it is known.
    wave
        Time of the day after it, HH:MM, for a second run inside that day; empty for the run of the night.
    model_id
        Models that it plans with; empty until they are chosen.
    run_id
        The run that it published, or found published.
    stage
        begun, fitted, published.
    exit_code
        How it ended; None while it runs, or if it was killed.
    started_at, ended_at
        When [UTC].
    """

    cutoff: str = ""
    wave: str = ""
    model_id: str = ""
    run_id: str = ""
    stage: str = "begun"
    exit_code: int | None = None
    started_at: str = ""
    ended_at: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether it published, or found published, what it was for."""
        return self.stage == "published"


class Journal:
    """The record of the running job, kept in the run store.

    Parameters
    ----------
    store
        The runs.
    record
        What it starts from: a new job, or one that is taken up again.
    """

    def __init__(self, store: RunStore, record: JobRecord) -> None:
        self._store = store
        self.record = record
        self.note(started_at=_now(), ended_at="", exit_code=None)

    def note(self, **changes: Any) -> None:
        """Record what has changed, in one step."""
        self.record = replace(self.record, **changes)
        self._store.write_note(NOTE, asdict(self.record))

    def end(self, exit_code: int) -> None:
        """Record how the job ended."""
        self.note(exit_code=exit_code, ended_at=_now())


def last_job(store: RunStore) -> JobRecord | None:
    """Return the record of the last job, None if there was none."""
    noted: Mapping[str, Any] | None = store.read_note(NOTE)
    known = {each.name for each in fields(JobRecord)}
    return None if noted is None else JobRecord(**{name: value for name, value in noted.items() if name in known})


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
