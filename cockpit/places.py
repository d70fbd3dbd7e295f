"""Where a chain keeps its runs, its ledger and its rejects; how a run is found by what a person types."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.outcome import UsageError

if TYPE_CHECKING:
    from optimization.ledger import OrderLedger

LEDGER_FILE = "orders.sqlite"
LEDGER_VARIABLE = "TIERFLOW_LEDGER"
REJECTS_FILE = "rejects.csv"
_CHAIN_MARKS = ("chain.toml", "locations.csv", "locations.parquet")


def runs_folder(chain: Path, runs: Path | None) -> Path:
    """Return where runs of a chain are kept: as asked, else `CHAIN/runs`, else `NAME.runs` beside a file."""
    if runs is not None:
        return runs
    return chain / "runs" if chain.is_dir() else chain.with_name(f"{chain.stem}.runs")


def order_ledger(runs: Path) -> OrderLedger:
    """Return the order states of the runs in a folder: a file there, or the database that `TIERFLOW_LEDGER` names."""
    from optimization.ledger import OrderLedger

    address = os.environ.get(LEDGER_VARIABLE, "")
    if address and "://" not in address:
        raise UsageError(f"{LEDGER_VARIABLE} is no address of a database, such as postgresql+psycopg://user@host/name.")
    return OrderLedger(address or runs / LEDGER_FILE)


def existing_runs_folder(chain: Path | None, runs: Path | None) -> Path:
    """Return the runs folder that was meant, the current folder being the chain if none is named.

    Raises
    ------
    UsageError
        If no chain and no runs folder is named and the current folder is no chain.
    """
    if runs is not None:
        if not runs.is_dir():
            raise UsageError(f"There is no runs folder {runs}.")
        return runs
    if chain is not None:
        return runs_folder(chain, None)
    here = Path()
    if any((here / mark).is_file() for mark in _CHAIN_MARKS):
        return runs_folder(here, None)
    raise UsageError("Say which runs are meant: add --chain CHAIN or --runs DIR.")


def find_run(words: str, folder: Path, *, manifests: list[Mapping[str, Any]]) -> str:
    """Return the id of the run that `words` names: an id, the beginning of one, or a run folder.

    Raises
    ------
    UsageError
        If no run, or more than one, fits.
    """
    wanted = Path(words).name
    ids = [str(manifest["run_id"]) for manifest in manifests]
    fitting = [wanted] if wanted in ids else [run_id for run_id in ids if wanted and run_id.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"{words!r} fits {len(fitting)} runs: {', '.join(fitting[:5])}. Type more of the id.")
    known = f"Known are {', '.join(ids[:5])}." if ids else "There is no run yet: `tierflow plan CHAIN` makes one."
    raise UsageError(f"There is no run {words!r} in {folder}. {known}")


def runs_folder_of(words: str, chain: Path | None, runs: Path | None) -> Path:
    """Return the runs folder for a run that may itself be written as a path to its folder."""
    path = Path(words)
    if chain is None and runs is None and (path / "manifest.json").is_file():
        return path.resolve().parent
    return existing_runs_folder(chain, runs)
