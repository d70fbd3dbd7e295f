"""`tierflow replenish`, `approve` and `doctor`: the job of the night, who decides what leaves, and what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cockpit.cli_app import (
    Chain,
    ChainOption,
    Cutoff,
    Debug,
    Executor,
    Json,
    Run,
    RunsFolder,
    Scheduler,
    SharedBy,
    Track,
    Workers,
    finish,
)
from cockpit.outcome import Outcome


def replenish(
    chain: Chain,
    cutoff: Cutoff = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Take up the job that was killed or failed, with its cutoff and models.")
    ] = False,
    shadow: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG",
            help="Plan beside with other [plan] or [switch] settings (TOML); keep the comparison.",
            exists=True,
        ),
    ] = None,
    wave: Annotated[
        str,
        typer.Option(
            metavar="HH:MM",
            help="A second run inside the day after the cutoff: sales so far, lanes still open, unreleased lines.",
        ),
    ] = "",
    runs: RunsFolder = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when there are critical exceptions.")] = False,
    workers: Workers = 1,
    executor: SharedBy = Executor.LOCAL,
    scheduler: Scheduler = "",
    track: Track = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Write the log to stderr as JSON lines.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The daily job: check the tables, forecast with the models in use, plan and publish; done before, do nothing."""

    def act() -> Outcome:
        from cockpit.daily import DailyRequest
        from cockpit.executors import workers_asked
        from cockpit.jobs import PlanRequest, replenish_chain
        from cockpit.json_log import json_log

        day = None if cutoff is None else cutoff.date()
        shared_by = workers_asked(executor, workers, scheduler=scheduler)
        plan = PlanRequest(chain=chain, runs=runs, cutoff=day, is_strict=strict, workers=shared_by, is_tracked=track)
        with json_log(is_on=log_json):
            return replenish_chain(DailyRequest(plan, is_resume=resume, shadow=shadow, wave=wave))

    finish(act, as_json=as_json, debug=debug, step="Reading the chain")


def approve(
    run: Run,
    order: Annotated[list[str] | None, typer.Option("--order", metavar="ID", help="Approve this line.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Approve every line that waits.")] = False,
    reject: Annotated[list[str] | None, typer.Option("--reject", metavar="ID", help="Reject this line.")] = None,
    quantity: Annotated[
        list[str] | None, typer.Option("--quantity", metavar="ID=UNITS", help="Change the quantity of this line.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take changed quantities and reasons from an edited sheet.", exists=True),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; needed to reject or change.")] = "",
    chain: ChainOption = None,
    runs: RunsFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show which lines of a run wait for a person and why; approve, reject or change them."""

    def act() -> Outcome:
        from cockpit.approvals import ApprovalRequest, approve_run

        request = ApprovalRequest(
            approve=tuple(order or ()),
            reject=tuple(reject or ()),
            is_all=every,
            quantities=tuple(quantity or ()),
            sheet=sheet,
            reason=reason,
        )
        return approve_run(run, request, chain=chain, runs=runs)

    finish(act, as_json=as_json, debug=debug, step="Reading the run")


def doctor(
    chain: Annotated[Path | None, typer.Argument(help="The chain to look at.", exists=True)] = None,
    runs: RunsFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what is wrong with the installation, a chain or its runs, and what to do; exit 4 if anything is."""
    from cockpit.doctor import examine

    finish(lambda: examine(chain, runs), as_json=as_json, debug=debug, step="Looking")
