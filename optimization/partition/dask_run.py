"""Parts on Dask: processes of this machine, or the workers of a running scheduler; the same functions, the same bits.

A part is a task without side effects, so a worker that dies changes nothing: its tasks run again elsewhere. What all
parts share is a task of its own, whose result each worker fetches once and which is made again should it be lost.

Dask sends Python objects between machines: use a scheduler only inside a network that you trust, or with its TLS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from network.store_files import code_version
from optimization.partition.cut import SharedInput

if TYPE_CHECKING:
    from distributed import Client, Future

# A task whose worker died is tried again this often before the plan fails: enough for one bad machine, too few to hide
# a part that kills whatever works on it.
RETRIES = 4
WAIT_SECONDS = 60


@dataclass(frozen=True)
class DaskWorkers:
    """Who works on the parts.

    Parameters
    ----------
    count
        Processes started on this machine, if no scheduler is named.
    scheduler
        Address of a running scheduler such as ``tcp://host:8786``; empty for processes of this machine.
    """

    count: int = 1
    scheduler: str = ""


class OtherCode(Exception):
    """A worker would compute with another version of the code or of the libraries that decide a plan."""


@contextmanager
def dask_submitter(
    shared: SharedInput, workers: DaskWorkers
) -> Iterator[tuple[Callable[[Callable[[Any, SharedInput], Any], Any], Future[Any]], int]]:
    """Offer a function that hands out a part and returns its future, and how many parts are worked on at once.

    Parameters
    ----------
    shared
        What all parts need.
    workers
        Who works.

    Raises
    ------
    ImportError
        If the extra ``dask`` is not installed.
    OSError
        If no scheduler answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("Dask is not installed: pip install 'tierflow[dask]', or plan without it") from error
    if workers.scheduler:
        with Client(workers.scheduler, timeout=WAIT_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
            yield _submitter(client, shared), len(client.scheduler_info(n_workers=-1)["workers"])
        return
    with _local_cluster(workers.count) as cluster, Client(cluster, set_as_default=False) as client:
        yield _submitter(client, shared), workers.count


@contextmanager
def _local_cluster(count: int) -> Iterator[Any]:
    """Processes of this machine, one thread each, without a web page."""
    import dask
    from distributed import LocalCluster

    one_thread = {f"distributed.nanny.pre-spawn-environ.{name}_NUM_THREADS": 1 for name in ("OMP", "MKL", "OPENBLAS")}
    with (
        dask.config.set(one_thread),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.ERROR,
        ) as cluster,
    ):
        yield cluster


def _submitter(client: Client, shared: SharedInput) -> Callable[[Callable[[Any, SharedInput], Any], Any], Future[Any]]:
    version = code_version()
    held = client.submit(_held, shared, pure=False, retries=RETRIES)

    def submit(function: Callable[[Any, SharedInput], Any], part: Any) -> Future[Any]:
        return client.submit(_call, function, part, held, version, pure=False, retries=RETRIES)

    return submit


def _held(shared: SharedInput) -> SharedInput:
    return shared


def _call(function: Callable[[Any, SharedInput], Any], part: Any, shared: SharedInput, version: str) -> Any:
    """Work on one part, with one thread and the code that the plan was asked of."""
    import pyarrow

    if code_version() != version:
        raise OtherCode(f"a worker runs code {code_version()} and the plan {version}: install the same on all machines")
    pyarrow.set_cpu_count(1)
    return function(part, shared)
