"""Parts on Dask: processes of this machine, or the workers of a running scheduler; the same functions, the same bits.

A part is a task without side effects, so a worker that dies changes nothing: its tasks run again elsewhere. What all
parts share is a task of its own, whose result each worker fetches once and which is made again should it be lost.

Dask sends Python objects between machines: use a scheduler only inside a network that you trust, or with its TLS.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from network.store_files import code_version

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


class NoScheduler(OSError):
    """No Dask scheduler answers, or none of its workers does."""


class OtherCode(Exception):
    """A worker would compute with another version of the code or of the libraries that decide a plan."""


@contextmanager
def dask_submitter(
    shared: Any, workers: DaskWorkers
) -> Iterator[tuple[Callable[[Callable[[Any, Any], Any], Any], Future[Any]], int]]:
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
    NoScheduler
        If no scheduler with a worker answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("Dask is not installed: pip install 'tierflow[dask]', or plan without it") from error
    if workers.scheduler:
        with _connected(workers.scheduler) as client:
            yield _submitter(client, shared), len(client.scheduler_info(n_workers=-1)["workers"])
        return
    with _local_cluster(workers.count) as cluster, Client(cluster, set_as_default=False) as client:
        yield _submitter(client, shared), workers.count


def _connected(scheduler: str) -> Client:
    """A client of a running scheduler that has a worker."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoScheduler(f"no Dask scheduler answers at {scheduler}: {error}") from error
    try:
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except TimeoutError as error:
        client.close()
        raise NoScheduler(f"the Dask scheduler at {scheduler} has no worker: start one and run again") from error
    return client


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


def _submitter(client: Client, shared: Any) -> Callable[[Callable[[Any, Any], Any], Any], Future[Any]]:
    version = code_version()
    held = _sent(client, _held, shared)

    def submit(function: Callable[[Any, Any], Any], part: Any) -> Future[Any]:
        return _sent(client, _call, function, part, held, version)

    return submit


def _sent(client: Client, function: Callable[..., Any], *given: Any) -> Future[Any]:
    """Hand out a task with what it needs, which is kept to be sent again should its worker die, and may be large."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        return client.submit(function, *given, pure=False, retries=RETRIES)


def _held(shared: Any) -> Any:
    return shared


def _call(function: Callable[[Any, Any], Any], part: Any, shared: Any, version: str) -> Any:
    """Work on one part, with one thread and the code that the plan was asked of."""
    import pyarrow

    if code_version() != version:
        raise OtherCode(f"a worker runs code {code_version()} and the plan {version}: install the same on all machines")
    pyarrow.set_cpu_count(1)
    return function(part, shared)
