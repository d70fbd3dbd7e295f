"""What every command of the command line shares: the program, its options, and how a command ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cockpit.outcome import ExitCode, Outcome


class Executor(StrEnum):
    """What shares the SKUs of a run; the run is the same bits either way."""

    LOCAL = "local"
    DASK = "dask"


EPILOG = (
    "Exit codes: 0 done, 1 our fault, 2 wrong usage, 3 invalid input, 4 done with a limit or critical exceptions "
    "under --strict, 5 another run holds the chain, 130 interrupted."
)

app = typer.Typer(
    name="tierflow",
    help="From what a chain knows tonight to the orders it should place tomorrow.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Chain = Annotated[Path, typer.Argument(help="The chain folder (or its DuckDB file).", exists=True, show_default=False)]
RunsFolder = Annotated[Path | None, typer.Option("--runs", help="Where runs are kept; default CHAIN/runs.")]
ChainOption = Annotated[Path | None, typer.Option("--chain", help="The chain whose runs are meant.", exists=True)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
Workers = Annotated[
    int, typer.Option(min=1, help="Processes that share the SKUs; the plan is the same for any number.")
]
SharedBy = Annotated[
    Executor, typer.Option("--executor", help="What shares the work: processes of this machine, or Dask.")
]
Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="A running Dask scheduler, such as tcp://host:8786; default: one here."
    ),
]
Cutoff = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Last day that may be known; default: the last with sales and stock."),
]
Track = Annotated[
    bool, typer.Option("--track", help="Record it with MLflow in the run folder, or at MLFLOW_TRACKING_URI.")
]
Run = Annotated[str, typer.Argument(help="A run id, its beginning, or a run folder.", show_default=False)]


def finish(act: Callable[[], Outcome], *, as_json: bool, debug: bool, step: str) -> None:
    """Carry out a command, write its outcome and exit with its code."""
    from cockpit import console, failures

    try:
        if as_json:
            with console.stdout_kept_clean(), console.progress(step):
                outcome = act()
        else:
            with console.progress(step):
                outcome = act()
    except KeyboardInterrupt:
        outcome = Outcome(ExitCode.INTERRUPTED, (), {"exit_code": 130, "error": "interrupted"}, ("Interrupted.",))
    except Exception as error:
        outcome = failures.explain(error, debug=debug)
    console.emit(outcome, as_json=as_json)
    raise typer.Exit(int(outcome.code))
