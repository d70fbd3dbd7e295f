"""The command line. Nothing heavy is imported here: `tierflow --help` must answer at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
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
    app,
    finish,
)
from cockpit.cli_orders import approve, doctor, replenish
from cockpit.cli_runs import runs_app
from cockpit.cli_web import serve, user_app
from cockpit.outcome import ExitCode, Outcome


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Parameters
    ----------
    arguments
        Words after `tierflow`; those of the process by default.
    """
    # Threads that wait asleep: on a shared machine spinning ones make LightGBM several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="tierflow")
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


@app.command(short_help="Write a synthetic chain to try things on.")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; must be new, empty or a demo.")],
    skus: Annotated[int, typer.Option(min=1, help="Number of SKUs.")] = 60,
    stores: Annotated[int, typer.Option(min=1, help="Number of stores.")] = 20,
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 540,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 1,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete synthetic chain; what is really true of it stands in DIR/truth/."""
    from cockpit.jobs import write_demo

    finish(
        lambda: write_demo(folder, skus=skus, stores=stores, days=days, seed=seed),
        as_json=as_json,
        debug=debug,
        step="Writing a synthetic chain",
    )


@app.command(short_help="Report every breach of the input.")
def check(
    chain: Chain,
    rejects: Annotated[
        Path | None, typer.Option(help="File that lists every rejected row; default CHAIN/runs/rejects.csv.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Report every breach of the input's contract at once; exit 3 if there is any."""
    from cockpit.jobs import check_chain

    finish(lambda: check_chain(chain, rejects=rejects), as_json=as_json, debug=debug, step="Reading the chain")


@app.command(short_help="Plan tonight's replenishment orders.")
def plan(
    chain: Chain,
    cutoff: Cutoff = None,
    horizon: Annotated[int | None, typer.Option(min=2, max=28, help="Days planned ahead; derived by default.")] = None,
    runs: RunsFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change against the last plan; publish nothing.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when there are critical exceptions.")] = False,
    workers: Workers = 1,
    executor: SharedBy = Executor.LOCAL,
    scheduler: Scheduler = "",
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plan under a scenario (TOML); publish nothing.", exists=True)
    ] = None,
    track: Track = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Plan tonight's replenishment orders and publish them as one run."""

    def act() -> Outcome:
        from cockpit.executors import workers_asked
        from cockpit.jobs import PlanRequest, plan_chain

        request = PlanRequest(
            chain=chain,
            runs=runs,
            cutoff=None if cutoff is None else cutoff.date(),
            horizon_days=horizon,
            is_dry_run=dry_run,
            is_strict=strict,
            workers=workers_asked(executor, workers, scheduler=scheduler),
            scenario=scenario,
            is_tracked=track,
        )
        return plan_chain(request)

    finish(act, as_json=as_json, debug=debug, step="Reading the chain")


@app.command(short_help="Show what scenarios would change; publish nothing.")
def whatif(
    chain: Chain,
    scenarios: Annotated[
        list[Path], typer.Argument(metavar="SCENARIO...", help="Scenario files (TOML).", show_default=False)
    ],
    cutoff: Cutoff = None,
    runs: RunsFolder = None,
    workers: Workers = 1,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write a page and tables there.")] = None,
    track: Track = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Plan the chain as it is and under each scenario, and say what differs and why."""
    from cockpit.jobs import PlanRequest, compare_scenarios

    request = PlanRequest(
        chain=chain, runs=runs, cutoff=None if cutoff is None else cutoff.date(), workers=workers, is_tracked=track
    )
    finish(
        lambda: compare_scenarios(request, tuple(scenarios), out=out), as_json=as_json, debug=debug,
        step="Reading the chain",
    )  # fmt: skip


@app.command(short_help="Forecast the past and score it.")
def backtest(
    chain: Chain,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day that may be scored; default: the last with sales and stock."),
    ] = None,
    origins: Annotated[int, typer.Option(min=2, help="Rolling origins.")] = 6,
    horizon: Annotated[int, typer.Option(min=1, max=28, help="Days ahead, scored after each origin.")] = 28,
    every: Annotated[int, typer.Option(min=1, help="Days between origins.")] = 7,
    refit: Annotated[
        int | None, typer.Option("--refit", min=1, help="Origins forecast with one fit; default: all of them.")
    ] = None,
    has_ladder: Annotated[
        bool, typer.Option("--ladder/--no-ladder", help="Fit every step from history alone to the served forecast.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the result; default CHAIN/backtests/NAME.")
    ] = None,
    track: Track = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Forecast from past days with what was known then, score it, and write tables and a report."""
    from cockpit.backtests import BacktestOptions, backtest_chain

    options = BacktestOptions(
        chain=chain,
        out=out,
        cutoff=None if cutoff is None else cutoff.date(),
        n_origins=origins,
        horizon=horizon,
        every=every,
        refit_every=refit,
        has_ladder=has_ladder,
        is_tracked=track,
    )
    finish(lambda: backtest_chain(options), as_json=as_json, debug=debug, step="Reading the chain")


@app.command(short_help="Replay your own past weeks against what was ordered.")
def prove(
    chain: Chain,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=52, help="Weeks replayed.")] = 4,
    cutoff: Cutoff = None,
    one_off_cost: Annotated[float | None, typer.Option(min=0, help="Cost of the roll-out, once [money].")] = None,
    running_cost: Annotated[float | None, typer.Option(min=0, help="Its cost a year [money].")] = None,
    discount_rate: Annotated[float | None, typer.Option(min=0, help="Of a year, such as 0.08.")] = None,
    years: Annotated[int | None, typer.Option(min=1, help="Years for payback and present value.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Replay past weeks with what was ordered and with what tierflow would have ordered: service, stock and cost."""
    from cockpit.proving import prove_chain

    last = None if cutoff is None else cutoff.date()
    terms = (one_off_cost, running_cost, discount_rate, years)
    finish(
        lambda: prove_chain(chain, n_weeks=weeks, last_day=last, terms=terms), as_json=as_json, debug=debug,
        step="Reading the chain",
    )  # fmt: skip


@app.command(short_help="Replay your own past weeks under tierflow and its rivals.")
def replay(
    chain: Chain,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=52, help="Weeks replayed.")] = 4,
    cutoff: Cutoff = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Replay past weeks under tierflow, five rivals tuned on the weeks before, and the least possible cost."""
    from cockpit.replaying import replay_chain

    last = None if cutoff is None else cutoff.date()
    finish(
        lambda: replay_chain(chain, n_weeks=weeks, last_day=last), as_json=as_json, debug=debug,
        step="Reading the chain",
    )  # fmt: skip


@app.command(short_help="Test the newest models against those in use.")
def promote(
    chain: Chain, runs: RunsFolder = None, track: Track = False, as_json: Json = False, debug: Debug = False
) -> None:
    """Test the challenger on weeks that neither model has seen; it becomes the champion only if it wins."""
    from cockpit.promoting import promote_challenger

    finish(
        lambda: promote_challenger(chain, runs, is_tracked=track),
        as_json=as_json,
        debug=debug,
        step="Reading the chain",
    )


@app.command(short_help="Write a run's orders and release them.")
def export(
    run: Run,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to write the orders to.", show_default=False)],
    format: Annotated[
        str, typer.Option("--format", help="csv, json, xlsx, sheet-csv or another that is known.")
    ] = "csv",
    language: Annotated[str, typer.Option("--language", help="en or zh, for headers, choices and reasons.")] = "en",
    chain: ChainOption = None,
    runs: RunsFolder = None,
    preview: Annotated[bool, typer.Option("--preview", help="Write the file without releasing the orders.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a run's orders for the systems that carry them out; they count as released from then on."""
    from cockpit.exports import export_run

    finish(
        lambda: export_run(run, chain=chain, runs=runs, format=format, to=to, is_preview=preview, language=language),
        as_json=as_json,
        debug=debug,
        step="Exporting",
    )


app.command(short_help="The daily job, unattended.")(replenish)
app.command(short_help="Approve, reject or change order lines.")(approve)
app.command(short_help="Say what is wrong with an installation or a chain.")(doctor)
app.command(short_help="Open the cockpit in a browser.")(serve)
app.add_typer(runs_app)
app.add_typer(user_app)


if __name__ == "__main__":
    main()
