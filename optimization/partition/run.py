"""Run a pure function over parts, in this process or in several; results come in the order of the parts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Protocol, TypeVar, cast

from optimization.partition.dask_run import DaskWorkers, dask_submitter

Input = TypeVar("Input")
Output = TypeVar("Output")
Workers = int | DaskWorkers
"""How many processes of this machine share the parts, or who does on Dask."""
# Parts handed out beyond those at work, so that no worker waits; more would only take memory.
PARTS_AHEAD = 1
# A worker is one thread: solvers and array libraries must not start more.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_shared: Any = None


class Handle(Protocol):
    """A part that somebody is working on."""

    def result(self) -> Any:
        """Wait for its result."""


class PartRunner:
    """Maps pure functions over parts; made by `part_runner`."""

    def __init__(self, shared: Any, submit: Callable[[Callable[..., Any], Any], Handle] | None, at_once: int) -> None:
        self._shared, self._submit, self._at_once = shared, submit, at_once

    def map(self, function: Callable[[Input, Any], Output], parts: Iterable[Input]) -> Iterator[Output]:
        """Yield function(part, shared) of each part, in their order; parts are made only when they are needed."""
        if self._submit is None:
            yield from (function(part, self._shared) for part in parts)
            return
        running: deque[Handle] = deque()
        for part in parts:
            running.append(self._submit(function, part))
            if len(running) > self._at_once + PARTS_AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


@contextmanager
def part_runner(shared: Any, workers: Workers = 1) -> Iterator[PartRunner]:
    """Offer a runner while the context lasts.

    Parameters
    ----------
    shared
        What every part needs, such as `cut.SharedInput`; sent to each worker once.
    workers
        Processes, at least 1; with 1 everything happens in this one. They start afresh (spawn), so a script that
        plans with more than one needs the usual `if __name__ == "__main__"`. Or who works on Dask.
    """
    if isinstance(workers, DaskWorkers):
        with dask_submitter(shared, workers) as (submit, at_once):
            yield PartRunner(shared, submit, at_once)
        return
    if workers <= 1:
        yield PartRunner(shared, None, 1)
        return
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with _in_shared_memory(shared) as place:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=place)
            try:
                yield PartRunner(shared, lambda function, part: pool.submit(_call, function, part), workers)
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
    """
    if not isinstance(workers, DaskWorkers):
        return None

    def spread(function: Callable[[Any, Any], Any], parts: Iterable[Any], shared: Any) -> list[Any]:
        with part_runner(shared, workers) as runner:
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
