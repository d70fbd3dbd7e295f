"""The daily job: one night planned with the models in use, published once, and taken up again where it was killed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.failures import explain
from cockpit.journal import JobRecord, Journal, last_job
from cockpit.metrics import JobFigures, write_metrics
from cockpit.models_in_use import model_for
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.publishing import planned_and_published
from cockpit.waves import at_wave, time_of
from network.store import RunStore

if TYPE_CHECKING:
    from cockpit.jobs import PlanRequest
    from engine import EngineConfig
    from network.doubt import Doubt
    from network.snapshot import Snapshot

_log = logging.getLogger(__name__)
Act = Callable[["PlanRequest", "Snapshot", "EngineConfig"], Outcome]


@dataclass(frozen=True)
class DailyRequest:
    """What `tierflow replenish` was asked for.

    Parameters
    ----------
    plan
        Chain, runs, cutoff and the like, as for `tierflow plan`.
    is_resume
        Whether to take up the job that was killed or failed, with its cutoff and its models.
    shadow
        File with other settings to plan beside the live ones; only the comparison is kept.
    wave
        Time of the day after the cutoff, HH:MM, for a second run inside that day; empty for the run of the night.
    """

    plan: PlanRequest
    is_resume: bool = False
    shadow: Path | None = None
    wave: str = ""

    def __post_init__(self) -> None:
        if self.wave and self.shadow is not None:
            raise UsageError(
                "A shadow is planned beside the run of the night, not beside a wave: leave one of them out."
            )


def replenished(request: DailyRequest, carry_out: Callable[[PlanRequest, Act], Outcome]) -> Outcome:
    """Plan the night and publish it, with a record of the job and its figures, however it ends.

    The caller holds the chain's lock.

    Parameters
    ----------
    request
        What was asked for.
    carry_out
        Reads the chain for a request and calls an act on it, or refuses the input.
    """
    store = RunStore(request.plan.runs_path)
    earlier = last_job(store)
    if request.is_resume and (earlier is None or earlier.is_finished):
        return _nothing_to_resume(earlier)
    record = _taken_up(request, earlier) if request.is_resume and earlier is not None else _new_job(request)
    journal, begun = Journal(store, record), time.monotonic()
    asked = replace(request.plan, cutoff=date.fromisoformat(record.cutoff)) if record.cutoff else request.plan

    def night(plan: PlanRequest, snapshot: Snapshot, config: EngineConfig) -> Outcome:
        if request.shadow is None:
            return _night(plan, snapshot, config, store=store, journal=journal)
        from cockpit.shadow import compared, shadow_of

        shadow = shadow_of(request.shadow, plan, snapshot)  # first: a wrong file stops the job before it plans
        live = _night(plan, snapshot, config, store=store, journal=journal)
        return compared(plan, shadow, store=store, live=live)

    try:
        outcome = carry_out(asked, night)
    except BaseException as error:
        code = explain(error, debug=False).code if isinstance(error, Exception) else ExitCode.INTERRUPTED
        _end(store, journal, int(code), seconds=time.monotonic() - begun)
        raise
    _end(store, journal, int(outcome.code), seconds=time.monotonic() - begun)
    return outcome


def _new_job(request: DailyRequest) -> JobRecord:
    cutoff = request.plan.cutoff
    wave = f"{time_of(request.wave):%H:%M}" if request.wave else ""
    return JobRecord(cutoff="" if cutoff is None else cutoff.isoformat(), wave=wave)


def _taken_up(request: DailyRequest, earlier: JobRecord) -> JobRecord:
    """Return the record of the job to go on with.

    Raises
    ------
    UsageError
        If another cutoff is asked for than the job had.
    """
    asked = request.plan.cutoff
    if asked is not None and earlier.cutoff and asked.isoformat() != earlier.cutoff:
        raise UsageError(
            f"The job to resume has the cutoff {earlier.cutoff}, not {asked}: leave out --cutoff, or --resume."
        )
    return earlier if earlier.cutoff else replace(earlier, cutoff="" if asked is None else asked.isoformat())


def _night(
    request: PlanRequest, snapshot: Snapshot, config: EngineConfig, *, store: RunStore, journal: Journal
) -> Outcome:
    """Choose the models, plan and publish; note each stage."""
    journal.note(cutoff=f"{snapshot.cutoff:%Y-%m-%d}")
    snapshot, doubts = checked(snapshot)
    model = model_for(store, snapshot, config, asked=journal.record.model_id)
    journal.note(model_id=model.model_id, stage="fitted")
    _log.info("Planning with models %s", model.model_id)
    wave = journal.record.wave
    if wave:
        snapshot = at_wave(request, snapshot, config, model=model, at=time_of(wave))
    outcome = planned_and_published(request, snapshot, config, model=model, doubts=doubts, wave=wave)
    journal.note(run_id=str(outcome.document["run_id"]), stage="published")
    notices = (
        *((model.notice,) if model.notice else ()),
        *(f"In doubt: {each.table}: {each.words}." for each in doubts),
    )
    is_done_before = not outcome.document["is_new"] and not request.is_strict
    code = ExitCode.DONE if is_done_before else outcome.code
    document = {**outcome.document, "exit_code": int(code), "model_id": model.model_id}
    return replace(outcome, code=code, document=document, notices=(*notices, *outcome.notices))


def checked(snapshot: Snapshot) -> tuple[Snapshot, tuple[Doubt, ...]]:
    """Return the night without quarantined rows, and what is in doubt about it.

    Raises
    ------
    ContractError
        With every doubt that refuses the night.
    UsageError
        If `[quality]` names an unknown check or consequence.
    """
    from network.doubt import consequences, gate

    try:
        following = consequences(snapshot.settings.quality)
    except ValueError as error:
        raise UsageError(f"chain.toml [quality]: {error}") from error
    return gate(snapshot, following)


def _nothing_to_resume(earlier: JobRecord | None) -> Outcome:
    """Nothing is done: there is no job, or the last one is finished."""
    words = "No job was begun yet." if earlier is None else f"The last job is finished: run {earlier.run_id}."
    run_id = "" if earlier is None else earlier.run_id
    document = {"exit_code": 0, "run_id": run_id, "is_new": False}
    return Outcome(ExitCode.DONE, (Block("Nothing to resume", (words,)),), document)


def _end(store: RunStore, journal: Journal, exit_code: int, *, seconds: float) -> None:
    """Record how the job ended, for the next one and for whoever watches; a full disk there changes nothing else."""
    _log.info("Job ended with code %d after %.1f s", exit_code, seconds)
    try:
        journal.end(exit_code)
        write_metrics(store, JobFigures(journal.record, seconds))
    except OSError as error:
        _log.warning("How the job ended could not be recorded: %s", error)
