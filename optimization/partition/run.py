"""Run a pure function over parts, in this process or in several; results come in the order of the parts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Protocol, TypeVar, cast

from optimization.partition.dask_run import DaskWorkers, dask_submitter

Input = TypeVar("Input")
Output = TypeVar("Output")


class Keeper(Protocol):
    """Keeps the results of parts, for a job that is taken up again; see `keep.PartKeeper`."""

    def place_of(self, function: Callable[[Any, Any], Any], part: Any) -> str:
        """Name the result of a function of a part, by all that decides it."""

    def kept(self, place: str) -> Any:
        """Return the result that is kept there, None if there is none."""

    def keep(self, place: str, result: Any) -> None:
        """Keep a result."""


@dataclass(frozen=True)
class KeepingWorkers:
    """Workers whose results are kept.

    Parameters
    ----------
    workers
        Who works.
    keeper
        Who keeps.
    """

    workers: int | DaskWorkers
    keeper: Keeper


Workers = int | DaskWorkers | KeepingWorkers
"""How many processes of this machine share the parts, or who does on Dask; and whether results are kept."""
# Parts handed out beyond those at work, so that no worker waits; more would only take memory.
PARTS_AHEAD = 1
# A worker is one thread: solvers and array libraries must not start more.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_shared: Any = None


class Handle(Protocol):
    """A part that somebody is working on."""

    def result(self) -> Any:
        """Wait for its result."""


@dataclass(frozen=True)
class _Known:
    """A result that is there."""

    value: Any

    def result(self) -> Any:
        return self.value


@dataclass(frozen=True)
class _ToKeep:
    """A part whose result is kept as soon as somebody asks for it."""

    handle: Handle
    keeper: Keeper
    place: str

    def result(self) -> Any:
        found = self.handle.result()
        self.keeper.keep(self.place, found)
        return found


class PartRunner:
    """Maps pure functions over parts; made by `part_runner`."""

    def __init__(
        self,
        shared: Any,
        submit: Callable[[Callable[..., Any], Any], Handle] | None,
        at_once: int,
        keeper: Keeper | None = None,
    ) -> None:
        self._shared, self._submit, self._at_once, self._keeper = shared, submit, at_once, keeper

    def map(self, function: Callable[[Input, Any], Output], parts: Iterable[Input]) -> Iterator[Output]:
        """Yield function(part, shared) of each part, in their order; parts are made only when they are needed."""
        if self._submit is None:
            yield from (self._begun(function, part).result() for part in parts)
            return
        running: deque[Handle] = deque()
        for part in parts:
            running.append(self._begun(function, part))
            if len(running) > self._at_once + PARTS_AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    def _begun(self, function: Callable[[Any, Any], Any], part: Any) -> Handle:
        """Take what is kept of a part, or begin to work on it."""
        if self._keeper is None:
            return self._handed_out(function, part)
        place = self._keeper.place_of(function, part)
        kept = self._keeper.kept(place)
        return _ToKeep(self._handed_out(function, part), self._keeper, place) if kept is None else _Known(kept)

    def _handed_out(self, function: Callable[[Any, Any], Any], part: Any) -> Handle:
        return _Known(function(part, self._shared)) if self._submit is None else self._submit(function, part)


@contextmanager
def part_runner(shared: Any, workers: Workers = 1) -> Iterator[PartRunner]:
    """Offer a runner while the context lasts.

    Parameters
    ----------
    shared
        What every part needs, such as `cut.SharedInput`; sent to each worker once.
    workers
        Processes, at least 1; with 1 everything happens in this one. They start afresh (spawn), so a script that
        plans with more than one needs the usual `if __name__ == "__main__"`. Or who works on Dask. Results are kept
        by this process, whoever made them.
    """
    workers, keeper = _who_and_keeper(workers)
    if isinstance(workers, DaskWorkers):
        with dask_submitter(shared, workers) as (submit, at_once):
            yield PartRunner(shared, submit, at_once, keeper)
        return
    if workers <= 1:
        yield PartRunner(shared, None, 1, keeper)
        return
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with _in_shared_memory(shared) as place:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=place)
            try:
                yield PartRunner(shared, lambda function, part: pool.submit(_call, function, part), workers, keeper)
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def not_keeping(workers: Workers) -> int | DaskWorkers:
    """The same workers, whose results are not kept."""
    return _who_and_keeper(workers)[0]


def _who_and_keeper(workers: Workers) -> tuple[int | DaskWorkers, Keeper | None]:
    return (workers.workers, workers.keeper) if isinstance(workers, KeepingWorkers) else (workers, None)


@contextmanager
def _in_shared_memory(shared: Any) -> Iterator[tuple[str, int]]:
    """Offer the name and size of a block of memory that holds what all parts need, while the context lasts.

    As an argument of a new process it would pass through a pipe, and a worker that dies before it has read an argument
    longer than the pipe's buffer leaves this process waiting for ever.
    """
    content = ForkingPickler.dumps(shared)
    with ExitStack() as after:
        block = SharedMemory(create=True, size=len(content))
        after.callback(block.unlink)
        after.callback(block.close)
        _memory(block)[: len(content)] = content
        yield block.name, len(content)


def spread_of(workers: Workers) -> Callable[[Callable[[Any, Any], Any], Iterable[Any], Any], list[Any]] | None:
    """How a step outside the plan's own parts shares its work: on Dask as they do.

    Parameters
    ----------
    workers
        As for `part_runner`; None comes back for processes of this machine, where such a step uses threads instead.
        Nothing of such a step is kept.
    """
    who = not_keeping(workers)
    if not isinstance(who, DaskWorkers):
        return None

    def spread(function: Callable[[Any, Any], Any], parts: Iterable[Any], shared: Any) -> list[Any]:
        with part_runner(shared, who) as runner:
            return list(runner.map(function, parts))

    return spread


def _begin(name: str, size: int) -> None:
    """Keep what all parts need, in a new worker; `size` bytes of the block of shared memory hold it."""
    import pyarrow

    global _shared
    block = SharedMemory(name)
    _shared = ForkingPickler.loads(bytes(_memory(block)[:size]))
    block.close()
    pyarrow.set_cpu_count(1)


def _memory(block: SharedMemory) -> memoryview:
    """Its bytes, which a block that is open always has."""
    return cast("memoryview", block.buf)


def _call(function: Callable[[Any, Any], Output], part: Any) -> Output:
    if _shared is None:
        raise RuntimeError("a worker was asked for a part before it was given what all parts share")
    return function(part, _shared)
