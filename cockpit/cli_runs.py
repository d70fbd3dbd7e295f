"""`tierflow runs`: list, show and compare what was published."""

from __future__ import annotations

from typing import Annotated

import typer

from cockpit.cli_app import ChainOption, Debug, Json, Run, RunsFolder, finish

runs_app = typer.Typer(
    name="runs",
    help="List, show and compare published runs.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@runs_app.callback(invoke_without_command=True)
def runs_default(
    context: typer.Context, chain: ChainOption = None, runs: RunsFolder = None, as_json: Json = False
) -> None:
    """List, show and compare published runs."""
    if context.invoked_subcommand is None:
        runs_list(chain=chain, runs=runs, as_json=as_json, debug=False)


@runs_app.command("list", short_help="List runs, newest cutoff first.")
def runs_list(chain: ChainOption = None, runs: RunsFolder = None, as_json: Json = False, debug: Debug = False) -> None:
    """List runs, newest cutoff first."""
    from cockpit.runs import list_runs

    finish(lambda: list_runs(chain=chain, runs=runs), as_json=as_json, debug=debug, step="Reading runs")


@runs_app.command("show", short_help="Show one run.")
def runs_show(
    run: Run, chain: ChainOption = None, runs: RunsFolder = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Show one run: its orders by kind, order states, KPIs and top exceptions."""
    from cockpit.runs import show_run

    finish(lambda: show_run(run, chain=chain, runs=runs), as_json=as_json, debug=debug, step="Reading the run")


@runs_app.command("compare", short_help="Show what differs between two runs.")
def runs_compare(
    first: Annotated[str, typer.Argument(metavar="A", help="The run to compare from.", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="B", help="The run to compare with.", show_default=False)],
    chain: ChainOption = None,
    runs: RunsFolder = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show which orders and KPIs differ between two runs."""
    from cockpit.runs import compare_runs

    finish(
        lambda: compare_runs(first, second, chain=chain, runs=runs),
        as_json=as_json,
        debug=debug,
        step="Comparing the runs",
    )
