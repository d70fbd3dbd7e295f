"""Who shares the work of a run: processes of this machine, or the workers of Dask."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from cockpit.cli_app import Executor
from cockpit.outcome import UsageError

if TYPE_CHECKING:
    from optimization.partition.run import Workers


def workers_asked(executor: Executor, n_workers: int, *, scheduler: str) -> Workers:
    """Return who works on a run.

    Parameters
    ----------
    executor
        Local processes or Dask.
    n_workers
        Processes of this machine; those of a named scheduler count themselves.
    scheduler
        Address of a running Dask scheduler; empty to start processes here.

    Raises
    ------
    UsageError
        If a scheduler is named without Dask, or Dask is not installed.
    """
    if executor is Executor.LOCAL:
        if scheduler:
            raise UsageError("--scheduler is the address of a Dask scheduler: add --executor dask.")
        return n_workers
    if find_spec("distributed") is None:
        raise UsageError("Dask is not installed: pip install 'tierflow[dask]', or leave --executor dask out.")
    from optimization.partition.dask_run import DaskWorkers

    return DaskWorkers(n_workers, scheduler)
